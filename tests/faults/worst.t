#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Very much of one thing in one place (F123, F124, P3, P4, P6, P8, P12, M3): what comes out is exact, and
# memory stays under the cap. RECEIPTD_LONG: the full numbers; time is only shown, and how it compares to
# that of half as many: an import that takes four times as long for twice as many is to be looked at.
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import worst_cases  # noqa: E402

CAP_MB = 128
HANG = 3000 if rig.LONG else 300
SMALL_BATCHES = "flush_events = 1000"
# What, how many in the short and in the long form, settings. Of those that say so it is known that the long
# form takes more memory than it may: all of an id (M3), or of what a peer's
# log moves in time, is held at once.
CASES = (
    ("conversation", (8000,), (200000,), "", False),
    ("conversation", (8000,), (50000,), SMALL_BATCHES, False),
    ("late_marks", (6000,), (50000,), "", False),
    ("room", (2000, 1), (2000, 25), "", False),
    ("acks", (10000,), (50000,), "", False),
    ("orphans", (10000, 3000), (1000000, 200000), "", False),
    ("peer", (8000,), (200000,), "", True),
    ("reuse", (8000,), (100000,), "", True),
    ("untracked", (8000,), (100000,), "", False),
)


def read_in(it, path):
    """Imports a file; gives exit status, CPU seconds and the most memory in MB."""
    with open(it.program.log, "ab") as log:
        process = subprocess.Popen(it.program.command("import", path), stderr=log, stdout=log,
                                   stdin=subprocess.DEVNULL)
    watch = threading.Timer(HANG, process.kill)
    watch.start()
    _, status, usage = os.wait4(process.pid, 0)
    watch.cancel()
    return status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def rules_found(it):
    found = {}
    with open(it.direct.export("findings"), encoding="utf-8") as lines:
        for line in lines:
            rule = json.loads(line)["rule"]
            found[rule] = found.get(rule, 0) + 1
    return found


def show(wanted, got):
    """Only what differs."""
    return {name: f"{got.get(name, 0)} for {wanted.get(name, 0)}" for name in {*wanted, *got}
            if wanted.get(name, 0) != got.get(name, 0)}


def run(server, name, sizes, settings):
    """Generates and imports; gives what was measured, and what was not as it must be."""
    folder, wrong = tempfile.mkdtemp(prefix="receiptd-worst-"), []
    cpu = memory = 0
    try:
        case = getattr(worst_cases, name)(folder, *sizes)
        with rig.Rig(server, settings=f"{settings}\n{case.settings}") as it:
            for path in case.files:
                status, seconds, most = read_in(it, path)
                cpu, memory = cpu + seconds, max(memory, most)
                if status:
                    wrong.append(f"{os.path.basename(path)}: status {status}")
            wrong += [f"counters {differing}" for differing in [show(case.counters, it.counters())]
                      if differing]
            wrong += [f"findings {differing}" for differing in [show(case.findings, rules_found(it))]
                      if differing]
            for query, value, what in case.sql:
                got = server.ask(query)
                if got != str(value):
                    wrong.append(f"{what}: {got} for {value}")
            if wrong:
                it.program.complain("the program's own log ends with")
        return case.lines, cpu, memory, wrong
    finally:
        shutil.rmtree(folder)


def judge(tap, server, name, short, long, settings, heavy):
    sizes = long if rig.LONG else short
    what = f"{name} of {' x '.join(map(str, sizes))}{', small batches' if settings else ''}"
    lines, cpu, memory, wrong = run(server, name, sizes, settings)
    tap.ok(not wrong, f"{what}: exact")
    for text in wrong:
        tap.note(text)
    known = "all of one id, or of what a log moves, is held at once" if heavy and rig.LONG else None
    tap.ok(memory <= CAP_MB, f"{what}: {memory} MB", todo=known)
    tap.note(f"{lines} lines in {cpu:.1f} s CPU")
    if rig.LONG:
        before = run(server, name, (sizes[0] // 2,) + sizes[1:], settings)[1]
        tap.note(f"{cpu / max(before, 0.01):.1f} times as long as half of it")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    wanted = sys.argv[1:]
    try:
        for case in CASES:
            if not wanted or case[0] in wanted:
                judge(tap, server, *case)
    finally:
        server.close()
    tap.done()


main()
