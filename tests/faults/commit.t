#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F78: the connection is lost before a COMMIT is sent, when it was sent, and when its answer was on the
# way. The marks are read back, and only what they do not cover is repeated. F79: an answer that never
# comes, of a COMMIT or in the middle of a batch, on a connection that is alive.
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
from proxy import Proxy  # noqa: E402

SMALL = "flush_events = 150"
# An import gives up when nothing comes through for so long: of the transactions of one try some third are cut.
PATIENT = SMALL + '\ndatabase_wait = "60s"'
LIVE = 'flush_after = "20ms"\n' + SMALL


def cuts(seed, *actions):
    """Every third commit, on average, meets one of the actions; the first two to be sure."""
    rng = random.Random(seed)
    return lambda number: rng.choice(actions) if number < 2 or rng.random() < 0.3 else None


def imported(tap, server, *actions):
    seed = random.SystemRandom().randrange(1 << 31)
    proxy = Proxy(server.port, cuts(seed, *actions))
    try:
        with rig.Rig(server, proxy.port, PATIENT, seed) as it:
            it.generate(12000 if rig.LONG else 2500)
            status = it.program.call("import", it.log, check=False)
            what = f"import, cut {'/'.join(actions)} COMMIT"
            tap.ok(status == 0, f"{what}: exit status {status}")
            tap.ok(sum(proxy.done.values()) >= 2, f"{what}: {proxy.done} of {proxy.commits}")
            it.judge(tap, what)
            proxy.choose = lambda number: None
            before = it.counters()
            it.program.call("import", it.log)
            tap.ok(it.counters() == before, f"{what}: the same file again adds nothing")
    finally:
        proxy.close()


def followed(tap, server):
    seed = random.SystemRandom().randrange(1 << 31)
    proxy = Proxy(server.port, cuts(seed, "before", "at", "after"))
    try:
        with rig.Rig(server, proxy.port, LIVE, seed) as it:
            open(it.log, "wb").close()
            daemon = it.follow()
            it.generate(1200, "--rate", "800")
            it.wait_rows(it.wanted_rows())
            proxy.choose = lambda number: None
            it.wait_read()
            status = rig.product.stop(daemon)
            tap.ok(status == 0, f"run: TERM ends it with status {status}")
            tap.note(f"{proxy.done} of {proxy.commits} commits")
            it.judge(tap, "run, a third of the COMMITs cut")
    finally:
        proxy.close()


def silent(tap, server, what, action, settings):
    proxy = Proxy(server.port, lambda number: action if number == 1 else None)
    try:
        with rig.Rig(server, proxy.port, f"{SMALL}\n{settings}") as it:
            it.generate(1000)
            if not action:
                proxy.mute_next.set()
            status = it.program.call("import", it.log, check=False)
            tap.ok(status == 0 and proxy.done == {action or "mute": 1},
                   f"F79 {what}: exit status {status}, {proxy.done}")
            tap.ok(it.said("did not answer for"), f"F79 {what}: it is said")
            it.judge(tap, f"F79 {what}")
    finally:
        proxy.close()


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        for action in ("before", "at", "after"):
            imported(tap, server, action)
        imported(tap, server, "before", "at", "after")
        followed(tap, server)
        patience = "" if rig.LONG else 'database_silence = "6s"'
        silent(tap, server, "the answer of a COMMIT never came", "hold", patience)
        silent(tap, server, "silence in the middle of a batch", None, patience)
    finally:
        server.close()
    tap.done()


main()
