#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# A batch that is written by two transactions side by side (DESIGN section 5, lanes): the same as by one;
# also when the process dies after the first of them has committed, again and again.
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402
from hooked import HOOKS, hooked_program  # noqa: E402
from one_history import (SETTINGS, deal, difference, history, stored,  # noqa: E402
                         together, write)

LANES = SETTINGS.replace("97", "23") + "\nparallel_events = 1"
DEATHS = 2000 if os.environ.get("RECEIPTD_LONG") else 200


def dying(program, realm, path):
    """Dies after the first commit of every other batch; how often, or None when it never ends."""
    for deaths in range(DEATHS):
        process = program.start("import", "--realm", realm, path,
                                environment={"RECEIPTD_TEST_LANES": "2"})
        if process.wait() == 0:
            return deaths
    return None



def main():
    seed = int(os.environ.get("RECEIPTD_SEED") or random.randrange(1 << 30))
    rng = random.Random(seed)
    tap = product.Tap()
    keeper = program = None
    try:
        if not tap.ok(hooked_program(), f"a program with test hooks can be built, seed {seed}"):
            return
        program = product.Product(settings=LANES, binary=HOOKS)
        lines = history(rng)
        program.call("migrate")
        keeper = program.start("serve")
        program.call("import", "--realm", "one", "--set", "parallel_events=1000000",
                     write(program, "one.ndjson", lines))
        want = stored(program, "one")
        program.call("import", "--realm", "side", write(program, "side.ndjson", lines))
        tap.ok(difference(tap, want, stored(program, "side")), "two transactions side by side")
        rng.shuffle(lines)
        for name, order in (("mixed", lines), ("sorted", sorted(lines, key=lambda line: line["ts"]))):
            deaths = dying(program, name, write(program, name + ".ndjson", order))
            tap.ok(deaths, f"died {deaths} times between the two commits, lines {name}")
            tap.ok(difference(tap, want, stored(program, name)), f"the same is stored, {name}")
        hands = [write(program, f"hand{number}.ndjson", hand)
                 for number, hand in enumerate(deal(rng, lines, 2))]
        tap.ok(together(program, "two", hands), "two importers at once come to their end")
        tap.ok(difference(tap, want, stored(program, "two")), "two importers of two lanes each")
        tap.ok(program.call("check", "--realm", "mixed", check=False) == 0,
               "and roll-ups are what the rows come to")
    finally:
        if keeper:
            product.stop(keeper)
        if program:
            program.close()
    tap.done()


if __name__ == "__main__":
    main()
