#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a generator's manifest with what the product exports, and says what was lost, stored
twice, unexpected or wrong. Exit status 1 on any of them.

Times are those of the log's stamps: an exported time may lie anywhere in the clock's step that
begins with the stamp (PAIRING T1b); with --exact-times it must be stamp plus ordinal.
"""

import argparse
import datetime
import json
import sys

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
PLAIN = ("n", "from_resource", "type", "class", "state", "delivered_via", "displayed_via", "error",
         "corrects")
TIMES = ("sent_at", "routed_at", "delivered_at", "displayed_at", "failed_at")
OPEN = ("pending", "expired")  # which of them is a matter of "now"
KINDS = ("lost", "twice", "unexpected", "wrong")


def usec(text):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH
    return (at.days * 86400 + at.seconds) * 1000000 + at.microseconds


def read_ndjson(path):
    with (sys.stdin if path == "-" else open(path, encoding="utf-8")) as lines:
        return [json.loads(line) for line in lines if line.strip()]


def key_of(row):
    return row.get("from"), row.get("to"), row.get("id") or ""


def show(row):
    return f"{row.get('from')} -> {row.get('to')} id={row.get('id')!r} at {row.get('sent_at')}"


class Checker:
    def __init__(self, step=1, exact=False):
        self.step, self.exact = step, exact
        self.found = {kind: [] for kind in KINDS}

    def note(self, kind, text):
        self.found[kind].append(text)

    def failed(self):
        return any(self.found.values())

    # --- times ---

    def same_time(self, expected, got):
        if expected is None or got is None:
            return expected == got
        if self.exact:
            return usec(expected) == usec(got)
        stamp = usec(expected) - usec(expected) % self.step
        return stamp <= usec(got) < stamp + self.step

    # --- rows ---

    def rows(self, expected, got):
        wanted, there = {}, {}
        for into, rows in ((wanted, expected), (there, got)):
            for row in rows:
                into.setdefault(key_of(row), []).append(row)
        for key, group in wanted.items():
            self.group(sorted(group, key=lambda row: row["sent_at"]),
                       sorted(there.pop(key, []), key=lambda row: row["sent_at"]))
        for group in there.values():
            for row in group:
                self.note("unexpected", show(row))

    def group(self, wanted, there):
        """All rows of one sender, recipient and id."""
        late = []
        for row in wanted:
            match = next((r for r in there if self.same_time(row["sent_at"], r["sent_at"])), None)
            if match is None:
                late.append(row)
                continue
            there.remove(match)
            self.compare(row, match)
        for row in late:
            if there:
                self.compare(row, there.pop(0))
            else:
                self.note("lost", show(row))
        for row in there:
            self.note("twice", show(row))

    def compare(self, wanted, got):
        for name in PLAIN:
            if wanted.get(name) != got.get(name):
                self.differ(wanted, name, wanted.get(name), got.get(name))
        for name in TIMES:
            if not self.same_time(wanted.get(name), got.get(name)):
                self.differ(wanted, name, wanted.get(name), got.get(name))
        verdict = "waiting" if got.get("verdict") in OPEN else got.get("verdict")
        if wanted["verdict"] != verdict:
            self.differ(wanted, "verdict", wanted["verdict"], got.get("verdict"))
        self.compare_resends(wanted, wanted.get("resends") or 0, got.get("resends") or 0)
        self.compare_devices(wanted, wanted.get("devices") or {}, got.get("devices") or {})

    def differ(self, row, name, wanted, got):
        self.note("wrong", f"{show(row)}: {name} is {got!r}, expected {wanted!r}")

    def compare_resends(self, row, wanted, got):
        """A line read twice looks like a resend (PAIRING, batch principle); one lost lacks it."""
        if got > wanted:
            self.note("twice", f"{show(row)}: resends is {got}, expected {wanted}")
        elif got < wanted:
            self.note("lost", f"{show(row)}: resends is {got}, expected {wanted}")

    def compare_devices(self, row, wanted, got):
        for device in sorted(set(wanted) | set(got)):
            for what in ("delivered", "displayed"):
                times = [side.get(device, {}).get(what) for side in (wanted, got)]
                if not self.same_time(*times):
                    self.differ(row, f"devices[{device}].{what}", *times)

    # --- counters ---

    def counters(self, wanted, got):
        got = dict(got)
        if "pending" in got or "expired" in got:
            got["waiting"] = got.pop("pending", 0) + got.pop("expired", 0)
        for name in sorted(set(wanted) | set(got)):
            a, b = wanted.get(name, 0), got.get(name, 0)
            if a != b:
                kind = "lost" if b < a else "twice"
                self.note(kind, f"counter {name} is {b}, expected {a}")

    # --- report ---

    def report(self, limit, out=sys.stdout):
        for kind in KINDS:
            for text in self.found[kind][:limit]:
                print(f"{kind}\t{text}", file=out)
            if len(self.found[kind]) > limit:
                print(f"{kind}\t… and {len(self.found[kind]) - limit} more", file=out)
        print(", ".join(f"{kind} {len(self.found[kind])}" for kind in KINDS), file=out)


def read_manifest(path):
    records = read_ndjson(path)
    head = records[0]
    rows = [r for r in records if r["kind"] == "message"]
    totals = next(r["counters"] for r in records if r["kind"] == "totals")
    return head, rows, totals


def read_counters(path):
    """{"name": …, "value": …} a line, or objects of name: value."""
    result = {}
    for record in read_ndjson(path):
        if set(record) >= {"name", "value"}:
            result[record["name"]] = record["value"]
        else:
            result.update(record)
    return result


def check(manifest, messages, counters=None, exact=False):
    head, rows, totals = read_manifest(manifest)
    checker = Checker(head["step_us"], exact)
    checker.rows(rows, read_ndjson(messages))
    if counters:
        checker.counters(totals, read_counters(counters))
    return checker


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest")
    parser.add_argument("messages", help="output of: export messages --format ndjson --now last")
    parser.add_argument("counters", nargs="?", help="output of: export counters")
    parser.add_argument("--exact-times", action="store_true")
    parser.add_argument("--limit", type=int, default=20, help="lines shown of each kind")
    options = parser.parse_args(argv)
    checker = check(options.manifest, options.messages, options.counters, options.exact_times)
    checker.report(options.limit)
    return 1 if checker.failed() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
