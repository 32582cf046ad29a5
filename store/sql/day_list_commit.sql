-- SPDX-License-Identifier: Apache-2.0
-- The newest commit. No batch is on its way, nor will one be before the end of the transaction.
SELECT max(l.commit)
FROM (SELECT x.commit FROM lane AS x ORDER BY x.id FOR UPDATE) AS l;
