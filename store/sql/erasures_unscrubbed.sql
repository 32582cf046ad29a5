-- SPDX-License-Identifier: Apache-2.0
SELECT count(*)
FROM erasure AS e
WHERE e.scrubbed_at IS NULL;
