-- SPDX-License-Identifier: Apache-2.0
-- The devices that are of some software, on all days (day null) or on one; as clients_known.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 text         software; null: all that is named
--   $5 text         its release; null = any
--   $6 bool         only where it did not say its release
-- include client_software
SELECT w.device, w.day
FROM w
WHERE w.software IS NOT NULL AND ($4::text IS NULL OR w.software = $4)
  AND ($5::text IS NULL OR w.release = $5) AND (NOT $6::bool OR w.release IS NULL);
