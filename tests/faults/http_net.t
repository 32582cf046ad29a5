#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# What depends on where a request comes from, in a network namespace of its own: idle connections of one address
# (F137), requests of one address and of one token, X-Forwarded-For (F159), names of the server (F150).
import os
import re
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
import product  # noqa: E402

try:
    import contract
    from streams import Stream
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

SERVER, ONE, TWO, PROXY = "198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.9"
SETTINGS = f'''listen = "{SERVER}"
allow_remote = true
address_rate = 8
address_running = 4
token_rate = 4
token_running = 2
token_live = 5
address_live = 3
trusted_proxies = {{"{PROXY}/32", "192.0.2.0/24"}}
server_names = {{"receipts.example", "{SERVER}"}}
'''


def enter_namespace():
    """Runs this file again where only loopback is; its addresses are no loopback addresses."""
    if os.environ.get("RECEIPTD_NETNS") == "yes":
        return
    script = "ip link set lo up && " + " && ".join(f"ip addr add {a}/32 dev lo" for a in (SERVER, ONE, TWO, PROXY))
    probe = subprocess.run(["unshare", "-n", "sh", "-c", script], check=False, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    if probe.returncode:
        print("1..0 # SKIP no network namespace can be made here")
        sys.exit(0)
    os.environ["RECEIPTD_NETNS"] = "yes"
    os.execvp("unshare", ["unshare", "-n", "sh", "-c", script + ' && exec "$0"', os.path.abspath(__file__)])


class From(contract.Client):
    """A client at an address of its own."""

    def __init__(self, source, port, token=None):
        super().__init__(port, token, host=SERVER)
        self.source = source

    def connection(self, seconds):
        connection = super().connection(seconds)
        connection.source_address = (self.source, 0)
        return connection


def burst(client, count, path="/healthz", **more):
    """Statuses, and the longest Retry-After, of as many requests as fit into a moment."""
    answers = [client.get(path, **more) for _ in range(count)]
    waits = [int(a.headers["Retry-After"]) for a in answers if a.status == 429]
    return [a.status for a in answers], max(waits, default=0)


def one_address(tap, bench):
    """F137: 64 connections that ask nothing, then no more from there; others have all they want."""
    idle = []
    for _ in range(100):
        sock = socket.create_connection((SERVER, bench.port), source_address=(ONE, 0), timeout=5)
        idle.append(sock)
    time.sleep(2)
    closed = 0
    for sock in idle:
        sock.settimeout(0.01)
        try:
            closed += sock.recv(1) == b""
        except ConnectionResetError:
            closed += 1
        except TimeoutError:
            pass
    tap.ok(30 <= closed <= 40, f"100 idle connections of one address: {closed} are closed at once (F137)")
    tap.ok(From(TWO, bench.port).get("/healthz").status == 200, "another address is answered")
    for sock in idle:
        sock.close()


def rates(tap, bench):
    statuses, wait = burst(From(ONE, bench.port), 120, "/openapi.yaml")
    tap.ok(statuses[:16] == [200] * 16 and 429 in statuses and 1 <= wait <= 5,
           f"one address: {statuses.count(200)} of 120 at once, then 429 with Retry-After {wait}")
    tap.ok(burst(From(ONE, bench.port), 5)[0] == [200] * 5, "probes are exempt")
    tap.ok(From(TWO, bench.port).get("/openapi.yaml").status == 200, "another address may ask")
    statuses, wait = burst(From(TWO, bench.port, bench.tokens["a"]), 34, "/v1/gaps")
    tap.ok(statuses[:8] == [200] * 8 and 429 in statuses and 1 <= wait <= 5,
           f"one token: {statuses.count(200)} of 34, then 429 with Retry-After {wait}")
    time.sleep(1.1)
    tap.ok(From(PROXY, bench.port, bench.tokens["b"]).get("/v1/messages?limit=1").status == 200
           and From(PROXY, bench.port, bench.tokens["a"]).get("/v1/messages?limit=1").status == 200,
           "another token may ask, and the same one after a while")


def running(tap, bench):
    """Requests that wait for the database count as running."""
    held = bench.hold()
    out = []
    threads = [threading.Thread(target=lambda: out.append(
        From(PROXY, bench.port, bench.tokens["c"]).get(f"/v1/messages?limit={1 + len(out)}").status)) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    answer = From(PROXY, bench.port, bench.tokens["c"]).get("/v1/messages?limit=9")
    held()
    for thread in threads:
        thread.join()
    tap.ok(answer.status == 429 and "at a time" in answer.json()["detail"] and sorted(out) == [200, 200],
           f"two at a time of one token, the third is told so: {answer.status} {out}")
    again = product.wait_until(lambda: From(PROXY, bench.port, bench.tokens["c"]).get("/v1/messages?limit=9").status == 200, 10, 0.3)
    tap.ok(again, "and may come again when they are done")


def log_says(bench, answer):
    with open(bench.product.log, encoding="utf-8", errors="replace") as log:
        return re.search(rf"request={answer.headers['Request-Id']} .*client=(\S+)", log.read())


def forwarded(tap, bench):
    """F159: who may say for whom he asks."""
    for source, said, wanted in ((ONE, "203.0.113.5", ONE), (PROXY, "203.0.113.5", "203.0.113.5"),
                                 (PROXY, "10.0.0.1, 203.0.113.6", "203.0.113.6"),
                                 (PROXY, "203.0.113.7, 192.0.2.8", "203.0.113.7"),
                                 (PROXY, "203.0.113.7, nonsense", PROXY), (PROXY, "", PROXY),
                                 (PROXY, "[2001:db8::1]:4711", "2001:db8::1")):
        answer = From(source, bench.port).get("/nope", headers={"X-Forwarded-For": said} if said else {})
        found = log_says(bench, answer)
        tap.ok(found and found.group(1) == wanted, f"{source} says \"{said}\": {found and found.group(1)} (F159)")
    # A forged address neither uses up the share of another nor gives one more of its own.
    time.sleep(2.1)
    for i in range(150):
        last = From(ONE, bench.port).get("/openapi.yaml", headers={"X-Forwarded-For": f"203.0.113.{100 + i}"})
        if last.status == 429:
            break
    tap.ok(last.status == 429, "a forged one does not get around the limit")
    statuses = [From(PROXY, bench.port).get("/openapi.yaml", headers={"X-Forwarded-For": f"203.0.113.{100 + i}"}).status
                for i in range(60)]
    tap.ok(statuses == [200] * 60, "many behind a proxy are many")
    statuses, _ = burst(From(PROXY, bench.port), 100, "/openapi.yaml", headers={"X-Forwarded-For": "203.0.113.99"})
    tap.ok(429 in statuses, "and one of them is one")


def names(tap, bench):
    time.sleep(1)
    client = From(TWO, bench.port, bench.tokens["b"])
    said = {host: client.get("/v1/gaps", headers={"Host": host}).status
            for host in ("receipts.example", "RECEIPTS.example:8480", f"{SERVER}:{bench.port}", "evil.example", "x",
                         "receipts.example.evil.example", "[::1]:80")}
    tap.ok(list(said.values()) == [200, 200, 200, 421, 421, 421, 421], f"names of the server (F150) {said}")
    tap.ok(client.get("/healthz", headers={"Host": "evil.example"}).status == 200, "probes have any name")


class Live(Stream):
    """A live stream from an address of its own."""

    def __init__(self, source, bench, name, headers=()):
        connection = socket.create_connection((SERVER, bench.port), source_address=(source, 0), timeout=20)
        super().__init__(bench.port, "/v1/live/funnel", bench.tokens[name], headers, connected=connection, host=SERVER)

    def begins(self):
        return self.status() == 200 and self.wait("start")

    def refused(self, words):
        return self.status() == 503 and int(self.header("Retry-After")) > 0 and words in self.rest()


def live(tap, bench):
    """Streams: limits of an address, also behind a proxy, and of a token; rates; names."""
    time.sleep(2.1)  # what was asked before counts no more
    ours = [Live(ONE, bench, name) for name in ("a", "a", "b")]
    tap.ok(all(stream.begins() for stream in ours), "three live streams of one address")
    tap.ok(Live(ONE, bench, "c").refused(b"This address has too many live streams"), "not a fourth (F137)")
    tap.ok(Live(ONE, bench, "c", ["X-Forwarded-For: 203.0.113.9"]).refused(b"This address"), "whatever it says (F159)")
    others = [Live(PROXY, bench, "a", [f"X-Forwarded-For: 203.0.113.{i}"]) for i in (1, 1, 1)]
    tap.ok(all(stream.begins() for stream in others), "as many of an address behind a proxy")
    tap.ok(Live(PROXY, bench, "c", ["X-Forwarded-For: 203.0.113.1"]).refused(b"This address"), "and not more")
    tap.ok(Live(PROXY, bench, "a", ["X-Forwarded-For: 203.0.113.2"]).refused(b"This token has too many"),
           "five of one token, from wherever")
    evil = Live(TWO, bench, "c", ["Host: evil.example"])
    tap.ok(evil.status() == 400, "two names: 400")
    ours.pop().close()
    tap.ok(product.wait_until(lambda: Live(ONE, bench, "c").status() == 200, 10, 0.4), "one ends: there is a place")
    named = [Stream(bench.port, "/v1/live/funnel", bench.tokens["c"], host="evil.example", connected=socket.create_connection(
        (SERVER, bench.port), source_address=(TWO, 0), timeout=20)) for _ in range(20)]
    said = [stream.status() for stream in named]
    tap.ok(set(said) == {421}, f"another name: refused (F150) {said}")
    said = [Live(TWO, bench, "c").status() for _ in range(20)]
    tap.ok(429 in said and set(said) <= {200, 503, 429}, f"opened too often with one token: {said}")
    for stream in [*ours, *others]:
        stream.close()


class Bench:
    def __init__(self):
        self.product = product.Product(settings=SETTINGS)
        self.server, self.port, self.tokens = None, 0, {}

    def start(self):
        self.server = self.product.start("serve")
        return product.wait_until(self.find_port, 60) and product.wait_until(self.ready, 60)

    def ready(self):
        return From(TWO, self.port).get("/readyz").status == 200

    def find_port(self):
        with open(self.product.log, encoding="utf-8", errors="replace") as log:
            found = re.search(r" listening .*port=(\d+)", log.read())
        self.port = int(found.group(1)) if found else 0
        return self.port > 0

    def make_token(self, name):
        done = subprocess.run(self.product.command("token", "add", name, "--scopes", "metrics,messages"), check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.tokens[name] = done.stdout.strip()

    def hold(self):
        """Stops the database server; what is returned lets it go on."""
        found = subprocess.run(["find", self.product.path("data"), "-name", "postmaster.pid"], check=True,
                               stdout=subprocess.PIPE, text=True).stdout.split()
        with open(found[0], encoding="ascii") as file:
            postmaster = int(file.readline())
        pids = subprocess.run(["ps", "-o", "pid=", "--ppid", str(postmaster)], check=True, stdout=subprocess.PIPE,
                              text=True).stdout.split()
        for pid in pids:
            os.kill(int(pid), 19)
        return lambda: [os.kill(int(pid), 18) for pid in pids]


def wrong_settings(tap, bench):
    for setting in ("trusted_proxies=proxy.example", "trusted_proxies=10.0.0.0/33", "trusted_proxies=::/129",
                    "token_rate=-1", "address_rate=x"):
        status = bench.product.call("--set", setting, "serve", check=False)
        tap.ok(status == 2, f"{setting}: exit {status}")


def main():
    enter_namespace()
    tap = product.Tap()
    bench = Bench()
    try:
        wrong_settings(tap, bench)
        if not tap.ok(bench.start(), "serve: ready"):
            bench.product.complain("cannot go on")
            return tap.done()
        for name in "abc":
            bench.make_token(name)
        for test in (one_address, rates, running, forwarded, names, live):
            test(tap, bench)
        tap.ok(product.stop(bench.server, 30) == 0, "TERM: exit 0")
    finally:
        if bench.server and bench.server.poll() is None:
            product.stop(bench.server)
        bench.product.close()
    return tap.done()


main()
