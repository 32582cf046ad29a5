-- SPDX-License-Identifier: Apache-2.0
-- No batch meanwhile; others that erase wait.
SELECT FROM lane ORDER BY id FOR UPDATE;
