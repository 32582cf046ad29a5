#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# TLS of the HTTP server: certificates and keys that cannot be used, and new ones on HUP (F158, F196), what may be
# listened on with it (F154), slow and idle handshakes (F136, F137), and that everything behind it is as without.
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import certificates  # noqa: E402
import product  # noqa: E402

try:
    import contract
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

EXPORT = 1500


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def context_of(cert):
    context = ssl.create_default_context(cafile=cert)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def refused(tap, it, folder, cert, key):
    """F158, F196: exit 2, and one sentence that says which file and why."""
    other_cert, other_key = certificates.make(folder, "other")
    old_cert, old_key = certificates.make(folder, "old", until="20200102000000Z")
    open_key, junk = os.path.join(folder, "open.key"), os.path.join(folder, "junk")
    shutil.copy(key, open_key)
    os.chmod(open_key, 0o644)
    with open(junk, "w", encoding="ascii") as out:
        out.write("no PEM\n")
    os.chmod(junk, 0o600)
    for what, a, b, words in (
            ("no certificate", "/nowhere.crt", key, ("tls_cert", "No such file")),
            ("no key", cert, "/nowhere.key", ("tls_key", "No such file")),
            ("a certificate alone", cert, "", ("tls_cert", "tls_key", "both")),
            ("a key alone", "", key, ("tls_key", "tls_cert", "both")),
            ("an expired certificate", old_cert, old_key, ("tls_cert", "has expired")),
            ("the key of another", cert, other_key, ("tls_key", "not the key of the certificate")),
            ("the certificate of another", other_cert, key, ("tls_key", "not the key of the certificate")),
            ("a key that all can read", cert, open_key, ("tls_key", "chmod 600")),
            ("a certificate that is none", junk, key, ("tls_cert", "junk")),
            ("a key that is none", cert, junk, ("tls_key", "junk")),
            ("a folder", folder, key, ("tls_cert", "is not a file"))):
        done = subprocess.run(it.command("--set", f"tls_cert={a}", "--set", f"tls_key={b}", "serve"), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        lines = done.stderr.splitlines()
        good = done.returncode == 2 and len(lines) == 1 and all(word in lines[0] for word in words)
        if not tap.ok(good, f"{what}: exit {done.returncode} (F158)"):
            tap.note(done.stderr)


def plain(tap, client, port):
    """What is no TLS, or an old one."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            said = sock.recv(1000)
        except ConnectionResetError:
            said = b""
    tap.ok(not said.startswith(b"HTTP"), f"plain HTTP is not answered {said[:20]}")
    warnings.simplefilter("ignore", DeprecationWarning)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    try:
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            old.wrap_socket(sock)
        good = False
    except (ssl.SSLError, OSError, ValueError):
        good = True
    tap.ok(good, "TLS 1.1 is not spoken")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock, \
            client.context.wrap_socket(sock, server_hostname="127.0.0.1") as tls:
        tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        while tls.recv(65536):
            pass
        good = not tls.session or not tls.session.has_ticket
    tap.ok(good, "no session ticket is given")


HOST = b"Host: x\r\n"
GET = b"GET /healthz HTTP/1.1\r\n"


def behind(tap, client):
    """Heads are judged as without TLS: a few that only raw bytes can tell."""
    for text, data, status in (("good", GET + HOST + b"\r\n", 200), ("two in one", (GET + HOST + b"\r\n") * 2, 200),
                               ("bare LF", GET + b"Host: x\n\n", 400), ("NUL", GET + b"Host: \0\r\n\r\n", 400),
                               ("two lengths", GET + HOST + b"Content-Length: 0\r\n" * 2 + b"\r\n", 400),
                               ("a large head", GET + HOST + b"A: " + b"a" * 20000, 431),
                               ("a body", GET + HOST + b"Content-Length: 70000\r\n\r\n" + b"a" * 70000, 413)):
        reply = client.raw(data)
        if not tap.ok(reply[9:12] == b"%d" % status and reply.count(b"\nRequest-Id: ") == 1, f"TLS, {text}: {status}, once"):
            tap.note(repr(reply[:100]))
    pieces = b"".join(bytes([byte]) for byte in GET + HOST + b"\r\n")
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as sock, \
            client.context.wrap_socket(sock, server_hostname="127.0.0.1") as tls:
        for byte in pieces:
            tls.sendall(bytes([byte]))
        tap.ok(tls.recv(65536)[9:12] == b"200", "TLS, a record for each byte of the head: 200")


def large(tap, it, client):
    """An answer of a megabyte, whole; and to one who is slow to take it."""
    whole = client.get("/v1/messages?limit=1000&body=1&format=ndjson")
    tap.ok(whole.status == 200 and len(whole.lines()) > 500 and len(whole.body) > 900000,
           f"{len(whole.body)} bytes through TLS")
    curl = subprocess.run(["curl", "-sS", "--cacert", it.cert, "--tlsv1.3", "--http1.1", "-H",
                           f"Authorization: Bearer {client.token}", "-o", it.path("page"), "-w", "%{http_code}",
                           f"https://localhost:{client.port}/v1/messages?limit=1000&body=1&format=ndjson"],
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with open(it.path("page"), "rb") as page:
        tap.ok(curl.stdout == "200" and page.read() == whole.body, f"curl gets the same {curl.stdout} {curl.stderr}")


def idle_handshakes(tap, client):
    """200 that never say hello, one that says it byte by byte: all are cut after ten seconds, others are served."""
    began = time.monotonic()
    idle = [socket.create_connection(("127.0.0.1", client.port)) for _ in range(200)]
    ends = []

    def drip():
        sock = socket.create_connection(("127.0.0.1", client.port), timeout=20)
        sock.settimeout(0.3)
        for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(90):
            try:
                sock.sendall(bytes([byte]))
                if sock.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        ends.append(time.monotonic() - began)
        sock.close()

    def slow_head():
        sock = socket.create_connection(("127.0.0.1", client.port), timeout=20)
        tls = client.context.wrap_socket(sock, server_hostname="127.0.0.1")
        tls.sendall(b"GET / HTT")
        said = tls.recv(1000)
        ends.append((said[9:12], time.monotonic() - began))
        tls.close()

    threads = [threading.Thread(target=drip), threading.Thread(target=slow_head)]
    for thread in threads:
        thread.start()
    statuses = {client.get("/healthz", seconds=10).status for _ in range(5)}
    for thread in threads:
        thread.join()
    time.sleep(0.5)
    for sock in idle:
        sock.settimeout(1)
    closed = 0
    for sock in idle:
        try:
            closed += sock.recv(1) == b""
        except OSError:
            pass
        sock.close()
    times = [end if isinstance(end, float) else end[1] for end in ends]
    heads = [end[0] for end in ends if not isinstance(end, float)]
    tap.ok(statuses == {200} and closed == 200 and heads == [b"408"] and max(times) < 20,
           f"200 idle and two slow handshakes: {closed} are cut, {heads} {times}, others are served {statuses}")


def reload(tap, it, client, folder, cert, key):
    """A new certificate on HUP; a bad one is told and the old one stays."""
    fresh_cert, fresh_key = certificates.make(folder, "fresh")
    with open(key, "w", encoding="ascii") as out:
        out.write("broken\n")
    it.server.send_signal(signal.SIGHUP)
    told = product.wait_until(lambda: "certificate_kept" in it.read_log(), 10)
    tap.ok(told and client.get("/healthz").status == 200 and it.server.poll() is None,
           "HUP with a broken key: told, the old one stays (F158)")
    shutil.copy(fresh_key, key)
    shutil.copy(fresh_cert, cert)
    it.server.send_signal(signal.SIGHUP)
    told = product.wait_until(lambda: "certificate_read" in it.read_log(), 10)
    old = client.context
    client.context = context_of(fresh_cert)
    tap.ok(told and client.get("/healthz").status == 200, "HUP: the new certificate is used")
    client.context = old
    try:
        client.get("/healthz")
        tap.ok(False, "and the old one is not")
    except ssl.SSLError:
        tap.ok(True, "and the old one is not")
    client.context = context_of(fresh_cert)


class Tls(product.Product):
    def __init__(self, cert, key):
        super().__init__(settings=f'tls_cert = "{cert}"\ntls_key = "{key}"\n')
        self.cert, self.key, self.server = cert, key, None

    def read_log(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def load(self):
        path = self.path("load.ndjson")
        with open(path, "w", encoding="utf-8") as out:
            for i in range(EXPORT):
                out.write('{"ts":"2026-03-02T10:%02d:%02d.000Z","feed":"log","dir":"in","session":"ada@harbor.example/x",'
                          '"stanza":"<message to=\'ben@quay.example\' id=\'m%d\' type=\'chat\'><body>%s</body></message>"}\n'
                          % (i // 60, i % 60, i, "x" * 1000))
        return self.call("import", path, check=False) == 0

    def token(self):
        done = subprocess.run(self.command("token", "add", "all", "--scopes", "metrics,messages,bodies"), check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.stdout.strip()


def other_address(tap, it):
    """F154: with TLS no switch is needed; whether there is such an address here is another question."""
    done = subprocess.run(it.command("--set", "listen=203.0.113.77", "serve"), check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    tap.ok(done.returncode == 2 and "cannot listen" in done.stderr and "allow_remote" not in done.stderr,
           f"with TLS another address is tried without allow_remote (F154): {done.stderr.strip()[:100]}")


def main():
    tap = product.Tap()
    made = product.Product()
    folder = made.folder
    cert, key = certificates.make(folder, "mine")
    it = Tls(cert, key)
    try:
        refused(tap, it, folder, cert, key)
        other_address(tap, it)
        port = free_port()
        it.server = it.start("--set", f"port={port}", "serve")
        client = contract.Client(port, context=context_of(cert))

        def ready():
            try:
                return client.get("/readyz").status == 200
            except OSError:
                return False

        if not (tap.ok(product.wait_until(ready, 60), "serve with TLS: ready") and tap.ok(it.load(), "a sample")):
            it.complain("cannot go on")
            return tap.done()
        client.token = it.token()
        plain(tap, client, port)
        behind(tap, client)
        large(tap, it, client)
        idle_handshakes(tap, client)
        reload(tap, it, client, folder, cert, key)
        client.judge(tap)
        began = time.monotonic()
        tap.ok(product.stop(it.server, 30) == 0, f"TERM: exit 0 after {time.monotonic() - began:.1f} s")
    finally:
        if it.server and it.server.poll() is None:
            product.stop(it.server)
        it.close()
        made.close()
    return tap.done()


main()
