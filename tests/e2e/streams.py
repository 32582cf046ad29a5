# SPDX-License-Identifier: Apache-2.0
"""Server-sent events as a client reads them: bytes of a socket, taken apart by the rules of the standard and no more."""

import json
import socket
import time


class Stream:
    """One connection. events: dicts of event, id (when it has one) and data; last: the last id that was seen."""

    def __init__(self, port, target, token=None, headers=(), method="GET", receive=None, body=b"", host="x",
                 connected=None):
        self.socket = connected or socket.socket()
        if receive:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.socket.settimeout(20)
        if not connected:
            self.socket.connect(("127.0.0.1", port))
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        self.bytes, self.head, self.events = b"", None, []
        self.last, self.ended, self.comments = None, False, 0

    def status(self):
        self.pump(20, lambda: self.head)
        return int(self.head.split(" ")[1]) if self.head else None

    def header(self, name):
        for line in self.head.split("\r\n")[1:]:
            if line.lower().startswith(name.lower() + ":"):
                return line.split(":", 1)[1].strip()
        return None

    def pump(self, seconds, until=lambda: False):
        """Reads until the condition holds, the server closes or the time is over; says whether it holds."""
        end = time.monotonic() + seconds
        while not until() and not self.ended:
            left = end - time.monotonic()
            if left <= 0:
                break
            self.socket.settimeout(left)
            try:
                got = self.socket.recv(1 << 20)
            except TimeoutError:
                break
            except OSError:
                got = b""
            self.ended = not got
            self.take(got)
        return bool(until())

    def take(self, got):
        self.bytes += got
        if self.head is None:
            head, found, rest = self.bytes.partition(b"\r\n\r\n")
            if not found:
                return
            self.head, self.bytes = head.decode("latin-1"), rest
        if self.header("Content-Type") != "text/event-stream":
            return
        *whole, self.bytes = self.bytes.split(b"\n\n")
        for block in whole:
            self.dispatch(block.decode("utf-8"))

    def dispatch(self, block):
        event, data = {}, []
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "id":
                self.last = event["id"] = int(value)
            elif name == "event":
                event["event"] = value
            self.comments += not name
        if data:
            self.events.append({**event, "data": json.loads("\n".join(data))})

    def named(self, name):
        return [event for event in self.events if event.get("event") == name]

    def wait(self, name, count=1, seconds=20):
        return self.pump(seconds, lambda: len(self.named(name)) >= count)

    def items(self):
        return [item for event in self.named("messages") for item in event["data"]["items"]]

    def rest(self, seconds=20):
        """What is left of an answer that is no stream."""
        self.pump(seconds, lambda: False)
        return self.bytes

    def close(self):
        self.socket.close()
