# SPDX-License-Identifier: Apache-2.0
"""A throw-away PostgreSQL on loopback TCP, the program before it, a generated log and the checker:
what the database tests of this folder stand on."""

import glob
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ORACLE = os.path.join(HERE, "..", "oracle")
sys.path.insert(0, ORACLE)
import check  # noqa: E402
import product  # noqa: E402

LONG = bool(os.environ.get("RECEIPTD_LONG"))
BIN = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True,
                     check=False).stdout.strip() or "/usr/bin"
NEAR = {**os.environ, "PGHOST": "127.0.0.1", "PGUSER": "owner", "PGDATABASE": "postgres",
        "PGCONNECT_TIMEOUT": "5"}


def find_bin():
    """The folder of initdb: the newest Debian one when pg_config does not know it."""
    folders = [BIN]
    base = "/usr/lib/postgresql"
    if os.path.isdir(base):
        folders += [os.path.join(base, v, "bin") for v in sorted(os.listdir(base), reverse=True)]
    return next(f for f in folders if os.path.exists(os.path.join(f, "initdb")))


def server_user():
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return {}
    known = [u.pw_name for u in pwd.getpwall()]
    name = next(n for n in ("receiptd", "postgres", "nobody") if n in known)
    user = pwd.getpwnam(name)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Server:
    def __init__(self, copy_of=None):
        """copy_of: a standby of that one."""
        self.folder = tempfile.mkdtemp(prefix="receiptd-pg-")
        self.data = os.path.join(self.folder, "data")
        self.port, self.process = free_port(), None
        self.user, self.bin = server_user(), find_bin()
        if self.user:
            os.chown(self.folder, self.user["user"], self.user["group"])
        if copy_of:
            self.run("pg_basebackup", "-h", "127.0.0.1", "-p", str(copy_of.port), "-U", "owner", "-D",
                     self.data, "-X", "stream", "-c", "fast", "-R", "--no-sync")
            return
        self.run("initdb", "-D", self.data, "-U", "owner", "-A", "trust", "-E", "UTF8",
                 "--locale=C", "--no-sync")

    def run(self, program, *arguments):
        with open(os.path.join(self.folder, program + ".log"), "ab") as log:
            subprocess.run([os.path.join(self.bin, program), *arguments], stdout=log, stderr=log,
                           stdin=subprocess.DEVNULL, cwd=self.folder, check=True, **self.user)

    def start(self, *settings, **environment):
        """Settings are name=value. The data are thrown away: durable only against crashes of the server."""
        options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", f"port={self.port}",
                   "fsync=off", "shared_buffers=32MB", "max_connections=40", *settings]
        flags = [flag for option in options for flag in ("-c", option)]
        with open(os.path.join(self.folder, "server.log"), "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.bin, "postgres"), "-D", self.data, *flags], stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder,
                env={**os.environ, **environment}, **self.user)
        if not product.wait_until(lambda: self.ask("SELECT 1", check=False) == "1", 30):
            raise RuntimeError("the server did not start")
        return self

    def stop(self, how=signal.SIGINT):
        """INT: fast; QUIT: immediate, as after a crash."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def ask(self, query, check=True):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", query],
                              env={**NEAR, "PGPORT": str(self.port)}, capture_output=True,
                              text=True, check=False)
        if check and done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def session(self, query):
        """A session that runs one query, for a lock that is held meanwhile."""
        return subprocess.Popen(["psql", "-XAtq", "-c", query],
                                env={**NEAR, "PGPORT": str(self.port)},
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def transaction(self, query):
        """One that has run the query and stays open; it ends with .communicate(b"COMMIT;")."""
        process = subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE,
                                   env={**NEAR, "PGPORT": str(self.port)},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process.stdin.write(f"BEGIN; {query};\n".encode())
        process.stdin.flush()
        return process

    def url(self, port=None, **parameters):
        text = "&".join(f"{k}={urllib.parse.quote(v)}" for k, v in {"sslmode": "disable", **parameters}.items())
        return f"postgresql://owner@127.0.0.1:{port or self.port}/postgres?{text}"

    def close(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


class Rig:
    """One test: an empty schema, a program that uses it, a log with its manifest."""

    def __init__(self, server, port=None, settings="", seed=None, **parameters):
        self.server = server
        seed = seed if seed is not None else os.environ.get("RECEIPTD_SEED")
        self.seed = random.SystemRandom().randrange(1 << 31) if seed is None else int(seed)
        server.ask("DROP SCHEMA IF EXISTS receiptd CASCADE")
        self.program = product.Product(
            settings=f'database = "{server.url(port, **parameters)}"\nzone = "UTC"\n'
                     f'log_level = "warn"\n{settings}')
        self.direct = product.Product(settings=f'database = "{server.url()}"\nlog_level = "warn"')
        self.direct.call("migrate")
        self.log = self.program.path("traffic.log")
        self.manifest = self.program.path("manifest")
        self.errors = []

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.program.close()
        self.direct.close()

    def generate(self, records, *more, format="prosody", wait=True):
        process = subprocess.Popen(
            [sys.executable, os.path.join(ORACLE, "generate.py"), "--format", format, "--out",
             self.log, "--manifest", self.manifest, "--seed", str(self.seed), "--records",
             str(records), *more], stderr=subprocess.DEVNULL)
        if wait and process.wait():
            raise RuntimeError("the generator failed")
        return process

    def records(self):
        """Of a generated Prosody log: a record may go on in lines that begin with a tab."""
        with open(self.log, "rb") as log:
            return re.findall(rb"[^\n]*\n(?:\t[^\n]*\n)*", log.read())

    def follow(self, *options, format="prosody"):
        dialect = {"openfire": "openfire-audit"}.get(format, format)
        with open(self.program.config, "a", encoding="utf-8") as config:
            config.write(f'source traffic {{\n\tpath = "{self.log}"\n\tdialect = "{dialect}"\n'
                         '\tzone = "UTC"\n}\n')
        return self.program.start(*options, "run")

    def counters(self):
        return check.read_counters(self.direct.export("counters", "progress.ndjson"))

    def rows(self):
        return int(self.server.ask("SELECT count(*) FROM receiptd.message", check=False) or 0)

    def wait_rows(self, wanted, seconds=60):
        return product.wait_until(lambda: self.rows() >= wanted, seconds, 0.3)

    def wait_read(self, seconds=90):
        """Until a daemon has stored the log to its end, or gives nothing new for longer than it ever waits
        before it tries again (a log may end in a record that cannot be known to be whole)."""
        state = ("SELECT (SELECT sum(g.low_water) FROM receiptd.generation AS g JOIN"
                 " receiptd.lane_mark AS m ON m.lane = 0 AND m.generation = g.id), (SELECT max(commit) FROM"
                 " receiptd.batch)")
        size = sum(os.path.getsize(path) for path in glob.glob(self.log))
        last, since, end = None, 0.0, time.monotonic() + seconds
        while time.monotonic() < end:
            now = self.server.ask(state, check=False)
            if now.startswith(f"{size}|"):
                return
            if now == last and time.monotonic() - since > (5.5 if self.has_wanted_rows() else 20):
                return
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.2)

    def has_wanted_rows(self):
        """Also where nothing is known of what is wanted."""
        return not os.path.exists(self.manifest) or self.rows() >= self.wanted_rows()

    def wanted_rows(self):
        return len(check.read_manifest(self.manifest)[1])

    def judge(self, tap, what):
        """The independent checker has the last word: nothing lost, nothing twice."""
        checker = check.check(self.manifest, self.direct.export("messages"),
                              self.direct.export("counters"), exact=True)
        good = not checker.failed()
        tap.ok(good, f"{what}: nothing lost, nothing twice (seed {self.seed})")
        if not good:
            checker.report(5, out=Notes(tap))
            self.program.complain("the program's own log ends with")

    def said(self, text):
        with open(self.program.log, encoding="utf-8", errors="replace") as log:
            return text in log.read()


class Notes:
    """A file for the checker's report that makes TAP comments of it."""

    def __init__(self, tap):
        self.tap = tap

    def write(self, text):
        if text.strip():
            self.tap.note(text.rstrip())
