-- SPDX-License-Identifier: Apache-2.0
-- What tells this database from others.
SELECT i.created_at, i.pairing_key
FROM instance AS i;
