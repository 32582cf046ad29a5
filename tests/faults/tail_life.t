#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Files that are deleted, not readable for a while, fail to be read, are more than the descriptors: nothing
# of them is lost, and no descriptor is kept for good. Each case names its entry of the fault matrix.
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import tails  # noqa: E402

GONE = "file gone before it was read to its end"
FILES = 2000 if tails.LONG else 80
CHURN = 20000 if tails.LONG else 4000


def f13(case):
    """F13: deleted while open, with unread data; the descriptor is let go"""
    case.write(case.made(40))
    yield "frozen"
    case.write(case.made(40))
    os.unlink(case.path())
    yield "late"
    case.wait(lambda: not case.holds("log"), "the descriptor is let go")


def f14(case):
    """F14: deleted while the database is down: held until it is stored"""
    case.write(case.made(40))
    more = case.made(40)
    yield "cut off"
    case.write(more)
    os.unlink(case.path())
    yield "late"
    case.wait(lambda: not case.holds("log"), "the descriptor is let go")


def f14_limit(case):
    """F14: the same, and it is larger than what may be held: a gap, and it is told"""
    case.write(case.made(40))
    case.gaps, case.said = (GONE,), ("deleted-file-let-go",)
    more = case.made(40, lost=True)
    case.unfinished = case.write(more[0][:-20])
    yield "cut off"
    case.write(more[0][-20:])
    case.write(more[1:])
    case.write(b"\n" * (5 << 20))
    os.unlink(case.path())
    case.wait(lambda: not case.holds("log"), "it is let go")


def f35(case):
    """F35: not readable after a rotation, readable again later"""
    case.write(case.made(40))
    case.said = ("file-not-readable",)
    yield "live"
    case.write(case.made(40), ".new")
    os.chmod(case.path(".new"), 0)
    case.rename()
    case.rename(".new", "log")
    case.wait(lambda: case.was_said("file-not-readable"), "it is told")
    os.chmod(case.path(), 0o644)


def f37(case):
    """F37: reads that fail now and then; for good; and then no more"""
    case.write(case.made(40))
    case.said = ("read-failed",)
    yield "live"
    for _ in range(4):
        case.write(case.made(10))
        case.wait_read()
    case.tails.kill()
    case.tails.begin = failing(case.path(), "1+")
    case.tails.start()
    case.write(case.made(10))
    case.wait(lambda: case.state() == "failing", "the source is said to fail")
    case.tails.kill()
    case.tails.begin = None
    case.tails.start()


def f38(case):
    """F38: a stale handle: opened anew by path, nothing is read twice"""
    case.write(case.made(40))
    yield "live"
    for _ in range(4):
        case.write(case.made(10))
        case.wait_read()


def f39(case):
    """F39: times of files in the future, in the past, unchanged by writes"""
    case.write(case.made(40))
    os.utime(case.path(), (4e9, 4e9))
    yield "live"
    for at in (4e9, 1e8, 1e8, 4e9):
        case.write(case.made(20))
        os.utime(case.path(), (at, at))
        case.wait_read()
    case.rename()
    case.write(case.made(20))
    os.utime(case.path(), (1e8, 1e8))


def f40(case):
    """F40: thousands of files come and go beside the log"""
    case.write(case.made(40))
    lines = case.made(200)
    yield "live"
    share = CHURN // len(lines) + 1
    for number, line in enumerate(lines):
        case.write(line)
        for other in range(share):
            case.write(b"\n", f"log.other{number}-{other}")
            os.unlink(case.path(f"log.other{number}-{other}"))


def f42(case):
    """F42: more files than descriptors: none is starved"""
    for number in range(FILES):
        case.write(b"\n", f"log.{number}")
    for number, line in enumerate(case.made(FILES)):
        case.write(line, f"log.{number % FILES}")
    lines = case.made(FILES // 2)
    yield "live"
    for number, line in enumerate(lines):
        case.write(line, f"log.{number * 7 % FILES}")
    case.wait_read(seconds=120)
    held = len(os.listdir(f"/proc/{case.tails.daemon.pid}/fd"))
    if held > 64:
        case.problems.append(f"{held} descriptors are open")


def as_user(program):
    """Root is refused nothing."""
    return subprocess.Popen(program.command("run"), stderr=open(program.log, "ab"),
                            stdin=subprocess.DEVNULL, **rig.server_user())


def few_descriptors(program):
    return subprocess.Popen(["prlimit", "--nofile=64", *program.command("run")],
                            stderr=open(program.log, "ab"), stdin=subprocess.DEVNULL)


def failing(path, when, error="EIO"):
    """-D: what is started is the program, not its tracer."""
    trace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", path, "-e", "trace=pread64",
             "-e", f"inject=pread64:error={error}:when={when}"]
    return lambda program: subprocess.Popen(trace + program.command("run"),
                                            stderr=open(program.log, "ab"), stdin=subprocess.DEVNULL)


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with tails.Tails(server, 'hold_deleted = "4MB"\n', as_user) as it:
            for function in (f13, f14, f14_limit):
                it.add(function, path="log")
            for function in (f35, f39, f40):
                it.add(function)
            it.run(tap)
        with tails.Tails(server, start=few_descriptors) as it:
            it.add(f42)
            it.run(tap)
        # Opening anew takes six reads: what fails more often than that never gets further.
        for function, error, when in ((f37, "EIO", "4+13"), (f38, "ESTALE", "5+11")):
            if not tails.can_trace():
                tap.ok(True, function.__doc__, skip="no strace")
                continue
            with tails.Tails(server) as it:
                it.begin = failing(it.it.program.path(f"{function.__name__}/log"), when, error)
                it.add(function)
                it.run(tap)
    finally:
        server.close()
    tap.done()


main()
