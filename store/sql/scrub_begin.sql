-- SPDX-License-Identifier: Apache-2.0
-- When scrubbing begins, the tables that it writes anew (and those that are cut into days, for their statistics),
-- as they are quoted, and whether anything was erased since it was done last.
SELECT clock_timestamp(), e.name, format('%I.%I', 'receiptd', c.relname), c.relkind = 'p'
FROM (SELECT p.name FROM erased_part AS p
      UNION
      SELECT DISTINCT s.tablename FROM pg_stats AS s WHERE s.schemaname = 'receiptd' AND s.inherited) AS e (name)
JOIN pg_class AS c ON c.relnamespace = 'receiptd'::regnamespace AND c.relname = replace(e.name, 'receiptd.', '')
ORDER BY c.relkind = 'p', e.name;
