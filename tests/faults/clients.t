#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Ways to the database, and company there: connection strings (F107), a migration while others work (F97), a
# long report against a load (F105).
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

SMALL = "flush_events = 150"
LIVE = 'flush_after = "20ms"\n' + SMALL


# --- F107 ---

def set_database(program, database):
    with open(program.config, encoding="utf-8") as config:
        lines = [line for line in config if not line.startswith("database =")]
    with open(program.config, "w", encoding="utf-8") as out:
        out.writelines([f'database = "{database}"\n', *lines])


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def ways(tap, server):
    """Each way leads there: an import reads nothing twice, so the last word is one for all."""
    what = "F107"
    sockets, six = os.path.join(server.folder, "s"), has_ipv6()
    os.mkdir(sockets, 0o755)
    if server.user:
        os.chown(sockets, server.user["user"], server.user["group"])
    server.stop()
    server.start("listen_addresses=127.0.0.1" + (",::1" if six else ""), f"unix_socket_directories={sockets}")
    port, dead, user = server.port, rig.free_port(), "user=owner dbname=postgres"
    plain = "sslmode=disable"
    with rig.Rig(server, settings='database_wait = "1s"') as it:
        it.generate(100)
        for name, database in (
                ("several hosts, the first is dead",
                 f"postgresql://owner@127.0.0.1:{dead},127.0.0.1:{port}/postgres?{plain}"),
                ("a socket", f"host={sockets} port={port} {user}"),
                ("a socket in a URI", f"postgresql://owner@/postgres?host={sockets}&port={port}"),
                ("TLS if there is any", f"host=127.0.0.1 port={port} {user} sslmode=prefer"),
                ("IPv6", f"postgresql://owner@[::1]:{port}/postgres?{plain}" if six else None)):
            if database:
                set_database(it.program, database)
            status = it.program.call("import", it.log, check=False) if database else 0
            tap.ok(status == 0, f"{what} {name}: exit status {status}",
                   skip=None if database else "no IPv6 here")
        it.judge(tap, what)
        for mode in ("require", "verify-ca", "verify-full"):
            refused(tap, it, f"{what} sslmode={mode}, none is offered",
                    f"host=127.0.0.1 port={port} {user} sslmode={mode}")
        refused(tap, it, f"{what} several hosts with sslmode=require, none offers it",
                f"host=127.0.0.1,127.0.0.1 port={dead},{port} {user} sslmode=require")
    server.stop()
    server.start()


def refused(tap, it, what, database):
    """Nobody connects without TLS, and it is said why."""
    set_database(it.program, database)
    mark = os.path.getsize(it.program.log)
    status = it.program.call("import", it.log, check=False)
    with open(it.program.log, encoding="utf-8", errors="replace") as log:
        log.seek(mark)
        said = [line.strip() for line in log if "SSL" in line or "TLS" in line or "certificate" in line]
    tap.ok(status == 4 and said, f"{what}: exit status {status}, {said[:1]}")


# --- F97 ---

def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def migrated(tap, server):
    """What a migration does while it runs: it locks tables that others use and changes them, in one
    transaction. They wait for it."""
    what = "F97 a migration while others work"
    with rig.Rig(server, settings=LIVE) as it:
        open(it.log, "wb").close()
        daemon, port = it.follow(), rig.free_port()
        api = it.program.start("--set", f"port={port}", "serve")
        rig.product.wait_until(lambda: answers(port) == 200, 60)
        writer = it.generate(800, "--rate", "400", wait=False)
        rig.product.wait_until(lambda: os.path.getsize(it.log) > 20000, 60, 0.01)
        writer.send_signal(signal.SIGSTOP)
        it.wait_rows(1)
        holder = server.transaction(
            "ALTER TABLE receiptd.message ADD COLUMN later int4;"
            " ALTER TABLE receiptd.lane ADD COLUMN later int4; ALTER TABLE receiptd.generation ADD later int4")
        locked = ("SELECT count(*) FROM pg_locks WHERE relation = 'receiptd.lane'::regclass AND granted"
                  " AND mode = 'AccessExclusiveLock'")
        held = rig.product.wait_until(lambda: server.ask(locked) == "1", 60, 0.02)
        writer.send_signal(signal.SIGCONT)
        waits = ("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND"
                 " application_name = 'receiptd ingest'")
        waited = rig.product.wait_until(lambda: server.ask(waits) == "t", 60, 0.02)
        holder.communicate(b"COMMIT;")
        tap.ok(held and waited and holder.returncode == 0, f"{what}: the ingester waits for it")
        statuses = [process.wait() for process in [it.direct.start("migrate") for _ in range(2)]]
        tap.ok(statuses == [0, 0], f"{what}: two more find nothing to do, {statuses}")
        writer.wait()
        it.wait_read()
        tap.ok(rig.product.wait_until(lambda: answers(port) == 200, 60), f"{what}: the API is ready again")
        tap.ok([rig.product.stop(daemon), rig.product.stop(api)] == [0, 0], f"{what}: both lived")
        it.judge(tap, what)


# --- F105 ---

def export_slowly(it, before_end):
    """The reader of an export takes its first line, lets something happen, and takes the rest."""
    process = subprocess.Popen(it.direct.command("export", "messages", "--format", "ndjson", "--now", "last"),
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    first = process.stdout.readline()
    before_end()
    rest = process.stdout.readlines()
    return process.wait(), [first, *rest]


def long_report(tap, server):
    """It is not in the way of an import, and shows nothing that came meanwhile."""
    what = "F105 a long report"
    with rig.Rig(server, settings=SMALL) as it:
        it.generate(1500)
        lines = it.records()
        half = it.program.path("half.log")
        with open(half, "wb") as out:
            out.writelines(lines[:len(lines) // 2])
        it.program.call("import", "--source", "traffic", half)
        early = it.rows()
        with open(half, "ab") as out:
            out.writelines(lines[len(lines) // 2:])
        statuses = []
        status, shown = export_slowly(
            it, lambda: statuses.append(it.program.call("import", "--source", "traffic", half, check=False)))
        tap.ok(statuses == [0] and it.rows() > early, f"{what}: the import went on to its end, {statuses}")
        tap.ok(status == 0 and len(shown) == early, f"{what}: it shows {len(shown)} of {early} rows that were there")
        it.judge(tap, what)
        timed_out(tap, server, it)


def timed_out(tap, server, it):
    what = "F105 the time-out of a report"
    set_database(it.program, server.url(options="-c statement_timeout=300"))
    holder = server.session("BEGIN; LOCK TABLE receiptd.message IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)")
    locked = ("SELECT count(*) > 0 FROM pg_locks WHERE relation = 'receiptd.message'::regclass AND granted"
              " AND mode = 'AccessExclusiveLock'")
    rig.product.wait_until(lambda: server.ask(locked) == "t", 60, 0.05)
    target = it.program.path("late")
    with open(target, "wb") as out:
        status = it.program.call("export", "messages", "--format", "ndjson", out=out, check=False)
    tap.ok(status == 4 and it.said("57014") and not os.path.getsize(target),
           f"{what}: exit status {status}, and it is said")
    holder.kill()
    holder.wait()
    server.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        ways(tap, server)
        migrated(tap, server)
        long_report(tap, server)
    finally:
        server.close()
    tap.done()


main()
