-- SPDX-License-Identifier: Apache-2.0
-- The one row that all ingesters share.
SELECT pairing_key
FROM instance;
