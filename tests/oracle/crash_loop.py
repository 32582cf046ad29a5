#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Crash loop (FAULTS F24, F82, F83): a generator appends to a log in pieces that cut lines, and rotates it; the
program follows it and is killed again and again; in the end everything must be there once."""

import argparse
import glob
import io
import os
import random
import signal
import subprocess
import sys
import time

import check
import product
import writers

HERE = os.path.dirname(os.path.abspath(__file__))
# Small batches, often: so that a kill has something to interrupt.
SETTINGS = 'flush_after = "15ms"\nflush_events = 150\nlog_level = "warn"'
# How long to wait before the random 4..60 ms: from "hardly started" to "in the middle of work".
OFFSETS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3)
# A command that only asks the database takes so long where nothing else runs: elsewhere waits are longer.
QUICK = 0.08


def catches_term(process):
    """Its own handler is there, or it has ended."""
    try:
        with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as status:
            caught = next(line for line in status if line.startswith("SigCgt:")).split()[1]
        return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1)) or process.poll() is not None
    except (OSError, StopIteration):
        return True


def is_postgres(pid):
    """The file may be that of one that was killed before, and its number another program's by now."""
    try:
        with open(f"/proc/{int(pid)}/cmdline", "rb") as command:
            return b"postgres" in command.read()
    except (OSError, ValueError):
        return False


class Loop:
    def __init__(self, options):
        self.options = options
        self.rng = random.Random(options.seed)
        self.program = product.Product(options.receiptd, settings=SETTINGS)
        self.log = self.program.path("traffic.log")
        self.manifest = self.program.path("manifest")
        self.kills = self.at_work = 0
        self.pace = 1.0
        self.errors = []
        with open(self.program.config, "a", encoding="utf-8") as config:
            config.write(f'zone = "UTC"\nsource traffic {{\n\tpath = "{self.log}*"\n'
                         f'\tdialect = "{DIALECTS.get(options.format, options.format)}"\n\tzone = "UTC"\n'
                         + MORE.get(options.format, "") + "}\n")

    # --- pieces ---

    def generate(self):
        return subprocess.Popen(
            [sys.executable, os.path.join(HERE, "generate.py"), "--format", self.options.format,
             "--out", self.log, "--manifest", self.manifest, "--seed", str(self.options.seed),
             "--records", str(self.options.records), "--rate", str(self.options.rate),
             "--rotate", str(self.options.rotate), "--long-rate", "0.001"], stderr=subprocess.DEVNULL)

    def follow(self, spoiled=True):
        marks = self.options.marks if spoiled else None
        return self.program.start(
            "run", environment={"RECEIPTD_TEST_MARKS": marks} if marks else {})

    def interrupt(self, process):
        """One round: wait, kill (or ask to stop), note what went wrong."""
        wait = OFFSETS[self.kills % len(OFFSETS)] + self.rng.uniform(0.004, 0.060)
        wait *= self.pace
        # A TERM that comes before main() has begun ends any program by the signal.
        if self.options.term:
            product.wait_until(lambda: catches_term(process), 30, 0.01)
        time.sleep(wait)
        self.kills += 1
        if process.poll() is not None:
            self.errors.append(f"ended by itself with status {process.returncode}")
            return
        if not self.options.term:
            process.send_signal(signal.SIGKILL)
            if self.options.everything:
                self.kill_the_rest()
            process.wait()
            return
        if self.kills % 2:  # F83: TERM twice
            process.send_signal(signal.SIGTERM)
            time.sleep(0.01)
        status = product.stop(process, 5 * max(1.0, self.pace))
        if status != 0:
            self.errors.append("TERM: " + ("not ended in time" if status is None
                                           else f"status {status}"))

    def kill_the_rest(self):
        """F172: the other process and PostgreSQL, too; what comes next starts them again."""
        self.keeper.send_signal(signal.SIGKILL)
        for lock in glob.glob(self.program.path("data/**/postmaster.pid"), recursive=True):
            try:
                with open(lock, encoding="ascii", errors="replace") as file:
                    pid = file.readline().strip()
                if is_postgres(pid):
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                continue
        self.keeper.wait()
        self.keeper = self.program.start("serve")
        if not product.wait_until(self.program.cluster_is_ready, 60):
            self.errors.append("no database 60 s after everything was killed")

    def let_die(self, process, patience=10):
        """A build that is spoiled on purpose ends itself at the worst moment of a batch; it is only
        ended from outside when there is nothing left to write. So its fault never depends on luck."""
        self.kills += 1
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def rows(self):
        """Counters so far; none before the program lived long enough to make its realm."""
        path = self.program.path("progress.ndjson")
        with open(path, "wb") as out:
            status = self.program.call("export", "counters", "--format", "ndjson", "--now", "last",
                                       out=out, check=False)
        return check.read_counters(path) if status == 0 else {}

    def settled(self, wanted):
        """True when nothing changes any more and all expected rows are there, or patience ends."""
        last, same, end = None, 0, time.monotonic() + self.options.patience
        while time.monotonic() < end:
            now = self.rows()
            same = same + 1 if now and now == last else 0
            if same >= (2 if now.get("rows", 0) >= wanted else 30):
                return
            last = now
            time.sleep(0.3)

    # --- the whole ---

    def run(self):
        self.program.call("migrate")
        self.keeper = self.program.start("serve")  # keeps the cluster running between the kills
        if not product.wait_until(self.program.cluster_is_ready, 20):
            self.errors.append("no database after 20 s")
        begun = time.monotonic()
        self.program.call("migrate", "--status")
        self.pace = min(max((time.monotonic() - begun) / QUICK, 1.0), 8.0)
        generator = self.generate()
        try:
            while self.kills < self.options.kills or generator.poll() is None:
                end = self.let_die if self.options.marks else self.interrupt
                end(self.follow())
            return self.finish(generator)
        finally:
            generator.kill()
            generator.wait()
            product.stop(self.keeper)
            if self.errors:
                self.program.complain("the program's own log ends with")
            self.program.close()

    def finish(self, generator):
        if generator.wait() != 0:
            raise RuntimeError("the generator failed")
        wanted = len(check.read_manifest(self.manifest)[1])
        last = self.follow(spoiled=False)
        self.settled(wanted)
        status = product.stop(last)
        if status != 0:
            self.errors.append(f"last run: status {status}")
        counters = self.program.export("counters")
        checker = check.check(self.manifest, self.program.export("messages"), counters,
                              exact=True)
        self.import_again(check.read_counters(counters))
        return checker

    def import_again(self, before):
        """F53: the same file once more by hand adds nothing."""
        if self.options.marks:
            return
        status = self.program.call("import", *glob.glob(self.log + "*"), check=False)
        if status != 0:
            self.errors.append(f"import of the followed file: status {status}")
        if self.rows() != before:
            self.errors.append("import of the followed file changed the counters")


DIALECTS = {"prosody": "prosody", "prosody-default": "prosody", "openfire-open": "openfire-audit",
            "openfire": "openfire-audit", "observations": "observations",
            "ejabberd": "ejabberd-debug", "ejabberd-lager": "ejabberd-lager"}  # else its own name
MORE = {"pattern": '\tline = "%t [%d] %s: %x"\n\tin = "received" out = "sent"\n'}


def defaults():
    return argparse.Namespace(receiptd=None, format="prosody", kills=25, seed=None, marks=None,
                              term=False, records=1500, rate=4000.0, patience=60.0, rotate=400,
                              everything=False)


def run(**settings):
    """Returns (checker, list of other errors, loop)."""
    options = argparse.Namespace(**{**vars(defaults()), **settings})
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 31)
    loop = Loop(options)
    checker = loop.run()
    return checker, loop.errors, loop


def report_text(checker, limit=5):
    out = io.StringIO()
    checker.report(limit, out)
    return out.getvalue()


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    base = defaults()
    parser.add_argument("--receiptd", default=base.receiptd)
    parser.add_argument("--format", choices=sorted(writers.FORMATS), default=base.format)
    parser.add_argument("--kills", type=int, default=base.kills)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--marks", choices=("before", "after"))
    parser.add_argument("--term", action="store_true", help="TERM instead of KILL (F83)")
    parser.add_argument("--everything", action="store_true", help="PostgreSQL and the API, too (F172)")
    parser.add_argument("--records", type=int, default=base.records)
    parser.add_argument("--rate", type=float, default=base.rate)
    parser.add_argument("--rotate", type=int, default=base.rotate, help="emissions to a file, 0: one file")
    parser.add_argument("--patience", type=float, default=base.patience)
    checker, errors, loop = run(**vars(parser.parse_args(argv)))
    print(f"seed {loop.options.seed}, {loop.kills} interruptions")
    for error in errors:
        print(f"error\t{error}")
    print(report_text(checker, 20), end="")
    return 1 if checker.failed() or errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
