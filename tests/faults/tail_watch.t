#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# What tells of changes is not to be trusted: its queue overflows (F40), its limits are reached (F41). Nothing is
# lost, and a reached limit is told by its name.
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import tails  # noqa: E402

QUEUE = "/proc/sys/fs/inotify/max_queued_events"
LIMITS = (("inotify_add_watch", "ENOSPC", "fs.inotify.max_user_watches"),
          ("inotify_init1", "EMFILE", "fs.inotify.max_user_instances"))


def said(case, text):
    with open(case.tails.it.program.log, encoding="utf-8", errors="replace") as log:
        return text in log.read()


def f40(case):
    """F40: the queue overflows while files are rotated and made: all of them are found"""
    with open(QUEUE, encoding="ascii") as limit:
        events = int(limit.read())
    case.write(case.made(40))
    yield "frozen"
    for number in range(events // 3 + 100):  # made, written, gone
        case.write(b"\n", f"log.other{number}")
        os.unlink(case.path(f"log.other{number}"))
    case.write(case.made(40))
    case.rename()
    case.write(case.made(40))
    case.write(case.made(40), "log.new")
    yield "late"
    case.wait(lambda: said(case, "watch-overflow"), "the overflow is noticed")


def f41(case):
    """F41: a limit of inotify is reached: files are looked at instead, and the limit is named"""
    case.write(case.made(40))
    yield "live"
    case.write(case.made(40))
    case.wait_read()
    case.rename()
    case.write(case.made(40))
    if not said(case, "limit=" + LIMITS[0][2]):
        case.problems.append(f"the log does not name {LIMITS[0][2]}")


def injected(call, error):
    return ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
            f"inject={call}:error={error}"]


def reached(call, error):
    return lambda program: subprocess.Popen(injected(call, error) + program.command("run"),
                                            stderr=open(program.log, "ab"), stdin=subprocess.DEVNULL)


def doctor_names_it(tap, it, call, error, limit):
    """doctor says which one."""
    done = subprocess.run(injected(call, error) + it.it.program.command("doctor"), capture_output=True,
                          text=True, check=False)
    tap.ok(f"the limit {limit} is reached" in done.stdout, f"F41: doctor names {limit}")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with tails.Tails(server) as it:
            it.add(f40)
            it.run(tap)
        if not tails.can_trace():
            tap.ok(True, "F41", skip="no strace")
        else:
            with tails.Tails(server, start=reached(*LIMITS[0][:2])) as it:
                it.add(f41)
                it.run(tap)
                for limit in LIMITS:
                    doctor_names_it(tap, it, *limit)
    finally:
        server.close()
    tap.done()


main()
