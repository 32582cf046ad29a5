#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F103: the database's clock says when the database did something; it is never compared with the time of a log
# or of the host. So a query that asks it, or that uses a column that holds it, stands here with the reason.
import glob
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ASKS = re.compile(r"\b(now\(\)|(clock|statement|transaction)_timestamp\(\)|(current|local)(_timestamp|timestamp"
                  r"|_date|_time)\b)", re.IGNORECASE)
ALLOWED = {
    "erasure_add": "as erasures_scrubbed: of what needs no scrubbing",
    "erasures_scrubbed": "when it was done; erasure.at and the begin are the database's",
    "generation_put": "writes read_at and grown_at, which are only compared with each other",
    "hold_add": "when a hold was made",
    "reprocess_files": "read_at: both times are the database's",
    "scrub_begin": "compared with erasure.at only",
    "seal_due": "batch.at, of which days are made, is the database's; when a seal was made",
    "session_frozen": "query_start: both times are the database's",
    "token_add": "when a token was made",
    "token_find": "expires_at is a date that somebody named; no log time is near it",
    "token_revoke": "when a token was revoked",
    "token_used": "used_at: both times are the database's",
}
FUNCTIONS = {"make_day": "which partitions are made beforehand; rows of other days go to the rest partition"}
# Columns by whose clock they are; greatest(), least() and comparisons of the two kinds are refused.
DATABASE = r"\w+\.(?:read_at|grown_at|opened_at|started_at|found_at|created_at|used_at|applied_at)\b"
HOST = r"\w+\.(?:checked_at|first_at|last_at|sent_at|seen_at|from_at|to_at|\w*delivered_at|\w*displayed_at)\b"
MIXES = [re.compile(rf"(?:greatest|least)\([^()]*{a}[^()]*{b}[^()]*\)|{a}\s*(?:[<>]=?|=|-)\s*{b}")
         for a, b in ((DATABASE, HOST), (HOST, DATABASE))]


def code_of(path):
    with open(path, encoding="utf-8") as text:
        return "\n".join(line.split("--")[0] for line in text)


def wrong_queries(files):
    wrong = []
    for path in files:
        name, code = os.path.basename(path)[:-4], code_of(path)
        if ASKS.search(code) and name not in ALLOWED:
            wrong.append(f"{name} asks the database's clock")
        wrong += [f"{name} mixes clocks: {found.group(0)}" for mix in MIXES
                  for found in mix.finditer(code)]
    return wrong


def wrong_functions(files):
    """In migrations only defaults of columns may ask, and functions that are named above."""
    wrong = []
    for path in files:
        for part in re.split(r"(?=CREATE (?:OR REPLACE )?FUNCTION)", code_of(path)):
            name = re.match(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)", part)
            asked = ASKS.search(re.sub(r"DEFAULT \w+\(\)", "", part))
            if asked and not (name and name.group(1) in FUNCTIONS):
                wrong.append(f"{os.path.basename(path)}, {name.group(1) if name else ''}: {asked.group(0)}")
    return wrong


def report(number, good, text, wrong):
    print(f"{'ok' if good else 'not ok'} {number} - {text}")
    for line in wrong:
        print(f"# {line}")
    return not good


def main():
    print("1..3")
    queries = sorted(glob.glob(os.path.join(ROOT, "store", "sql", "**", "*.sql"), recursive=True))
    wrong = wrong_queries(queries)
    bad = report(1, len(queries) > 100 and not wrong, "no query mixes clocks", wrong)
    wrong = wrong_functions(glob.glob(os.path.join(ROOT, "migrations", "*.sql")))
    bad += report(2, not wrong, "no function of the schema does", wrong)
    gone = [name for name in ALLOWED if not ASKS.search(
        code_of(os.path.join(ROOT, "store", "sql", name + ".sql")))]
    bad += report(3, not gone, "every exception is needed", gone)
    sys.exit(1 if bad else 0)


main()
