-- SPDX-License-Identifier: Apache-2.0
-- The tables were written anew after these were done.
--   $1 timestamptz  when that began, clock of the database
UPDATE erasure SET scrubbed_at = clock_timestamp()
WHERE scrubbed_at IS NULL AND at < $1;
