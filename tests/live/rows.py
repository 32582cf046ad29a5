# SPDX-License-Identifier: Apache-2.0
"""What receiptd makes of a log and of a feed: the rows of both beside each other and beside what the clients saw."""

import datetime
import glob
import json
import os
import signal
import socket
import subprocess
import time

PROGRAM = os.path.join(os.environ.get("BUILD", "build"), "receiptd")
TIMES = {"sent_at", "composed_at", "accepted_at", "stored_at", "routed_at", "delivered_at", "displayed_at",
         "failed_at", "retracted_at", "read_inferred_at"}


class Database:
    """A private cluster in a folder; a realm for each way that the same traffic came."""

    def __init__(self, folder):
        self.folder, self.options = folder, ["--log-level", "error", "--set", f"data_dir={folder}"]
        self.process, self.command = None, None

    def serve(self, folder, secret, rooms):
        """receiptd with one webhook, into the realm "feed". It takes seconds until it is there: meanwhile users
        can talk. Returns its port."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        path, config = os.path.join(folder, "secret"), os.path.join(folder, "receiptd.conf")
        with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secret + "\n")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'realm = "feed"\nmuc_domains = {{"{rooms}"}}\n'
                       f'feed prosody {{\n\tkind = "webhook"\n\tsecret_file = "{path}"\n}}\n')
        self.command = [PROGRAM, *self.options, "--config", config, "--set", f"port={port}", "run"]
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        return port

    def kill(self):
        """receiptd and its PostgreSQL, at once and without a word; then both again."""
        self.process.kill()
        self.process.wait()
        for path in glob.glob(os.path.join(self.folder, "**", "postmaster.pid"), recursive=True):
            with open(path, encoding="ascii") as file:
                os.kill(int(file.readline()), signal.SIGQUIT)
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)

    def end(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def run(self, *arguments):
        done = subprocess.run([PROGRAM, *self.options, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"receiptd {' '.join(arguments)}: {done.returncode} {done.stderr}")
        return done.stdout

    def load(self, realm, path, *options):
        return self.run("import", "--realm", realm, *options, path)

    def rows(self, realm):
        text = self.run("export", "messages", "--format", "ndjson", "--realm", realm)
        return [json.loads(line) for line in text.splitlines()]


    def rows_at_last(self, realm, wanted, seconds=10):
        """What came just now is stored within a second or two."""
        end = time.monotonic() + seconds
        while True:
            rows = self.rows(realm)
            if len(rows) >= wanted or time.monotonic() > end:
                return rows
            time.sleep(0.3)


def by_key(rows):
    """Rows without id are told apart by their number alone."""
    return {(row["from"], row["to"], row.get("id"), row.get("n")): row for row in rows}


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def near(one, other):
    """The log has whole seconds, and its stamp may be of the second before or after."""
    return (one is None) == (other is None) and (one is None or abs(instant(one) - instant(other)) < 1.2)


def who_when(value):
    """Devices and readers: who, and which times there are."""
    return {who: sorted(when) if isinstance(when, dict) else True for who, when in (value or {}).items()}


def differences(log, feed, ignore=(), may_differ=lambda field, row, other: False):
    """Lines that say where the rows of a log and of a feed differ."""
    log, feed, lines = by_key(log), by_key(feed), []
    for key in sorted(log.keys() ^ feed.keys(), key=str):
        lines.append(f"{'log' if key in log else 'feed'} only: {key}")
    for key in sorted(log.keys() & feed.keys(), key=str):
        row, other = log[key], feed[key]
        for field in sorted((row.keys() | other.keys()) - set(ignore)):
            one, two = row.get(field), other.get(field)
            if field in TIMES:
                same = near(one, two)
            elif field in ("devices", "readers", "receivers"):
                same = who_when(one) == who_when(two)
            else:
                same = one == two
            if not same and not may_differ(field, row, other):
                lines.append(f"{key} {field}: log {one}, feed {two}")
    return lines


def against_clients(cast, rows):
    """Lines that say where the rows differ from what the clients sent and saw."""
    lines = []
    of_id = {row.get("id"): row for row in rows}
    for sent in cast.sent:
        row = of_id.get(sent.id)
        if not row:
            lines.append(f"no row for {sent.id}")
        elif row["from"] != sent.sender.split("/")[0] and not row["from"].startswith(sent.to.split("/")[0] + "/"):
            lines.append(f"{sent.id} from {row['from']}, was sent by {sent.sender}")
    wanted = [(cast.delivered, "delivered_at", True), (cast.displayed, "displayed_at", True),
              (cast.failed, "failed_at", True), (cast.failed, "delivered_at", False),
              (cast.unconfirmed, "delivered_at", False)]
    for idents, field, there in wanted:
        lines += [f"{ident}: {field} is {of_id.get(ident, {}).get(field)}" for ident in idents
                  if (of_id.get(ident, {}).get(field) is not None) != there]
    return lines
