-- SPDX-License-Identifier: Apache-2.0
-- Typing intervals by bucket of their start (PAIRING F5): how many, what ended them, how long they
-- took. One that nothing ended counts, capped, once it is older than $9.
--   $1 int4           realm; 0 = all
--   $2 timestamptz[]  start of every bucket, ascending
--   $3 timestamptz    since, $4 timestamptz until, exclusive
--   $5 text           domain of who types, $6 text of the other; null = any
--   $7 timestamptz    now
--   $8 int8           t_typing, $9 int8 t_composing_open, microseconds
WITH t AS (
     SELECT width_bucket(t.start_at, $2::timestamptz[]) AS bucket, t.ended,
            CASE WHEN t.ended = 0 THEN NULL ELSE elapsed_ms(t.start_at, t.end_at) END AS ms,
            t.ended = 0 OR t.end_at > t.start_at + $8::int8 * interval '1 microsecond' AS capped
     FROM typing AS t
     LEFT JOIN jid AS f ON f.id = t.from_jid
     LEFT JOIN jid AS r ON r.id = t.to_jid
     WHERE ($1 = 0 OR t.realm = $1) AND t.start_at >= $3::timestamptz
       AND t.start_at < $4::timestamptz
       AND (t.ended <> 0 OR t.start_at < $7::timestamptz - $9::int8 * interval '1 microsecond')
       AND ($5::text IS NULL OR f.domain = $5) AND ($6::text IS NULL OR r.domain = $6)),
u AS (
     SELECT t.bucket, t.ended, t.capped, CASE WHEN t.capped THEN $8 / 1000 ELSE t.ms END AS ms
     FROM t),
r AS (
     SELECT u.bucket, u.ended, u.capped, u.ms,
            row_number() OVER (PARTITION BY u.bucket ORDER BY u.ms) AS place,
            count(*) OVER (PARTITION BY u.bucket) AS n
     FROM u)
SELECT r.bucket,
       count(*) FILTER (WHERE NOT r.capped AND r.ended = 2) AS by_content,
       count(*) FILTER (WHERE NOT r.capped AND r.ended = 1) AS by_state,
       count(*) FILTER (WHERE r.capped) AS by_cap,
       r.n,
       ARRAY[min(r.ms) FILTER (WHERE r.place * 100 >= r.n * 50),
             min(r.ms) FILTER (WHERE r.place * 100 >= r.n * 90),
             min(r.ms) FILTER (WHERE r.place * 100 >= r.n * 95),
             min(r.ms) FILTER (WHERE r.place * 100 >= r.n * 99), max(r.ms)]
FROM r
GROUP BY r.bucket, r.n;
