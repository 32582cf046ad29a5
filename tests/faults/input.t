#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F127: random bytes as a log of every dialect. The program goes on, memory and tables stay bounded, and every
# record that could not be read is counted: one by one, then in ranges. RECEIPTD_LONG: 100 MB instead of 5.
import json
import os
import random
import re
import sys
import threading
import subprocess

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

SIZE = (100 if rig.LONG else 5) << 20
CAP_MB = 128
SINGLE = 1000  # rows of one file, in gap and in quarantine each
RANGES = 16    # and what is counted in ranges, of reasons and causes there are few
GOOD = (b'{"ts":"2026-05-04T10:00:00Z","feed":"c2s","dir":"in","session":"ada@a.example/x","stanza":'
        b'"<message to=\'ben@b.example\' id=\'%s\' type=\'chat\'><body>hello</body></message>"}\n')


def read_in(it, *arguments):
    """Exit status and the most memory in MB."""
    with open(it.program.log, "ab") as log:
        process = subprocess.Popen(it.program.command("import", *arguments), stderr=log, stdout=log,
                                   stdin=subprocess.DEVNULL)
    watch = threading.Timer(3000 if rig.LONG else 300, process.kill)
    watch.start()
    _, status, usage = os.wait4(process.pid, 0)
    watch.cancel()
    return status, usage.ru_maxrss // 1024


def unread(it):
    with open(it.direct.export("quarantine"), encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return len(rows), sum(row["records"] for row in rows)


def records_of(log):
    """Lines that are not blank, as they are cut by holes: what no observation can be made of."""
    return sum(1 for line in re.split(rb"\0+|\n", log) if line.strip(b" \t\r"))


def judge(tap, server, dialect, log):
    with rig.Rig(server) as it:
        path = it.program.path("random.log")
        with open(path, "wb") as file:
            file.write(log)
        status, most = read_in(it, "--dialect", dialect, path)
        tap.ok(status == 0, f"F127 {dialect}: {len(log) >> 20} MB of random bytes are read to their end")
        tap.ok(most <= CAP_MB, f"F127 {dialect}: {most} MB of memory")
        rows, records = unread(it)
        gaps = int(server.ask("SELECT count(*) FROM receiptd.gap"))
        tap.ok(rows <= SINGLE + RANGES and gaps <= SINGLE + RANGES,
               f"F127 {dialect}: {rows} rows of quarantine for {records} records, {gaps} gaps")
        return it, records, path


def observations(tap, server, log):
    """Of this dialect it is known from outside how many records there are."""
    wanted = records_of(log)
    log += b"\n" + GOOD % b"m1"
    with rig.Rig(server) as it:
        path = it.program.path("random.log")
        with open(path, "wb") as file:
            file.write(log)
        status, most = read_in(it, "--dialect", "observations", path)
        rows, records = unread(it)
        tap.ok(status == 0 and most <= CAP_MB, f"F127 observations: read to the end, {most} MB of memory")
        tap.ok(records == wanted, f"F127 observations: {records} of {wanted} bad records counted, in {rows} rows")
        tap.ok(rows <= SINGLE + RANGES, "F127 observations: in few rows")
        tap.ok(it.rows() == 1, "F127 observations: the good line behind them is stored")
        holes = re.findall(rb"\0+", log)
        lost = server.ask("SELECT count(*), min(from_offset) = %d, max(to_offset) = %d FROM receiptd.gap"
                          % (log.index(b"\0"), log.rindex(b"\0") + 1))
        tap.ok(int(lost.split("|")[0]) <= SINGLE + RANGES and lost.endswith("t|t"),
               f"F127 observations: {len(holes)} holes in {lost.split('|')[0]} gaps from the first to the last")
        with open(path, "ab") as file:
            file.write(GOOD % b"m2" + b"bad\n")
        read_in(it, "--dialect", "observations", path)
        tap.ok(unread(it)[1] == wanted + 1 and it.rows() == 2, "F127 observations: read on, nothing counted twice")


def main():
    tap = rig.product.Tap()
    seed = random.SystemRandom().randrange(1 << 31)
    log = random.Random(seed).randbytes(SIZE)
    server = rig.Server().start()
    tap.note(f"seed {seed}")
    try:
        observations(tap, server, log)
        for dialect in ("prosody", "openfire-audit"):
            judge(tap, server, dialect, log)
    finally:
        server.close()
    tap.done()


main()
