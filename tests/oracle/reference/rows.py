# SPDX-License-Identifier: Apache-2.0
"""Message rows: keys, incarnations, their own facts (PAIRING M1-M5, M9, M11, T2, T4)."""

import collections

import jid
from model import pieces


class Row:
    """One incarnation. Evidence is added by the other parts."""

    def __init__(self, S, R, ident, lines, group=False):
        self.S, self.R, self.id, self.lines, self.group = S, R, ident, lines, group
        self.n = 1
        self.nick = self.real = None
        self.uploads = []
        self.acks, self.errors = [], []
        self.upto_delivered, self.upto_displayed = [], []
        self.offline, self.amp_stored, self.amp_failed = [], [], []
        self.retracted_at = None
        self.inferred = []  # (t, rank, via)
        self.readers, self.receivers = {}, {}
        self.response_ms = None

    def settle(self, world):
        self._times()
        first = min(self.lines, key=lambda line: (line.ts, *line.order()))
        full = [line for line in self.lines if jid.is_full(line.frm)]
        if self.group:
            full = [line for line in self.uploads if jid.is_full(line.frm)]
        full.sort(key=lambda line: (line.ts, *line.order()))
        self.from_resource = jid.resource(full[0].frm) if full else None
        if not self.group and jid.is_full(self.S):
            self.from_resource = None
        self.type = first.p.type
        ask = [line.p for line in self.lines]
        self.receipt_asked = any(p.receipt_asked for p in ask)
        self.marker_asked = any(p.marker_asked for p in ask)
        self.receipt_void = any(p.receipt_void for p in ask)
        self.marker_void = any(p.marker_void for p in ask)
        self.xe_asked = set().union(*(p.xe_asked for p in ask))
        self.corrects = first.p.replace  # as the type
        self.thread = next((p.thread for p in ask if p.thread is not None), None)
        self.encrypted = any(p.encrypted for p in ask)
        self.origin_ids = {p.origin_id for p in ask if p.origin_id}
        self.klass = self._class(world)
        self.counted = self.klass in ("chat", "pm", "correction")
        counts = collections.Counter((line.feed, line.dir) for line in self.lines if line.ingress)
        self.resends = max(counts.values(), default=1) - 1  # M9

    def _times(self):
        """T2"""
        seen = [line for line in self.lines if line.ingress or line.stamp is None]
        self.sent_at = min(line.ts for line in seen) if seen else min(
            line.stamp for line in self.lines)
        givers = [line for line in seen if line.ts == self.sent_at] or [
            line for line in self.lines if not seen and line.stamp == self.sent_at]
        self.order = (self.sent_at, *min(line.order() for line in givers))
        self.own = {line.stamp for line in self.lines if line.ingress and line.stamp is not None}
        composed = [stamp for stamp in self.own if stamp < self.sent_at]
        self.composed_at = min(composed, default=None)
        egress = [line.ts if line.stamp is None or line.stamp in self.own else line.stamp
                  for line in self.lines if not line.ingress]
        self.accepted_at = max(min(egress), self.sent_at) if egress else None

    def _class(self, world):
        """M11"""
        if self.group:
            return "group"
        if jid.is_full(self.S):
            return "pm-mirror"
        if self.S == self.R:
            return "self"
        if jid.is_full(self.R):
            return "pm"
        if self.type == "headline":
            return "headline"
        if not jid.local(self.S) or not jid.local(self.R):
            return "service"
        return "correction" if self.corrects is not None else "chat"

    @property
    def sender(self):
        """The full JID of the sender when known."""
        base = (self.real or self.S) if self.group else self.S
        return f"{base}/{self.from_resource}" if self.from_resource else base

    def copies(self):
        """Plain `out` lines to devices of R."""
        return [line for line in self.lines if line.dir == "out" and line.source is None
                and jid.bare(line.device) == jid.bare(self.R)]

    def _carbons(self):
        return [line for line in self.lines if line.source == "carbon-received"
                and jid.bare(line.device) == jid.bare(self.R)]

    def out_lines(self):
        """P8: `out` lines to R; a carbon on one counts, one on a route line does not (x16)."""
        return self.copies() + [line for line in self._carbons() if line.dir == "out"]

    def routed(self):
        """T4: `out` lines and received carbons to R's devices."""
        return self.copies() + self._carbons()

    @property
    def routed_at(self):
        return None if self.group else min((line.ts for line in self.routed()), default=None)


def redelivered(world, line, own=()):
    """T4: an out/route line to R with the delay of R's server, not the client's own."""
    if line.dir not in ("out", "route") or line.source == "carbon-sent" or line.stamp is None:
        return False
    account = jid.bare(line.to)
    return (line.stamp_from in (None, account, jid.domain(account)) and line.stamp not in own
            and line.ts - line.stamp > world.w_skew)


def _join_by_origin(world, parts):
    """M2, M4: pieces of an id-less key are copies of one message where an origin-id says so,
    within w_resend as with an id."""
    names = collections.defaultdict(list)
    for line in (line for part in parts for line in part if line.p.origin_id):
        names[line.p.origin_id].append(line)
    for lines in names.values():
        for same in pieces(lines, lambda line: line.e, world.w_resend):
            mine = [part for part in parts if any(line in part for line in same)]
            parts = [part for part in parts if part not in mine] + [sum(mine, [])]
    return parts


def number(rows):
    """M3: n = 1.. by sent_at, ties by T1."""
    for n, row in enumerate(sorted(rows, key=lambda row: row.order), 1):
        row.n = n


def make_rows(world):
    keys = collections.defaultdict(list)
    for line in world.lines:
        if line.p.content and line.p.type != "groupchat":
            keys[world.party(line.frm), world.party(line.to), line.p.id].append(line)
    for (S, R, ident), lines in keys.items():
        groups = collections.defaultdict(list)
        for line in lines:
            groups[line.p.digest if world.content_digest else None].append(line)
        gap = world.w_resend if ident else world.w_noid
        parts = [p for g in groups.values() for p in pieces(g, lambda line: line.e, gap)]
        if not ident:
            parts = _join_by_origin(world, parts)
        rows = [Row(S, R, ident, part) for part in parts]
        for row in rows:
            row.settle(world)
        number(rows)
        world.rows += rows


def pick(world, candidates, t):
    """P2"""
    past = [row for row in candidates if row.sent_at <= t <= row.sent_at + world.w_match]
    if past:
        return max(past, key=lambda row: row.order)
    soon = [row for row in candidates if t < row.sent_at <= t + world.w_skew]
    return min(soon, key=lambda row: row.order) if soon else None


def first_sightings(world, what):
    """(line, ref) of each 1:1 stanza that names a message so; as acks (P4), within w_ackdup."""
    keys = collections.defaultdict(list)
    for line in world.lines:
        ref = getattr(line.p, what)
        if ref and line.p.type not in ("groupchat", "error"):
            keys[line.frm, world.party(line.to), ref, line.p.id].append(line)
    for (_, _, ref, _), lines in keys.items():
        for part in pieces(lines, lambda line: line.t, world.w_ackdup):
            yield min(part, key=lambda line: (line.t, line.order())), ref
