#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Bytes that are no record: halves, zeros, wrong characters, other ends of lines. The records beside them are
# stored once, and times come from the log whatever the clock does. Each case names its entry of the fault
# matrix.
import glob
import gzip
import os
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import tails  # noqa: E402

HOLE = "hole of NUL bytes"


def f22(case):
    """F22: a decompression bomb among the files is bounded in time and memory, and a gap"""
    case.write(case.made(40))
    case.gaps = (HOLE,)
    yield "live"
    zeros = subprocess.Popen(["head", "-c", "200000000", "/dev/zero"], stdout=subprocess.PIPE)
    with open(case.path("log.1.gz"), "wb") as out:
        subprocess.run(["gzip", "-c"], stdin=zeros.stdout, stdout=out, check=True)
    zeros.wait()
    case.wait(lambda: case.ask("SELECT count(*) FROM receiptd.gap WHERE source = $SOURCE") == "1",
              "the gap")
    case.write(case.made(20))
    with open(f"/proc/{case.tails.daemon.pid}/status", encoding="ascii") as status:
        peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) // 1024
    if peak > 256:
        case.problems.append(f"{peak} MB of memory at its peak")


def f22_limit(case):
    """F22: one of 10 GB is left at a limit that no log reaches"""
    case.write(case.made(40))
    case.gaps = ("decoded size limit", HOLE)
    yield "live"
    zeros = subprocess.Popen(["head", "-c", "200000000", "/dev/zero"], stdout=subprocess.PIPE)
    part = subprocess.run(["gzip", "-c"], stdin=zeros.stdout, stdout=subprocess.PIPE, check=True).stdout
    zeros.wait()
    head = gzip.compress(b"".join(case.made(5)))  # else it would go on with the zeros of the other one
    case.write(head + part * 52, "log.1.gz")
    case.wait(lambda: case.ask("SELECT count(*) FROM receiptd.gap WHERE source = $SOURCE") == "2",
              "the gaps")
    case.write(case.made(20))


def f27(case):
    """F27: two writers interleave the lines of their records: what is torn is set aside, the rest is exact"""
    lines, torn = case.made(60), case.made(3, lost=True)
    case.write(lines[:30])
    case.write(torn[0][:80] + torn[1])  # one line begins inside another
    case.write(torn[0][80:])
    case.write(lines[30:])
    case.quarantined = 2
    yield "live"


def f30(case):
    """F30: the last 8 KiB became zeros by a power loss, with unread records in them; then appends"""
    case.write(case.made(40))
    more = case.made(60, lost=True)
    case.gaps = (HOLE,)
    yield "down"
    begun = os.path.getsize(case.path())
    case.write(b"".join(more)[:8192])
    with open(case.path(), "r+b") as log:
        log.seek(begun)
        log.write(bytes(8192))
    case.write(case.made(20))


def f30_read(case):
    """F30: the same with the reader at the end: what was read stays, the zeros are one gap"""
    case.write(case.made(40))
    case.gaps = (HOLE,)
    yield "live"
    case.wait_read()
    case.write(bytes(8192))
    time.sleep(1)
    case.write(case.made(20))


def f30_lost(case):
    """F30: zeros over what was read already, while down: nothing is read twice, and nothing is missing"""
    case.write(case.made(60))
    yield "down"
    with open(case.path(), "r+b") as log:
        log.seek(-8192, os.SEEK_END)
        log.write(bytes(8192))
    case.write(case.made(20))


def f32(case):
    """F32: characters cut by reads; invalid UTF-8 is set aside raw, its neighbours are exact"""
    lines = case.made(60)
    bad = re.sub(rb"<body>[^<]*", b"<body>\xc3\x28\xff", case.made(2, lost=True)[0], count=1)
    if b"\xff" not in bad:
        bad = b'{"ts":"2026-11-22T10:00:00Z","dir":"in","stanza":"\xff"}\n'
    case.quarantined = 1
    yield "live"
    rng = random.Random(case.tails.it.seed)
    data = b"".join(lines[:30]) + bad + b"".join(lines[30:])
    while data:
        size = rng.choice((1, 7, 4095))
        case.write(data[:size])
        data = data[size:]


def f33(case):
    """F33: byte order mark, CRLF, lone CR, empty lines"""
    lines = case.made(60)
    case.write(b"\xef\xbb\xbf")
    for number, line in enumerate(lines):
        end = (b"\n", b"\r\n", b"\n\n\r\n", b" \r \n\n")[number % 4]
        case.write(line[:-1] + end)
    yield "down"
    case.write(b"\r\n".join(line[:-1] for line in case.made(20)) + b"\r\n")


def f45(case):
    """F45: the system clock jumps while the program runs: nothing stalls, times come from the log"""
    case.write(case.made(40))
    yield "live"
    for jump in ("+3600", "-3600", "+86400", "-86400", "+0"):
        with open(case.tails.clock + ".new", "w", encoding="ascii") as clock:
            clock.write(jump + "\n")
        os.rename(case.tails.clock + ".new", case.tails.clock)
        case.write(case.made(20))
        case.wait_read()


def f52(case):
    """F52: many old archives, and the first reading of them is interrupted again and again"""
    lines = case.made(1500)
    count = 30
    share = len(lines) // count + 1
    for number in range(count):
        name = f"log.{count - number}" if number + 1 < count else "log"
        case.write(lines[number * share:(number + 1) * share], name)
        if number % 3 == 0 and name != "log":
            subprocess.run(["gzip", case.path(name)], check=True)
    case.size = lambda: sum(map(len, lines))
    yield "late"


def faked(program):
    """A clock that can be set while the program runs; timers go on by the true one."""
    library = (glob.glob("/usr/lib/*/faketime/libfaketime.so.1") or [""])[0]
    return subprocess.Popen(program.command("run"), stderr=open(program.log, "ab"),
                            stdin=subprocess.DEVNULL,
                            env={**os.environ, "LD_PRELOAD": library, "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                                 "FAKETIME_TIMESTAMP_FILE": program.path("clock")})


def killed_often(it):
    """Kills before anything is waited for."""
    rng = random.Random(it.it.seed)
    for _ in range(40 if tails.LONG else 8):
        it.start()
        time.sleep(rng.uniform(0.1, 1.5))
        it.kill()


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with tails.Tails(server) as it:
            for function in (f22, f22_limit, f27, f30, f30_read, f30_lost, f32, f33):
                it.add(function)
            it.run(tap)
        if glob.glob("/usr/lib/*/faketime/libfaketime.so.1"):
            with tails.Tails(server, start=faked) as it:
                it.clock = it.it.program.path("clock")
                with open(it.clock, "w", encoding="ascii") as clock:
                    clock.write("+0\n")
                it.add(f45)
                it.run(tap)
        else:
            tap.ok(True, f45.__doc__, skip="no libfaketime")
        with tails.Tails(server) as it:
            it.add(f52)
            it.run(tap, killed_often)
    finally:
        server.close()
    tap.done()


main()
