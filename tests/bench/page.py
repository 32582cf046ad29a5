#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the dashboard takes in a real browser with a year of data, as api.py makes it: until the first figure is
seen, until all is drawn, until a change of window, a drill-down and a day of the chat log are there. Medians of
--rounds, each in a fresh context; with them the heap of the page. No time is printed unless the figure shown is
the one that SQL gives. Of a first visit also what it asks for: requests, bytes, how many one after the other.

    page.py [--messages N] [--rounds N]
"""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "browser"), os.path.join(HERE, "..", "oracle"), os.path.join(HERE, "..", "faults")]
import api  # noqa: E402
import browser  # noqa: E402
import product  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=100000)
    parser.add_argument("--rows", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    modules, trouble = browser.modules()
    if trouble:
        print(f"page: no browser to measure with: {trouble}")
        return 0
    program, server = product.Product(environment={"TZ": "UTC"}, settings='zone = "UTC"'), None
    try:
        api.fill(program, options)
        server, base = browser.serve(program, "--set", "token_rate=0", "--set", "token_running=0")
        if not base:
            return 1
        database = api.Database(program)
        api.widen(program, database, options)
        _, since, until, _, _ = api.WINDOWS[-1]
        sent = database.ask(f"SELECT sum(sent) FROM receiptd.rollup WHERE grain = 2 AND bucket >= '{since}' AND bucket < '{until}'")
        person = database.ask("SELECT split_part(j.jid, '/', 1) FROM receiptd.message AS m JOIN receiptd.jid AS j ON j.id = m.from_jid"
                              " WHERE m.sent_at < '2026-03-11' AND m.sent_at >= '2026-03-10' ORDER BY m.sent_at, m.conv LIMIT 1")
        settings = {"base": base, "modules": modules, "token": browser.token(program, "bench", "metrics,messages"), "rounds": options.rounds,
                    "sent": int(sent), "since": since, "until": until, "person": person}
        print(f"dashboard: a year of {int(sent):,} messages, medians of {options.rounds}", flush=True)
        return subprocess.run(["node", os.path.join(HERE, "page.mjs")], env={**os.environ, "SETTINGS": json.dumps(settings)}, check=False).returncode
    finally:
        if server:
            product.stop(server, 20)
        program.close()


if __name__ == "__main__":
    sys.exit(main())
