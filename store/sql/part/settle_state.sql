-- SPDX-License-Identifier: Apache-2.0
-- A kept state of each of some devices within spans; the order, which one, follows.
SELECT w.place::int8, s.at, s.state, s.content, s.own_id, s.sig, s.position
FROM unnest($1::int8[], $2::int8[], $3::text[], $4::int8[], $5::int2[], $6::bool[],
            $7::timestamptz[], $8::timestamptz[])
     WITH ORDINALITY AS w (conv, from_jid, resource, to_jid, leg, ingress, lo, hi, place),
LATERAL (SELECT c.at, c.state, c.content, c.own_id, c.sig, c.position
         FROM chat_state AS c
         WHERE c.conv = w.conv AND c.at BETWEEN w.lo AND w.hi AND c.from_jid = w.from_jid
           AND c.resource IS NOT DISTINCT FROM w.resource AND c.to_jid = w.to_jid
           AND c.leg = w.leg AND (c.ingress OR NOT w.ingress)
           AND in_days(c.at, $9::timestamptz[])
           AND NOT EXISTS
               (SELECT FROM chat_state AS e
                WHERE e.conv = c.conv AND e.at < c.at
                  AND e.at >= c.at - $10::int8 * interval '1 microsecond'
                  AND e.from_jid = c.from_jid AND e.resource IS NOT DISTINCT FROM c.resource
                  AND e.to_jid = c.to_jid AND e.leg = c.leg AND e.state = c.state
                  AND e.content = c.content AND (e.ingress OR NOT w.ingress)
                  AND in_days(e.at, $9::timestamptz[]))
