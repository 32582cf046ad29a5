#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# What a seal costs: sealing a day of messages beside COPY of the same rows, with the same columns in the same order, to
# nowhere; CPU of program and server, wall clock, memory of the program. Three rounds in turn, the median of the ratios.
# Wanted: 1.3 times the reading. Nothing is printed unless verify finds every row as it was sealed.
#
#   seal.py [MESSAGES]
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "faults"))
import rig  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
ROUNDS = 3


def statement(day):
    """The query of the program itself, as a COPY."""
    with open(os.path.join(HERE, "..", "..", "store", "sql", "seal_rows_message.sql"), encoding="utf-8") as file:
        text = file.read()
    query = re.search(r"\(SELECT .*\)(?= AS r;)", text, re.S).group(0)
    query = query.replace("$1", "-1").replace("$2", "1000000").replace("$3", f"'{day}'")
    return f"SET search_path = receiptd; COPY {query} TO '/dev/null' (FORMAT binary)"


def server_cpu(server):
    """Of all sessions that have ended."""
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / TICKS


def timed(server, work):
    def cpu():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime + server_cpu(server)
    before, since = cpu(), time.monotonic()
    work()
    wall = time.monotonic() - since
    rig.product.wait_until(lambda: server.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE"
                                              " 'receiptd%'") == "0", 10)
    return cpu() - before, wall


def fill(it, messages):
    it.generate(400)
    it.direct.call("import", it.log)
    day = it.server.ask("SELECT (sent_at AT TIME ZONE 'UTC')::date FROM receiptd.message GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    columns = it.server.ask("SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid ="
                            " 'receiptd.message'::regclass AND attnum > 0 AND attname NOT IN ('conv', 'key', 'sent_at')")
    it.server.ask("SET search_path = receiptd; CREATE TEMP TABLE few AS SELECT *, row_number() OVER () AS k FROM message WHERE"
                  f" (sent_at AT TIME ZONE 'UTC')::date = '{day}'; INSERT INTO message (conv, key, sent_at, {columns}) SELECT"
                  f" hashint8extended(g % 20000, 1), hashint8extended(g, 2), '{day}'::timestamp AT TIME ZONE 'UTC' + g *"
                  f" interval '1 day' / {messages + 1}, {columns} FROM generate_series(1, {messages}) AS g JOIN few ON"
                  " few.k = 1 + g % (SELECT count(*) FROM few)")
    it.server.ask("VACUUM ANALYZE receiptd.message")
    it.server.ask("UPDATE receiptd.batch SET at = least(at, date_trunc('day', now()) - interval '1 minute')")
    it.direct.call("seal", "--new-key")
    return day


def peak(it, *command):
    """KiB, by the program's own account of its end."""
    process = subprocess.Popen(it.direct.command(*command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{command} ended with {status}")
    return used.ru_maxrss


def main():
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 200000
    server = rig.Server().start("shared_buffers=256MB", "max_wal_size=4GB")
    try:
        with rig.Rig(server, seed=1) as it:
            day = fill(it, messages)
            rounds, memory = [], 0
            for _ in range(ROUNDS):
                read = timed(server, lambda: server.ask(statement(day)))
                sizes = []
                sealed = timed(server, lambda: sizes.append(peak(it, "seal")))
                memory = max(memory, sizes[0])
                rounds.append((sealed[0] / read[0], sealed[1] / read[1], sealed[0], read[0]))
                if it.direct.call("verify", check=False):
                    raise RuntimeError("verify found a difference")
                if _ + 1 < ROUNDS:
                    server.ask("TRUNCATE receiptd.seal, receiptd.seal_leaf")
                    shutil.rmtree(it.direct.path("data/seals"))
            leaves = server.ask("SELECT sum(leaves) FROM receiptd.seal")
            stored = server.ask("SELECT pg_total_relation_size('receiptd.seal_leaf')")
            verify, _ = timed(server, lambda: it.direct.call("verify"))
            print(f"seal of {leaves} rows: {statistics.median(r[0] for r in rounds):.2f} times COPY of them to nowhere by CPU"
                  f" ({rounds[-1][2]:.2f} s of {rounds[-1][3]:.2f} s), {statistics.median(r[1] for r in rounds):.2f} by wall"
                  f" clock; wanted 1.30; peak memory {memory / 1024:.0f} MB; {int(stored) / int(leaves):.0f} bytes a leaf;"
                  f" verify {verify:.2f} s CPU")
    finally:
        server.close()


main()
