-- SPDX-License-Identifier: Apache-2.0
-- These files have grown: what was known at their end as it was then is void.
--   $1 int4[]  generation
DELETE FROM dialect_fact
WHERE generation = ANY ($1::int4[]) AND at_end;
