#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F24, F53, F82, F83, F172, and the proof that the checker sees what it is there to see: loss when the
# marks are saved before the rows, duplicates when they are saved after them.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import crash_loop  # noqa: E402
import product  # noqa: E402
from hooked import HOOKS, hooked_program  # noqa: E402

LONG = bool(os.environ.get("RECEIPTD_LONG"))
KILLS = 200 if LONG else 25
SIZE = {"records": 12000, "rate": 1500.0, "patience": 300.0} if LONG else {}


def loop(tap, what, judge, **settings):
    """One loop; judge(checker, errors) says whether it came out as it must."""
    checker, errors, done = crash_loop.run(**settings)
    good = judge(checker, errors)
    tap.ok(good, f"{what}: {done.kills} interruptions, seed {done.options.seed}")
    for error in errors[:5]:
        tap.note(error)
    if not good:
        tap.note(crash_loop.report_text(checker))


def exact(checker, errors):
    return not errors and not checker.failed()


def main():
    tap = product.Tap()
    formats = ("prosody", "openfire-open", "observations", "ejabberd", "ejabberd-lager", "prosody-console",
               "prosody-syslog", "openfire-debugger", "pattern")
    formats = formats if LONG else formats[:1]
    for format in formats:
        loop(tap, f"{format}, killed", exact, format=format, kills=KILLS, **SIZE)
    loop(tap, "F172: everything at once, killed", exact, format="prosody", everything=True,
         kills=50 if LONG else 5, **SIZE)
    loop(tap, "openfire, asked to stop", exact, format="openfire-open", term=True,
         kills=KILLS // 2, **SIZE)
    if tap.ok(hooked_program(), "a program with test hooks can be built"):
        for marks, kind in (("before", "lost"), ("after", "twice")):
            loop(tap, f"marks saved {marks} the rows: the checker reports {kind}",
                 lambda checker, errors, kind=kind: bool(checker.found[kind]),
                 receiptd=HOOKS, marks=marks, kills=6, format="prosody", **SIZE)
    tap.done()


main()
