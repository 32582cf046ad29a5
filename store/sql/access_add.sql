-- SPDX-License-Identifier: Apache-2.0
-- The intent, before the answer starts.
--   $1 int8  id
--   $2 text  token
--   $3 text  route
--   $4 text  filter
--   $5 bool  bodies are part of the answer
INSERT INTO access_log (id, token, route, filter, bodies)
VALUES ($1, $2, $3, $4, $5);
