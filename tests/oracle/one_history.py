# SPDX-License-Identifier: Apache-2.0
"""One history, made of all vectors at once, and what is stored of it in a form that can be compared."""
import glob
import json
from datetime import datetime, timedelta

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


def write(program, name, lines, padding=8000):
    """A file is read in large pieces, and a batch ends no earlier than a piece: padding makes many
    batches of few lines."""
    path = program.path(name)
    with open(path, "w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line) + " " * padding + "\n")
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
