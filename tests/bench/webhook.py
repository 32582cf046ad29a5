#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""POST /v1/feed: deliveries that are durable when they are answered, one item and many at a time, beside two
limits: appending as many bytes to a file with fdatasync, and an answer of the same HTTP server that does
nothing. Then how fast the spool goes into the database. No number without every row being there.

    webhook.py [--deliveries N] [--threads N] [--client FILE]
"""

import argparse
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "oracle"), os.path.join(HERE, "..", "faults")]
import feeds  # noqa: E402
import product  # noqa: E402
import rig  # noqa: E402

ITEM = ('{"ts":"2026-11-27T10:00:00.%06dZ","dir":"in","session":"ada@harbor.example/phone","stanza":"<message '
        "to='ben@quay.example' id='NUMBER-%d' type='chat'><body>%s</body><request xmlns='urn:xmpp:receipts'/>"
        '</message>"}')


def request(path, port, head, body=""):
    text = f"{head} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    if body:
        length = len(body) + body.count("%08d") * 4
        text += (f"Authorization: Bearer {feeds.SECRET}\r\nContent-Type: application/x-ndjson\r\n"
                 f"Content-Length: {length}\r\n")
    with open(path, "w", encoding="ascii") as file:
        file.write(text + "\r\n" + body)
    return len(body)


def run(client, *arguments):
    done = subprocess.run([client, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"a delivery was not taken: no number ({done.stdout} {done.stderr})")
    count, seconds, p50, p99 = map(float, done.stdout.split())
    return count / seconds, p50, p99


def body_of(items):
    """The number is another one in each delivery, so that every id is its own."""
    lines = [ITEM % (i, i, "a text of some length, as people write them") for i in range(items)]
    return "\n".join(lines).replace("NUMBER", f"{items}-%08d")


def line(name, value, more=""):
    print(f"  {name:<52} {value:12.1f}  {more}")


def measure(it, options, items, deliveries):
    target = it.program.path("request")
    size = request(target, it.http, "POST /v1/feed", body_of(items))
    before = it.rows()
    begin = time.monotonic()
    rate, p50, p99 = run(options.client, "http", it.http, target, deliveries, options.threads)
    wanted = before + deliveries * items
    if not product.wait_until(lambda: it.rows() >= wanted, 300, 0.2):
        raise SystemExit(f"{it.rows()} of {wanted} rows: no number")
    drained = time.monotonic() - begin
    limit, _, _ = run(options.client, "append", it.program.path("limit"), size, deliveries, 1)
    together, _, _ = run(options.client, "append", it.program.path("limit"), size, deliveries, options.threads)
    bare = it.program.path("bare")
    request(bare, it.http, "GET /healthz")
    hello, _, _ = run(options.client, "http", it.http, bare, deliveries, options.threads)
    print(f"\n{deliveries} deliveries of {items} item{'s' if items > 1 else ''} ({size} bytes), "
          f"{options.threads} at a time")
    line("deliveries/s, durable when answered", rate, f"p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    line("items/s", rate * items)
    line("appended and synced, one after the other, /s", limit, f"ratio {rate / limit:.2f}")
    line(f"the same, {options.threads} files at a time, /s", together, f"ratio {rate / together:.2f}")
    line("answers of the server that do nothing, /s", hello, f"ratio {rate / hello:.2f}")
    line("items/s until they are rows", deliveries * items / drained)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=4000)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--client", default=os.path.join(product.BUILD, "tests/bench/post"))
    options = parser.parse_args()
    server = rig.Server().start()
    try:
        with feeds.FeedRig(server) as it:
            process = it.run()
            measure(it, options, 1, options.deliveries)
            measure(it, options, 100, options.deliveries // 10)
            product.stop(process, 30)
    finally:
        server.close()


main()
