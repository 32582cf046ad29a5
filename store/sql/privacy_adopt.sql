-- SPDX-License-Identifier: Apache-2.0
-- Whether this is the privacy key of the database; the first one that is used becomes it.
--   $1 bytea  its fingerprint
SELECT adopt_privacy($1);
