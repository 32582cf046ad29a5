#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# What a seal costs: sealing a day of messages beside reading the same rows, with the same columns in the same order: CPU
# of programs and server, wall clock, memory of the program. Three rounds in turn (one of more than
# a million), the median of the ratios.
#
# Reading is a COPY to a client that throws it away (psql, by the same TCP), as a seal must have the rows where its salts and its
# key are: that is what "at most 1.3 times the cost of reading the rows" is said of. Beside it, for what it would be without
# any transfer: COPY to /dev/null of the server.
#
# Nothing is printed unless verify finds every row as it was sealed and there are as many leaves as rows. Memory is flat
# when the whole day takes no more than a tenth of it, but for some MB.
#
#   seal.py [MESSAGES]    default: MESSAGES of the environment, or 1,000,000
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
ROUNDS, LONG, WANTED = 3, 1000000, 1.3  # of more than LONG messages one round
FLAT = 4 * 1024  # KiB that the larger day may take more


def statement(day, to):
    """The query of the program itself, as a COPY."""
    with open(os.path.join(HERE, "..", "..", "store", "sql", "seal_rows_message.sql"), encoding="utf-8") as file:
        text = file.read()
    query = re.search(r"\(SELECT .*\)(?= AS r;)", text, re.S).group(0)
    query = query.replace("$1", "-1").replace("$2", "1000000").replace("$3", f"'{day}'")
    return f"SET search_path = receiptd; COPY {query} TO {to} (FORMAT binary)"


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


def read(server, day, to):
    """By a client of its own, whose output goes nowhere either."""
    subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement(day, to)], check=True, stdout=subprocess.DEVNULL,
                   env={**rig.NEAR, "PGPORT": str(server.port)})


def fill(it, messages):
    """Copies of imported rows. Those of one conversation are of one pair, as they are."""
    it.generate(400)
    it.direct.call("import", it.log)
    day = it.server.ask("SELECT (sent_at AT TIME ZONE 'UTC')::date FROM receiptd.message GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    columns = it.server.ask("SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid ="
                            " 'receiptd.message'::regclass AND attnum > 0 AND attname NOT IN ('conv', 'key', 'sent_at')")
    it.server.ask("SET search_path = receiptd; CREATE TEMP TABLE few AS SELECT *, row_number() OVER () AS k FROM message WHERE"
                  f" (sent_at AT TIME ZONE 'UTC')::date = '{day}'; INSERT INTO message (conv, key, sent_at, {columns}) SELECT"
                  f" hashint8extended(g % 20000, 1), hashint8extended(g, 2), '{day}'::timestamp AT TIME ZONE 'UTC' + g *"
                  f" interval '1 day' / {messages + 1}, {columns} FROM generate_series(1, {messages}) AS g JOIN few ON"
                  " few.k = 1 + g % 20000 % (SELECT count(*) FROM few)")
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


def check(it, messages):
    """That every row was sealed, by SQL and by verify."""
    rows = int(it.server.ask("SELECT count(*) FROM receiptd.message"))
    leaves = int(it.server.ask("SELECT sum(entries) FROM receiptd.seal_leaf WHERE kind = 1"))
    if rows != leaves or rows < messages:
        raise RuntimeError(f"{rows} rows of messages, {leaves} leaves of them")
    if it.direct.call("verify", check=False):
        raise RuntimeError("verify found a difference")


def forget(it):
    it.server.ask("TRUNCATE receiptd.seal, receiptd.seal_leaf")
    shutil.rmtree(it.direct.path("data/seals"))


def measure(server, it, messages):
    day = fill(it, messages)
    rounds, memory = [], 0
    for i in range(ROUNDS if messages <= LONG else 1):
        if i:
            forget(it)
        nowhere = timed(server, lambda: read(server, day, "'/dev/null'"))
        client = timed(server, lambda: read(server, day, "STDOUT"))
        sizes = []
        sealed = timed(server, lambda: sizes.append(peak(it, "seal")))
        memory = max(memory, sizes[0])
        rounds.append((sealed[0] / client[0], sealed[1] / client[1], sealed[0] / nowhere[0], sealed[0], client[0], nowhere[0]))
        check(it, messages)
    cpu, wall, beside, *seconds = (statistics.median(r[n] for r in rounds) for n in range(6))
    leaves, stored = it.server.ask("SELECT sum(leaves), pg_total_relation_size('receiptd.seal_leaf') FROM receiptd.seal").split("|")
    verify, _ = timed(server, lambda: it.direct.call("verify"))
    print(f"seal of {leaves} rows: {cpu:.2f} times reading them by CPU ({seconds[0]:.2f} s of {seconds[1]:.2f} s), {wall:.2f} by wall"
          f" clock; wanted {WANTED:.2f}; {beside:.2f} times COPY of them to nowhere ({seconds[2]:.2f} s); peak memory"
          f" {memory / 1024:.1f} MB; {int(stored) / int(leaves):.0f} bytes a leaf; verify {verify:.2f} s CPU", flush=True)
    return memory


def main():
    messages = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MESSAGES", "1000000"))
    server = rig.Server().start("shared_buffers=256MB", "max_wal_size=4GB")
    try:
        memory = []
        for n in (messages // 10, messages):
            with rig.Rig(server, seed=1) as it:
                memory.append(measure(server, it, n))
        if memory[1] > memory[0] + FLAT:
            print(f"seal: memory is not flat: {memory[0]} KiB, {memory[1]} KiB")
            return 1
        return 0
    finally:
        server.close()


sys.exit(main())
