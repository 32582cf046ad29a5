#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py FILES...: prints where a vector's own `expected` and the reference disagree."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from compute import expected as compute  # noqa: E402

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def normal(value, key=""):
    """null and {} are absent, times are cut to milliseconds."""
    if isinstance(value, dict):
        members = {k: normal(v, k) for k, v in value.items()}
        return {k: v for k, v in members.items()
                if v is not None and v != {} and not (k == "resends" and v == 0)}
    if isinstance(value, list):
        return [normal(v, key) for v in value]
    if isinstance(value, str) and key not in ("id", "corrects", "ref") and _TIME.match(value):
        whole, _, rest = value[:-1].partition(".")
        return f"{whole}.{(rest + '000')[:3]}Z"
    return value


def _name(message):
    return tuple(message.get(k) for k in ("from", "to", "id", "n"))


def _messages(wanted, got, partial):
    there = {_name(m): m for m in got}
    for message in wanted:
        name = _name(message)
        other = there.pop(name, None)
        if other is None:
            yield f"message {name} is missing"
            continue
        for key in sorted(set(message) | (set() if partial else set(other))):
            a, b = normal(message.get(key), key), normal(other.get(key), key)
            if a != b and not (key == "resends" and not a and not b) and (a or b):
                yield f"message {name} {key}: expected {a}, got {b}"
    for name in there:
        yield f"unexpected message {name}"


def differences(wanted, got):
    yield from _messages(wanted["messages"], got["messages"], wanted.get("partial"))
    for part in ("counters", "metrics"):
        if part in wanted:
            for key in sorted(set(wanted[part]) | set(got[part])):
                a, b = wanted[part].get(key), got[part].get(key)
                if a != b:
                    yield f"{part} {key}: expected {a}, got {b}"
    if "findings" in wanted:
        sets = [{(f["rule"], f.get("by") or "", f.get("ref") or "") for f in x["findings"]}
                for x in (wanted, got)]
        for item in sorted(sets[0] - sets[1]):
            yield f"missing finding {item}"
        for item in sorted(sets[1] - sets[0]):
            yield f"unexpected finding {item}"
    if normal(wanted.get("typing", [])) != normal(got.get("typing", [])) and (
            "typing" in wanted or not wanted.get("partial")):
        yield f"typing: expected {wanted.get('typing')}, got {got.get('typing')}"


def main(paths):
    bad = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            vector = json.load(file)
        found = list(differences(vector["expected"], compute(vector)))
        bad += bool(found)
        for text in found:
            print(f"{os.path.basename(path)}: {text}")
    print(f"{len(paths) - bad} of {len(paths)} agree")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
