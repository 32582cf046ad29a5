-- SPDX-License-Identifier: Apache-2.0
-- A table was written anew.
--   $1 text  its name
DELETE FROM erased_part WHERE name = $1;
