# SPDX-License-Identifier: Apache-2.0
"""Rooms: legs, rows (PAIRING M6) and acks (P12)."""

import collections

import jid
from acks import UPTO_DISPLAYED, covers, duplicates
from model import pieces
from rows import Row, number, pick


def drop_history(world):
    """M6: egress groupchat with a valid delay is room history."""
    kept = []
    for line in world.lines:
        if line.p.type == "groupchat" and not line.ingress and line.stamp is not None:
            world.counters["muc_history"] += 1
        else:
            kept.append(line)
    world.lines = kept


def set_legs(world):
    for line in world.lines:
        if line.p.type != "groupchat":
            continue
        upload = not world.is_room(line.frm) and (
            world.is_room(line.to) or not jid.is_full(line.to))
        line.leg = "upload" if upload else "mirror"
        line.room = jid.bare(line.to if upload else line.frm)


def _content(world, leg):
    return [line for line in world.lines
            if line.p.type == "groupchat" and line.p.content and line.leg == leg]


def _digest(world, line):
    return line.p.digest if world.content_digest else None


def make_rows(world):
    """M6: mirror groups, then uploads join the nearest, the rest stand alone."""
    keys = collections.defaultdict(list)
    for line in _content(world, "mirror"):
        keys[line.room, line.p.id, line.frm, _digest(world, line)].append(line)
    groups = []
    for (room, ident, frm, digest), lines in keys.items():
        gap = world.w_resend if ident else world.w_noid
        for part in pieces(lines, lambda line: line.e, gap):
            groups.append({"room": room, "id": ident, "from": frm, "digest": digest,
                           "mirrors": part, "uploads": []})
    alone = collections.defaultdict(list)
    uploads = sorted(_content(world, "upload"),
                     key=lambda line: (not line.p.id, line.e, line.order()))
    for line in uploads:
        group = _nearest(world, line, groups)
        if group:
            group["uploads"].append(line)
        else:
            alone[line.room, line.p.id, jid.bare(line.frm), _digest(world, line)].append(line)
    for (room, ident, _, digest), lines in alone.items():
        gap = world.w_resend if ident else world.w_noid
        for part in pieces(lines, lambda line: line.e, gap):
            groups.append({"room": room, "id": ident, "from": None, "digest": digest,
                           "mirrors": [], "uploads": part})
    _finish(world, groups)


def _nearest(world, line, groups):
    best = None
    for group in groups:
        if group["room"] != line.room or group["digest"] != _digest(world, line):
            continue
        limit = world.w_resend
        if line.p.id and group["id"] != line.p.id:
            continue
        if not line.p.id:
            if any(u.p.id and u.p.id == group["id"] for u in group["uploads"]):
                continue
            limit = world.w_resend if group["id"] else world.w_noid
        away = min(abs(m.e - line.e) for m in group["mirrors"])
        order = (away, min((m.e, *m.order()) for m in group["mirrors"]))
        if away <= limit and (best is None or order < best[0]):
            best = (order, group)
    return best[1] if best else None


def _finish(world, groups):
    for group in groups:
        row = Row(None, group["room"], group["id"], group["mirrors"] + group["uploads"], True)
        row.uploads = sorted(group["uploads"], key=lambda line: (line.ts, *line.order()))
        row.real = jid.bare(row.uploads[0].frm) if row.uploads else None
        row.S = row.real or group["from"]
        row.nick = jid.resource(group["from"]) if group["from"] else None
        row.own_ids = {u.p.id for u in row.uploads} or {row.id}
        row.own_id = row.uploads[0].p.id if row.uploads else row.id
        row.stanza_ids = {sid for line in group["mirrors"]
                          if line.dir in ("out", "route") or line.source == "carbon-received"
                          for by, sid in line.p.stanza_ids if _is(by, group["room"])}
        row.settle(world)
        world.group_rows.append(row)
    keys = collections.defaultdict(list)
    for row in world.group_rows:
        keys[row.R, row.id].append(row)
    for rows in keys.values():
        number(rows)


def _is(text, address):
    try:
        return bool(text) and jid.normal(text) == address
    except jid.BadJid:
        return False


class Stanza:
    """A room stanza with one or both legs (P12)."""

    def __init__(self, lines):
        self.lines = lines
        self.mirrors = [line for line in lines if line.leg == "mirror"]
        self.uploads = [line for line in lines if line.leg == "upload"]
        first = min(lines, key=lambda line: (line.t, line.order()))
        self.t, self.order, self.p = first.t, (first.t, first.order()), first.p
        self.room = first.room
        self.nick = jid.resource(self.mirrors[0].frm) if self.mirrors else None
        self.real = self.uploads[0].frm if self.uploads else None
        self.by = self.real or self.mirrors[0].frm
        self.own = (self.uploads or self.mirrors)[0].p.id


def join_legs(world):
    """P12: an upload is the other leg of the nearest mirror that agrees with it."""
    keys = collections.defaultdict(list)
    for line in world.lines:
        if line.p.type == "groupchat":
            keys[line.leg, line.room, line.frm, line.p.id, line.p.signature].append(line)
    parts = {"mirror": [], "upload": []}
    for key, lines in keys.items():
        parts[key[0]] += [(key, part) for part in
                          pieces(lines, lambda line: line.t, world.w_ackdup)]
    pairs = []
    for u, (up, upload) in enumerate(parts["upload"]):
        for m, (mi, mirror) in enumerate(parts["mirror"]):
            away = abs(upload[0].t - mirror[0].t)
            if (up[1], up[4]) == (mi[1], mi[4]) and away <= world.w_ackdup and (
                    up[3] == mi[3] if up[3] else _may_be(world, up, mi)):
                pairs.append((away, mirror[0].t, mirror[0].order(), upload[0].order(), u, m))
    used_u, used_m, stanzas = set(), set(), []
    for *_, u, m in sorted(pairs):
        if u not in used_u and m not in used_m:
            used_u.add(u)
            used_m.add(m)
            stanzas.append(Stanza(parts["upload"][u][1] + parts["mirror"][m][1]))
    for leg, used in (("upload", used_u), ("mirror", used_m)):
        stanzas += [Stanza(p) for i, (_, p) in enumerate(parts[leg]) if i not in used]
    world.room_stanzas = sorted(stanzas, key=lambda stanza: stanza.order)
    for stanza in world.room_stanzas:
        for line in stanza.lines:
            line.culprit = (stanza.by, stanza.own)


def _may_be(world, upload, mirror):
    """No row that shows both legs gives this nick or this account another partner."""
    room, account, nick = upload[1], jid.bare(upload[2]), jid.resource(mirror[2])
    known = {(row.nick, row.real) for row in world.group_rows
             if row.R == room and row.real and row.nick is not None}
    if (nick, account) in known:
        return True
    return not any(n == nick or a == account for n, a in known)


class GroupAck:
    def __init__(self, stanza, ack, place):
        self.stanza, self.kind, self.ref = stanza, ack.kind, ack.ref
        self.t, self.order = stanza.t, (*stanza.order, place)
        self.by, self.own, self.thread = stanza.by, stanza.own, stanza.p.thread
        self.nick = stanza.nick
        self.account = jid.bare(stanza.real) if stanza.real else None
        self.seen = min(line.t for line in stanza.mirrors or stanza.lines)


def pair(world):
    """P12"""
    acks = [GroupAck(stanza, ack, place) for stanza in world.room_stanzas
            for place, ack in enumerate(stanza.p.acks)]
    shown = {ack.stanza.room for ack in acks if ack.nick is not None}
    same, newest = collections.defaultdict(list), {}
    for ack in sorted(acks, key=lambda ack: ack.order):
        rows = [row for row in world.group_rows if row.R == ack.stanza.room]
        row = pick(world, [r for r in rows if ack.ref and ack.ref in r.stanza_ids], ack.t)
        by_id = row is None
        if by_id:
            row = pick(world, [r for r in rows if ack.ref and r.id == ack.ref], ack.t)
        if row is None:
            world.counters["acks_orphan"] += 1
            world.finding("ACK-UNKNOWN-ID", ack.by, ack.ref)
        elif _is_author(row, ack):
            world.counters["acks_self"] += 1
            world.finding("ACK-SELF", ack.by, ack.ref)
        else:
            _count(world, rows, row, ack, by_id, ack.stanza.room in shown)
            same[id(row), ack.kind, ack.by].append(ack)
            _backward(world, newest, row, ack)
    for group in same.values():
        again = duplicates(group)
        if again:
            world.counters["acks_dup"] += again
            world.finding("ACK-DUP", group[0].by, group[0].ref)


def _backward(world, newest, row, ack):
    if ack.kind in UPTO_DISPLAYED:
        key = (ack.by, row.R)
        if row.sent_at < newest.get(key, row.sent_at):
            world.finding("MARK-BACKWARD", ack.by, ack.ref)
        newest[key] = max(row.sent_at, newest.get(key, row.sent_at))


def _is_author(row, ack):
    if row.real and ack.account:
        return row.real == ack.account
    return row.nick is not None and row.nick == ack.nick


def _count(world, rows, row, ack, by_id, mirrored):
    world.counters["acks_group"] += 1
    if by_id and row.stanza_ids and ack.kind.startswith("marker-"):
        world.finding("MARK-MUC-ID", ack.by, ack.ref)
    if ack.kind == "receipt" and not row.receipt_asked and not row.receipt_void:
        world.finding("ACK-UNREQUESTED", ack.by, ack.ref)
    who = ack.nick if ack.nick is not None else None if mirrored else ack.account
    if who is None:
        return
    if ack.kind == "receipt":
        row.receivers[who] = min(ack.seen, row.receivers.get(who, ack.seen))
    elif ack.kind in UPTO_DISPLAYED:
        for other in rows:
            if other is row or (covers(world, row, other, ack)
                                and not _is_author(other, ack)):
                other.readers[who] = min(ack.seen, other.readers.get(who, ack.seen))
