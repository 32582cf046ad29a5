-- SPDX-License-Identifier: Apache-2.0
-- w: which software each device is, as clients_known says.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
WITH a AS MATERIALIZED ( -- what each device, or node#ver, has said
     SELECT k.device,
            max(k.related) FILTER (WHERE k.kind = 0) AS node,
            max(k.name) FILTER (WHERE k.kind = 0) AS caps,
            max(k.first_at) FILTER (WHERE k.kind = 0) AS caps_at,
            (array_agg(k.name ORDER BY k.first_at, k.element)
             FILTER (WHERE k.kind = 1 AND k.name <> ''))[1] AS disco,
            max(k.last_at) FILTER (WHERE k.kind = 1) AS disco_at,
            max(k.name) FILTER (WHERE k.kind = 2) AS version,
            max(k.value) FILTER (WHERE k.kind = 2) AS release,
            max(k.last_at) FILTER (WHERE k.kind = 2) AS version_at,
            count(*) > count(DISTINCT k.kind) AS varied
     FROM known AS k
     WHERE k.realm = $1 AND k.kind <= 2 AND k.device <> 0
     GROUP BY k.device),
f AS ( -- of devices that have said several things: the fact of each kind that stands on a day
     SELECT DISTINCT ON (k.device, u.day, k.kind) k.device, u.day::date AS day, k.kind, k.related,
            k.value, k.name, k.first_at, k.last_at
     FROM a
     JOIN known AS k ON k.realm = $1 AND k.kind <= 2 AND k.device = a.device
     CROSS JOIN generate_series($2::timestamptz AT TIME ZONE 'UTC',
          ($3::timestamptz - interval '1 day') AT TIME ZONE 'UTC', interval '1 day') AS u (day)
     CROSS JOIN LATERAL (SELECT (u.day + interval '1 day') AT TIME ZONE 'UTC' AS until) AS t
     WHERE a.varied
     ORDER BY k.device, u.day, k.kind, stands_until(k.first_at, k.last_at, t.until) DESC NULLS LAST,
              CASE WHEN k.first_at >= t.until THEN k.first_at END,
              k.first_at DESC, k.element),
y AS (
     SELECT a.device, NULL::date AS day, a.node, a.caps, a.caps_at, a.disco, a.disco_at, a.version,
            a.release, a.version_at
     FROM a
     WHERE NOT a.varied
     UNION ALL
     SELECT f.device, f.day,
            max(f.related) FILTER (WHERE f.kind = 0), max(f.name) FILTER (WHERE f.kind = 0),
            max(f.first_at) FILTER (WHERE f.kind = 0), max(f.name) FILTER (WHERE f.kind = 1),
            max(f.last_at) FILTER (WHERE f.kind = 1), max(f.name) FILTER (WHERE f.kind = 2),
            max(f.value) FILTER (WHERE f.kind = 2), max(f.last_at) FILTER (WHERE f.kind = 2)
     FROM f
     GROUP BY f.device, f.day),
w AS (
     SELECT y.device, y.day,
            left(coalesce(n.disco,
                          CASE WHEN y.caps_at IS NULL OR y.disco_at >= y.caps_at
                               THEN nullif(y.disco, '') END,
                          nullif(y.caps, ''), nullif(y.version, '')), 100) AS software,
            left(CASE WHEN y.caps_at IS NULL OR y.version_at >= y.caps_at
                      THEN nullif(y.release, '') END, 100) AS release
     FROM y
     LEFT JOIN a AS n ON n.device = y.node)
