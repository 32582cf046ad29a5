#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile histories as vectors; what to expect of them says the reference.

hostile.py FOLDER [--seed N] [--count N] [--lines N] [--users N] [--families a,b,c]
hostile.py --tap [--long] [--seed N]: a fixed set against the product, as TAP.
hostile.py --shrink FILE: takes away lines while product and reference still disagree."""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import exotic  # noqa: E402
import wire  # noqa: E402
from compute import expected  # noqa: E402
from pending import FAMILIES_PENDING, FIELDS_PENDING, KNOWN, RULES_PENDING  # noqa: E402

# Families that change what happens (with a weight) or how it is seen.
ACTS = {"acks": ("ack", 6), "dupacks": ("ack_again", 2), "foul": ("foul_ack", 2),
        "errors": ("error", 2), "resend": ("resend", 2), "offline": ("offline", 2),
        "edits": ("edit", 2), "states": ("state", 4), "carbons": ("forged_carbon", 0.5),
        "rooms": ("room", 8), "pm": ("private", 3), "mds": ("mds_event", 2),
        "amp": ("amp", 1.5), "known": ("fact", 1.5), "junk": ("junk", 1),
        "archive": ("archive", 1), "edges": ("edge", 2)}
SEEN = ("reuse", "noid", "origin", "skew", "loss", "feeds", "s2s", "hook", "long", "thread",
        "xevents", "xstates", "legacy", "several", "bodies", "lateack", "types", "self",
        "service", "sid", "shuffle", "twox", "emptyx", "ties", "crowded",
        "gcaddr")
FAMILIES = tuple(ACTS) + SEEN


def make(seed, lines, users, families):
    rng = random.Random(f"{seed} {lines} {users} {sorted(families)}")
    air = wire.Wire(rng, set(families))
    crowd = exotic.Crowd(air, users)
    acts = [("message", 5)] + [ACTS[f] for f in sorted(families) if f in ACTS]
    names, weights = zip(*acts)
    while len(air.lines) < lines:
        getattr(crowd, rng.choices(names, weights)[0])()
        air.pass_time()
    if "shuffle" in families:
        rng.shuffle(air.lines)
    config = {}
    if families & {"rooms", "pm"}:
        config["muc_domains"] = [wire.ROOMS]
    if "hook" in families:
        config["wrapper_feeds"] = {"hook": wire.HOME}
    if rng.random() < 0.3:
        late = air.now + rng.choice((0, 3600, 8 * 86400)) * wire.SECOND
        config["now"] = wire.clock.text(late, 6)
    vector = {"name": "h", "about": "hostile: " + ",".join(sorted(families)), "rules": [],
              "order_independent": True, "config": config, "input": air.lines}
    return judge(vector)


def judge(vector, pending=True):
    """Fills in what is expected, without what the product cannot say yet."""
    answer = expected(vector)
    if pending and (FIELDS_PENDING or RULES_PENDING):
        answer["partial"] = True
        names = {name for message in answer["messages"] for name in message}
        for message in answer["messages"]:
            for name in names - set(message):
                message[name] = None
            for name in FIELDS_PENDING:
                message.pop(name, None)
        answer["findings"] = [f for f in answer["findings"] if f["rule"] not in RULES_PENDING]
    for name in FIELDS_PENDING:
        answer.pop(name, None)
        answer["counters"].pop(name, None)
    vector["expected"] = answer
    return vector


def write(path, vector):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(vector, out, ensure_ascii=False, indent=1)


def told(output, families):
    """{vector: differences} of the program's output, known ones of its families left out."""
    found, name = {}, None
    for line in output.splitlines():
        if line.startswith(("FAIL", "not ok")):
            name = line.split()[-1]
        elif line.startswith(("pass", "ok")):
            name = None
        elif line.startswith("# ") and name and not line.startswith("#   "):
            place = line
        elif line.startswith("#   ") and name:
            known = sum((KNOWN.get(f, ()) for f in families[name]), ())
            if not any(re.search(pattern, line) for pattern in known):
                found.setdefault(name, []).append(place + line[1:])
    return found


def disagree(vector, program, mode):
    families = vector["about"].removeprefix("hostile: ").split(",")
    with tempfile.TemporaryDirectory() as folder:
        write(os.path.join(folder, "h.json"), vector)
        for seed in range(1, 7 if mode == "memory" else 2):  # several orders
            run = subprocess.run([program, folder, "--mode", mode, "--seed", str(seed)],
                                 capture_output=True, text=True, check=False)
            found = told(run.stdout, {"h": families})
            if found:
                return "\n".join(dict.fromkeys(sum(found.values(), [])))
    return ""


def shrink(path, program, mode):
    with open(path, encoding="utf-8") as file:
        vector = json.load(file)
    if "now" not in vector.get("config", {}):  # keep `now` while lines go
        vector.setdefault("config", {})["now"] = max(i["ts"] for i in vector["input"])
    size = len(vector["input"])

    def bad(lines):
        return lines and disagree(judge({**vector, "input": lines}), program, mode)

    lines = vector["input"]
    if not bad(lines):
        print("product and reference agree")
        return 1
    while size:
        at = 0
        while at < len(lines):
            fewer = lines[:at] + lines[at + size:]
            if bad(fewer):
                lines = fewer
            else:
                at += size
        size //= 2
    small = judge({**vector, "input": lines})
    out = path.removesuffix(".json") + ".small.json"
    write(out, small)
    print(disagree(small, program, mode))
    for line in lines:
        print(line["ts"], line["feed"], line["dir"], line.get("session", ""), line["stanza"])
    return 0


# What one test looks at: families together, so that a failing one can be told.
SETS = ("acks,dupacks,foul", "acks,errors,foul,reuse", "acks,reuse,noid,origin,resend,offline",
        "acks,carbons,hook,feeds,s2s", "acks,skew,s2s,loss,shuffle", "acks,edits,states,edges",
        "acks,xevents,legacy,several,bodies,thread,emptyx", "acks,xevents,xstates,noid",
        "acks,long,lateack,types,self,service", "acks,amp,mds,archive,known,junk",
        "acks,pm,errors,foul,legacy", "acks,rooms,errors,noid,reuse,states",
        "rooms,noid,pm,skew,loss,feeds", "states,crowded,reuse,noid,feeds,carbons",
        "acks,states,crowded,reuse,noid,offline,skew", "rooms,states,crowded,reuse,noid,feeds")


def _write_set(folder, number, families, seeds, lines):
    """{name: families} of the vectors of one set."""
    names = {}
    for at in seeds:
        name = f"h{number}-{at}"
        write(os.path.join(folder, name + ".json"), make(at, lines, 3 + at % 3, families))
        names[name] = families
    return names


def _tell(number, mode, text, names, found):
    bad = [name for name in names if name in found]
    print(f"{'not ok' if bad else 'ok'} {number} - {mode}: {text}", flush=True)
    for name in bad:
        families = ",".join(sorted(names[name]))
        print(f"# seed {name.partition('-')[2]} --families {families}")
        print("\n".join("#   " + line for line in found[name][:6]))
    return bool(bad)


def tap(options):
    """One test a family set and mode; the database gets fewer of them."""
    plans = {"memory": (60, 120) if options.long else (8, 80),
             "database": (12, 80) if options.long else (2, 45)}
    every = set(FAMILIES) - FAMILIES_PENDING - {"crowded"}
    sets = [(text, set(text.split(",")) - FAMILIES_PENDING) for text in SETS] + [
        ("all", every), ("all but rooms", every - {"rooms", "pm"})]
    failed = number = 0
    print(f"1..{2 * len(sets)}", flush=True)
    for mode, (count, lines) in plans.items():
        with tempfile.TemporaryDirectory() as folder:
            seeds = range(options.seed, options.seed + count)
            groups = [_write_set(folder, at, families, seeds, lines)
                      for at, (_, families) in enumerate(sets)]
            run = subprocess.run(
                [options.program, folder, "--mode", mode, "--seed", str(options.seed)],
                capture_output=True, text=True, check=False)
        if run.returncode not in (0, 1):
            print(f"Bail out! {mode}: exit status {run.returncode} {run.stderr[:200]}")
            return True
        found = told(run.stdout, {name: f for g in groups for name, f in g.items()})
        for (text, _), names in zip(sets, groups):
            number += 1
            failed += _tell(number, mode, text, names, found)
    return failed > 0


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--lines", type=int, default=60)
    parser.add_argument("--users", type=int, default=4)
    parser.add_argument("--families", default="")
    parser.add_argument("--shrink")
    parser.add_argument("--tap", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--mode", default="memory")
    parser.add_argument("--program", default=os.environ.get("BUILD", "build") + "/tests/vectors")
    options = parser.parse_args(argv)
    if options.shrink:
        return shrink(options.shrink, options.program, options.mode)
    if options.tap:
        return tap(options)
    families = set(options.families.split(",")) if options.families else \
        set(FAMILIES) - FAMILIES_PENDING
    for seed in range(options.seed, options.seed + options.count):
        name = options.families.replace(",", "+") if len(families) < 6 else "many"
        vector = make(seed, options.lines, options.users, families)
        write(os.path.join(options.folder, f"h-{name}-{seed}.json"), vector)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
