# SPDX-License-Identifier: Apache-2.0
"""A server that POSTs its observations: numbered deliveries with ids, sent again until they are answered."""

import http.client
import json
import os
import threading
import time

import rig
from rig import product

SECRET = "spoonful-of-sugar"


class FeedRig(rig.Rig):
    """A program with one webhook; the generated observations are what the server has to say."""

    def __init__(self, server, port=None, settings="", feed="", **parameters):
        super().__init__(server, port, settings, **parameters)
        self.secret = self.program.path("secret")
        with open(self.secret, "w", encoding="utf-8") as file:
            file.write(SECRET + "\n")
        os.chmod(self.secret, 0o600)
        self.http = rig.free_port()
        with open(self.program.config, "a", encoding="utf-8") as config:
            config.write(f'feed web {{\n\tkind = "webhook"\n\tsecret_file = "{self.secret}"\n{feed}}}\n')

    def run(self, *options):
        process = self.program.start("--set", f"port={self.http}", *options, "run")
        product.wait_until(lambda: self.health() == 200 or process.poll() is not None, 30, 0.1)
        return process

    def health(self):
        return ask(self.http, "GET", "/healthz")[0]

    def lines(self):
        with open(self.log, "rb") as log:
            return log.read().splitlines()

    def post(self, body, delivery=None, kind="application/x-ndjson", path="/v1/feed", **headers):
        fields = {"Content-Type": kind, "Authorization": "Bearer " + SECRET, **headers}
        if delivery:
            fields["webhook-id"] = delivery
        return ask(self.http, "POST", path, body, fields)

    def wait_stored(self, seconds=60):
        """Until the spool holds nothing that the database does not have."""
        state = ("SELECT coalesce(sum(g.low_water), 0) FROM receiptd.generation AS g JOIN receiptd.lane_mark AS m"
                 " ON m.lane = 0 AND m.generation = g.id WHERE g.path LIKE '%.spool'")
        last, since, end = None, time.monotonic(), time.monotonic() + seconds
        while time.monotonic() < end:
            now = self.server.ask(state, check=False)
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > (4 if self.has_wanted_rows() else 20):
                return
            time.sleep(0.2)


def ask(port, method, path, body=None, headers=None, timeout=20):
    """Status, JSON (or None), headers; status 0: no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read()
        try:
            return answer.status, json.loads(text), answer.headers
        except ValueError:
            return answer.status, None, answer.headers
    except (OSError, http.client.HTTPException):
        return 0, None, {}
    finally:
        connection.close()


class Sender(threading.Thread):
    """Sends batches in order, each until it is answered with 2xx."""

    def __init__(self, it, lines, size=20, name="d", pause=0.0):
        super().__init__(daemon=True)
        self.it, self.pause = it, pause
        self.batches = [(f"{name}{i}", b"\n".join(lines[i:i + size])) for i in range(0, len(lines), size)]
        self.answered, self.statuses, self.give_up = 0, {}, False

    def run(self):
        for delivery, body in self.batches:
            while not self.give_up:
                status, _, _ = self.it.post(body, delivery)
                self.statuses[status] = self.statuses.get(status, 0) + 1
                if status == 200:
                    break
                time.sleep(0.05)
            self.answered += not self.give_up
            time.sleep(self.pause)
