# SPDX-License-Identifier: Apache-2.0
"""A stand-in for POST /v1/feed that looks closely at who calls it: order, numbers, repeated deliveries, one
request at a time. It can be out of order itself, and can hand on to a real receiptd what it takes."""

import http.client
import http.server
import json
import threading
import time

TOKEN = "rcd_live_test"


class Stream:
    def __init__(self):
        self.highest, self.under_way, self.answers, self.items, self.empty_at = 0, 0, {}, [], []


class Receiver:
    """port: of a receiptd on loopback that gets everything, too; its word counts."""

    def __init__(self, port=None):
        self.port = port
        self.lock = threading.Lock()
        self.streams, self.items, self.problems = {}, [], []
        self.requests, self.empty = 0, 0
        self.moods = []  # what the next requests meet: "503", "cut", "lost", "401"
        self.met = []  # what they met
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.request(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # connections of a server that was killed
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/feed"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def problem(self, text):
        self.problems.append(text)

    def request(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        name = handler.headers.get("feed-stream", "")
        with self.lock:
            self.requests += 1
            stream = self.streams.setdefault(name, Stream())
            stream.under_way += 1
            if stream.under_way > 1:
                self.problem(f"two requests of {name} at once")
            mood = self.moods.pop(0) if self.moods else None
            if mood:
                self.met.append(mood)
        handler.open = True
        try:
            self.answer(handler, stream, body, mood)
        finally:
            self.over(handler, stream)

    def over(self, handler, stream):
        """The sender may go on as soon as it reads the answer, so this comes before the answer."""
        with self.lock:
            stream.under_way -= handler.open
            handler.open = False

    def answer(self, handler, stream, body, mood):
        if handler.path != "/v1/feed" or handler.headers.get("Content-Type") != "application/x-ndjson":
            self.problem(f"{handler.path} with {handler.headers.get('Content-Type')}")
        if mood == "401" or handler.headers.get("Authorization") != "Bearer " + TOKEN:
            return self.reply(handler, stream, 401, {"title": "who are you"})
        if mood == "503":
            return self.reply(handler, stream, 503, {"title": "not now"}, {"Retry-After": "1"})
        if mood == "cut":  # nothing taken, nothing said
            handler.close_connection = True
            return None
        with self.lock:
            said = self.hand_on(handler.headers, body) if self.port else {}
            known = handler.headers.get("webhook-id") in stream.answers
            answer = said if said is None else self.take(handler.headers.get("webhook-id"), stream, body)
            if said and not known and said != answer:
                self.problem(f"receiptd says {said}, expected {answer}")
        if answer is None:
            return self.reply(handler, stream, 503, {"title": "not yet"}, {"Retry-After": "1"})
        if mood == "lost":  # taken, but the answer does not arrive
            handler.close_connection = True
            return None
        return self.reply(handler, stream, 200, answer)

    def hand_on(self, headers, body):
        """What receiptd answers; None: not there, or not now."""
        kept = ("Content-Type", "Authorization", "webhook-id", "feed-stream")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", "/v1/feed", body, {name: headers[name] for name in kept})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if answer.status == 503:
            return None
        if answer.status != 200:
            self.problem(f"receiptd: {answer.status} {text[:300]}")
            return None
        return json.loads(text)

    def reply(self, handler, stream, code, answer, headers=None):
        text = json.dumps(answer).encode()
        self.over(handler, stream)
        handler.send_response(code)
        for name, value in {"Content-Length": str(len(text)), **(headers or {})}.items():
            handler.send_header(name, value)
        try:
            handler.end_headers()
            handler.wfile.write(text)
        except OSError:  # the server under test was killed
            handler.close_connection = True

    def take(self, delivery, stream, body):
        if not delivery:
            self.problem("no delivery id")
        if delivery in stream.answers:
            return stream.answers[delivery]
        answer = {"accepted": 0, "duplicates": 0, "quarantined": 0, "items": []}
        self.empty += not body
        if not body:
            stream.empty_at.append(time.monotonic())
        lines = body.decode().split("\n")
        if lines.pop() != "" or len(lines) > 500 or (len(body) > 1000000 and len(lines) > 1):
            self.problem(f"batch of {len(lines)} lines, {len(body)} bytes")
        for line in lines:
            item = json.loads(line)
            if item["seq"] <= stream.highest:
                answer["duplicates"] += 1
                continue
            if item["seq"] != stream.highest + 1:
                self.problem(f"number {item['seq']} after {stream.highest}")
            stream.highest = item["seq"]
            answer["accepted"] += 1
            self.items.append(item)
            stream.items.append(item)
        stream.answers[delivery] = answer
        return answer

    def wait_quiet(self, wanted=0, seconds=10, still=0.8):
        """Until that many items are here and no more come for a while."""
        count, since, end = -1, time.monotonic(), time.monotonic() + seconds
        while time.monotonic() < end:
            if len(self.items) != count:
                count, since = len(self.items), time.monotonic()
            if count >= wanted and time.monotonic() - since > still:
                return
            time.sleep(0.05)

    def wait_empty(self, seconds=60):
        """Until each stream has said, twice from now on, that nothing waits: one may be under way."""
        since = time.monotonic()
        while time.monotonic() < since + seconds and \
                not all(sum(at > since for at in stream.empty_at) >= 2 for stream in self.streams.values()):
            time.sleep(0.05)

    def write_observations(self, path, feed=lambda stream: "feed"):
        """As a file for "receiptd import": without what belongs to the numbering, and without gaps. feed: its name
        for a stream (each server has a token of its own, and with it a feed)."""
        with open(path, "w", encoding="utf-8") as file:
            for name, stream in self.streams.items():
                for item in stream.items:
                    if "stanza" in item:
                        fields = {k: v for k, v in item.items() if k != "seq"}
                        file.write(json.dumps({**fields, "feed": feed(name)}) + "\n")
