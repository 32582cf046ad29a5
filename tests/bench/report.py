#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A report of a day with many messages beside a bare scan of the same rows that counts three things (sent, requested,
confirmed): CPU of program and server, memory of the program. Counts must agree before a figure is printed.
MESSAGES in the environment, default 200,000; the share wanted is at most 2."""

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

MESSAGES = int(os.environ.get("MESSAGES", "200000"))
DAY, ROUNDS, WANTED = "2026-03-02", 3, 2.0
# class <= 2: counted; flags: asked for a sign of delivery; state >= 5: confirmed (migrations/0007_rollup.sql).
SCAN = f"""SELECT count(*) FILTER (WHERE m.class <= 2),
count(*) FILTER (WHERE m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0),
count(*) FILTER (WHERE m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0 AND m.state >= 5)
FROM receiptd.message AS m WHERE m.realm = 1 AND m.sent_at >= '{DAY}Z' AND m.sent_at < '{DAY}Z'::timestamptz + interval '1 day'"""


def traffic(out):
    """Two of three are confirmed after a second; every fifth goes to another server."""
    for i in range(MESSAGES):
        at = i * 86000 // MESSAGES
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

    def open(self):
        path = self.product.path("day.ndjson")
        with open(path, "w", encoding="utf-8") as out:
            traffic(out)
        self.product.call("import", path)
        os.unlink(path)
        self.keeper = self.product.start("serve")
        product.wait_until(self.product.cluster_is_ready, 60)
        with open(glob.glob(self.product.path("data/**/postmaster.pid"), recursive=True)[0], encoding="ascii") as file:
            self.postmaster = int(file.readline())

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


def main():
    bench = Bench()
    try:
        bench.open()
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
            if mine != counts:
                print(f"report: counts differ: {mine}, scanned {counts}")
                return 1
            reports.append(cpu)
            memory = max(memory, used)
        scan, report = sorted(scans)[ROUNDS // 2], sorted(reports)[ROUNDS // 2]
        print(f"report of a day of {MESSAGES} messages, counts {mine}: {report:.2f} s CPU of program and server, the bare scan {scan:.2f} s: "
              f"{report / scan:.2f} times (at most {WANTED}); memory {memory:.0f} MB")
        return 0
    finally:
        bench.close()


sys.exit(main())
