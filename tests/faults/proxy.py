# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy before PostgreSQL that knows message framing just well enough to cut or hold a
connection at the COMMIT of a client (FAULTS F78, F79), and to go dumb in the middle of a batch (F79) or
in both directions at once (F80)."""

import select
import socket
import struct
import threading

# What happens to a COMMIT: at "before" the server never sees it, at "at" it does and the connection is
# cut at once, at "after" its answer came and is thrown away, at "hold" the answer is kept back.
ACTIONS = ("before", "at", "after", "hold")
ENCRYPTION = (80877103, 80877104)  # SSLRequest, GSSENCRequest: answered by one byte


class Frames:
    """Takes a stream of one direction apart."""

    def __init__(self, starting):
        self.starting = starting
        self.data = b""

    def take(self, data):
        """Whole messages, as they were sent."""
        self.data += data
        while True:
            head = 0 if self.starting else 1
            if len(self.data) < head + 4:
                return
            size = head + struct.unpack_from("!I", self.data, head)[0]
            if len(self.data) < size:
                return
            message, self.data = self.data[:size], self.data[size:]
            if self.starting and struct.unpack_from("!I", message, 4)[0] not in ENCRYPTION:
                self.starting = False
            yield message


def is_commit(message):
    return message[:1] == b"Q" and message[5:].rstrip(b"\0").upper() == b"COMMIT"


class Connection(threading.Thread):
    def __init__(self, proxy, client):
        super().__init__(daemon=True)
        self.proxy, self.client, self.mute = proxy, client, False
        self.server = socket.create_connection(proxy.target)
        for side in (self.client, self.server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self):
        try:
            self.forward()
        except OSError:
            pass
        finally:
            self.client.close()
            self.server.close()

    def forward(self):
        frames = Frames(True)
        while True:
            ready, _, _ = select.select([self.client, self.server], [], [])
            if self.proxy.cut.is_set():  # no end is told; what was on its way is lost
                self.proxy.healed.wait()
                return
            if self.server in ready:
                data = self.server.recv(65536)
                if not data:
                    return
                if not self.swallows():
                    self.client.sendall(data)
            if self.client in ready:
                data = self.client.recv(65536)
                if not data or not self.from_client(frames.take(data)):
                    return

    def swallows(self):
        """Of a connection that was asked something, from now on nothing reaches the client."""
        if self.proxy.mute_next.is_set() and self.proxy.commits > 1:
            self.proxy.mute_next.clear()
            self.proxy.done["mute"] = self.proxy.done.get("mute", 0) + 1
            self.mute = True
        return self.mute

    def from_client(self, messages):
        for message in messages:
            action = self.proxy.decide() if is_commit(message) else None
            if action == "before":
                return False
            self.server.sendall(message)
            if action:
                return self.swallow(action)
        return True

    def swallow(self, action):
        """Nothing of the answer reaches the client. The server's messages begin here: it was idle."""
        if action == "at":
            return False
        frames = Frames(False)
        while True:
            data = self.server.recv(65536)
            if not data or any(m[:1] == b"Z" for m in frames.take(data)):
                break
        if action == "hold":
            self.proxy.released.wait()
        return False


class Proxy:
    """decide(number) names the action for the commit of that number (0, 1, …), None forwards it."""

    def __init__(self, port, decide):
        self.target = ("127.0.0.1", port)
        self.lock = threading.Lock()
        self.commits, self.done, self.choose = 0, {}, decide
        self.released, self.mute_next = threading.Event(), threading.Event()
        self.cut, self.healed = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                Connection(self, client).start()
            except OSError:
                client.close()  # the server is down: so is the proxy

    def decide(self):
        with self.lock:
            action = self.choose(self.commits)
            self.commits += 1
            if action:
                self.done[action] = self.done.get(action, 0) + 1
            return action

    def cut_both(self):
        """All connections that are there, and those that come, until heal()."""
        self.healed.clear()
        self.cut.set()

    def heal(self):
        self.cut.clear()
        self.healed.set()

    def close(self):
        self.choose = lambda number: None
        self.released.set()
        self.heal()
        self.listener.close()
