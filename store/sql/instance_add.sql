-- SPDX-License-Identifier: Apache-2.0
-- The first one to come makes the pairing key.
--   $1 bytea  16 random bytes
INSERT INTO receiptd.instance (pairing_key)
VALUES ($1)
ON CONFLICT (single) DO NOTHING;
