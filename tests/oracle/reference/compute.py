# SPDX-License-Identifier: Apache-2.0
"""A vector's input to what is expected of it, in batch."""

import acks
import audit
import clock
import errors
import known
import lines
import reading
import result
import rooms
import rows
import states
from model import World


def expected(vector):
    world = World(vector)
    lines.read_all(world, vector["input"])
    rooms.drop_history(world)
    rooms.set_legs(world)
    rows.make_rows(world)
    rooms.make_rows(world)
    rooms.join_legs(world)
    found = acks.collect(world)
    acks.pair(world, found)
    errors.edits(world)
    errors.amp(world)
    errors.pair(world, errors.collect(world))
    acks.up_to(world, found)
    acks.audit(world, found)
    acks.x_composing(world)
    acks.backward(world, found)
    rooms.pair(world)
    return _conclude(world, found)


def _conclude(world, found):
    messages = world.rows + world.group_rows
    for row in messages:
        result.evidence(world, row)
        result.verdict(world, row)
    errors.after_delivery(world)
    pairs = states.sequences(world)
    states.typing(world, pairs)
    states.repeats(world, pairs)
    every = states.sequences(world, every=True)
    states.unnegotiated(world, every)
    reading.infer(world, every)
    audit.lines(world)
    audit.carbon_dup(world)
    audit.reuse(world)
    known.audit(world, found)
    result.response(world)
    count = result.counters(world)
    messages.sort(key=lambda row: (row.sent_at, row.S, row.R, row.id, row.n))
    answer = {"messages": [result.message(row) for row in messages], "counters": count,
              "findings": [dict(zip(("rule", "by", "ref"), item))
                           for item in sorted(world.found)],
              "metrics": result.metrics(world, count)}
    typing = sorted(world.typing, key=lambda i: (i["start"], i["from"], i["to"]))
    if typing:
        answer["typing"] = [{**i, "start": clock.text(i["start"])} for i in typing]
    return answer
