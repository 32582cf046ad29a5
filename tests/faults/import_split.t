#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Files that end inside a record and are imported (F25, F26): one after the other, together, in whatever order the
# shell names them; the file that has grown meanwhile; strangers. The names of the cases are those of their sources.
import gzip
import json
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import tails  # noqa: E402

MARKS = {"prosody": b"RECV: <message", "observations": b'"stanza": "<message',
         "ejabberd": b'Received XML on stream = <<"<message', "openfire": b"<message"}
DIALECTS = {"ejabberd": "ejabberd-debug", "openfire": "openfire-audit"}
HALVES = ("SELECT count(*) FROM receiptd.quarantine AS a JOIN receiptd.quarantine AS b ON b.generation ="
          " a.other_half AND a.generation = b.other_half WHERE a.at_end AND NOT b.at_end AND a.source = $SOURCE")


class Case(tails.Case):
    form = "prosody"

    def __init__(self, imports, function):
        def steps(case):
            try:
                function(case)
            except Exception as problem:  # a broken case is one bad result
                case.problems.append(f"{type(problem).__name__}: {problem}")

        steps.__doc__ = function.__doc__
        super().__init__(imports, steps, function.__name__)

    def load(self, *names):
        """One command."""
        self.tails.it.program.call("import", "--source", self.name, "--zone", "UTC", "--dialect",
                                   DIALECTS.get(self.form, self.form), *[self.path(name) for name in names])

    def halves(self, form="prosody", records=60):
        """A log in two pieces, the cut lies inside a record."""
        self.form = form
        log = b"".join(self.made(records, format=form, gap_ms=200))
        mark, at = MARKS[form], len(log) // 2
        while True:
            at = log.index(mark, at) + len(mark) + 12
            line = log[at:log.index(b"\n", at)] if form != "openfire" else b""
            if form != "ejabberd" or line.endswith(b'/message>">>'):  # one read: it ends in its line
                return log[:at], log[at:]

    def expect(self, query, wanted, what):
        got = self.ask(query)
        if got != wanted:
            self.problems.append(f"{what}: {got}, expected {wanted}")

    def expect_set_aside(self, count, when):
        self.expect("SELECT count(*) FROM receiptd.quarantine WHERE source = $SOURCE", str(count),
                    f"in quarantine {when}")


def together(case):
    """F26: both in one command, the younger one named first"""
    one, two = case.halves()
    case.write(one, "log.1")
    case.write(two)
    case.load("log", "log.1")


def twice(case):
    """F26: one after the other, and both once more: nothing is added"""
    one, two = case.halves()
    case.write(one, "log.2")
    case.load("log.2")
    case.expect_set_aside(1, "before the rest is there")
    case.write(two, "log.1")
    case.load("log.1")
    case.expect_set_aside(0, "when it is")
    case.load("log.1", "log.2")


def renamed(case):
    """F26: imported while it was written, then rotated and compressed, then the new file"""
    one, two = case.halves()
    case.write(one)
    case.load("log")
    with gzip.open(case.path("log.1.gz"), "wb") as packed:
        packed.write(one)
    os.unlink(case.path())
    case.write(two)
    case.load("log")
    case.load("log.1.gz")


def dated(case):
    """F26: names with dates"""
    one, two = case.halves()
    case.write(one, "log-2026-11-30.txt")
    case.load("log-2026-11-30.txt")
    case.write(two, "log-2026-12-01.txt")
    case.load("log-2026-12-01.txt")


def of_observations(case):
    """F26: observations"""
    one, two = case.halves("observations")
    case.write(one, "log.1")
    case.load("log.1")
    case.write(two)
    case.load("log")


def of_ejabberd(case):
    """F26: ejabberd; a connection that is not over is read again from its beginning, once more adds nothing"""
    one, two = case.halves("ejabberd")
    case.write(one, "log.0")
    case.load("log.0")
    case.load("log.0")
    case.write(two)
    case.load("log")


def of_reads(case):
    """F26: ejabberd: a stanza of two reads, one in each file, among those of other connections"""
    case.form = "ejabberd"
    log = b"".join(case.made(60, format="ejabberd", gap_ms=200))
    at = len(log) // 2
    while True:
        at = log.index(MARKS["ejabberd"], at) + 1
        end = log.index(b"\n", at) + 1
        if b"</message>" not in log[at:end]:
            break
    case.write(log[:end], "log.1")
    case.load("log.1")
    case.write(log[end:])
    case.load("log")
    case.load("log.1", "log")


def of_openfire(case):
    """F26: Openfire's audit log"""
    one, two = case.halves("openfire")
    case.write(one, "audit-000.log")
    case.load("audit-000.log")
    case.write(two, "audit-001.log")
    case.load("audit-001.log")


def often(case):
    """F26: many rotations, each inside a record; the second half is named youngest first"""
    log, files = b"".join(case.made(100 if not tails.LONG else 3000, gap_ms=2000)), 12 if not tails.LONG else 100
    case.form, cuts = "observations", [0]
    starts = [at for at in range(len(log)) if log.startswith(MARKS["observations"], at)]
    for number in range(1, files):  # each file holds whole records, too
        at = starts[len(starts) * number // files]
        cuts.append(at + len(MARKS["observations"]) + number % 40)
    for number, (start, end) in enumerate(zip(cuts, cuts[1:] + [len(log)])):
        case.write(log[start:end], f"log.{files - number}")
    names = [f"log.{number}" for number in range(files, 0, -1)]
    case.load(*names[:files // 2])
    case.load(*reversed(names[files // 2:]))


def many_files(case):
    """F26: a record that lies in more than two files (not joined), and no file has a time: all in their order"""
    case.form = "observations"
    before, torn = case.made(20, start="2026-11-28T10:00:00Z"), case.made(3, lost=True)
    after = case.made(20, start="2026-11-28T10:10:00Z")
    at = torn[0].index(MARKS["observations"]) + 25
    while b" " in torn[0][at:at + 2]:  # what is blank is not set aside
        at += 1
    case.write(b"".join(before) + torn[0][:at], "log.5")
    for number in (4, 3):
        case.write(torn[0][at:at + 1], f"log.{number}")
        at += 1
    case.write(torn[0][at:] + b"".join(after[:30]), "log.2")
    case.write(b"".join(after[30:]), "log.1")
    case.load("log.3", "log.1", "log.4", "log.5", "log.2")
    case.expect("SELECT string_agg(right(path, 1), '' ORDER BY id) FROM receiptd.generation"
                " WHERE source = $SOURCE", "54321", "the order of files")
    case.quarantined = 4


def grown(case):
    """F25: the file itself has grown: its record is read whole, and nothing is left of the half"""
    one, two = case.halves()
    case.write(one)
    case.load("log")
    case.expect_set_aside(1, "of the half")
    case.load("log")
    case.expect_set_aside(1, "once more")
    case.write(two)
    case.load("log")


def torn_strangers(case, older, younger, start="2026-11-28T10:10:00Z"):
    """The halves of two records that do not belong together, with whole records around them."""
    before, torn = case.made(20, format="prosody", start="2026-11-28T10:00:00Z"), case.made(3, format="prosody", lost=True)
    after = case.made(20, format="prosody", start=start)
    line = next(line for line in torn if MARKS["prosody"] in line)
    at = line.index(MARKS["prosody"]) + 25
    case.form, case.quarantined = "prosody", 2
    case.write(b"".join(before) + line[:at], older)
    case.write(line[at:] + b"".join(after), younger)
    case.load(older)
    case.load(younger)
    case.expect(HALVES, "1", "halves that name each other")


def stranger(case):
    """F26: a file that was between is missing: never joined, both halves are set aside and linked"""
    torn_strangers(case, "log.3", "log.1")


def late(case):
    """F26: the younger file goes on a day later: never joined"""
    torn_strangers(case, "log.2", "log.1", start="2036-11-28T10:00:00Z")


def other_log(case):
    """F26: another log of the same folder: never joined"""
    torn_strangers(case, "log.2", "other.1")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with rig.Rig(server) as it:
            imports = type("", (), {"it": it, "server": server, "generating": threading.Lock()})
            cases = [Case(imports, function) for function in (
                together, twice, renamed, dated, of_observations, of_ejabberd, of_reads, of_openfire, often, grown,
                stranger, late, other_log, many_files)
                if not sys.argv[1:] or function.__name__ in sys.argv[1:]]
            with open(it.direct.export("messages"), encoding="utf-8") as lines:
                rows = [json.loads(line) for line in lines]
            for case in cases:
                case.judge(rows)
                tap.ok(not case.problems, f"{case.what} (seed {it.seed})")
                for problem in case.problems:
                    tap.note(problem)
    finally:
        server.close()
    tap.done()


main()
