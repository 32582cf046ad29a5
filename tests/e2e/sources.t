#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# One history, made of all vectors at once: whatever the order of its lines, however many files they
# are dealt to, with two importers at the same time or with a kill -9 in the middle, what is stored is
# the same. (That it is also right, the vectors say one by one.)
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402
from one_history import (SETTINGS, deal, difference, history, stored,  # noqa: E402
                         together, write)


def killed(program, rng, realm, path):
    """Three kills at random moments, then to the end."""
    for _ in range(3):
        process = program.start("import", "--realm", realm, path)
        time.sleep(rng.uniform(0.05, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    return program.call("import", "--realm", realm, path, check=False) == 0


def main():
    seed = int(os.environ.get("RECEIPTD_SEED") or random.randrange(1 << 30))
    rng = random.Random(seed)
    tap = product.Tap()
    program = product.Product(settings=SETTINGS)
    keeper = None
    try:
        lines = history(rng)
        program.call("migrate")
        keeper = program.start("serve")  # holds the cluster while importers come and go
        program.call("import", "--realm", "whole", write(program, "whole.ndjson", lines))
        want = stored(program, "whole")
        tap.ok(len(want["messages"]) > 100, f"{len(lines)} lines, {len(want['messages'])} messages, "
               f"seed {seed}")

        mixed = lines[:]
        rng.shuffle(mixed)
        program.call("import", "--realm", "mixed", write(program, "mixed.ndjson", mixed))
        tap.ok(difference(tap, want, stored(program, "mixed")), "lines in any order")

        for number, hand in enumerate(deal(rng, mixed, 5)):
            program.call("import", "--realm", "dealt",
                         write(program, f"dealt{number}.ndjson", hand))
        tap.ok(difference(tap, want, stored(program, "dealt")), "five files, one after the other")

        hands = [write(program, f"hand{number}.ndjson", hand)
                 for number, hand in enumerate(deal(rng, mixed, 2))]
        tap.ok(together(program, "two", hands), "two importers at once come to their end")
        tap.ok(difference(tap, want, stored(program, "two")), "two importers at once")

        tap.ok(killed(program, rng, "killed", write(program, "killed.ndjson", mixed + [])),
               "an import that was killed three times comes to its end")
        tap.ok(difference(tap, want, stored(program, "killed")), "killed three times")
    finally:
        if keeper:
            product.stop(keeper)
        program.close()
    tap.done()


if __name__ == "__main__":
    main()
