# SPDX-License-Identifier: Apache-2.0
"""The server's half of XEP-0114, as a test wants it: what it sends, in which pieces, when it drops, what it
refuses. One component at a time; each connection is served by the test itself."""

import hashlib
import re
import socket
import ssl
import time

HEADER = ("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
          "xmlns='jabber:component:accept' id='{id}' from='log.harbor.example'>")
ERROR = "<stream:error><{0} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"


SECRET = "s3cret-s3cret"


def wrapped(number, body="hello"):
    """As mod_service_log sends it."""
    return (f"<message to='log.harbor.example' from='harbor.example' id='w{number}'>"
            "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='ada@harbor.example/phone' "
            f"to='ben@harbor.example' id='m{number}' type='chat'><body>{body}</body>"
            "<request xmlns='urn:xmpp:receipts'/></message></forwarded></message>").encode()


class Connection:
    def __init__(self, raw):
        self.socket, self.seen = raw, ""
        self.socket.settimeout(20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_until(self, pattern, seconds=20):
        """What came up to and with the pattern is used up. None: it did not come."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen, re.S)):
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except (TimeoutError, ConnectionError):
                return None
            if not data:
                return None
            self.seen += data.decode()
        self.seen = self.seen[found.end():]
        return found

    def send(self, data, piece=None):
        data = data if isinstance(data, bytes) else data.encode()
        for at in range(0, len(data), piece or len(data)):
            self.socket.sendall(data[at:at + (piece or len(data))])

    def greet(self, secret=SECRET, error=None):
        """True: the component knew the secret."""
        if not self.read_until(r"<stream:stream[^>]*to='log\.harbor\.example'[^>]*>"):
            return False
        self.send(HEADER.format(id="id&amp;1"))
        if error:
            self.send(ERROR.format(error))
            return False
        digest = self.read_until(r"<handshake>([0-9a-f]*)</handshake>")
        good = digest and digest[1] == hashlib.sha1(("id&1" + secret).encode()).hexdigest()
        self.send("<handshake/>" if good else ERROR.format("not-authorized"))
        return bool(good)

    def is_closed(self, seconds):
        """By the component, within that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return False
            except ConnectionError:
                return True
            if not data:
                return True
            self.seen += data.decode()
        return False

    def reset(self):
        """Gone without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self):
        self.socket.close()


class Server:
    def __init__(self, certificate=None):
        """certificate: file with a certificate and its key; then it is TLS from the first byte."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.port = self.listener.getsockname()[1]
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)

    def accept(self):
        raw, _ = self.listener.accept()
        return Connection(self.context.wrap_socket(raw, server_side=True) if self.context else raw)

    def greeted(self):
        """The next one that stays: who was stopped may have left a connection that waits here."""
        for _ in range(10):
            connection = self.accept()
            try:
                if connection.greet():
                    return connection
            except OSError:
                pass
        raise RuntimeError("no component came")

    def close(self):
        self.listener.close()
