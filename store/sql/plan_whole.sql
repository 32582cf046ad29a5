-- SPDX-License-Identifier: Apache-2.0
-- Up to the end of the transaction: no loop over one list for each row of another. The planner takes what a join
-- leaves for one row where rules for rows hide how many there are (F191), and a loop over a million is no export.
SELECT set_config('enable_nestloop', 'off', true);
