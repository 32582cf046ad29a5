#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a log of numbered chat traffic and a manifest of what must come of it.

The manifest is made from the script of the traffic, never by reading the log again; nothing here
is shared with the product. The same seed and settings give the same bytes.
"""

import argparse
import datetime
import json
import os
import random
import sys
import time

import facts
import traffic
import writers


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=sorted(writers.FORMATS), default="observations")
    parser.add_argument("--out", required=True, help="log to write (appended to when it exists)")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--records", type=int, default=1000, help="messages to send")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--rate", type=float, default=0, help="records a second, 0 = at once")
    parser.add_argument("--start", default=None, help="first instant (RFC 3339, UTC)")
    parser.add_argument("--gap-ms", type=int, default=50, help="mean time between two messages")
    parser.add_argument("--users", type=int, default=12)
    parser.add_argument("--hosts", default="sea.example,hill.example")
    parser.add_argument("--offset", type=int, default=0, help="minutes east of UTC of the stamps")
    parser.add_argument("--rotate", type=int, default=0, help="begin a new file after so many emissions; the old"
                        " one is renamed to OUT.1, OUT.2 ... in order of age")
    parser.add_argument("--shuffle", action="store_true", help="observations only")
    for name, rate in traffic.RATES.items():
        parser.add_argument(f"--{name}-rate", type=float, default=rate)
    return parser.parse_args(argv)


def start_of(options):
    """Default: an hour ago, so that a log without years can be dated by its file's mtime."""
    if options.start:
        at = datetime.datetime.fromisoformat(options.start.replace("Z", "+00:00"))
        return int(at.timestamp() * 1000000)
    return (int(time.time()) - 3600) * 1000000


class Appender:
    """Appends in pieces that care for no line, character or record boundary (FAULTS F23, F24)."""

    def __init__(self, path, rate, seed):
        self.path, self.rotations = path, 0
        self.open()
        self.rate, self.rng = rate, random.Random(seed)
        self.pending, self.records, self.begun = b"", 0, time.monotonic()

    def open(self):
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def rotate(self):
        self.close()
        self.rotations += 1
        os.rename(self.path, f"{self.path}.{self.rotations}")
        self.open()

    def add(self, data, records):
        self.pending += data
        if not self.rate:
            if len(self.pending) > 1 << 20:
                self.flush()
            return
        due = self.begun + records / self.rate
        while len(self.pending) > 4096 or time.monotonic() < due:
            self.piece()
            time.sleep(max(0.0, min(0.002, due - time.monotonic())))

    def piece(self):
        size = self.rng.choice((1, 7, 100, 512, 1500, 4096))
        written = os.write(self.file, self.pending[:size]) if self.pending else 0
        self.pending = self.pending[written:]

    def flush(self):
        while self.pending:
            written = os.write(self.file, self.pending)
            self.pending = self.pending[written:]

    def close(self):
        self.flush()
        os.close(self.file)


def emissions(world, writer):
    yield writer.header()
    for kind, what in world.run():
        yield writer.emit(kind, what, world.now)
    yield writer.footer()


def write_log(options, world, writer):
    appender = Appender(options.out, options.rate, options.seed)
    parts = emissions(world, writer)
    if options.shuffle:
        parts = list(parts)
        random.Random(options.seed).shuffle(parts)
    for number, data in enumerate(parts):
        if options.rotate and number and number % options.rotate == 0:
            appender.rotate()
            data = writer.header() + data
        appender.add(data, writer.records)
    appender.close()
    if not options.rate:
        os.utime(options.out, (world.now / 1e6, world.now / 1e6))


def write_manifest(options, world, writer):
    head = {"kind": "header", "format": options.format, "seed": options.seed,
            "step_us": writer.step, "log_records": writer.records}
    with open(options.manifest + ".new", "w", encoding="utf-8") as out:
        for record in (head, *facts.manifest(world, writer.unparsable)):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    os.rename(options.manifest + ".new", options.manifest)


def main(argv):
    options = arguments(argv)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 31)
    if options.shuffle and options.format != "observations":
        sys.exit("generate: only observations may be shuffled")
    rates = {name: getattr(options, f"{name}_rate") for name in traffic.RATES}
    world = traffic.World(random.Random(options.seed), options.records, start_of(options),
                          tuple(options.hosts.split(",")), options.users, options.gap_ms * 1000,
                          rates)
    writer = writers.FORMATS[options.format](random.Random(options.seed + 1), options.offset)
    write_log(options, world, writer)
    write_manifest(options, world, writer)
    print(f"seed {options.seed}: {writer.records} records, {len(world.messages)} messages",
          file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
