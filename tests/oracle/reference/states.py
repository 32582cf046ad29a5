# SPDX-License-Identifier: Apache-2.0
"""Chat states: typing (PAIRING F5) and the CS findings that need a sequence."""

import collections

import jid


class State:
    def __init__(self, line, state, device, standalone):
        self.line, self.state, self.device, self.standalone = line, state, device, standalone
        self.t, self.order = line.t, (line.t, line.order())


def _of_line(line):
    """P10: x-event composing and cancel are composing and paused."""
    if line.p.states:
        return line.p.states[0]
    for kind, _ in line.p.xe_states:
        return "composing" if kind == "composing" else "paused"
    return None


def _once(world, seen):
    """F5: equal states within w_state are copies of one stanza."""
    kept = []
    for state in sorted(seen, key=lambda s: s.order):
        if not any(k.state == state.state and state.t - k.t <= world.w_state for k in kept):
            kept.append(state)
    return kept


def sequences(world):
    """{(device, peer): states}, 1:1; ingress of a device wins over its egress (F5)."""
    seen = [line for line in world.lines
            if line.p.type not in ("groupchat", "error") and _of_line(line)]
    first_hand = {line.frm for line in seen if line.ingress}
    by_pair = collections.defaultdict(list)
    for line in seen:
        if line.ingress or line.frm not in first_hand:
            by_pair[line.frm, world.party(line.to)].append(
                State(line, _of_line(line), line.frm, not line.p.content))
    return {pair: _once(world, states) for pair, states in by_pair.items()}


def typing(world, pairs):
    for (device, peer), states in pairs.items():
        events = [(s.t, 2, s.order, s.state) for s in states]
        for row in world.rows:
            if row.R == peer and row.sender == device:
                events.append((row.sent_at, 1, (row.sent_at, row.order[1:]), "content"))
        start = None
        for at, _, _, what in sorted(events, key=lambda e: e[:3]):
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
    runs = [(device, states) for (device, _), states in pairs.items()]
    rooms = collections.defaultdict(list)
    for stanza in world.room_stanzas:
        if stanza.p.states:
            state = State(stanza.lines[0], stanza.p.states[0], stanza.by, not stanza.p.content)
            state.t, state.order = stanza.t, stanza.order
            rooms[stanza.by, stanza.room].append(state)
    runs += [(by, _once(world, states)) for (by, _), states in rooms.items()]
    for device, states in runs:
        states = [s for s in states if s.line.p.states]
        for before, after in zip(states, states[1:]):
            if before.state == after.state and before.standalone and after.standalone:
                world.finding("CS-REPEAT", device, after.state)


def unnegotiated(world):
    """S used states, R (who never did) replied without one, S sends a standalone state."""
    lines = [line for line in world.lines if line.p.type not in ("groupchat", "error")]
    for last in lines:
        if not last.p.states or last.p.content:
            continue
        S, R = jid.bare(last.frm), jid.bare(last.to)

        def way(line, a, b):
            return (jid.bare(line.frm), jid.bare(line.to)) == (a, b) and line.t < last.t
        if S == R or any(way(line, R, S) and line.p.states for line in lines):
            continue
        replies = [line for line in lines if way(line, R, S) and line.p.content]
        used = [line for line in lines if way(line, S, R) and line.p.states]
        if any(u.t < r.t for u in used for r in replies):
            world.finding("CS-UNNEGOTIATED", S, "")
