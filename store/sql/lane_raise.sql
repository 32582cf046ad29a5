-- SPDX-License-Identifier: Apache-2.0
-- A process begins to write to a lane: all others must read the marks again.
--   $1 int2  lane
UPDATE lane SET fence = fence + 1 WHERE id = $1;
