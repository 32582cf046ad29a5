# SPDX-License-Identifier: Apache-2.0
"""Many cases of files that are followed, before one running program and one database. A case is a
generator function: what it does before its first "yield" is there when the program starts; it yields
the name of the situation in which it goes on ("live", "frozen", "down", "cut off": without a
database). In the end the checker judges each case by itself: its sources, its domains."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402  (it knows where the oracle is)
import check  # noqa: E402
import generate  # noqa: E402

LONG, product = rig.LONG, rig.product
SITUATIONS = ("live", "frozen", "cut off", "down", "late")


class Quiet:
    """Where the generator talks to."""

    def write(self, text):
        pass


def can_trace():
    """Faults of system calls are injected by strace."""
    return shutil.which("strace") and subprocess.run(
        ["strace", "-D", "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


class Case:
    """One source below its own folder, what was written for it and what must come of it."""

    def __init__(self, tails, function, name=None, **source):
        self.tails, self.name = tails, name or function.__name__
        self.what = (function.__doc__ or self.name).split("\n")[0]
        self.folder = tails.it.program.path(self.name)
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o755)
        self.source = {"dialect": "observations", "zone": "UTC", **source,
                       "path": self.path(source.get("path", "log*"))}
        self.hosts, self.wanted, self.problems = [], [], []
        self.gaps, self.quarantined = (), 0
        self.unfinished = 0  # bytes that are there and cannot be stored
        self.sections = (self.name,)
        self.said = ()  # events that the program's log must name
        self.steps = function(self)
        self.next = None

    def path(self, name="log"):
        return os.path.join(self.folder, name)

    # --- what is written ---

    def made(self, records=40, lost=False, format="observations", **options):
        """The records of a new log, with what must come of them (lost: nothing)."""
        host = f"{self.name.replace('_', '-')}{len(self.hosts)}.example"
        self.hosts.append(host)
        out, manifest = self.path(".made"), self.path(".manifest")
        arguments = ["--out", out, "--manifest", manifest, "--format", format, "--hosts", host,
                     "--records", str(records), "--users", "6",
                     "--seed", str(self.tails.it.seed + len(self.hosts))]
        for name, value in options.items():
            arguments += ["--" + name.replace("_", "-"), str(value)]
        with self.tails.generating:
            stderr, sys.stderr = sys.stderr, Quiet()
            try:
                generate.main(arguments)
            finally:
                sys.stderr = stderr
        with open(out, "rb") as log:
            data = log.read()
        os.unlink(out)
        if not lost:
            self.wanted += check.read_manifest(manifest)[1]
        return data.splitlines(keepends=True)

    def write(self, lines, name="log", mode="ab"):
        data = lines if isinstance(lines, bytes) else b"".join(lines)
        with open(self.path(name), mode, buffering=0) as out:
            out.write(data)
        return len(data)

    def rename(self, old="log", new="log.1"):
        os.rename(self.path(old), self.path(new))

    # --- what the program has of it ---

    def config(self):
        fields = "\n".join(f'\t{key} = "{value}"' for key, value in self.source.items())
        return "".join(f"source {name} {{\n{fields}\n}}\n" for name in self.sections)

    def ask(self, query):
        names = ", ".join(f"'{name}'" for name in self.sections)
        return self.tails.it.server.ask(query.replace("$SOURCE", "ANY (SELECT id FROM receiptd.source"
                                                      f" WHERE name IN ({names}))"), check=False)

    def read_to(self):
        return int(self.ask("SELECT sum(low_water) FROM receiptd.generation WHERE reader = $SOURCE")
                   or 0)

    def wait(self, condition, what, seconds=60):
        if not product.wait_until(condition, seconds, 0.25):
            self.problems.append(f"not within {seconds} s: {what}")

    def wait_read(self, size=None, seconds=60):
        """All generations of this case together are stored so far."""
        size = self.size() - self.unfinished if size is None else size
        self.wait(lambda: self.read_to() >= size, f"{size} bytes stored", seconds)

    def size(self):
        return sum(os.path.getsize(self.path(name)) for name in os.listdir(self.folder)
                   if not name.startswith(".") and not os.path.islink(self.path(name)))

    def state(self):
        return self.ask("SELECT state FROM receiptd.source WHERE id = $SOURCE LIMIT 1")

    def holds(self, name):
        """The program has that file open, by this or its former name."""
        folder = f"/proc/{self.tails.daemon.pid}/fd"
        for number in os.listdir(folder):
            try:
                if os.readlink(os.path.join(folder, number)).startswith(self.path(name)):
                    return True
            except OSError:
                continue
        return False

    # --- the verdict ---

    def judge(self, rows):
        mine = [row for row in rows if row["from"].rpartition("@")[2] in self.hosts
                or row["to"].rpartition("@")[2] in self.hosts]
        checker = check.Checker(step=1)
        checker.rows(self.wanted, mine)
        if checker.failed():
            lines = []
            checker.report(3, out=type("", (), {"write": lambda _, text: lines.append(text)})())
            self.problems += "".join(lines).splitlines()
        gaps = self.ask("SELECT string_agg(cause, ', ' ORDER BY cause) FROM receiptd.gap WHERE"
                        " source = $SOURCE")
        if gaps != ", ".join(sorted(self.gaps)):
            self.problems.append(f"gaps: {gaps or 'none'}; expected: {', '.join(self.gaps) or 'none'}")
            self.problems += self.ask("SELECT g.from_offset, g.to_offset, x.path, x.low_water, x.size,"
                                      " x.finished FROM receiptd.gap AS g JOIN receiptd.generation AS x"
                                      " ON x.id = g.generation WHERE g.source = $SOURCE").splitlines()
        bad = self.ask("SELECT count(*) FROM receiptd.quarantine WHERE source = $SOURCE")
        if bad != str(self.quarantined):
            self.problems.append(f"{bad} in quarantine, expected {self.quarantined}")
        for event in self.said:
            if not self.was_said(event):
                self.problems.append(f"the log does not say {event}")

    def was_said(self, event):
        with open(self.tails.it.program.log, encoding="utf-8", errors="replace") as log:
            return any(event in line and (f"={self.name} " in line or self.folder + "/" in line)
                       for line in log)


class Tails:
    def __init__(self, server, settings="", start=None):
        self.it = rig.Rig(server, settings='flush_after = "50ms"\n' + settings)
        self.server, self.begin = server, start
        self.cases, self.daemon = [], None
        self.generating = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        self.it.__exit__(*what)

    def add(self, function, **source):
        if not sys.argv[1:] or function.__name__ in sys.argv[1:]:
            self.cases.append(Case(self, function, **source))

    def case(self, name):
        return next((case for case in self.cases if case.name == name), None)

    # --- the program ---

    def start(self):
        self.daemon = self.begin(self.it.program) if self.begin else self.it.program.start("run")

    def kill(self):
        self.daemon.kill()
        self.daemon.wait()

    def advance(self, case):
        try:
            case.next = next(case.steps, None)
        except Exception as problem:  # a broken case is one bad result
            case.problems.append(f"{type(problem).__name__}: {problem}")
            case.next = None

    def advance_all(self, situation):
        threads = [threading.Thread(target=self.advance, args=(case,)) for case in self.cases
                   if situation is None or case.next == situation]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return bool(threads)

    def enter(self, situation):
        if situation == "frozen":
            self.daemon.send_signal(signal.SIGSTOP)
        elif situation == "cut off":
            self.server.stop()
            time.sleep(1.5)  # it has noticed
        elif situation == "down":
            self.kill()

    def leave(self, situation):
        if situation == "frozen":
            self.daemon.send_signal(signal.SIGCONT)
        elif situation == "cut off":
            self.server.start()
        elif situation == "down":
            self.start()

    def settled(self, seconds=90):
        """All that was written is stored, as far as it can be; nothing changes any more. A renamed file
        is held for 3 s, an archive must be quiet for 2 s."""
        state = ("SELECT (SELECT sum(low_water) FROM receiptd.generation), (SELECT count(*) FROM"
                 " receiptd.gap), (SELECT count(*) FROM receiptd.message)")
        wanted = sum(len(case.wanted) for case in self.cases)
        last, since, end = None, time.monotonic(), time.monotonic() + seconds
        while time.monotonic() < end:
            now = self.server.ask(state, check=False)
            if now != last:
                last, since = now, time.monotonic()
            enough = now.rpartition("|")[2].isdigit() and int(now.rpartition("|")[2]) >= wanted
            if time.monotonic() - since > (6 if enough else 60):
                return
            time.sleep(0.25)

    def run(self, tap, before=None):
        self.advance_all(None)
        with open(self.it.program.config, "a", encoding="utf-8") as config:
            config.write("".join(case.config() for case in self.cases))
        if before and self.cases:
            before(self)
        self.start()
        for case in self.cases:
            case.wait_read(seconds=90)
        for situation in SITUATIONS:
            if not any(case.next == situation for case in self.cases):
                continue
            self.enter(situation)
            try:
                self.advance_all(situation)
            finally:
                self.leave(situation)
            self.settled()
        if self.cases:
            self.judge(tap)

    def judge(self, tap):
        if self.daemon.poll() is not None:
            tap.note(f"the daemon ended by itself with status {self.daemon.returncode}")
            tap.bad += 1
        elif product.stop(self.daemon, 30) != 0:
            tap.note("the daemon did not end cleanly")
            tap.bad += 1
        with open(self.it.direct.export("messages"), encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        for case in self.cases:
            case.judge(rows)
            tap.ok(not case.problems, f"{case.what} (seed {self.it.seed})")
            for problem in case.problems:
                tap.note(problem)
