-- SPDX-License-Identifier: Apache-2.0
-- Which software each device is (F9): the name of what its caps name, else of itself, else the node of its
-- caps, else its answer to a version request. A device that has said one thing of each kind is so on all
-- days (day null); of others each day of the window has what was seen last before its end, else what was seen
-- soonest after. Caps are shown with each change, so what a device answered before it showed these is
-- not about them.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
-- include client_software
SELECT w.device, w.day, w.software, w.release
FROM w
WHERE w.software IS NOT NULL;
