#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a line in a log to a row that others see, of a followed Prosody log that grows at a steady rate: the
whole daemon with its own cluster and default settings (DESIGN section 7). No number is printed unless
every row is there in the end.

    latency.py [--rates 1000,5000] [--seconds N] [--program FILE] [--render FILE]
"""

import argparse
import os
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "oracle"), os.path.join(HERE, "..", "faults")]
import product  # noqa: E402
import rig  # noqa: E402

STEP = 0.01
# The log is of a month, whatever its length; a log that is followed begins a day once a day (limit.c does the same).
DAYS = ("SET search_path = receiptd; SELECT count(make_day(d::date)) FROM generate_series(timestamptz '2026-03-01',"
        " timestamptz '2026-04-02', interval '1 day') AS d;\n")
POLL = "SELECT coalesce(sum(inserted), 0) FROM receiptd.batch;\n"


class Watch:
    """One session that is asked again and again how many rows are committed."""

    def __init__(self, program):
        run = os.path.join(program.path("data"), "run")
        user = rig.server_user()
        self.process = subprocess.Popen(["psql", "-XAtq", "-h", run, "-U", "receiptd" if user else os.environ["USER"],
                                         "-d", "receiptd"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, bufsize=1, cwd="/", **user)

    def rows(self):
        self.process.stdin.write(POLL)
        return int(self.process.stdout.readline() or -1)

    def make_days(self):
        self.process.stdin.write(DAYS)
        self.process.stdout.readline()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def settled_memory(process):
    """Peak of the daemon itself in MB."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


class Writer(threading.Thread):
    """Appends whole lines at the pace of the messages; knows when how many of them were there."""

    def __init__(self, source, target, messages, rate):
        super().__init__()
        self.source, self.target, self.messages, self.rate = source, target, messages, rate
        self.marks = []  # (time, messages appended)

    def run(self):
        size = os.path.getsize(self.source)
        begin = time.monotonic()
        with open(self.source, "rb") as lines, open(self.target, "ab", buffering=0) as out:
            while lines.tell() < size:
                due = size * (time.monotonic() - begin + STEP) * self.rate / self.messages
                chunk = b"".join(iter(lambda: lines.readline() if lines.tell() < due else b"", b""))
                if chunk:
                    out.write(chunk)
                    self.marks.append((time.monotonic(), self.messages * lines.tell() / size))
                time.sleep(STEP)


def delays(appended, seen):
    """For each message the time from its append to the first look that showed as many rows."""
    found, at = [], 0
    for when, count in appended:
        while at < len(seen) and seen[at][1] < int(count):
            at += 1
        if at == len(seen):
            break
        found.append(seen[at][0] - when)
    return sorted(found)


def measure(options, rate):
    messages = int(rate * options.seconds)
    program = product.Product(binary=options.program, settings='log_level = "warn"')
    try:
        whole, log = program.path("whole.log"), program.path("traffic.log")
        subprocess.run([options.render, "--render", whole, "--dialect", "prosody", "--messages", str(messages)],
                       check=True)
        open(log, "wb").close()
        with open(program.config, "a", encoding="utf-8") as config:
            config.write(f'source traffic {{\n\tpath = "{log}"\n\tdialect = "prosody"\n\tzone = "UTC"\n}}\n')
        program.call("migrate")
        daemon = program.start("run")
        product.wait_until(program.cluster_is_ready, 60)
        watch, writer, seen = Watch(program), Writer(whole, log, messages, rate), []
        product.wait_until(lambda: watch.rows() >= 0, 30)
        watch.make_days()
        writer.start()
        end = time.monotonic() + options.seconds + 60
        while (not seen or seen[-1][1] < messages) and time.monotonic() < end:
            seen.append((time.monotonic(), watch.rows()))
            time.sleep(0.02)
        writer.join()
        memory = settled_memory(daemon)
        watch.close()
        product.stop(daemon, 60)
        if seen[-1][1] != messages:
            raise SystemExit(f"{seen[-1][1]} of {messages} rows: no number")
        show(rate, delays(writer.marks, seen), memory)
    finally:
        program.close()


def show(rate, found, memory):
    def line(name, value, wanted="", good=True):
        print(f"  {name:<52} {value:12.2f}  {wanted:<10} {'' if not wanted else 'ok' if good else 'MISSED'}")

    def at(share):
        return found[min(len(found) - 1, int(len(found) * share))]

    print(f"\nfollowed at {rate} messages/s")
    line("from the line to the row, p50, s", at(0.5))
    line("from the line to the row, p99, s", at(0.99), "<= 1.5", at(0.99) <= 1.5)
    line("the longest, s", found[-1])
    line("peak memory of the daemon, MB", memory, "<= 48", memory <= 48)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="1000,5000")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--program")
    parser.add_argument("--render", default=os.path.join(product.BUILD, "tests/bench/pipeline"))
    options = parser.parse_args()
    for rate in options.rates.split(","):
        measure(options, int(rate))


main()
