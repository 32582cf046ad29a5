#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# A component feed before a server that misbehaves: F54, F55, F56, F57, F59, F70 and TLS.
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
sys.path.insert(0, HERE)
import component_server as server  # noqa: E402
import product  # noqa: E402

LONG = bool(os.environ.get("RECEIPTD_LONG"))
DROPS = 50
FLOOD = 1_000_000 if LONG else 60_000


class Component:
    """The program that is only the component (component.c), and what it has written."""

    def __init__(self, folder, port, **options):
        self.out, self.log = os.path.join(folder, "out"), os.path.join(folder, "log")
        self.states = os.path.join(folder, "states")
        given = {"host": "127.0.0.1", "port": port, "domain": "log.harbor.example", "secret": server.SECRET,
                 "server": "harbor.example", "out": self.out, "least": 10, "most": 300, **options}
        with open(self.log, "a", encoding="utf-8") as log, open(self.states, "a", encoding="utf-8") as states:
            self.process = subprocess.Popen(
                [os.path.join(product.BUILD, "tests/faults/component"),
                 *(f"{name}={value}" for name, value in given.items())], stdout=states, stderr=log)

    def items(self, kind="stanza"):
        if not os.path.exists(self.out):
            return []
        with open(self.out, encoding="utf-8") as file:
            whole = file.read().split("\n")[:-1]  # at once: it grows, and the last line may be half there
        found = [json.loads(line) for line in whole]
        return [item for item in found if item["kind"] == kind]

    def ids(self):
        return [int(re.search(r" id='m(\d+)'", item["stanza"])[1]) for item in self.items()]

    def has(self, count, kind="stanza", seconds=20):
        return product.wait_until(lambda: len(self.items(kind)) >= count, seconds, 0.02)

    def said(self, word, seconds=20):
        """A line of state that begins with that."""
        return product.wait_until(lambda: word in self.text(self.states), seconds, 0.01)

    @staticmethod
    def text(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def counts(self):
        return dict(re.findall(r"count (\w+) (\d+)", self.text(self.states)))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def case(run):
    """A folder, a server and a tap for each."""
    def wrapper(tap, **how):
        folder = tempfile.mkdtemp(prefix="receiptd-component-")
        peer = server.Server(**{k: v for k, v in how.items() if k == "certificate"})
        components = []

        def start(**options):
            components.append(Component(folder, peer.port, **options))
            return components[-1]
        try:
            run(tap, folder, peer, start)
        finally:
            for component in components:
                component.stop()
            peer.close()
            shutil.rmtree(folder)
    return wrapper


# --- F54 ---

def covers(gaps, items):
    """Each gap reaches from the stanza before it to its end, and the next stanza is not before that."""
    times = [item["ts"] for item in items]
    return all(gap["since"] == times[i] and gap["ts"] <= times[i + 1] and gap["lost"] == -1
               for i, gap in enumerate(gaps))


@case
def drops(tap, _folder, peer, start):
    component = start()
    for number in range(DROPS + 1):
        connection = peer.greeted()
        connection.send(server.wrapped(number))
        if not component.has(number + 1):
            break
        (connection.reset if number % 2 else connection.close)()
    component.said("waiting")
    gaps, items = component.items("gap"), component.items()
    tap.ok(component.ids() == list(range(DROPS + 1)), f"F54: {DROPS} drops, every stanza that came is there once")
    tap.ok(len(gaps) == DROPS and covers(gaps, items),
           "F54: each break is one gap from the last stanza to the new stream")
    component.stop()
    again = start()
    connection = peer.greeted()
    connection.send(server.wrapped(DROPS + 1))
    again.has(DROPS + 2)
    gaps = again.items("gap")
    tap.ok(len(gaps) == DROPS + 1 and gaps[-1]["since"] == again.items()[DROPS]["ts"],
           "F54: and so is the time in which receiptd was not running")
    connection.close()


@case
def silent_start(tap, _folder, peer, start):
    component = start()
    peer.greeted().close()
    connection = peer.greeted()
    component.has(1, "gap")
    connection.send(server.wrapped(0))
    component.has(1)
    tap.ok(len(component.items("gap")) == 1, "F54: nothing is missed before the first stream, what is after it is")


# --- F55 ---

def refused(tap, peer, start, name, error, secret=server.SECRET, word="refused"):
    component = start(secret=secret, most=600)
    first = peer.accept()
    before = time.monotonic()  # a slow machine makes the pause longer only
    first.greet(error=error)
    came = component.said(word)
    connection = peer.accept()
    pause = time.monotonic() - before
    tap.ok(came and connection.greet(secret=secret) and component.said("online") and pause > 0.2,
           f"F55: {name}: status {word}, tried again slowly, and well when it is mended")
    log = component.text(component.log)
    tap.ok(log.count("component-refused") == 1 and "next=" in log and secret not in log,
           f"F55: {name}: one line that says what to do")
    component.stop()


@case
def wrong_secret(tap, _folder, peer, start):
    refused(tap, peer, start, "wrong secret", None, secret="0ther")


@case
def wrong_host(tap, _folder, peer, start):
    refused(tap, peer, start, "host unknown", "host-unknown")


@case
def conflict(tap, _folder, peer, start):
    refused(tap, peer, start, "conflict", "conflict")


@case
def not_there(tap, _folder, peer, start):
    component = start()
    peer.close()
    tap.ok(component.said("waiting 127.0.0.1 port") and component.said("Connection refused"),
           "F55: a server that is not there: waiting, with the reason")


# --- F56 ---

@case
def pieces(tap, _folder, peer, start):
    component = start()
    connection = peer.greeted()
    connection.send(b"".join(server.wrapped(n, "żółć &lt;/message&gt; " + "x" * n) for n in range(40)), 1)
    few = component.has(40)
    many = b"".join(server.wrapped(n, "y" * (n % 3000)) for n in range(40, 1400))
    connection.send(many, 1 << 20)
    tap.ok(few and component.has(1400) and component.ids() == list(range(1400)),
           "F56: one byte a segment, and 1 MB segments: every stanza once, in order")
    tap.ok(component.items()[39]["stanza"] == server.wrapped(39, "żółć &lt;/message&gt; " + "x" * 39).decode(),
           "F56: byte for byte")
    times = [item["ts"] for item in component.items()]
    tap.ok(times == sorted(set(times)), "F56: no two of them have one time")
    connection.send(server.wrapped(1400, "z" * 400_000) + server.wrapped(1401))
    tap.ok(component.has(1401) and component.ids()[-1] == 1401 and len(component.items("unreadable")) == 1,
           "F56: one above the limit is quarantined, the next one is read")
    connection.send(b"<message><body></message>")
    peer.greeted()
    tap.ok(component.has(1, "gap") and len(component.items("unreadable")) == 2,
           "F56: what is not XML ends the stream: quarantined, connected again, a gap")


# --- F57 ---

@case
def silence(tap, _folder, peer, start):
    component = start(silence=1500, patience=1500)
    connection = peer.greeted()
    connection.send(server.wrapped(0))
    ping = connection.read_until(r"<iq type='get' id='([^']*)' from='log.harbor.example' to='harbor.example'>"
                                 r"<ping xmlns='urn:xmpp:ping'/></iq>", 20)
    connection.send(f"<iq type='result' id='{ping[1]}' from='harbor.example' to='log.harbor.example'/>")
    again = connection.read_until("<iq type='get'", 20)
    tap.ok(ping and again, "F57: after a silence the server is asked for a sign of life, and again after the answer")
    begun = time.monotonic()
    while time.monotonic() - begun < 15:
        try:
            connection.send(" ")  # what a proxy can do, too
        except OSError:
            break
        if connection.is_closed(0.05):
            break
    took = time.monotonic() - begun
    other = peer.greeted()
    other.send(server.wrapped(1))
    tap.ok(took < 10 and component.has(2) and len(component.items("gap")) == 1,
           "F57: no answer but white space: connected again, one gap")
    connection = other
    connection.send("<iq type='get' id='p1' from='harbor.example' to='log.harbor.example'><ping xmlns='urn:xmpp:ping'/></iq>"
                    "<iq type='get' id='p2' from='eve@far.example/x' to='log.harbor.example'><ping xmlns='urn:xmpp:ping'/></iq>")
    tap.ok(connection.read_until("<iq type='result' from='log.harbor.example' to='harbor.example' id='p1'/>", 5)
           and not connection.read_until("p2", 0.3), "pings of the server are answered, those of others are not")


# --- F59 ---

@case
def full(tap, folder, peer, start):
    mark = os.path.join(folder, "full")
    component = start(full=mark, silence=400, patience=200)
    connection = peer.greeted()
    connection.send(server.wrapped(0))
    component.has(1)
    with open(mark, "w", encoding="utf-8"):
        pass
    connection.socket.settimeout(1)
    sent = 1
    try:
        while sent < 20_000:
            connection.send(server.wrapped(sent, "x" * 2000))
            sent += 1
    except TimeoutError:
        pass
    tap.ok(component.said("full") and sent < 20_000, "F59: the spool is full: nothing is read, so the server waits")
    tap.ok(component.text(component.log).count("spool-full") == 1, "F59: one line says so")
    connection.reset()
    os.unlink(mark)
    other = peer.greeted()
    other.send(server.wrapped(20_000))
    component.has(1, "gap")
    product.wait_until(lambda: component.ids()[-1] == 20_000, 10)
    ids, gap = component.ids(), component.items("gap")[-1]
    last = component.items()[-2]
    tap.ok(ids == [*range(len(ids) - 1), 20_000] and gap["since"] == last["ts"] and gap["lost"] == -1,
           f"F59: what was read is there ({len(ids) - 1} of {sent}), the rest is a gap of unknown size")
    tap.ok(product.stop(component.process) == 0, "F59: and it stops when told to")


@case
def full_and_stopped(tap, folder, peer, start):
    mark = os.path.join(folder, "full")
    with open(mark, "w", encoding="utf-8"):
        pass
    component = start(full=mark)
    peer.greeted().send(server.wrapped(0))
    component.said("full")
    tap.ok(product.stop(component.process) == 0, "F59: a full spool does not keep it from stopping")


# --- F70 ---

@case
def flood(tap, _folder, peer, start):
    component = start()
    connection = peer.greeted()
    presence = b"<presence from='ada@harbor.example/phone' to='log.harbor.example'><show>away</show></presence>"
    iq = b"<iq from='ada@harbor.example/phone' to='log.harbor.example' type='get' id='1'><query xmlns='jabber:iq:last'/></iq>"
    caps = (b"<presence xmlns='jabber:client' from='ben@harbor.example/web' to='ada@harbor.example'>"
            b"<c xmlns='http://jabber.org/protocol/caps' node='n' ver='v' hash='sha-1'/></presence>")
    hold = b"<message to='log.harbor.example' from='harbor.example'><forwarded xmlns='urn:xmpp:forward:0'>%s</forwarded></message>"
    route = b"<route from='harbor.example' to='log.harbor.example'>%s</route>"  # before ejabberd 16
    block = b"".join((presence, iq, hold % presence, route % iq)) * 100
    before = os.times()
    for number in range(FLOOD // 400):
        connection.send(block + server.wrapped(number))
    connection.send(hold % caps + route % b"<message from='a@b' to='c@d' id='m%d'><body>x</body></message>" % (FLOOD // 400))
    done = component.has(FLOOD // 400 + 2, seconds=120)
    component.stop()
    spent = os.times().children_user - before.children_user
    counts = component.counts()
    tap.ok(done and [int(i) for i in re.findall(r" id='m(\d+)'", component.text(component.out))] == list(range(FLOOD // 400 + 1)),
           f"F70: {FLOOD} presence and iq, every message of them is there once")
    tap.ok(counts["presence"] == counts["iq"] == str(FLOOD // 2) and counts["facts"] == "1",
           "F70: they are counted by kind; what may be a fact is kept")
    tap.note(f"{FLOOD} took {spent:.2f} s of user time")
    tap.ok(spent < FLOOD / 50_000, "F70: cheaply: more than 50,000 a second")


# --- TLS ---

def certificate(folder, name):
    path = os.path.join(folder, "certificate")
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=test", "-addext", f"subjectAltName={name}", "-keyout", path + ".key", "-out", path + ".crt"],
        capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    with open(path, "w", encoding="ascii") as out:
        for part in (".key", ".crt"):
            with open(path + part, encoding="ascii") as file:
                out.write(file.read())
    return path


def tls(tap):
    folder = tempfile.mkdtemp(prefix="receiptd-component-")
    good, other = os.path.join(folder, "good"), os.path.join(folder, "other")
    os.mkdir(good)
    os.mkdir(other)
    good, other = certificate(good, "IP:127.0.0.1"), certificate(other, "DNS:harbor.example")

    @case
    def trusted(tap, _folder, peer, start):
        component = start(tls=1, ca=good + ".crt")
        connection = peer.greeted()
        connection.send(b"".join(server.wrapped(n, "x" * 900) for n in range(300)))
        tap.ok(component.has(300) and component.ids() == list(range(300)), "TLS from the first byte")

    @case
    def refusing(tap, _folder, peer, start):
        component = start(tls=1, ca=other + ".crt")
        try:
            peer.accept()
        except OSError:
            pass
        tap.ok(component.said("refused the certificate of 127.0.0.1 is not good: IP address mismatch"),
               "TLS: the certificate must be the host's")

    @case
    def plain(tap, _folder, peer, start):
        component = start()
        try:
            peer.accept()
        except OSError:
            pass
        tap.ok(component.said("waiting"), "TLS: a port that speaks it is no plain one")

    trusted(tap, certificate=good)
    refusing(tap, certificate=other)
    plain(tap, certificate=good)
    shutil.rmtree(folder)


def main():
    tap = product.Tap()
    for run in (drops, silent_start, wrong_secret, wrong_host, conflict, not_there, pieces, silence, full,
                full_and_stopped, flood, tls):
        run(tap)
    tap.done()


if __name__ == "__main__":
    main()
