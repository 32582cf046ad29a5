# SPDX-License-Identifier: Apache-2.0
"""Chat states: typing (PAIRING F5) and the CS findings that need a sequence."""

import collections

STATES = ("active", "composing", "paused", "inactive", "gone")


class State:
    def __init__(self, line, state, standalone):
        self.line, self.state, self.standalone = line, state, standalone
        self.t, self.order = line.t, (line.t, line.order())
        self.by, self.upload_seen = line.frm, False


def _of_line(p):
    """P10: x-event composing and cancel are composing and paused."""
    if p.states:
        return p.states[0]
    for kind, _ in p.xe_states:
        return "composing" if kind == "composing" else "paused"
    return None


def _once(world, seen):
    """F5: equal states within w_state are copies of one stanza, so it is content or not in all."""
    kept, last = [], {}
    for state in sorted(seen, key=lambda s: s.order):
        before = last.get((state.state, state.standalone))
        if before is None or state.t - before > world.w_state:
            kept.append(state)
        last[state.state, state.standalone] = state.t
    return kept


def _first_hand(world):
    return {line.frm for line in world.lines
            if line.ingress and line.p.type != "error" and _of_line(line.p)}


def sequences(world, every=False):
    """{(device, peer): states}, 1:1; F5, CS-REPEAT: ingress of a device wins over its egress."""
    seen = [line for line in world.lines
            if line.p.type not in ("groupchat", "error") and _of_line(line.p)]
    first_hand = _first_hand(world)
    by_pair = collections.defaultdict(list)
    for line in seen:
        if every or line.ingress or line.frm not in first_hand:
            by_pair[line.frm, world.party(line.to)].append(
                State(line, _of_line(line.p), not line.p.content))
    return {pair: _once(world, states) for pair, states in by_pair.items()}


def typing(world, pairs):
    for (device, peer), states in pairs.items():
        events = [(s.t, not s.line.ingress, 2, s.order, s.state) for s in states]
        for row in world.rows:
            if row.R == peer and row.sender == device:
                events.append((row.sent_at, row.order[1], 1, row.order, "content"))
        start = None
        for at, _, _, _, what in sorted(events, key=lambda e: e[:4]):
            if what == "composing":
                start = at if start is None else start
            elif start is not None:
                _interval(world, device, peer, start, at,
                          "content" if what == "content" else "state")
                start = None
        if start is not None and world.now - start > world.t_composing_open:
            world.finding("CS-COMPOSING-OPEN", device, "")
            _interval(world, device, peer, start, world.now, "cap")


def _interval(world, device, peer, start, end, why):
    if end - start > world.t_typing:
        end, why = start + world.t_typing, "cap"
    world.typing.append({"from": device, "to": peer, "start": start,
                         "ms": (end - start) // 1000, "ended_by": why})


def repeats(world, pairs):
    """CS-REPEAT: the same standalone state twice running, more than w_state apart."""
    runs = [*pairs.values(), *_in_rooms(world)]
    for states in runs:
        for before, after in zip(states, states[1:]):
            if before.state == after.state and before.standalone and after.standalone and (
                    after.t - before.t > world.w_state) and not after.upload_seen:
                world.finding("CS-REPEAT", after.by, after.state)


def _in_rooms(world):
    """P12: what a device sends, and what the room shows of an occupant; of both one finding."""
    seen, first_hand = collections.defaultdict(list), _first_hand(world)
    for line in world.lines:
        if line.p.type == "groupchat" and _of_line(line.p) and (
                line.ingress or line.frm not in first_hand):
            state = State(line, _of_line(line.p), not line.p.content)
            seen[line.leg, line.frm, line.room].append(state)
    runs = {key: _once(world, states) for key, states in seen.items()}
    uploads = [s for key, run in runs.items() if key[0] == "upload" for s in run]
    mirrors = [s for key, run in runs.items() if key[0] == "mirror" for s in run]
    pairs = [(u.line.p.id is None, abs(u.t - m.t), u.t, m.t, u.by, m.by, i, j)
             for i, u in enumerate(uploads) for j, m in enumerate(mirrors)
             if _may_be_legs(u, m) and abs(u.t - m.t) <= world.w_ackdup]
    joined = set()
    for *_, i, j in sorted(pairs):
        if i not in joined and not mirrors[j].upload_seen:
            joined.add(i)
            mirrors[j].upload_seen = True
    return runs.values()


def _may_be_legs(upload, mirror):
    one, other = upload.line, mirror.line
    return (one.room, one.p.signature, upload.state) == (
        other.room, other.p.signature, mirror.state) and one.p.id in (None, other.p.id)


def unnegotiated(world, every):
    """S used states, R (who never did) replied without one, S sends a standalone state."""
    shown = collections.defaultdict(list)
    for (device, peer), states in every.items():
        shown[world.party(device), peer] += states
    for (S, R), states in shown.items():
        first = min(s.order for s in states)
        replies = [row for row in world.rows if (row.S, row.R) == (R, S)]
        for last in states:
            silent = not any(s.order < last.order for s in shown.get((R, S), ()))
            if S != R and last.standalone and silent and any(
                    first < (row.sent_at, row.order[1:]) < last.order for row in replies):
                world.finding("CS-UNNEGOTIATED", S, "")
