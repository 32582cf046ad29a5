-- SPDX-License-Identifier: Apache-2.0
-- Whether the database knows its privacy key.
SELECT i.privacy_fingerprint IS NOT NULL
FROM instance AS i;
