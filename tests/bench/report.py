#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A report of a day with many messages beside a bare scan of the same rows that counts three things (sent, requested,
confirmed): CPU of program and server, memory of the program, at a tenth of the size and at the size. Counts must agree
before a figure is printed. Up to IMPORTED messages are imported; more are copies of those by SQL, their roll-ups
multiplied, and "receiptd check" says before that rows and roll-ups agree. At most 2 times is wanted; memory is flat
when the larger day takes but some MB more.

  report.py    MESSAGES of the environment, or 1,000,000"""

import glob
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
import product  # noqa: E402

MESSAGES = int(os.environ.get("MESSAGES", "1000000"))
DAY, ROUNDS, WANTED, IMPORTED, FLAT = "2026-03-02", 3, 2.0, 100000, 4  # FLAT: MB
# class <= 2: counted; flags: asked for a sign of delivery; state >= 5: confirmed (migrations/0007_rollup.sql).
SCAN = f"""SELECT count(*) FILTER (WHERE m.class <= 2),
count(*) FILTER (WHERE m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0),
count(*) FILTER (WHERE m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0 AND m.state >= 5)
FROM receiptd.message AS m WHERE m.realm = 1 AND m.sent_at >= '{DAY}Z' AND m.sent_at < '{DAY}Z'::timestamptz + interval '1 day'"""


def traffic(out, messages):
    """Two of three are confirmed after a second; every fifth goes to another server."""
    for i in range(messages):
        at = i * 86000 // messages
        stamp = f"{DAY}T{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}"
        sender, receiver = f"u{i % 997}@harbor.example", f"v{i % 499}@{'quay' if i % 5 else 'pier'}.example"
        out.write(json.dumps({"ts": f"{stamp}.{i % 1000:03}Z", "feed": "log", "dir": "in", "session": sender + "/a",
                              "stanza": f"<message to='{receiver}' id='m{i}' type='chat'><body>x</body>"
                                        "<request xmlns='urn:xmpp:receipts'/></message>"}) + "\n")
        if i % 3:
            out.write(json.dumps({"ts": f"{stamp}.{i % 1000:03}Z", "feed": "log", "dir": "in", "session": receiver + "/b",
                                  "stanza": f"<message to='{sender}/a' id='r{i}' type='chat'>"
                                            f"<received xmlns='urn:xmpp:receipts' id='m{i}'/></message>"}) + "\n")


class Bench:
    def __init__(self):
        self.product = product.Product(settings='zone = "UTC"\nlog_level = "warn"\nreport_at = ""', environment={"TZ": "UTC"})
        self.keeper = None

    def open(self, messages):
        imported = min(messages, IMPORTED)
        path = self.product.path("day.ndjson")
        with open(path, "w", encoding="utf-8") as out:
            traffic(out, imported)
        self.product.call("import", path)
        os.unlink(path)
        self.product.call("check")
        self.keeper = self.product.start("serve")
        product.wait_until(self.product.cluster_is_ready, 60)
        with open(glob.glob(self.product.path("data/**/postmaster.pid"), recursive=True)[0], encoding="ascii") as file:
            self.postmaster = int(file.readline())
        if messages > imported:
            self.multiply(messages // imported)
        self.ask("VACUUM ANALYZE")

    def ask(self, text):
        return subprocess.run(psql(self, text), check=True, capture_output=True, text=True).stdout.split("\n")[2:-1]

    def multiply(self, times):
        """Each row so often, with keys of their own; every sum of the roll-ups likewise."""
        names = self.ask("SELECT attname FROM pg_attribute WHERE attrelid = 'receiptd.message'::regclass AND attnum > 0 AND attname"
                         " <> 'key' ORDER BY attnum")
        columns = ", ".join(names)
        self.ask(f"INSERT INTO receiptd.message ({columns}, key) SELECT {', '.join('m.' + n for n in names)},"
                 f" hashint8extended(m.key, g) FROM receiptd.message AS m, generate_series(2, {times}) AS g")
        sums = self.ask("SELECT c.relname, string_agg(format('%1$I = %1$I * " + str(times) + "', a.attname), ', ') FROM pg_class AS c"
                        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND a.atttypid IN (20, 23) JOIN pg_index AS i"
                        " ON i.indrelid = c.oid AND i.indisunique AND NOT a.attnum = ANY (i.indkey) WHERE c.relnamespace ="
                        " 'receiptd'::regnamespace AND c.relname IN ('rollup', 'rollup_user', 'rollup_device', 'rollup_failure')"
                        " GROUP BY 1")
        for table, update in (line.split("|") for line in sums):
            self.ask(f"UPDATE receiptd.{table} SET {update}")
        self.ask("UPDATE receiptd.rollup_latency SET counts = (SELECT array_agg(c * " + str(times) + " ORDER BY n) FROM"
                 " unnest(counts) WITH ORDINALITY AS u (c, n))")

    def close(self):
        if self.keeper:
            product.stop(self.keeper, 20)
        self.product.close()

    def server_cpu(self):
        """Seconds of the server's ended children and itself: backends count when they have ended."""
        with open(f"/proc/{self.postmaster}/stat", encoding="ascii") as file:
            words = file.read().rpartition(")")[2].split()
        return sum(int(words[i]) for i in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")

    def run(self, *command):
        """CPU of a command with its backend, its status and output, its memory in MB."""
        server = self.server_cpu()
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen(command, env=self.product.environment, stdout=out, stderr=subprocess.STDOUT)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = status
            out.seek(0)
            text = out.read().decode("utf-8", "replace")
        time.sleep(0.3)  # for the backend to end
        return used.ru_utime + used.ru_stime + self.server_cpu() - server, text, used.ru_maxrss / 1024


def psql(bench, text):
    socket = bench.product.path("data/run")
    user = os.stat(socket).st_uid
    name = subprocess.run(["id", "-nu", str(user)], check=True, capture_output=True, text=True).stdout.strip()
    return ["psql", "-X", "-At", "-h", socket, "-U", name, "-d", "receiptd", "-c", "SET max_parallel_workers_per_gather = 0", "-c", "SET jit = off", "-c", text]


def measure(messages):
    """MB that it took; None: the counts differ."""
    bench = Bench()
    try:
        bench.open(messages)
        scans, reports, memory = [], [], 0
        for i in range(ROUNDS):
            cpu, text, _ = bench.run(*psql(bench, SCAN))
            counts = text.split()[-1]
            scans.append(cpu)
            out = bench.product.path(f"out{i}")
            cpu, _, used = bench.run(*bench.product.command("report", "--day", DAY, "--out", out, "--zone", "UTC",
                                                               "--lang", "zh" if i % 2 else "en"))
            with open(glob.glob(out + "/default*.json")[0], encoding="utf-8") as file:
                figures = json.load(file)["delivery"]
            mine = "|".join(str(figures[name]) for name in ("sent", "requested", "confirmed"))
            if mine != counts or int(counts.split("|")[0]) != messages:
                print(f"report: counts differ: {mine}, scanned {counts}, made {messages}")
                return None
            reports.append(cpu)
            memory = max(memory, used)
        scan, report = sorted(scans)[ROUNDS // 2], sorted(reports)[ROUNDS // 2]
        print(f"report of a day of {messages} messages, counts {mine}: {report:.2f} s CPU of program and server, the bare scan {scan:.2f} s: "
              f"{report / scan:.2f} times (at most {WANTED}); memory {memory:.1f} MB", flush=True)
        return memory
    finally:
        bench.close()


def main():
    memory = [measure(messages) for messages in (MESSAGES // 10, MESSAGES)]
    if None in memory:
        return 1
    if memory[1] > memory[0] + FLAT:
        print(f"report: memory is not flat: {memory[0]:.1f} MB, {memory[1]:.1f} MB")
        return 1
    return 0


sys.exit(main())
