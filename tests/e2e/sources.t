#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# One history, made of all vectors at once: whatever the order of its lines, however many files they
# are dealt to, with two importers at the same time or with a kill -9 in the middle, what is stored is
# the same. (That it is also right, the vectors say one by one.)
import glob
import json
import os
import random
import signal
import sys
import time
from datetime import datetime, timedelta

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402

SETTINGS = 'muc_domains = { "rooms.harbor.example", "muc.sea.example" }\nflush_events = 97'
PARTS = ["messages", "counters", "findings", "metrics", "typing"]


def history(rng):
    """All lines of all vectors, each vector moved a little: their users and ids are the same, so they
    run into each other."""
    lines = []
    for path in sorted(glob.glob("tests/vectors/data/*.json")):
        with open(path, encoding="utf-8") as file:
            vector = json.load(file)
        if "wrapper_feeds" in vector.get("config", {}):
            continue
        shift = timedelta(seconds=rng.randrange(0, 7200, 7), microseconds=rng.randrange(1000))
        for line in vector["input"]:
            moment = datetime.fromisoformat(line["ts"].replace("Z", "+00:00")) + shift
            lines.append({**line, "ts": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
    lines.sort(key=lambda line: line["ts"])
    return lines


def write(program, name, lines):
    path = program.path(name)
    with open(path, "w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line) + "\n")
    return path


def deal(rng, lines, files):
    hands = [[] for _ in range(files)]
    for line in lines:
        rng.choice(hands).append(line)
    return hands


def stored(program, realm):
    """Everything that is said about the realm, in a form that can be compared."""
    result = {}
    for part in PARTS:
        with open(program.export(part, None, "--realm", realm), encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        if part == "findings":
            rows = sorted({(row["rule"], row["by"], row["ref"]) for row in rows})
        elif part in ("messages", "typing"):
            rows = sorted(json.dumps(row, sort_keys=True) for row in rows)
        result[part] = rows
    return result


def together(program, realm, paths):
    running = [program.start("import", "--realm", realm, path) for path in paths]
    return all([process.wait() == 0 for process in running])


def killed(program, rng, realm, path):
    """Three kills at random moments, then to the end."""
    for _ in range(3):
        process = program.start("import", "--realm", realm, path)
        time.sleep(rng.uniform(0.05, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    return program.call("import", "--realm", realm, path, check=False) == 0


def difference(tap, want, got):
    for part in PARTS:
        if want[part] == got[part]:
            continue
        missing = [row for row in want[part] if row not in got[part]]
        extra = [row for row in got[part] if row not in want[part]]
        tap.note(f"{part}: {len(missing)} missing, {len(extra)} too many")
        for sign, rows in (("-", missing[:3]), ("+", extra[:3])):
            for row in rows:
                tap.note(f"{sign} {str(row)[:900]}")
    return want == got


def main():
    seed = int(os.environ.get("RECEIPTD_SEED") or random.randrange(1 << 30))
    rng = random.Random(seed)
    tap = product.Tap()
    program = product.Product(settings=SETTINGS)
    keeper = None
    try:
        lines = history(rng)
        program.call("migrate")
        keeper = program.start("serve")  # holds the cluster while importers come and go
        program.call("import", "--realm", "whole", write(program, "whole.ndjson", lines))
        want = stored(program, "whole")
        tap.ok(len(want["messages"]) > 100, f"{len(lines)} lines, {len(want['messages'])} messages, "
               f"seed {seed}")

        mixed = lines[:]
        rng.shuffle(mixed)
        program.call("import", "--realm", "mixed", write(program, "mixed.ndjson", mixed))
        tap.ok(difference(tap, want, stored(program, "mixed")), "lines in any order")

        for number, hand in enumerate(deal(rng, mixed, 5)):
            program.call("import", "--realm", "dealt",
                         write(program, f"dealt{number}.ndjson", hand))
        tap.ok(difference(tap, want, stored(program, "dealt")), "five files, one after the other")

        hands = [write(program, f"hand{number}.ndjson", hand)
                 for number, hand in enumerate(deal(rng, mixed, 2))]
        tap.ok(together(program, "two", hands), "two importers at once come to their end")
        tap.ok(difference(tap, want, stored(program, "two")), "two importers at once")

        tap.ok(killed(program, rng, "killed", write(program, "killed.ndjson", mixed + [])),
               "an import that was killed three times comes to its end")
        tap.ok(difference(tap, want, stored(program, "killed")), "killed three times")
    finally:
        if keeper:
            product.stop(keeper)
        program.close()
    tap.done()


if __name__ == "__main__":
    main()
