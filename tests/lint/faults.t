#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# tests/faults/README.md: every number from F160 to F203 has its line; each test that it names is there and names the number.
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def main():
    with open(os.path.join(ROOT, "tests", "faults", "README.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| F(\d+) \| ([^|]+) \| ([^|]+) \|$", file.read(), re.M)
    wrong = []
    for number, tests, about in rows:
        for path in re.findall(r"tests/[\w/.]+\.(?:t|c|py)", tests + about):
            full = os.path.join(ROOT, path)
            if not os.path.exists(full):
                wrong.append(f"F{number}: no {path}")
            elif path in tests:
                with open(full, encoding="utf-8") as file:
                    if not re.search(rf"\bF{number}\b", file.read()):
                        wrong.append(f"F{number}: {path} does not speak of it")
    print("1..2")
    print(("ok" if [int(row[0]) for row in rows] == list(range(160, 204)) else "not ok") + " 1 - each number has its line, in order")
    print(("ok" if not wrong else "not ok") + " 2 - each test that is named is about its number")
    for line in wrong:
        print("# " + line)


main()
