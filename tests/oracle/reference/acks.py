# SPDX-License-Identifier: Apache-2.0
"""Receipts, markers and x-events of 1:1 traffic (PAIRING P1-P10)."""

import collections

import jid
from model import pieces
from rows import pick

DELIVERED = ("receipt", "marker-received", "x-delivered")
DISPLAYED = ("marker-displayed", "marker-acknowledged", "x-displayed")
UPTO_DISPLAYED = ("marker-displayed", "marker-acknowledged")


class Ack:
    """One ack: all observations of one stanza's element (P4)."""

    def __init__(self, kind, A, B, ref, own, sightings):
        self.kind, self.A, self.B, self.ref, self.own = kind, A, B, ref, own
        self.lines = [line for line, _ in sightings]
        first, place = min(sightings, key=lambda s: (s[0].t, s[0].order(), s[1]))
        self.t = first.t
        self.order = (self.t, first.order(), place)
        self.thread = next((line.p.thread for line in self.lines if line.p.thread is not None),
                           None)
        self.row = None


def collect(world):
    """P4: same kind, full A, B, ref, own id; gaps up to w_ackdup. B is reduced: M1 says that
    egress may rewrite a bare to to a full one."""
    keys = collections.defaultdict(list)
    for line in world.lines:
        if line.p.type != "groupchat":
            for place, ack in enumerate(line.p.acks):
                B = world.party(line.to)
                keys[ack.kind, line.frm, B, ack.ref, line.p.id].append((line, place))
    acks = []
    for key, sightings in keys.items():
        for part in pieces(sightings, lambda s: s[0].t, world.w_ackdup):
            acks.append(Ack(*key, part))
    return sorted(acks, key=lambda ack: ack.order)


def rows_of(world, S, R, ident):
    if not ident:
        return []
    return [row for row in world.rows if (row.S, row.R, row.id) == (S, R, ident)]


def sent_by(world, account, ident):
    """All messages with that id which the account sent, rooms included."""
    if not ident:
        return []
    return [row for row in world.rows if row.S == account and row.id == ident] + [
        row for row in world.group_rows if row.real == account and ident in row.own_ids]


def find_row(world, ack):
    """P1, P2, P10"""
    S, R = world.party(ack.B), world.party(ack.A)
    if ack.kind.startswith("x-") and not ack.ref:
        recent = [row for row in world.rows if (row.S, row.R, row.id) == (S, R, "")
                  and row.sent_at <= ack.t <= row.sent_at + world.w_resend]
        return max(recent, key=lambda row: row.order, default=None)
    return pick(world, rows_of(world, S, R, ack.ref), ack.t)


def pair(world, acks):
    own_ids = {(world.party(line.frm), world.party(line.to), line.p.id) for line in world.lines
               if line.p.acks and line.p.id and line.leg != "mirror"}
    for ack in acks:
        ack.row = find_row(world, ack)
        if ack.row:
            ack.row.acks.append(ack)
            if ack.row.klass != "pm-mirror":
                world.counters["acks"] += 1
        else:
            _unpaired(world, ack, own_ids)


def _unpaired(world, ack, own_ids):
    """P3, P5, P6"""
    A, B = world.party(ack.A), world.party(ack.B)
    sent = sent_by(world, B, ack.ref)
    if ack.ref and (B, A, ack.ref) in own_ids:
        name, rule = "acks_of_acks", "ACK-OF-ACK"
    elif rows_of(world, A, B, ack.ref) or (A == B and sent):
        name, rule = "acks_self", "ACK-SELF"
    elif ack.kind == "receipt" and _for_occupant(world, ack):
        name, rule = "acks_orphan", "RCPT-GC-ADDR"  # P12
    elif sent and not any(row.R == A for row in sent):
        name, rule = "acks_forged", "ACK-FORGED"
        if jid.is_domain(ack.A) and any(
                jid.domain(row.R) == A and jid.local(row.R) for row in sent):
            name, rule = "acks_by_domain", "ACK-BY-DOMAIN"
    else:
        name, rule = "acks_orphan", "ACK-UNKNOWN-ID"
    world.counters[name] += 1
    world.finding(rule, ack.A, ack.ref)


def _for_occupant(world, ack):
    """P12: a receipt for a groupchat id that is sent to an occupant."""
    return jid.is_full(ack.B) and world.is_room(ack.B) and any(
        row.R == jid.bare(ack.B) and ack.ref and ack.ref in (row.id, *row.stanza_ids)
        for row in world.group_rows)


def audit(world, acks):
    """Findings about the ack itself and about what was not asked for (P4, P7, P9)."""
    by_device = collections.defaultdict(list)
    for ack in acks:
        if ack.row:
            by_device[id(ack.row), ack.kind, ack.A].append(ack)
            _unrequested(world, ack)
    for same in by_device.values():
        again = duplicates(same)
        if again:
            world.finding("ACK-DUP", same[0].A, same[0].ref)
            if same[0].row.klass != "pm-mirror":
                world.counters["acks_dup"] += again
    for row in world.rows:
        receipts = [a.t for a in row.acks if a.kind == "receipt"]
        displays = [a.t for a in row.acks if a.kind in DISPLAYED]
        if receipts and displays and min(receipts) - min(displays) > 1000000:
            world.finding("DISP-BEFORE-RCPT", row.R, row.id)


def duplicates(acks):
    """P4: how many come after one with another own id (none is always another)."""
    return sum(any(not ack.own or other.own != ack.own for other in acks[:place])
               for place, ack in enumerate(acks))


def _unrequested(world, ack):
    row = ack.row
    if ack.kind == "receipt":
        if not row.receipt_asked and not row.receipt_void:
            world.finding("ACK-UNREQUESTED", ack.A, ack.ref)
    elif ack.kind.startswith("marker-"):
        if not row.marker_asked and not row.marker_void:
            world.finding("MARK-UNREQUESTED", ack.A, ack.ref)
    elif ack.kind[2:] not in row.xe_asked:
        world.finding("XE-UNREQUESTED", ack.A, ack.ref)


def x_composing(world):
    """P10: composing and cancel have no state, but were asked for or not."""
    for line in world.lines:
        for _, ref in line.p.xe_states:
            ack = type("State", (), {"kind": "x-composing", "A": line.frm, "B": line.to,
                                     "ref": ref, "t": line.t})
            ack.row = find_row(world, ack) if line.p.type != "groupchat" else None
            if ack.row:
                _unrequested(world, ack)


def up_to(world, acks):
    """P8: the rows that a marker covers besides its own."""
    for ack in acks:
        if not ack.row or not ack.kind.startswith("marker-"):
            continue
        m = ack.row
        for row in world.rows:
            if row is m or (row.S, row.R) != (m.S, m.R) or not covers(world, m, row, ack):
                continue
            if m.out_lines() and (row.routed_at is None
                                  or row.routed_at > ack.t + world.w_skew):
                continue
            (row.upto_displayed if ack.kind in UPTO_DISPLAYED
             else row.upto_delivered).append(ack.t)


def covers(world, m, row, ack):
    if not m.sent_at - world.w_upto <= row.sent_at <= m.sent_at:
        return False
    if (row.errors or row.amp_failed) and not any(
            a.kind in DELIVERED + DISPLAYED for a in row.acks):
        return False  # S2: failed, and nothing direct after it
    if row.retracted_at is not None and row.retracted_at <= ack.t:
        return False
    return ack.thread is None or row.thread == ack.thread  # d14: that thread only


def backward(world, acks):
    """P8: a displayed marker for a message older than the device's newest marked one."""
    newest = {}
    for ack in acks:  # in T1 order
        if not ack.row or ack.kind not in UPTO_DISPLAYED:
            continue
        key = (ack.A, ack.row.S, ack.row.R)
        if ack.row.sent_at < newest.get(key, ack.row.sent_at):
            world.finding("MARK-BACKWARD", ack.A, ack.ref)
        newest[key] = max(ack.row.sent_at, newest.get(key, ack.row.sent_at))
