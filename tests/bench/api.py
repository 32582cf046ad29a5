#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an answer of the HTTP interface takes (DESIGN section 7): figures over a day, a month and a year of
roll-ups, pages of the chat log, throughput beside pgbench with the same statements, a repeated answer beside
a bare one, memory of idle live streams, an export beside COPY. No number is printed unless the answer is the one that SQL gives.

    api.py [--messages N] [--rows N] [--seconds N] [--keep]

A month of traffic is rendered as a Prosody log and imported. Its roll-ups are then copied over a year,
scaled to 100 million messages; its rows are copied into other conversations until there are --rows, and one of
fifty of the copies waits for its receipt.
"""

import argparse
import glob
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "oracle"), os.path.join(HERE, "..", "faults")]
import product  # noqa: E402
import rig  # noqa: E402

YEAR = 100_000_000
MONTHS = 12
FIRST, LAST = "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"
PGBENCH = "/usr/lib/postgresql/*/bin/pgbench"

COPY_ROLLUPS = """
DO $$
DECLARE
    t text;
    names text;
    sums text;
BEGIN
    FOREACH t IN ARRAY ARRAY['rollup', 'rollup_latency'] LOOP
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
               string_agg(CASE WHEN attname = 'bucket' THEN 'bucket - i * interval ''31 days'''
                               WHEN atttypid = 'int8'::regtype THEN quote_ident(attname) || ' * {scale}'
                               WHEN attname = 'counts' THEN 'ARRAY(SELECT c * {scale} FROM unnest(counts) AS c)'
                               ELSE quote_ident(attname) END, ', ' ORDER BY attnum)
        INTO names, sums
        FROM pg_attribute
        WHERE attrelid = ('receiptd.' || t)::regclass AND attnum > 0 AND NOT attisdropped;
        EXECUTE format('INSERT INTO receiptd.%I (%s) SELECT %s FROM receiptd.%I, generate_series(1, {months}) AS i'
                       ' WHERE bucket >= ''{first}'' AND bucket < ''{last}''', t, names, sums, t);
    END LOOP;
END $$;
"""
COPY_ROWS = """
DO $$
DECLARE
    names text;
    made text;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
           string_agg(CASE WHEN attname IN ('conv', 'key') THEN quote_ident(attname) || ' # (i::int8 << 40)'
                           WHEN attname = 'state' THEN 'CASE WHEN (key >> 20) % 50 = 0 THEN least(state, 3::int2) ELSE state END'
                           ELSE quote_ident(attname) END, ', ' ORDER BY attnum)
    INTO names, made
    FROM pg_attribute
    WHERE attrelid = 'receiptd.message'::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE format('INSERT INTO receiptd.message (%s) SELECT %s FROM receiptd.message, generate_series(1, {times}) AS i',
                   names, made);
END $$;
"""


class Database:
    """psql as the owner of the private cluster."""

    def __init__(self, program):
        user = rig.server_user()
        self.who = user
        self.run = os.path.join(program.path("data"), "run")
        self.name = "receiptd" if user else os.environ["USER"]

    def arguments(self):
        return ["-h", self.run, "-U", self.name, "-d", "receiptd"]

    def ask(self, query):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *self.arguments()], input=query, text=True,
                              capture_output=True, check=False, cwd="/", **self.who)
        if done.returncode:
            sys.exit(f"bench: {done.stderr[:500]}")
        return done.stdout.strip()


class Api:
    def __init__(self, port, token):
        self.port = port
        self.head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        self.token, self.serial = token, 0

    def raw(self, path, fresh=True):
        """The time in ms up to the last byte, and the bytes; fresh: not an answer that is given again."""
        self.serial += fresh
        accept = f"Accept: application/json;v={self.serial}\r\n" if fresh else ""
        request = f"GET {path} HTTP/1.1\r\n{self.head}{accept}Connection: close\r\n\r\n".encode()
        began = time.perf_counter()
        with socket.socket() as sock:
            sock.connect(("127.0.0.1", self.port))
            sock.sendall(request)
            reply, end = bytearray(), None
            while end is None or len(reply) < end:
                piece = sock.recv(262144)
                if not piece:
                    break
                reply += piece
                if end is None:
                    end = whole_length(reply)
            took = (time.perf_counter() - began) * 1000
        head, _, body = bytes(reply).partition(b"\r\n\r\n")
        if end and len(reply) != end:
            sys.exit(f"bench: {path}: {len(reply)} bytes instead of {end}")
        if b" 200 " not in head[:20]:
            sys.exit(f"bench: {path}: {head[:80]} {body[:300]}")
        return took, body

    def get(self, path, fresh=True):
        """The same with the answer taken apart."""
        took, body = self.raw(path, fresh)
        return took, json.loads(body)

    def times(self, paths):
        return sorted(self.raw(path)[0] for path in paths)


def whole_length(reply):
    """How long the answer is with its head; None: not known before its end."""
    head, blank, _ = bytes(reply[:16384]).partition(b"\r\n\r\n")
    said = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
    return len(head) + 4 + int(said.group(1)) if blank and said else None


def at(times, share):
    return times[min(len(times) - 1, int(len(times) * share))]


def expect(got, wanted, what):
    if got != wanted:
        sys.exit(f"bench: {what}: {got} instead of {wanted}")


# ---- what is asked about

def fill(program, options):
    log = program.path("month.log")
    subprocess.run([os.path.join(product.BUILD, "tests/bench/pipeline"), "--render", log, "--dialect", "prosody",
                    "--messages", str(options.messages)], check=True, stdout=subprocess.DEVNULL)
    program.call("import", "--dialect", "prosody", "--zone", "UTC", log)
    os.unlink(log)


def widen(program, database, options):
    """Everything below is a copy of what the product wrote; the month itself stays as it is."""
    scale = max(1, YEAR // (MONTHS * options.messages))
    database.ask(COPY_ROLLUPS.format(scale=scale, months=MONTHS - 1, first=FIRST, last=LAST))
    times = max(0, options.rows // options.messages - 1)
    if times:
        database.ask(COPY_ROWS.format(times=times))
    database.ask("DELETE FROM receiptd.day_list")  # the product did not see the copies: it lists the days anew
    program.call("retention")
    database.ask("VACUUM ANALYZE receiptd.message; VACUUM ANALYZE receiptd.rollup; VACUUM ANALYZE receiptd.rollup_latency")
    database.ask("CHECKPOINT")  # what was copied is not written out beside what is measured


# ---- figures

WINDOWS = (("24 h", "2026-03-30T00:00:00Z", "2026-03-31T00:00:00Z", "15m", 10),
           ("30 d", "2026-03-01T00:00:00Z", "2026-03-31T00:00:00Z", "1h", 80),
           ("1 year", "2025-03-26T00:00:00Z", "2026-03-26T00:00:00Z", "1d", 100))


def figures(api, database):
    for name, since, until, bucket, target in WINDOWS:
        path = f"/v1/metrics/delivery?since={since}&until={until}&bucket={bucket}"
        sums = database.ask("SELECT sum(sent), sum(requested), sum(confirmed) FROM receiptd.rollup WHERE grain = 2 AND"
                            f" bucket >= '{since}' AND bucket < '{until}'")
        answer = api.get(path)[1]
        totals, series = answer["totals"], answer["series"]
        expect("|".join(str(totals[n]) for n in ("sent", "requested", "confirmed")), sums, name)
        expect(sum(b["time_to_deliver_ms"]["n"] for b in series), totals["time_to_deliver_ms"]["n"], f"{name}: times of the series")
        expect([sum(b["time_to_deliver_bands"].values()) for b in series], [b["confirmed"] for b in series], f"{name}: bands")
        times = api.times([path] * 30)
        print(f"  figures of {name:7} by {bucket:3} {totals['sent']:>11,} messages: median {at(times, .5):6.1f} ms, p99 "
              f"{at(times, .99):6.1f} ms (target {target} ms)")


# ---- the chat log

def pages(api, database, options):
    pairs = [line.split("|") for line in database.ask(
        "SELECT split_part(f.jid, '/', 1), split_part(t.jid, '/', 1), count(*) FROM (SELECT * FROM receiptd.message WHERE sent_at >= "
        "'2026-03-10' AND sent_at < '2026-03-11') AS m JOIN receiptd.jid AS f ON f.id = m.from_jid JOIN receiptd.jid AS t ON "
        "t.id = m.to_jid WHERE m.class = 0 GROUP BY 1, 2 ORDER BY md5(min(f.jid)) LIMIT 400").splitlines()]
    paths = [f"/v1/messages?participant={a}&peer={b}&since={FIRST}&until={LAST}&limit=100" for a, b, _ in pairs]
    first = api.get(paths[0])[1]["items"]
    if not first or any({i["from"].split("/")[0], i["to"].split("/")[0]} != set(pairs[0][:2]) for i in first):
        sys.exit("bench: a page shows messages of others")
    for path in paths:
        api.get(path)
    rounds = [[api.raw(path)[0] for path in paths] for _ in range(5)]
    times, middles = sorted(sum(rounds, [])), sorted(statistics.median(page) for page in zip(*rounds))
    bare = api.times(["/healthz"] * len(times))
    print(f"  page of 100 of a pair, {options.rows:,} rows: median {at(times, .5):.2f} ms, p99 {at(times, .99):.2f} ms (target 2 ms); of each page "
          f"the middle of five: p99 {at(middles, .99):.2f} ms; a bare answer: median {at(bare, .5):.2f} ms, p99 {at(bare, .99):.2f} ms")
    path = "/v1/unacknowledged?limit=100"
    waiting = int(database.ask("SELECT count(*) FROM (SELECT FROM receiptd.message WHERE state < 4 AND flags & 1048581 <> 0 AND id IS NOT NULL"
                               " AND class <= 2 LIMIT 100) AS m"))
    shown = len(api.get(path)[1]["items"])
    expect(shown, waiting, "unacknowledged messages")
    times = api.times([path] * 200)
    print(f"  unacknowledged page ({shown} rows): median {at(times, .5):.2f} ms, p99 {at(times, .99):.2f} ms (target 2 ms)")


# ---- throughput

def requests_per_second(api, path, options, accept=""):
    """Two clients that ask again at once."""
    head = ["-H", f"Accept: {accept}"] if accept else []
    done = subprocess.run(["ab", "-q", "-c", "2", "-n", "10000000", "-t", str(options.seconds), "-H",
                           f"Authorization: Bearer {api.token}", *head, f"http://127.0.0.1:{api.port}{path}"],
                          capture_output=True, text=True, check=False)
    rate = re.search(r"Requests per second:\s+([\d.]+)", done.stdout)
    bad = re.search(r"Non-2xx responses:\s+(\d+)", done.stdout)
    if not rate or bad:
        sys.exit(f"bench: {path}: {done.stdout[-400:]} {done.stderr[-300:]}")
    return float(rate.group(1))


def newest_log(program):
    return max(glob.glob(program.path("data/pg/log/*.log")), key=os.path.getmtime)


def statements(database, api, path, log):
    """What the database is asked for one answer, with the values in place."""
    told = {"log_min_duration_statement": "0", "log_parameter_max_length": "-1", "log_error_verbosity": "default"}
    database.ask("".join(f"ALTER SYSTEM SET {k} = '{v}';" for k, v in told.items()) + "SELECT pg_reload_conf()")
    time.sleep(1)
    with open(log, encoding="utf-8", errors="replace") as file:
        file.seek(0, os.SEEK_END)
        api.get(path)
        time.sleep(0.5)
        text = file.read()
    database.ask("".join(f"ALTER SYSTEM RESET {k};" for k in told) + "SELECT pg_reload_conf()")
    script, query = [], None
    for entry in re.split(r"^(?=\d{4}-\d\d-\d\d \d\d:)", text, flags=re.M):
        said = re.search(r"LOG:  duration: \S+ ms  execute [^:]+: (.*)", entry, re.S)
        values = re.search(r"DETAIL:  [Pp]arameters: (.*)", entry, re.S)
        if query and values and "SELECT" in query and "INSERT" not in query and "UPDATE" not in query:
            known = dict(re.findall(r"\$(\d+) = ('(?:[^']|'')*'|NULL)", values.group(1)))
            lines = "\n".join(line.split("--")[0] for line in query.splitlines())
            filled = re.sub(r"\$(\d+)", lambda found: known.get(found.group(1), "NULL"), lines)
            script.append(filled.strip().rstrip(";").replace("\n", " ") + ";")
        query = said.group(1) if said else None
    return script


def beside_pgbench(api, database, program, options):
    path = f"/v1/metrics/delivery?since={WINDOWS[0][1]}&until={WINDOWS[0][2]}&bucket=1h"
    script = statements(database, api, path, newest_log(program))
    if not script:
        sys.exit("bench: the statements of an answer are not in the log of the server")
    file = program.path("answer.sql")
    with open(file, "w", encoding="utf-8") as out:
        out.write("SET search_path = pg_catalog, receiptd;\n" + "\n".join(script) + "\n")
    os.chmod(file, 0o644)
    done = subprocess.run([sorted(glob.glob(PGBENCH))[-1], "-n", "-M", "prepared", "-c", "2", "-T", str(options.seconds),
                           "-f", file, *database.arguments()[:4], "receiptd"], capture_output=True, text=True, check=False, cwd="/",
                          **database.who)
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    if not rate:
        sys.exit(f"bench: pgbench: {done.stdout[-300:]} {done.stderr[-300:]}")
    api_rate = distinct(api, path, options)
    print(f"  the same {len(script)} statements: pgbench {float(rate.group(1)):.0f}/s, through the API {api_rate:.0f}/s, ratio "
          f"{api_rate / float(rate.group(1)):.2f} (target 0.60)")


def distinct(api, path, options):
    """Answers per second when none is given again: every request has a form of its own."""
    count, processes = 0, []
    code = ("import sys,time;sys.path.insert(0,sys.argv[1]);import api\n"
            "a=api.Api(int(sys.argv[2]),sys.argv[3]);a.serial=int(sys.argv[4])\n"
            "end=time.monotonic()+float(sys.argv[6]);n=0\n"
            "while time.monotonic()<end:\n a.raw(sys.argv[5]);n+=1\nprint(n)")
    for i in range(2):
        processes.append(subprocess.Popen([sys.executable, "-c", code, HERE, str(api.port), api.token, str((i + 1) * 10 ** 9), path,
                                           str(options.seconds)], stdout=subprocess.PIPE, text=True))
    for process in processes:
        count += int(process.communicate()[0])
    return count / options.seconds


def repeated(api, options):
    path = f"/v1/metrics/delivery?since={WINDOWS[0][1]}&until={WINDOWS[0][2]}&bucket=none"
    ratios = []
    for _ in range(3):
        hello = requests_per_second(api, "/healthz", options)
        again = requests_per_second(api, path, options)
        ratios.append((again / hello, again, hello))
    ratio, again, hello = sorted(ratios)[1]
    print(f"  given again: {again:.0f}/s beside {hello:.0f}/s of a bare reply, ratio {ratio:.2f} (target 0.90)")


# ---- live streams

def megabytes(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def until_start(sock):
    said = b""
    while b"event: start" not in said:
        piece = sock.recv(65536)
        if not piece:
            sys.exit(f"bench: a stream ends at once: {said[:200]}")
        said += piece


def idle_streams(server, api, count=1000):
    before, streams = megabytes(server), []
    for _ in range(count):
        sock = socket.create_connection(("127.0.0.1", api.port), timeout=30)
        sock.sendall(f"GET /v1/live/messages HTTP/1.1\r\n{api.head}\r\n".encode())
        streams.append(sock)
    for sock in streams:
        until_start(sock)
    print(f"  {count:,} idle streams of the chat log: {megabytes(server) - before:.1f} MB more (target 64 MB)")
    for sock in streams:
        sock.close()


# ---- export

def export(program, database):
    ratios, rows = [], 0
    for _ in range(3):
        began = time.monotonic()
        with open(program.path("out.ndjson"), "wb") as out:
            program.call("export", "messages", "--format", "ndjson", "--now", "last", out=out)
        ours = time.monotonic() - began
        began = time.monotonic()
        with open(program.path("out.copy"), "wb") as out:
            subprocess.run(["psql", "-XAtq", *database.arguments(), "-c", "COPY (SELECT * FROM receiptd.message) TO STDOUT"], stdout=out, check=True,
                           cwd="/", **database.who)
        theirs = time.monotonic() - began
        ratios.append((theirs / ours, ours, theirs))
    with open(program.path("out.ndjson"), "rb") as file:
        rows = sum(1 for _ in file)
    expect(rows, int(database.ask("SELECT count(*) FROM receiptd.message WHERE class < 8")), "rows of the export")
    ratio, ours, theirs = sorted(ratios)[1]
    print(f"  export of {rows:,} rows: {ours:.1f} s, COPY of the whole rows {theirs:.1f} s, ratio {ratio:.2f} (target 0.50)")


PARTS = ("figures", "pages", "pgbench", "repeated", "streams", "export")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=300000)
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only", choices=PARTS, help="one part of it")
    parser.add_argument("--keep", action="store_true", help="leave the data folder")
    options = parser.parse_args()
    program = product.Product(environment={"TZ": "UTC"})
    server = None
    try:
        fill(program, options)
        server = program.start("--set", "port=0", "--set", "token_rate=0", "--set", "token_running=0", "serve")
        find = lambda: re.search(r" listening .*port=(\d+)", open(program.log, encoding="utf-8").read())  # noqa: E731
        if not product.wait_until(lambda: find() is not None, 60):
            sys.exit("bench: the program does not start")
        made = program.path("token")
        with open(made, "wb") as out:
            program.call("token", "add", "bench", "--scopes", "metrics,messages", out=out)
        with open(made, encoding="utf-8") as file:
            token = re.search(r"rcd_\S+", file.read()).group(0)
        api, database = Api(int(find().group(1)), token), Database(program)
        widen(program, database, options)
        print(f"answers: {options.messages:,} imported messages, {options.rows:,} rows, a year of roll-ups", flush=True)
        parts = {"figures": lambda: figures(api, database), "pages": lambda: pages(api, database, options),
                 "pgbench": lambda: beside_pgbench(api, database, program, options), "repeated": lambda: repeated(api, options),
                 "streams": lambda: idle_streams(server, api),
                 "export": lambda: export(program, database)}
        for name in [options.only] if options.only else PARTS:
            parts[name]()
    finally:
        if server:
            product.stop(server, 20)
        if not options.keep:
            program.close()


if __name__ == "__main__":
    main()
