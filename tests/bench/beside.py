#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# What others take for as many lines: rsyslog (imfile -> ompgsql) stores the same lines as rows, GoAccess counts as many
# lines of a web server's log, receiptd imports them. One after the other into one private PostgreSQL, CPU time of
# programs and server. No ratio is printed unless every one of them has seen all lines.
#
#   beside.py [MESSAGES]
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402

PIPELINE = os.path.join(product.BUILD, "tests", "bench", "pipeline")
RECEIPTD = os.path.join(product.BUILD, "receiptd")
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 900  # seconds, for rsyslog's rows

RSYSLOG = """
global(workDirectory="{folder}")
module(load="imfile" mode="polling" PollingInterval="1")
module(load="ompgsql")
template(name="row" type="list" option.stdsql="on") {{
  constant(value="INSERT INTO line (text) VALUES ('") property(name="msg") constant(value="')")
}}
ruleset(name="store") {{
  action(type="ompgsql" conninfo="postgresql:///beside?host={folder}&user={user}" template="row")
}}
input(type="imfile" File="{log}" Tag="prosody" ruleset="store" freshStartTail="off")
"""


def server_binary(name):
    return shutil.which(name) or sorted(
        os.path.join("/usr/lib/postgresql", version, "bin", name)
        for version in os.listdir("/usr/lib/postgresql"))[-1]


class Server:
    """A PostgreSQL of its own on a unix socket, never as root."""

    def __init__(self, folder):
        self.folder = folder
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.data = os.path.join(folder, "pg")
        if os.getuid() == 0:
            shutil.chown(folder, self.user)
        self.run(server_binary("initdb"), "-D", self.data, "-A", "trust", "--no-sync")
        self.process = subprocess.Popen(
            [server_binary("postgres"), "-D", self.data, "-k", folder, "-c", "listen_addresses=",
             "-c", "shared_buffers=128MB", "-c", "max_wal_size=4GB"],
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **self.who())
        assert product.wait_until(lambda: self.ask("SELECT 1", "postgres") == "1", 30), "no server"
        self.ask("CREATE DATABASE beside", "postgres")

    def who(self):
        return {"user": self.user} if os.getuid() == 0 else {}

    def run(self, *command):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self.who())

    def ask(self, query, database="beside"):
        done = subprocess.run([server_binary("psql"), "-h", self.folder, "-U", self.user, "-d", database, "-Atc", query],
                              capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def cpu(self):
        """Of the server and of its processes, those that have ended too."""
        pid, ticks = self.process.pid, 0
        for other in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{other}/stat", encoding="ascii", errors="replace") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(other) == pid:
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == pid:
                ticks += sum(map(int, fields[11:13]))
        return ticks / TICKS

    def close(self):
        self.process.terminate()
        self.process.wait()


def cpu_of(process):
    """Waits for its end."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def process_ended(process):
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def rsyslog(server, log, lines):
    config = os.path.join(server.folder, "rsyslog.conf")
    with open(config, "w", encoding="utf-8") as out:
        out.write(RSYSLOG.format(folder=server.folder, user=server.user, log=log))
    server.ask("CREATE TABLE line (at timestamptz NOT NULL DEFAULT now(), text text NOT NULL)")
    before = server.cpu()
    process = subprocess.Popen(["/usr/sbin/rsyslogd", "-n", "-f", config, "-i", os.path.join(server.folder, "rsyslogd.pid")],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    product.wait_until(lambda: int(server.ask("SELECT count(*) FROM line") or 0) >= lines or process_ended(process), PATIENCE, 2)
    process.terminate()
    client = cpu_of(process)
    product.wait_until(lambda: server.ask("SELECT count(*) FROM pg_stat_activity WHERE datname = 'beside'") == "1", 20)
    return client, server.cpu() - before, int(server.ask("SELECT count(*) FROM line"))


def goaccess(folder, lines):
    log, report = os.path.join(folder, "access.log"), os.path.join(folder, "goaccess.json")
    with open(log, "w", encoding="utf-8") as out:
        for i in range(lines):
            out.write(f'10.0.{i % 50}.{i % 199} - - [01/Mar/2026:{i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02} +0000] '
                      f'"GET /rooms/{i % 300}/messages?since={i} HTTP/1.1" 200 {300 + i % 4000} '
                      f'"https://chat.example.org/rooms/{i % 300}" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0"\n')
    process = subprocess.Popen(["goaccess", log, "--no-global-config", "--log-format=COMBINED", "--no-progress", "-o", report],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    used = cpu_of(process)
    with open(report, encoding="utf-8") as file:
        return used, json.load(file)["general"]["valid_requests"]


def imported(server, log):
    config = os.path.join(server.folder, "receiptd.conf")
    with open(config, "w", encoding="utf-8") as out:
        out.write(f'data_dir = "{server.folder}/data"\n'
                  f'database = "host={server.folder} dbname=beside user={server.user}"\n')
    command = [RECEIPTD, "--config", config]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*command, "migrate"], check=True, **quiet)
    before = server.cpu()
    process = subprocess.Popen([*command, "import", "--zone", "UTC", "--dialect", "prosody", log], **quiet)
    client = cpu_of(process)
    time.sleep(0.5)
    acks = server.ask("SELECT count(*), sum(acks) FROM receiptd.message")
    return client, server.cpu() - before, acks


def read_only(log, dialect="prosody"):
    process = subprocess.Popen([PIPELINE, "--parse", log, "--dialect", dialect], stdout=subprocess.PIPE, text=True)
    read = int(process.stdout.read())
    return cpu_of(process), read


def line(what, seconds, lines, other=None):
    ratio = f"   {seconds / other:6.2f} times as much as the import" if other else ""
    print(f"  {what:40} {seconds:7.2f} s CPU  {lines / seconds:10,.0f} lines/s{ratio}", flush=True)


def measure(folder, messages):
    log = os.path.join(folder, "prosody.log")
    made = subprocess.run([PIPELINE, "--render", log, "--dialect", "prosody", "--messages", str(messages)],
                          check=True, capture_output=True, text=True)
    stanzas, acks = map(int, made.stdout.split())
    os.chmod(log, 0o644)
    with open(log, "rb") as file:
        lines = sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
    server = Server(folder)
    try:
        ours = imported(server, log)
        reads = read_only(log)
        rows = rsyslog(server, log, lines)
        hits = goaccess(folder, lines)
    finally:
        server.close()
    checks = {"rows of the import": (ours[2], f"{messages}|{acks}"), "stanzas that were read": (reads[1], stanzas),
              "rows of rsyslog": (rows[2], lines), "requests of GoAccess": (hits[1], lines)}
    for what, (got, wanted) in checks.items():
        if got != wanted:
            sys.exit(f"bench: {what}: {got} instead of {wanted}")
    whole = ours[0] + ours[1]
    print(f"\nbeside others: {lines:,} lines of a Prosody log, {messages:,} messages")
    line("receiptd: imported, paired, settled", whole, lines)
    line("receiptd: read only", reads[0], lines, whole)
    line("rsyslog: imfile -> ompgsql, a row a line", rows[0] + rows[1], lines, whole)
    line("GoAccess: as many lines, counted only", hits[0], lines, whole)


def main():
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    missing = [name for name in ("rsyslogd", "goaccess") if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")]
    if missing:
        sys.exit(f"bench: {' and '.join(missing)} not installed: scripts/setup.sh bench")
    with tempfile.TemporaryDirectory(prefix="receiptd-bench-") as folder:
        os.chmod(folder, 0o755)
        measure(folder, messages)


if __name__ == "__main__":
    main()
