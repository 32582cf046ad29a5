-- SPDX-License-Identifier: Apache-2.0
-- Bytes on disk of everything that receiptd stores, indexes too.
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8
FROM pg_class AS c
WHERE c.relnamespace = 'receiptd'::regnamespace AND c.relkind IN ('r', 'm');
