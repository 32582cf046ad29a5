#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# A long run (F175): a daemon that follows a log and answers, while the log is rotated and truncated, lines are damaged,
# clients ask, hang up and do not read, and PostgreSQL goes and comes back. Once it is warm, memory and descriptors stay
# what they are, and at the end every message is there once. An hour with RECEIPTD_LONG, so many seconds with
# RECEIPTD_LONG_SECONDS, else a few rounds: all of it that would be a leak grows with requests, lines or rotations, so a round is
# the same each time and what is compared are two moments of rest between rounds.
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import rig  # noqa: E402
from streams import Stream  # noqa: E402

SECONDS = float(os.environ.get("RECEIPTD_LONG_SECONDS") or (3600 if rig.LONG else 0))
WARM, ROUNDS = 1, 3     # at least: rounds before the first moment, in all
RESTART = 10 if SECONDS else 2  # PostgreSQL goes in each so many-th round
REQUESTS = 1000         # of each path that costs little, in a round; of the others a hundredth
GROWTH = 3 * 1024       # KiB that memory may differ by: less than 1 KiB a request would leave behind. It is warm after some 20 rounds
CHEAP = ("/healthz", "/openapi.yaml")
ASKED = ("/v1/messages?limit=20", "/v1/messages?order=desc&text=hello&limit=5", "/v1/metrics/delivery?bucket=1h", "/v1/metrics/read",
         "/v1/conversations", "/v1/sources", "/v1/quarantine", "/v1/unacknowledged", "/v1/findings", "/metrics", "/v1/nothing",
         "/v1/messages?limit=no")


class Long:
    def __init__(self, it):
        self.it, self.made, self.round = it, 0, 0
        self.log = it.program.path("long.ndjson")
        self.token = subprocess.run(it.program.command("token", "add", "long", "--scopes", "messages,bodies,metrics,admin"), check=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
        with open(it.program.config, "a", encoding="utf-8") as config:
            config.write(f'source long {{\n\tpath = "{self.log}"\n\tdialect = "observations"\n}}\n')
        self.write(50)
        self.daemon = it.program.start("--set", "log_level=info", "run")
        rig.product.wait_until(self.find_port, 60)
        self.wait_rows()  # what is renamed before it was opened would be gone
        self.bad = 0
        self.answers = {}

    def find_port(self):
        with open(self.it.program.log, encoding="utf-8", errors="replace") as log:
            found = re.search(r" listening .*port=(\d+)", log.read())
        self.port = int(found.group(1)) if found else 0
        return self.port

    # ---- the log

    def write(self, messages):
        """Two of three are confirmed; always the same hundred persons."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03}Z"
        with open(self.log, "a", encoding="utf-8") as out:
            for _ in range(messages):
                self.made += 1
                n = self.made
                a, b = f"u{n % 50}@harbor.example/x", f"v{n % 50}@quay.example/y"
                lines = [(a, f"<message to='{b}' id='m{n}' type='chat'><body>hello {n}</body><request xmlns='urn:xmpp:receipts'/>"
                             "</message>")]
                if n % 3:
                    lines.append((b, f"<message to='{a}' id='r{n}' type='chat'><received xmlns='urn:xmpp:receipts' id='m{n}'/></message>"))
                for session, stanza in lines:
                    out.write(json.dumps({"ts": stamp, "feed": "log", "dir": "in", "session": session, "stanza": stanza}) + "\n")

    def rotate(self):
        self.write(100)
        os.replace(self.log, self.log + ".1")
        self.write(50)
        time.sleep(0.3)
        self.write(50)  # as a log that is alive: a file to which nothing comes is looked at again after 5 s
        return self.wait_rows()

    def truncate(self):
        """As copytruncate does, once all was read: what was not would be gone."""
        good = self.wait_rows()
        os.truncate(self.log, 0)
        self.damage()
        self.write(100)
        return self.wait_rows() and good

    def damage(self):
        with open(self.log, "a", encoding="utf-8") as out:
            out.write('{"ts": "never"}\nnothing of the kind\n')

    def wait_rows(self):
        return rig.product.wait_until(lambda: self.it.rows() >= self.made, 60, 0.3)

    # ---- clients

    def ask(self):
        """By connections that stay, one after another."""
        headers = {"Authorization": f"Bearer {self.token}"}
        for path in (*ASKED, *CHEAP):
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            for _ in range(REQUESTS // (1 if path in CHEAP else 100)):
                client.request("GET", path, headers=headers)
                answer = client.getresponse()
                answer.read()
                self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
            client.close()
        return True

    def live(self):
        """One is read, one hangs up at once, one never reads, one says half of what it wants."""
        streams = [Stream(self.port, "/v1/live/messages", self.token) for _ in range(3)]
        with socket.create_connection(("127.0.0.1", self.port)) as half:
            half.sendall(b"GET /v1/messages HTTP/1.1\r\nHost: x\r\n")
            streams[1].close()
            good = streams[0].wait("start")
            self.write(100)
            good = streams[0].wait("messages") and good
        if not good:
            print(f"# {streams[0].head} {streams[0].events[-1:]}", flush=True)
        streams[0].close()
        streams[2].close()
        return good

    def restart(self):
        """Without notice in every other case; meanwhile somebody asks."""
        self.it.server.stop(signal.SIGQUIT if self.round % (2 * RESTART) else signal.SIGINT)
        self.write(50)
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        client.request("GET", "/v1/messages", headers={"Authorization": f"Bearer {self.token}"})
        refused = client.getresponse().status
        client.close()
        self.it.server.start()
        return self.wait_rows() and refused == 503 and rig.product.wait_until(self.is_back, 30) and self.live_is_back()

    def is_back(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        client.request("GET", "/v1/messages", headers={"Authorization": f"Bearer {self.token}"})
        status = client.getresponse().status
        client.close()
        return status == 200

    def live_is_back(self):
        """The first one to ask gets a stream."""
        stream = Stream(self.port, "/v1/live/messages", self.token)
        status = stream.status()
        stream.close()
        return status == 200

    def once(self):
        self.round += 1
        steps = [self.rotate, self.ask, self.live, self.truncate] + ([self.restart] if self.round % RESTART == 0 else [])
        failed = [step.__name__ for step in steps if not step()]
        if failed:
            print(f"# round {self.round}: {failed}", flush=True)
        self.bad += len(failed)

    # ---- what it takes

    def held(self):
        folder = f"/proc/{self.daemon.pid}/fd"
        return [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)]

    def memory(self):
        """KiB of its own: what is mapped from files comes and goes."""
        with open(f"/proc/{self.daemon.pid}/smaps_rollup", encoding="ascii") as file:
            return int(re.search(r"Pss_Anon:\s+(\d+)", file.read()).group(1))

    def rest(self):
        """At rest: the least of several looks at both, as connections of the pool and files end when they end."""
        self.wait_rows()
        looks = []
        for _ in range(8):
            time.sleep(0.2)
            looks.append((len(self.held()), self.memory()))
        return min(n for n, _ in looks), min(n for _, n in looks)


def kinds(held):
    """Of descriptors, for people."""
    names = {}
    for target in held:
        name = re.sub(r"[:\[].*|/.*/", "", target)
        names[name] = names.get(name, 0) + 1
    return names


def run(it, tap):
    test = Long(it)
    begun, warm = time.monotonic(), None
    try:
        while test.round < ROUNDS or time.monotonic() - begun < SECONDS:
            test.once()
            if warm is None and test.round >= WARM and time.monotonic() - begun > SECONDS / 6:
                warm, since = (*test.rest(), kinds(test.held())), test.round
            if SECONDS and test.round % 10 == 0:
                tap.note(f"{time.monotonic() - begun:.0f} s, round {test.round}: descriptors, KiB {test.rest()}")
        descriptors, memory = test.rest()
        tap.note(f"{time.monotonic() - begun:.0f} s, {test.round} rounds, {test.made} messages, answers {test.answers}")
        tap.ok(test.bad == 0 and test.daemon.poll() is None, f"F175: {test.round} rounds: it went on after each fault")
        tap.ok(descriptors <= warm[0], f"F175: {descriptors} descriptors, {warm[0]} after {since} rounds {warm[2]} {kinds(test.held())}")
        tap.ok(memory <= warm[1] + GROWTH, f"F175: {memory} KiB of memory, {warm[1]} after {since} rounds")
        rows = it.server.ask("SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE state >= 5) FROM receiptd.message")
        want = f"{test.made}|{test.made}|{sum(1 for n in range(1, test.made + 1) if n % 3)}"
        tap.ok(rows == want, f"F175: every message once, with its receipt: {rows}, {want}")
        tap.ok(set(test.answers) == {200, 400, 404}, f"F175: and every question was answered {test.answers}")
    finally:
        tap.ok(rig.product.stop(test.daemon, 30) == 0, "F175: and it ends when it is asked to")


def main():
    tap = rig.product.Tap()
    server = rig.Server()
    try:
        server.start()
        with rig.Rig(server) as it:
            run(it, tap)
    finally:
        server.close()
        tap.done()


main()
