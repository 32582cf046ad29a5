-- SPDX-License-Identifier: Apache-2.0
-- Who was erased and must not come back, in the order in which bytes are searched.
SELECT s.who
FROM suppressed AS s
ORDER BY s.who;
