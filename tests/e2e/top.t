#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# receiptd top: its figures are those of the exports, and a terminal sees nothing but what top means to draw: on a
# pseudo-terminal, with hostile names, other sizes, keys, signals and a database that does not answer.
import datetime
import fcntl
import glob
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402

NOW = datetime.datetime(2026, 3, 2, 12, 0, tzinfo=datetime.timezone.utc)
WINDOWS = {"15m": 15 * 60, "1h": 3600, "24h": 86400}
# As far as XML and JID rules let them into a domain: C1 controls, a turn of direction, nothing to see, wide ones.
HOSTILE = ["ev\u009b31mil.example", "\u202emoc.live", "zero\u200bwidth.example", "\u6e2f\u53e3.example"]
ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l\x1b[?7l", b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
# All that top may say to a terminal; everything else must be text.
SEQUENCES = re.compile(rb"\x1b\[(?:\?(?:1049|25|7)[hl]|[HJK]|[0-9;]*m)|\r\n")


# ---- what is in the database

def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def observations():
    """Messages at many ages, to many domains; some answered, after various times, some failed."""
    domains = ["quay.example"] * 6 + ["pier.example"] * 3 + HOSTILE + ["mole.example"]
    for i in range(240):
        at = NOW - datetime.timedelta(seconds=7 + (i * i * 29) % 172000)
        to = f"ben@{domains[i % len(domains)]}"
        asks = "<request xmlns='urn:xmpp:receipts'/>" if i % 5 else ""
        yield {"ts": stamp(at), "feed": "log", "dir": "in", "session": "ada@harbor.example/phone",
               "stanza": f"<message to='{to}' id='m{i}' type='chat'><body>x</body>{asks}</message>"}
        back = {"ts": stamp(at + datetime.timedelta(milliseconds=40 + i * 3)), "feed": "log", "dir": "out",
                "session": "ada@harbor.example/phone"}
        if i % 5 in (1, 2) and "mole" not in to:
            yield {**back, "stanza": f"<message from='{to}/desk' to='ada@harbor.example/phone' id='a{i}' type='chat'>"
                                     f"<received xmlns='urn:xmpp:receipts' id='m{i}'/></message>"}
        elif i % 5 == 3 and i % 2:
            yield {**back, "stanza": f"<message from='{to}' to='ada@harbor.example/phone' id='m{i}' type='error'><error "
                                     "type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                                     "</error></message>"}
    yield {"ts": stamp(NOW), "feed": "log", "dir": "in", "session": "ada@harbor.example/phone",
           "stanza": "<message to='ben@quay.example' id='last' type='chat'><body>x</body></message>"}


def load(bench):
    # The name of an imported file is that of its source.
    path = bench.path("a\x1b]0;owned\x07\u009b2J.ndjson")
    with open(path, "w", encoding="utf-8") as out:
        for row in sorted(observations(), key=lambda row: row["ts"]):
            out.write(json.dumps(row) + "\n")
    return bench.call("import", path, check=False) == 0


# ---- without a terminal

def once(bench, *arguments, environment=None):
    return subprocess.run(bench.command("top", *arguments), stdin=subprocess.DEVNULL, capture_output=True,
                          env={**bench.environment, **(environment or {})}, check=False)


def export(bench, what, since, until, *more):
    out = subprocess.run(bench.command("export", what, "--since", stamp(since), "--until", stamp(until), "--now",
                                       stamp(NOW), *more), capture_output=True, check=True, env=bench.environment)
    return [json.loads(line) for line in out.stdout.splitlines()]


def milliseconds(text):
    unit = {"ms": 1, "s": 1000, "m": 60000}
    found = re.fullmatch(r"([0-9.]+)(ms|s|m)", text)
    return float(found.group(1)) * unit[found.group(2)] if found else None


def ratio(part, whole):
    return f"{part * 10000 // whole / 100:.2f}" if whole else "-"


def figures(tap, bench, lines):
    """Each window against the rows, counted by another command."""
    for name, seconds in WINDOWS.items():
        until = NOW + datetime.timedelta(microseconds=1)
        since = until - datetime.timedelta(seconds=seconds)
        counters = (export(bench, "counters", since, until) or [{}])[0]
        metrics = (export(bench, "metrics", since, until) or [{}])[0]
        row = [line.split() for line in lines if line.startswith(name + " ")][0]
        sent, requested, confirmed, failed, pending, expired = map(int, row[1:7])
        wanted = [counters.get(key, 0) for key in ("sent", "requested", "confirmed", "pending", "expired")]
        tap.ok(sent > 1 and [sent, requested, confirmed, pending, expired] == wanted
               and failed == requested - confirmed - pending - expired
               and row[7:9] == [ratio(confirmed, requested), ratio(confirmed + pending, requested)],
               f"{name}: counts and bounds are those of the rows ({sent} sent)") or tap.note(f"{row} {counters}")
        p50 = metrics.get("ttd_ms", {}).get("p50")
        shown = milliseconds(row[9])
        tap.ok(p50 is None and shown is None or abs(shown - p50) <= p50 * 0.032 + 1, f"{name}: p50 {row[9]}") \
            or tap.note(f"{metrics}")


def domains(tap, bench, lines):
    """The worst domains against the rows of two UTC days."""
    since = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
    wanted = {}
    for row in export(bench, "messages", since, since + datetime.timedelta(days=2)):
        if row.get("receipt_requested") or row["verdict"] in ("confirmed", "pending", "expired", "failed"):
            entry = wanted.setdefault(row["to"].split("@")[1], [0, 0, 0])
            entry[0] += 1
            entry[1] += row["verdict"] == "confirmed"
            entry[2] += row["verdict"] == "failed"
    start = [i for i, line in enumerate(lines) if line.startswith("to domain, since 2026-03-01")][0]
    rows = {}
    for line in lines[start + 1:]:
        cells = line.rsplit(None, 6)
        rows[cells[0]] = list(map(int, cells[1:4]))
    plain = {name: value for name, value in wanted.items() if name not in HOSTILE[:3]}
    tap.ok(len(rows) == len(wanted) and all(rows.get(name) == value for name, value in plain.items()),
           f"domains: {len(rows)}, requested, confirmed and failed are those of the rows") \
        or tap.note(f"{rows}\n{wanted}")
    tap.ok(list(rows)[0] == "mole.example", "domains: the one that never answers is the worst") or tap.note(str(rows))
    return rows


def plain_text(tap, bench):
    done = once(bench, "--now", stamp(NOW))
    text = done.stdout.decode("utf-8", "replace")
    lines = text.splitlines()
    tap.ok(done.returncode == 0 and not done.stderr and lines[0] == "receiptd top  2026-03-02 12:00:00Z  realm default  commit 1",
           "without a terminal: one frame, exit status 0") or tap.note(text + done.stderr.decode())
    tap.ok(lines[1].startswith("INCOMPLETE: no source is followed"), "what it stands on comes first")
    figures(tap, bench, lines)
    domains(tap, bench, lines)
    tap.ok(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u200b]", text), "plain text has no control characters")
    tap.ok("\\x1b]0;owned\\x07\\u{9b}2J" in once(bench, "--once", "--now", "last", environment={"COLUMNS": "200"})
           .stdout.decode("utf-8"), "what is hostile in the name of a source is shown, not obeyed")
    done = once(bench, "--once", "--now", "last", environment={"LC_ALL": "C", "COLUMNS": "80"})
    tap.ok(all(byte < 128 for byte in done.stdout) and max(map(len, done.stdout.splitlines())) <= 80
           and b"\\u{6e2f}\\u{53e3}" in done.stdout, "another locale: ASCII, 80 columns")
    done = once(bench, "--count", "2", "--interval", "0.2", "--now", "last")
    tap.ok(done.stdout.count(b"receiptd top") == 2 and b"messages 0.0/s" in done.stdout
           and b"messages -/s" in done.stdout, "--count 2: two frames, rates from the second on")
    empty = once(bench, "--once", "--now", "2026-01-01T00:00:00Z").stdout.decode()
    tap.ok(all(re.search(rf"^{name} +0 +0 +0 +0 +0 +0 +- +- +- +-$", empty, re.M) for name in WINDOWS),
           "nothing asked: no rate, not 0 % nor 100 %") or tap.note(empty)


def refusals(tap, bench):
    for arguments in (["--interval", "0"], ["--interval", "nan"], ["--count", "x"], ["--now", "soon"], ["more"], ["--what"],
                      ["--once", "--realm", "other"]):
        done = once(bench, *arguments)
        tap.ok(done.returncode == 2 and done.stderr.startswith(b"receiptd: ") and not done.stdout,
               f"{' '.join(arguments)}: exit status 2, one line")
    gone = ["--set", f"database=host={bench.folder} connect_timeout=1", "--set", "database_wait=0.2s"]
    done = once(bench, *gone, "--once")
    tap.ok(done.returncode == 4 and not done.stdout, "--once without a database: exit status 4")
    done = once(bench, *gone, "--count", "2", "--interval", "0.2")
    tap.ok(done.returncode == 4 and done.stdout.count(b"NO ANSWER") == 2, "--count 2: two frames say so")


# ---- on a pseudo-terminal

class Terminal:
    """Runs top on a terminal of its own; keeps every byte that it says, and what is drawn."""

    def __init__(self, bench, *arguments, columns=80, rows=24, environment=None, controlling=False):
        self.said = b""
        self.frame_at = 0
        self.outer, inner = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.outer)
        full = {**bench.environment, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(environment or {})}
        self.process = subprocess.Popen(bench.command("top", "--interval", "0.3", *arguments), stdin=inner,
                                        stdout=inner, stderr=inner, env=full, start_new_session=True,
                                        preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if controlling else None)
        os.close(inner)

    def resize(self, columns, rows):
        fcntl.ioctl(self.outer, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGWINCH)

    def listen(self, seconds=0.05):
        while select.select([self.outer], [], [], seconds)[0]:
            try:
                self.said += os.read(self.outer, 65536)
            except OSError:  # nobody has it open any more
                return
            seconds = 0

    def lines(self):
        """The newest whole frame."""
        frames = self.said[self.frame_at:].split(b"\x1b[H")
        whole = [frame for frame in frames[1:] if b"\x1b[J" in frame]
        text = whole[-1].split(b"\x1b[J")[0] if whole else b""
        return [SEQUENCES.sub(b"", line).decode("utf-8", "replace") for line in text.split(b"\r\n")]

    def shows(self, what, seconds=15):
        """Waits for a frame with this in it that was drawn from now on."""
        def found():
            self.listen()
            return any(re.search(what, line) for line in self.lines())
        return product.wait_until(found, seconds, 0)

    def press(self, keys):
        self.listen(0)
        self.frame_at = len(self.said)
        os.write(self.outer, keys)

    def ends(self, seconds=10):
        def over():
            self.listen()
            return self.process.poll() is not None
        product.wait_until(over, seconds, 0)
        self.listen(0.2)
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()

    def is_restored(self):
        return self.said.rstrip().endswith(LEAVE) and termios.tcgetattr(self.outer) == self.before

    def strangers(self):
        """Bytes that are neither text nor in the list of what top says."""
        text = SEQUENCES.sub(b"", self.said)
        return re.findall(r"[\x00-\x1f\x7f-\x9f\u200b\u202e]|\ufffd", text.decode("utf-8", "replace"))

    def close(self):
        os.close(self.outer)


def width(line):
    return sum(2 if "\u1100" <= c <= "\u115f" or "\u2e80" <= c <= "\uff60" else 1 for c in line)


def keys(tap, bench):
    screen = Terminal(bench, "--now", "last")
    tap.ok(screen.shows(r"^24h ") and ENTER in screen.said, "a screen is drawn") or tap.note(repr(screen.said[-2000:]))
    lines = screen.lines()
    tap.ok(len(lines) == 24 and max(map(width, lines)) <= 80 and any("mole.example" in line for line in lines)
           and any("\u6e2f\u53e3.example" in line for line in lines) and lines[-1].startswith("q quit"),
           "80x24: figures, sources, domains, keys") or tap.note("\n".join(lines))
    screen.press(b"?")
    tap.ok(screen.shows("greatest rate"), "? helps")
    screen.press(b"?p")
    tap.ok(screen.shows(r"\[PAUSED\]"), "p pauses")
    screen.press(b"p")
    tap.ok(screen.shows(r"^receiptd top (?!.*PAUSED)") and screen.shows("messages 0.0/s"), "p goes on, with rates")
    for columns, rows in ((40, 10), (20, 5), (7, 2), (1, 1), (200, 50)):
        screen.press(b"")
        screen.resize(columns, rows)
        fits = product.wait_until(lambda: screen.listen() or (
            len(screen.lines()) == rows and max(map(width, screen.lines())) <= columns), 10, 0)
        tap.ok(fits, f"{columns}x{rows}: drawn anew, nothing sticks out") or tap.note("\n".join(screen.lines()))
        if columns == 40:
            tap.ok(any(re.fullmatch(r"last +requested +failed +rate% +to%", line.rstrip()) for line in screen.lines()),
                   "40 columns: the rate and its bound are there, whole")
    screen.resize(80, 16)
    screen.shows(r"1-\d/\d")
    first = [line for line in screen.lines() if line.startswith("mole.example")]
    screen.press(b"\x1b[B\x1b[B")
    tap.ok(first and screen.shows(r"3-\d/\d"), "down scrolls the tables") or tap.note("\n".join(screen.lines()))
    screen.press(b"\x1b[")
    screen.press(b"1~")
    tap.ok(screen.shows(r"1-\d/\d"), "Home, in two reads")
    screen.press(b"q")
    tap.ok(screen.ends() == 0 and screen.is_restored(), "q: exit status 0, the terminal is as it was") \
        or tap.note(repr(screen.said[-300:]))
    tap.ok(not screen.strangers(), "hostile names: no byte that a terminal obeys came through") \
        or tap.note(repr(set(screen.strangers())))
    tap.ok(b"\x1b[33m" in screen.said, "there are colours")
    screen.close()


def stopped_and_told(screen):
    """Ctrl-S holds up all that is written; TERM must be heard all the same."""
    screen.press(b"\x13")
    time.sleep(0.7)
    screen.process.terminate()


def ends(tap, bench):
    for name, act in (("TERM", lambda screen: screen.process.terminate()), ("TERM after Ctrl-S", stopped_and_told), ("Ctrl-C", lambda screen: screen.press(b"\x03")),
                      ("HUP", lambda screen: screen.process.send_signal(signal.SIGHUP)),
                      ("KILL", lambda screen: screen.process.kill())):
        screen = Terminal(bench, "--now", "last", environment={"NO_COLOR": "1", "LC_ALL": "C"}, controlling=name == "Ctrl-C")
        screen.shows(r"^24h ")
        act(screen)
        status = screen.ends()
        product.wait_until(lambda: screen.listen(0.1) or screen.is_restored(), 20, 0)
        tap.ok(status == (-9 if name == "KILL" else 0) and screen.is_restored(), f"{name}: the terminal is as it was") \
            or tap.note(f"{status} {screen.said[-200:]!r}")
        if name == "TERM":
            colours = re.findall(rb"\x1b\[[0-9;]*3[0-9]m", screen.said)
            tap.ok(not colours and all(byte < 128 for byte in screen.said), "NO_COLOR, LC_ALL=C: no colour, ASCII")
        screen.close()
    screen = Terminal(bench, "--now", "last", "--count", "2", environment={"TERM": "dumb"})
    tap.ok(screen.ends() == 0 and b"\x1b" not in screen.said and screen.said.count(b"receiptd top") == 2,
           "TERM=dumb: plain text")
    screen.close()


def stops(tap, bench):
    """Ctrl-Z gives the terminal back; it is taken again afterwards."""
    screen = Terminal(bench, "--now", "last", controlling=True)
    screen.shows(r"^24h ")
    screen.press(b"\x1a")
    stopped = product.wait_until(lambda: os.waitpid(screen.process.pid, os.WUNTRACED | os.WNOHANG)[0], 10)
    screen.listen(0.2)
    tap.ok(stopped and screen.is_restored(), "Ctrl-Z: stopped, the terminal is as it was")
    screen.frame_at = len(screen.said)
    screen.process.send_signal(signal.SIGCONT)
    tap.ok(screen.shows(r"^24h ") and ENTER in screen.said[screen.frame_at:], "goes on: drawn again")
    screen.press(b"q")
    tap.ok(screen.ends() == 0 and screen.is_restored(), "and ends")
    screen.close()


def backends(bench):
    """The server's processes that answer connections, by their titles."""
    with open(glob.glob(bench.path("data/**/postmaster.pid"), recursive=True)[0], encoding="ascii") as lock:
        postmaster = lock.readline().strip()
    rows = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, check=True, text=True).stdout
    return {int(pid) for pid, parent, title in (line.split(None, 2) for line in rows.splitlines())
            if parent == postmaster and "receiptd [local]" in title}


def away(tap, bench):
    """A server that keeps the connection and says nothing, one that ends it, one that was never there."""
    others = backends(bench)
    screen = Terminal(bench, "--now", "last")
    screen.shows(r"^24h ")
    asked = (backends(bench) - others).pop()
    os.kill(asked, signal.SIGSTOP)
    told = screen.shows("NO ANSWER .*not answered yet")
    tap.ok(told and any(re.match("^24h ", line) for line in screen.lines())
           and any("what follows is of 2026-03-02" in line for line in screen.lines()),
           "the server is silent: said first, the old figures are called old") \
        or tap.note("\n".join(screen.lines()))
    os.kill(asked, signal.SIGCONT)
    screen.press(b"")
    tap.ok(screen.shows(r"^receiptd top (?!.*NO NEW)"), "it answers again")
    os.kill(asked, signal.SIGTERM)
    again = product.wait_until(lambda: screen.listen() or backends(bench) - others - {asked}, 15)
    screen.press(b"")
    tap.ok(again and screen.shows(r"^receiptd top (?!.*NO NEW)"), "the connection is ended: it is made again") \
        or tap.note("\n".join(screen.lines()))
    asked = (backends(bench) - others).pop()
    os.kill(asked, signal.SIGSTOP)
    screen.shows("NO ANSWER ")
    start = time.monotonic()
    screen.press(b"q")
    tap.ok(screen.ends() == 0 and screen.is_restored() and time.monotonic() - start < 8, "q, while nothing is answered")
    os.kill(asked, signal.SIGCONT)
    screen.close()
    screen = Terminal(bench, "--set", f"database=host={bench.folder}")
    tap.ok(screen.shows("NO ANSWER ") and screen.shows("no figures yet"), "never there: said, tried again")
    screen.press(b"q")
    tap.ok(screen.ends() == 0 and screen.is_restored(), "q ends that, too")
    screen.close()


def main():
    tap = product.Tap()
    bench = product.Product(environment={"TZ": "UTC", "LC_ALL": "C.UTF-8"}, settings='database_wait = "60s"\nhosts = {"harbor.example"}')
    bench.environment.pop("NO_COLOR", None)
    bench.environment.pop("COLUMNS", None)
    # One server for all cases: as long as anybody uses it, nobody starts it.
    keeper = None
    try:
        tap.ok(load(bench), "the observations are imported")
        keeper = bench.start("serve")
        product.wait_until(lambda: bench.cluster_is_ready(), 60)
        for test in (plain_text, refusals, keys, ends, stops, away):
            test(tap, bench)
    finally:
        if keeper:
            product.stop(keeper, 20)
        bench.close()
    tap.done()


main()
