-- SPDX-License-Identifier: Apache-2.0
-- Evidence rows; order of columns as in store/write_evidence.c.
COPY ack (conv, key, seen_at, last_at, out_at, realm, kind, class, n, by_jid, to_jid, by_resource, own_id,
       ref, condition, thread, position, about, about_self, borrowed, lent_conv, lent_key, leg,
       sig, seen, via, named, real, tie, mark_device, mark_at, mark_target, mark_bits,
       mark_tie, commit)
FROM STDIN (FORMAT binary)
