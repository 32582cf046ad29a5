#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F1: a log that is renamed again and again under load, to names that the pattern matches too: every file
# is one generation, whatever name it has when it is looked at, and is read once.
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

ROTATIONS = 40 if rig.LONG else 8


def rotate(daemon, rng, whole, live):
    """Writes the log in pieces that care for no line; renames between records only: a line that begins
    with a TAB continues the one before."""
    lines = re.findall(rb"[^\n]*\n(?:\t[^\n]*\n)*", whole)
    share = len(lines) // ROTATIONS + 1
    for number in range(ROTATIONS):
        if number == 2:
            daemon.send_signal(signal.SIGSTOP)  # F3: it wakes to several files at once
        if number == 6:
            daemon.send_signal(signal.SIGCONT)
        data = b"".join(lines[number * share:(number + 1) * share])
        with open(live, "ab", buffering=0) as out:
            while data:
                size = rng.choice((100, 4096, 20000, 65536))
                out.write(data[:size])
                data = data[size:]
                time.sleep(rng.uniform(0, 0.02))
        time.sleep(rng.uniform(0, 0.5))
        if number + 1 < ROTATIONS:
            os.rename(live, f"{live}.{ROTATIONS - number}")  # names say nothing of age


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    load = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with rig.Rig(server, settings='flush_after = "50ms"') as it:
            rng = random.Random(it.seed)
            it.generate(1500 if rig.LONG else 500)
            with open(it.log, "rb") as log:
                whole = log.read()
            live, it.log = it.program.path("live.log"), it.program.path("live.log*")
            daemon = it.follow()
            rotate(daemon, rng, whole, live)
            it.wait_read()
            tap.ok(rig.product.stop(daemon) == 0, "the daemon ends cleanly")
            marks = server.ask("SELECT count(*) FROM receiptd.lane_mark WHERE lane = 0")
            tap.ok(marks == str(ROTATIONS), f"{marks} generations of {ROTATIONS} files")
            it.judge(tap, f"{ROTATIONS} rotations under load")
    finally:
        load.kill()
        load.wait()
        server.close()
    tap.done()


main()
