# SPDX-License-Identifier: Apache-2.0
"""Findings of single stanzas (PAIRING section 8)."""

import jid
from payload import NS_EVENT, NS_SID, NS_STATES, RETRACT, name
from rows import redelivered

NO_EXTRA = {("urn:xmpp:delay", "delay"), ("jabber:x:delay", "x"), (NS_SID, "origin-id"),
            (NS_SID, "stanza-id"), ("http://jabber.org/protocol/muc#user", "x"),
            ("urn:xmpp:occupant-id:0", "occupant-id"), ("urn:xmpp:mam:tmp", "archived"),
            ("urn:xmpp:carbons:2", "private")}


def lines(world):
    own = {id(line): row.own for row in world.rows for line in row.lines}
    for line in world.lines:
        if line.p.type == "error":
            continue
        by, ref = getattr(line, "culprit", (line.frm, line.p.id))
        _content(world, line.p, by, ref)
        _acks(world, line.p, by, ref)
        _states(world, line, by, ref)
        _servers(world, line, ref, own.get(id(line), ()))
        _edges(world, line, by, ref)


def _content(world, p, by, ref):
    if not p.content:
        return
    if not p.id:
        world.finding("MSG-NO-ID", by, "")
        for asked, rule in ((p.receipt_asked, "REQ-NO-ID"), (p.marker_asked, "MARK-NO-ID"),
                            (p.xe_request, "XE-NO-ID")):
            if asked:
                world.finding(rule, by, "")
    if p.type == "groupchat" and p.receipt_asked:
        world.finding("RCPT-GROUPCHAT", by, ref)


def _acks(world, p, by, ref):
    refs = [ack.ref for ack in p.acks] + [ident for _, ident in p.xe_states]
    if p.no_id_received:
        world.finding("ACK-NO-ID", by, ref)
    if p.legacy:
        world.finding("MARK-LEGACY", by, "")
    if refs and (p.receipt_void or p.marker_void):
        world.finding("REQ-IN-ACK", by, refs[0])
    if refs and p.has_payload:
        world.finding("ACK-BODY", by, refs[0])


def _states(world, line, by, ref):
    p = line.p
    if not p.states:
        return
    if len(p.states) > 1:
        world.finding("CS-MULTI", by, ref)
    if p.content and p.states[0] != "active":
        world.finding("CS-CONTENT-STATE", by, ref)
    if not p.content and any(_is_extra(p, child) for child in p.node):
        world.finding("CS-EXTRA", by, ref)
    if p.type not in ("chat", "groupchat"):
        world.finding("CS-TYPE", by, ref)
    if p.type == "groupchat" and "gone" in p.states:
        world.finding("CS-GC-GONE", by, ref)


def _is_extra(p, child):
    space, local = name(child)
    return not (space in (NS_STATES, "urn:xmpp:hints") or (space, local) in NO_EXTRA
                or (local == "thread" and p._stanza_ns(child)))


def _servers(world, line, ref, own):
    """Redelivered with the delay of R's server: by = its domain."""
    p = line.p
    if p.type == "groupchat" or not redelivered(world, line, own):
        return
    by = jid.domain(line.to)
    if p.states and not p.content:
        world.finding("CS-STORED", by, ref)
    if p.type == "headline":
        world.finding("STORE-TYPE", by, ref)
    if "no-store" in p.hints:
        world.finding("STORE-NOSTORE", by, ref)
    if "offline" in p.xe_asked:
        world.finding("XE-OFFLINE-LEAK", by, ref)


def _edges(world, line, by, ref):
    p = line.p
    bys = [of.lower() for of, _ in p.stanza_ids]
    if line.dir == "in" and {jid.bare(line.to), jid.bare(line.frm)} & set(bys):
        world.finding("STANZAID-SPOOF", by, ref)
    if len(bys) != len(set(bys)):
        world.finding("STANZAID-DUP", by, ref)
    if line.future:
        world.finding("DELAY-FUTURE", by, ref)
    if line.dir == "in" and any(of == jid.domain(line.frm) for _, of in line.delays):
        world.finding("DELAY-SPOOF", by, ref)
    if line.dir in ("out", "s2s-in", "s2s-out"):
        for _, ident in p.mds:
            world.finding("MDS-LEAK", by, ident)
    if line.dir == "in" and "no-copy" in p.hints and not jid.is_full(line.to):
        world.finding("HINT-NOCOPY-BARE", by, ref)


def carbon_dup(world):
    """A device with an `out` copy also gets a received carbon."""
    for row in world.rows:
        had = {line.device for line in row.copies()}
        for line in row.lines:
            if line.source == "carbon-received" and line.device in had:
                world.finding("CARBON-DUP", jid.domain(row.R), row.id)


def reuse(world):
    """M3"""
    for row in world.rows + world.group_rows:
        if row.n > 1 and row.id:
            world.finding("ID-REUSE", row.sender, row.id)
