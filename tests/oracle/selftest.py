#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checker and the generator are tested too: a checker that cannot fail proves nothing. TAP."""

import copy
import io
import os
import subprocess
import sys
import tempfile

import check

HERE = os.path.dirname(os.path.abspath(__file__))


def export_of(rows):
    """What a faultless product would print for a manifest."""
    result = []
    for row in rows:
        row = {k: v for k, v in row.items() if k not in ("kind", "number", "requested")}
        if row["verdict"] == "waiting":
            row["verdict"] = "pending"
        if not row["resends"]:
            del row["resends"]
        result.append(row)
    return result


def first(rows, has):
    return next(row for row in rows if row.get(has))


def lose(rows, count):
    del rows[7]


def double(rows, count):
    rows.append(copy.deepcopy(rows[7]))


def double_later(rows, count):
    row = copy.deepcopy(rows[7])
    row["sent_at"], row["n"] = "2031-01-01T00:00:00.000000Z", 2
    rows.append(row)


def invent(rows, count):
    rows.append({**rows[7], "id": "nobody-sent-this"})


def wrong_sender(rows, count):
    rows[7]["from_resource"] = "other"


def wrong_time(rows, count):
    first(rows, "delivered_at")["delivered_at"] = "2031-01-01T00:00:00.000000Z"


def lost_receipt(rows, count):
    row = first(rows, "delivered_at")
    del row["delivered_at"]


def wrong_device(rows, count):
    devices = first(rows, "devices")["devices"]
    devices["eve@evil.example/x"] = devices.pop(next(iter(devices)))


def read_again(rows, count):
    rows[7]["resends"] = rows[7].get("resends", 0) + 1


def lost_resend(rows, count):
    del first(rows, "resends")["resends"]


def count_twice(rows, count):
    count["carbons"] += 1


def count_lost(rows, count):
    count["acks"] -= 1


def forgery_believed(rows, count):
    del count["acks_forged"]


CASES = (
    (lose, "lost"), (double, "twice"), (double_later, "twice"), (invent, "unexpected"),
    (wrong_sender, "wrong"), (wrong_time, "wrong"), (lost_receipt, "wrong"),
    (wrong_device, "wrong"), (read_again, "twice"), (lost_resend, "lost"),
    (count_twice, "twice"), (count_lost, "lost"), (forgery_believed, "lost"))


class Tap:
    def __init__(self):
        self.number = self.bad = 0

    def ok(self, good, text):
        self.number += 1
        self.bad += not good
        print(f"{'ok' if good else 'not ok'} {self.number} - {text}")

    def done(self):
        print(f"1..{self.number}")
        return 1 if self.bad else 0


def generate(folder, name, *more):
    out, manifest = (os.path.join(folder, name + end) for end in (".log", ".manifest"))
    subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), "--out", out, "--manifest",
                    manifest, "--seed", "11", "--records", "400", "--start",
                    "2026-03-02T10:00:00Z", *more], check=True, stderr=subprocess.DEVNULL)
    return out, manifest


def run(head, rows, totals, spoil=None):
    export, count = export_of(copy.deepcopy(rows)), dict(totals)
    count["pending"] = count.pop("waiting", 0)
    if spoil:
        spoil(export, count)
    checker = check.Checker(head["step_us"])
    checker.rows(rows, export)
    checker.counters(totals, count)
    checker.report(3, io.StringIO())
    return checker


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        out, manifest = generate(folder, "a", "--format", "prosody")
        again, _ = generate(folder, "b", "--format", "prosody")
        tap.ok(read(out) == read(again), "the same seed gives the same bytes")
        slow, _ = generate(folder, "c", "--format", "prosody", "--rate", "20000")
        tap.ok(read(out) == read(slow), "written in pieces it is the same log")
        head, rows, totals = check.read_manifest(manifest)
        tap.ok(not run(head, rows, totals).failed(), "a faultless export passes")
        for spoil, kind in CASES:
            found = run(head, rows, totals, spoil).found
            tap.ok(bool(found[kind]), f"{spoil.__name__} is reported as {kind}")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
