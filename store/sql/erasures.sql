-- SPDX-License-Identifier: Apache-2.0
-- What was erased, oldest first.
SELECT e.id, e.at, e.by, e.reason, e.tables, e.scrubbed_at, e.what = 'allow'
FROM erasure AS e
ORDER BY e.at, e.id;
