#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# One test for every rule of the contract: it passes when the vectors that name it pass. The rules are
# listed here, so that one that loses its last vector is noticed.
import glob
import json
import os
import re
import subprocess
import sys

RULES = (["E%d" % n for n in range(1, 7)] + ["K%d" % n for n in range(0, 21)] +
         ["J%d" % n for n in range(1, 6)] + ["M%d" % n for n in range(1, 12)] +
         ["P%d" % n for n in range(1, 13)] + ["I%d" % n for n in range(1, 5)] +
         ["T1", "T1b", "T2", "T3", "T4", "T5", "T6"] + ["S%d" % n for n in range(1, 6)] +
         ["F%d" % n for n in range(1, 10)])
FOLDERS = ["data", "found", "private"]


def shown_by():
    """rule -> names of vectors, or paths of other tests"""
    shown = {}
    for path in sorted(glob.glob("tests/vectors/*/*.json")):
        with open(path, encoding="utf-8") as file:
            vector = json.load(file)
        for rule in vector.get("rules", []):
            shown.setdefault(rule, []).append(vector["name"])
    with open("tests/vectors/RULES", encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                rule, *names = line.split()
                shown.setdefault(rule, []).extend(names)
    return shown


def verdicts():
    """name -> pass, FAIL or not (yet)"""
    found = {}
    program = os.path.join(os.environ.get("BUILD", "build"), "tests", "vectors")
    for folder in FOLDERS:
        run = subprocess.run([program, "tests/vectors/" + folder, "--mode", "memory", "--not-yet",
                              "tests/vectors/NOT_YET"], capture_output=True, text=True, check=False)
        for line in run.stdout.splitlines():
            match = re.match(r"(pass|FAIL|not yet)\s+memory\s+(\S+)", line)
            if match:
                found[match.group(2)] = match.group(1)
    return found


def main():
    shown, verdict = shown_by(), verdicts()
    print("1..%d" % len(RULES))
    for number, rule in enumerate(RULES, 1):
        names = shown.get(rule, [])
        bad = [n for n in names if "/" in n and not os.path.exists(n)]
        bad += [n for n in names if "/" not in n and verdict.get(n) in (None, "FAIL")]
        todo = [n for n in names if verdict.get(n) == "not yet"]
        good = names and not bad and len(todo) < len(names)
        todo_only = names and not bad and len(todo) == len(names)
        print("%s %d - %s: %s%s" % ("ok" if good else "not ok", number, rule,
                                    " ".join(bad) if bad else "%d tests, %s" % (
                                        len(names), " ".join(names[:4])),
                                    " # TODO not yet" if todo_only else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
