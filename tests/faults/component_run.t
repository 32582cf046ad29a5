#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The daemon with a component feed: what the server sent becomes rows, through a kill and a restart, and the break is a
# gap (F54, F58).
import datetime
import json
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
sys.path.insert(0, HERE)
import component_server as server  # noqa: E402
import product  # noqa: E402

FEED = """
feed harbour {{
	kind = "component"
	host = "127.0.0.1"
	port = {port}
	domain = "log.harbor.example"
	secret_file = "{secret}"
	domains = {{"harbor.example"}}
}}
"""
SETTINGS = 'log_level = "info"\nflush_after = "50ms"'


def receipt(number):
    return (f"<message to='log.harbor.example' from='harbor.example' id='v{number}'><forwarded xmlns='urn:xmpp:forward:0'>"
            "<message xmlns='jabber:client' from='ben@harbor.example/web' to='ada@harbor.example/phone' "
            f"id='r{number}'><received xmlns='urn:xmpp:receipts' id='m{number}'/></message></forwarded></message>").encode()


def talk(numbers):
    """Each message as its sender's and its receiver's side show it, and its receipt."""
    return b"".join(server.wrapped(n) * 2 + receipt(n) for n in numbers)


def rows(program, what="messages"):
    """None while there is no realm yet."""
    path = program.path(what)
    with open(path, "wb") as out:
        program.call("export", what, "--format", "ndjson", "--now", "last", out=out, check=False)
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def confirmed(program):
    return sorted(int(row["id"][1:]) for row in rows(program) if row["verdict"] == "confirmed")


def main():
    tap = product.Tap()
    peer = server.Server()
    peer.listener.settimeout(60)
    program = product.Product(settings=SETTINGS)
    secret = program.path("secret")
    with open(secret, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        out.write(server.SECRET + "\n")
    with open(program.config, "a", encoding="utf-8") as out:
        out.write(FEED.format(port=peer.port, secret=secret))
    process = keeper = None
    try:
        program.call("migrate")
        keeper = program.start("serve")  # the database stays when the daemon is killed
        process = program.start("run")
        connection = peer.greeted()
        connection.send(server.wrapped(999).replace(b"from='harbor.example'", b"from='eve.example'"))
        connection.send(talk(range(300)))
        tap.ok(product.wait_until(lambda: confirmed(program) == list(range(300)), 30, 0.5),
               "what the component was sent becomes rows, each once, with its receipt")
        connection.send(talk(range(300, 600)))
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = program.start("run")
        connection = peer.greeted()
        connection.send(talk(range(600, 700)))
        tap.ok(product.wait_until(lambda: confirmed(program)[-100:] == list(range(600, 700)), 30, 0.5),
               "and so after a kill")
        closed = datetime.datetime.now(datetime.timezone.utc)
        connection.close()
        peer.accept().greet(error="host-unknown")
        tap.ok(product.wait_until(lambda: rows(program, "sources")[0].get("state") == "refused", 60, 0.5),
               "who was refused says so among the sources")
        seen = datetime.datetime.fromisoformat(rows(program, "sources")[0]["seen_at"].replace("Z", "+00:00"))
        tap.ok((seen - closed).total_seconds() < 2, f"and that nothing is known since: seen {seen - closed} after it was closed")
        tap.ok(product.stop(process) == 0, "it ends when told to")
        got = confirmed(program)
        before = [n for n in got if n < 600]
        tap.ok(got == sorted(set(got)) and before == list(range(len(before))),
               f"what came before the kill is there up to a point, nothing twice ({len(before)} of 600)")
        gaps = [gap for gap in rows(program, "gaps") if "component stream was down" in json.dumps(gap)]
        tap.ok(len(gaps) == 1, "the break is one gap")
        findings = json.dumps(rows(program, "findings"))
        tap.ok("WRAP-UNTRUSTED" in findings and "eve.example" in findings and 999 not in got,
               "who is not the server is reported, and not believed")
    finally:
        for one in (process, keeper):
            if one and one.poll() is None:
                product.stop(one, 10)
        peer.close()
        program.close()
    tap.done()


main()
