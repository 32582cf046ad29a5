# SPDX-License-Identifier: Apache-2.0
"""Facts of iq and presence (PAIRING K19) and the findings that rest on them."""

import jid
from payload import children, name

ROSTER, BLOCKING = "jabber:iq:roster", "urn:xmpp:blocking"
DISCO, CAPS = "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/caps"


def _jid(text):
    try:
        return jid.normal(text) if text else None
    except jid.BadJid:
        return None


def roster_at(world, account, at, before):
    """{jid: subscription} as last told, and whether all of it was told (a result). Before: not at this
    instant, of which (T1) what a client sends comes before what is written to it."""
    roster, whole = {}, False
    for line in sorted(_iqs(world), key=lambda line: (line.ts, line.xml)):
        if line.dir != "out" or jid.bare(line.to) != account or (
                line.ts > at or (before and line.ts == at)):
            continue
        for query in children(line.node, ROSTER, "query"):
            items = {_jid(i.get("jid")): i.get("subscription", "none")
                     for i in children(query, ROSTER, "item")}
            if line.node.get("type") == "result":
                roster, whole = items, True
            elif line.node.get("type") == "set":
                roster = {**roster, **items}
    return roster, whole


def _iqs(world):
    return [line for line in world.stanzas if line.kind == "iq"]


def blocked_at(world, account, at):
    blocked = set()
    for line in sorted(_iqs(world), key=lambda line: (line.ts, line.xml)):
        if line.dir != "in" or line.ts > at or jid.bare(line.frm) != account or (
                line.node.get("type") != "set"):
            continue
        for child in line.node:
            items = {_jid(i.get("jid")) for i in children(child, BLOCKING, "item")}
            if name(child) == (BLOCKING, "block"):
                blocked |= items
            elif name(child) == (BLOCKING, "unblock"):
                blocked = blocked - items if items else set()
    return blocked


def capable(world):
    """Devices that say urn:xmpp:receipts, by disco#info or by caps."""
    devices, nodes = set(), set()
    for line in _iqs(world):
        if line.node.get("type") != "result":
            continue
        for query in children(line.node, DISCO, "query"):
            if any(f.get("var") == "urn:xmpp:receipts" for f in children(query, DISCO, "feature")):
                devices.add(line.frm)
                if query.get("node"):
                    nodes.add(query.get("node"))
    for line in world.stanzas:
        if line.kind == "presence":
            for c in children(line.node, CAPS, "c"):
                if f"{c.get('node')}#{c.get('ver')}" in nodes:
                    devices.add(line.frm)
    return devices


def audit(world, acks):
    for ack in acks:  # of no message too: S is whom it is for (P1)
        _leak(world, ack)
        _blocked(world, ack)
        if ack.row:
            _archived(world, ack)
    devices = capable(world)
    for row in world.rows:
        if row.verdict == "expired" and row.receipt_asked:
            for line in row.routed():
                if line.device in devices:
                    world.finding("ACK-MISSING", line.device, row.id)
        if row.counted and row.read_requested and row.delivered_at is not None and (
                row.inferred and row.displayed_at is None
                and world.now - row.sent_at > world.t_expire):
            world.finding("MARK-STUCK", row.R, row.id)


def _leak(world, ack):
    if ack.kind not in ("receipt", "marker-displayed", "marker-acknowledged"):
        return
    if world.is_room(ack.A) or world.is_room(ack.B):
        return  # occupants see each other's presence in the room
    account, peer = jid.bare(ack.A), jid.bare(ack.B)
    roster, whole = roster_at(world, account, ack.t, any(line.ingress for line in ack.lines))
    if account != peer and (whole or peer in roster) and (
            roster.get(peer) not in ("from", "both")):
        world.finding("ACK-LEAK", ack.A, ack.ref)


def _blocked(world, ack):
    for line in ack.lines:
        if not line.ingress:
            blocked = blocked_at(world, jid.bare(ack.A), line.ts)
            if blocked & {ack.B, jid.bare(ack.B), jid.domain(ack.B)}:
                world.finding("ACK-TO-BLOCKED", ack.A, ack.ref)


def _archived(world, ack):
    out = [line for line in ack.row.out_lines() if line.ts <= ack.t]
    live = [line for line in ack.row.routed() if line.device == ack.A and line.ts <= ack.t]
    seen = any(device == ack.A and key == (ack.row.S, ack.row.R, ack.row.id) and at < ack.t
               for device, key, at in world.archive)
    if ack.row.id and seen and out and not live:
        world.finding("ACK-ARCHIVED", ack.A, ack.ref)
