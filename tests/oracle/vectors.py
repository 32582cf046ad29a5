#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes vector files (PAIRING section 9) of random dense traffic: many batches of few lines in any
order must come to what the script says (the batch principle)."""

import argparse
import json
import os
import random
import sys

import facts
import traffic
import writers

DENSE = {"reuse": 0.1, "noid": 0.1, "away": 0.05, "resend": 0.1, "ghost": 0.05, "samid": 0.1,
         "forge": 0.05, "orphan": 0.05, "dupack": 0.1, "long": 0.0}
FIELDS = ("from_resource", "type", "class", "state", "verdict", "sent_at", "routed_at",
          "delivered_at", "delivered_via", "displayed_at", "displayed_via", "failed_at", "error",
          "resends", "devices")
START = 1772445600 * 1000000  # 2026-03-02T10:00:00Z


def message(row):
    expected = {name: row.get(name) for name in FIELDS}
    if expected["verdict"] == "waiting":
        expected["verdict"] = "pending"
    return {"from": row["from"], "to": row["to"], "id": row.get("id") or "", "n": row["n"],
            **expected}


def counters(totals):
    count = dict(totals)
    if "waiting" in count:
        count["pending"] = count.pop("waiting")
    return count


def make(seed, messages):
    world = traffic.World(random.Random(seed), messages, START, ("sea.example",), 4, 800000, DENSE)
    writer = writers.Observations(random.Random(seed + 1))
    log = b"".join(writer.emit(kind, what, world.now) for kind, what in world.run())
    *rows, totals = facts.manifest(world, writer.unparsable)
    return {"name": f"seed-{seed}", "about": "random traffic", "rules": [],
            "order_independent": True,
            "input": [json.loads(line) for line in log.decode("utf-8").split("\n") if line],
            "expected": {"partial": True, "messages": [message(row) for row in rows],
                         "counters": counters(totals["counters"])}}


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--messages", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    options = parser.parse_args(argv)
    for seed in range(options.seed, options.seed + options.count):
        with open(os.path.join(options.folder, f"seed-{seed}.json"), "w", encoding="utf-8") as out:
            json.dump(make(seed, options.messages), out, ensure_ascii=False)


if __name__ == "__main__":
    main(sys.argv[1:])
