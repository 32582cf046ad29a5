-- SPDX-License-Identifier: Apache-2.0
-- Of conv_page and conv_alone, either way: what is shown, of which realm, of whom.
             m.class < 8 AND ($1::int4 = 0 OR m.realm = $1)
             AND ($3::int8 IS NULL OR m.from_jid = $3 OR m.to_jid = $3)
             AND ($4::int8 IS NULL OR m.from_jid = $4 OR m.to_jid = $4)
