-- SPDX-License-Identifier: Apache-2.0
-- From now on it is noted when a row of this commit or an older one goes.
--   $1 int8  commit
UPDATE seal_state SET upto = greatest(upto, $1);
