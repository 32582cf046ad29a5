-- SPDX-License-Identifier: Apache-2.0
-- The newest commit number.
SELECT coalesce(max(b.commit), 0)::int8
FROM batch AS b;
