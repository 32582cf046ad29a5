#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A component that is sent copies as fast as it takes them: stanzas/s off the socket (into the spool, durable),
and until they are rows. No number without every row being there.

    component.py [--messages N]
"""

import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "oracle"), os.path.join(HERE, "..", "faults")]
import component_server  # noqa: E402
import product  # noqa: E402
import rig  # noqa: E402

TEXT = "a text of some length, as people write them"
FEED = """feed harbour {{
	kind = "component"
	port = {port}
	domain = "log.harbor.example"
	secret_file = "{secret}"
	domains = {{"harbor.example"}}
}}
"""


def measure(it, peer, messages):
    secret = it.program.path("secret")
    with open(secret, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        out.write(component_server.SECRET + "\n")
    with open(it.program.config, "a", encoding="utf-8") as out:
        out.write(FEED.format(port=peer.port, secret=secret))
    data = b"".join(component_server.wrapped(n, TEXT) for n in range(messages))
    process = it.program.start("run")
    try:
        connection = peer.greeted()
        connection.socket.settimeout(300)
        begin = time.monotonic()
        connection.send(data)
        taken = time.monotonic() - begin
        if not product.wait_until(lambda: it.rows() >= messages, 300, 0.2):
            raise SystemExit(f"{it.rows()} of {messages} rows: no number")
        stored = time.monotonic() - begin
    finally:
        product.stop(process, 30)
    print(f"\n{messages} copies to a component ({len(data) / messages:.0f} bytes each)")
    print(f"  {'stanzas/s off the socket, durable':<52} {messages / taken:12.1f}")
    print(f"  {'stanzas/s until they are rows':<52} {messages / stored:12.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=50000)
    options = parser.parse_args()
    server, peer = rig.Server().start(), component_server.Server()
    peer.listener.settimeout(60)
    try:
        with rig.Rig(server) as it:
            measure(it, peer, options.messages)
    finally:
        peer.close()
        server.close()


main()
