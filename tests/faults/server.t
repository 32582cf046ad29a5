#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The server's own troubles: absent at start (F74), stopped and crashed under load (F75, F76), sessions
# killed (F77), serialization failures and deadlocks (F87), time limits and locks (F88), disk full (F89),
# no connection left (F90), read-only (F91), an old backup restored (F92), wrong password (F94).
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

SMALL = "flush_events = 150"
LIVE = 'flush_after = "20ms"\n' + SMALL
MINE = "application_name = 'receiptd ingest'"
ROUNDS = 20 if rig.LONG else 4


class Live:
    """A daemon that follows a growing log while something is done to the server."""

    def __init__(self, tap, server, what, records=1500):
        self.tap, self.server, self.what, self.records = tap, server, what, records

    def __enter__(self):
        self.it = rig.Rig(self.server, settings=LIVE)
        open(self.it.log, "wb").close()
        self.daemon = self.it.follow()
        self.writer = self.it.generate(self.records, "--rate", "800", wait=False)
        self.it.wait_rows(20)
        return self

    def busy(self):
        return self.writer.poll() is None

    def __exit__(self, kind, *_):
        if kind is None:
            self.writer.wait()
            self.it.wait_read()
            status = rig.product.stop(self.daemon)
            self.tap.ok(status == 0, f"{self.what}: the daemon lived and ends with {status}")
            self.it.judge(self.tap, self.what)
        self.it.__exit__()


def stops(tap, server, how, what):
    rng = random.Random(1)
    with Live(tap, server, what) as live:
        done = 0
        while done < ROUNDS and (live.busy() or done < 2):
            time.sleep(rng.uniform(0.1, 0.6))
            server.stop(how)
            time.sleep(rng.uniform(0.0, 0.3))
            server.start()
            done += 1
        tap.note(f"{done} times")


def killed_sessions(tap, server):
    rng = random.Random(2)
    with Live(tap, server, "F77 sessions killed") as live:
        done = 0
        end = time.monotonic() + 90
        while (live.busy() or done < 10) and done < 200 and time.monotonic() < end:
            time.sleep(rng.uniform(0.02, 0.2))
            query = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {MINE}"
            done += int(server.ask(query))
        tap.ok(done >= 10, f"F77: {done} sessions were killed")


def again(tap, server, state):
    """The server refuses some batches with a state that means: the whole transaction once more."""
    with Live(tap, server, f"F87 {state}", 800):
        server.ask(f"""
CREATE SEQUENCE receiptd.tries; GRANT USAGE ON SEQUENCE receiptd.tries TO PUBLIC;
CREATE FUNCTION receiptd.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('receiptd.tries') % 5 IN (0, 1, 2) THEN
    RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END IF;
  RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON receiptd.batch FOR EACH ROW
EXECUTE FUNCTION receiptd.refuse()""")


def locked(tap, server, *settings):
    """F88: somebody holds the table; the server gives up on us, we do not give up."""
    what = "F88 " + " ".join(settings)
    with rig.Rig(server, settings=LIVE, options="-c " + " -c ".join(settings)) as it:
        it.generate(800)
        holder = server.session("BEGIN; LOCK TABLE receiptd.lane IN ACCESS EXCLUSIVE MODE;"
                                " SELECT pg_sleep(4); COMMIT")
        daemon = it.follow()
        holder.wait()
        it.wait_read()
        tap.ok(rig.product.stop(daemon) == 0, f"{what}: the daemon lived")
        it.judge(tap, what)


def too_slow(tap, server):
    """F88: a batch that never fits into statement_timeout is read again in smaller ones."""
    with rig.Rig(server, options="-c statement_timeout=900") as it:
        it.generate(3000)
        server.ask("""
CREATE FUNCTION receiptd.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (SELECT count(*) FROM fresh) > 900 THEN PERFORM pg_sleep(2); END IF;
  RETURN NULL; END $$;
CREATE TRIGGER slow AFTER INSERT ON receiptd.sent_id REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION receiptd.slow()""")
        status = it.program.call("import", it.log, check=False)
        tap.ok(status == 0 and it.said("57014"), f"F88 a batch too slow: exit status {status}")
        it.judge(tap, "F88 statement_timeout shorter than the batch")


def full_disk(tap, server):
    """F89: the tables on a file system of their own that fills up, and gets space again."""
    what = "F89 disk full"
    place = os.path.join(server.folder, "small")
    os.mkdir(place)
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", place]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        tap.ok(True, what, skip="no small file system can be mounted here")
        return
    try:
        os.chown(place, server.user["user"], server.user["group"])
        server.ask(f"CREATE TABLESPACE small LOCATION '{place}'")
        server.ask("ALTER ROLE owner SET default_tablespace = small")
        on_full_disk(tap, server, what, place)
    finally:
        server.ask("ALTER ROLE owner RESET default_tablespace")
        server.ask("DROP SCHEMA IF EXISTS receiptd CASCADE")
        server.ask("DROP TABLESPACE small")
        subprocess.run(["umount", place], check=True)
        shutil.rmtree(place, ignore_errors=True)


def on_full_disk(tap, server, what, place):
    with rig.Rig(server, settings=LIVE) as it:
        it.generate(2500)
        ballast = os.path.join(place, "ballast")
        space = os.statvfs(place)
        with open(ballast, "wb") as out:
            out.write(b"x" * max(0, space.f_bavail * space.f_bsize - 400000))
        daemon = it.follow()
        full = rig.product.wait_until(lambda: it.said("53100"), 60, 0.3)
        before = it.counters() if full else {}
        time.sleep(2)
        tap.ok(full and daemon.poll() is None, f"{what}: it is said, and the daemon lives")
        tap.ok(full and before.get("rows", 0) < it.wanted_rows(), f"{what}: not all fitted")
        os.unlink(ballast)
        subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)
        it.wait_read()
        tap.ok(rig.product.stop(daemon) == 0, f"{what}: ends cleanly")
        it.judge(tap, what + ", then space")


def read_only(tap, server):
    """A server that becomes a standby's like: it is waited for, not written around."""
    with Live(tap, server, "F91 read-only for a while") as live:
        server.ask("ALTER SYSTEM SET default_transaction_read_only = on")
        server.ask("SELECT pg_reload_conf()")
        server.ask(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {MINE}")
        time.sleep(2)
        alive = live.daemon.poll() is None
        subprocess.run(["psql", "-XAtq", "-c", "SET default_transaction_read_only = off",
                        "-c", "ALTER SYSTEM RESET default_transaction_read_only",
                        "-c", "SELECT pg_reload_conf()"], check=True, stdout=subprocess.DEVNULL,
                       env={**rig.NEAR, "PGPORT": str(server.port)})
        tap.ok(alive, "F91: the daemon waits")


def absent(tap, server):
    """F74: exit status 4 of a one-shot command; a daemon waits."""
    with rig.Rig(server, settings='database_wait = "1s"\n' + LIVE) as it:
        it.generate(300)
        server.stop()
        status = it.program.call("import", it.log, check=False)
        tap.ok(status == 4, f"F74 import without a server: exit status {status}")
        daemon = it.follow()
        time.sleep(2)
        alive = daemon.poll() is None
        server.start()
        it.wait_read()
        tap.ok(alive and it.said("database-lost"), "F74 run without a server: it waits and says so")
        tap.ok(rig.product.stop(daemon) == 0, "F74 run: ends cleanly")
        it.judge(tap, "F74 started before the server")


def gone_while_importing(tap, server):
    """An import outlives a restart that is shorter than database_wait, and ends with 4 after a longer one."""
    with rig.Rig(server, settings='database_wait = "20s"\n' + SMALL) as it:
        it.generate(6000 if rig.LONG else 4000)
        back = threading.Timer(1.5, server.start)
        process = it.program.start("import", it.log)
        it.wait_rows(50)
        server.stop(signal.SIGINT)
        back.start()
        status = process.wait()
        back.join()
        tap.ok(status == 0, f"F75 import, server restarted: exit status {status}")
        it.judge(tap, "F75 import, server restarted")
    with rig.Rig(server, settings='database_wait = "1s"\n' + SMALL) as it:
        it.generate(4000)
        process = it.program.start("import", it.log)
        it.wait_rows(50)
        server.stop(signal.SIGQUIT)
        status = process.wait()
        server.start()
        tap.ok(status == 4, f"F74 import, server gone for good: exit status {status}")
        tap.ok(it.program.call("import", it.log, check=False) == 0, "F74 the same import once more")
        it.judge(tap, "F74 import, server gone, import again")


def status_of(port, path, token):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}",
                                     headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def make_token(it):
    target = it.program.path("token")
    with open(target, "wb") as out:
        it.program.call("token", "add", "probe", "--scopes", "metrics", out=out)
    with open(target, encoding="ascii") as text:
        return text.read().split()[-1]


def idle_session(server):
    return subprocess.Popen(["psql", "-XAtq"], env={**rig.NEAR, "PGPORT": str(server.port)},
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def no_slots(tap, server):
    """F90: others take every connection there is. The ingester has its own; the API cannot get one."""
    what = "F90 no connection left"
    with Live(tap, server, what, 2500) as live:
        token, port = make_token(live.it), rig.free_port()
        api = live.it.program.start("--set", f"port={port}", "serve")
        rig.product.wait_until(lambda: reaches(port), 30)
        server.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                   " WHERE application_name LIKE 'receiptd%' AND NOT " + MINE)
        hoard = []
        while len(hoard) < 100 and server.ask("SELECT 1", check=False) == "1":
            hoard += [idle_session(server) for _ in range(4)]
            time.sleep(0.3)
        before = os.path.getsize(live.it.log)
        codes = [status_of(port, path, token) for path in ("/v1/metrics/delivery", "/healthz")]
        live.writer.wait()
        time.sleep(2)
        tap.ok(codes == [503, 200], f"{what}: the API answers {codes}, after {len(hoard)} connections")
        for session in hoard:
            session.kill()
            session.wait()
        rig.product.wait_until(lambda: server.ask("SELECT 1", check=False) == "1", 30)
        newest = float(server.ask("SELECT extract(epoch FROM now() - max(at)) FROM receiptd.batch"))
        tap.ok(os.path.getsize(live.it.log) > before and newest < 30,
               f"{what}: batches went on, the last {newest:.1f} s ago")
        rig.product.wait_until(lambda: status_of(port, "/v1/metrics/delivery?since=2026-01-01T00:00:00Z"
                                                 "&until=2026-12-31T00:00:00Z", token) != 503, 30)
        tap.ok(rig.product.stop(api) == 0, f"{what}: the API lived")


def reaches(port):
    try:
        return status_of(port, "/healthz", "none") == 200
    except OSError:
        return False


def old_backup(tap, server):
    """F92: yesterday's dump comes back; the files are still there."""
    what = "F92 an old backup restored"
    with rig.Rig(server, settings=SMALL) as it:
        it.generate(3000)
        lines = it.records()
        with open(it.log, "wb") as out:
            out.writelines(lines[:len(lines) // 2])
        it.program.call("import", it.log)
        early, dump = it.rows(), os.path.join(server.folder, "dump.sql")
        server.run("pg_dump", "-h", "127.0.0.1", "-p", str(server.port), "-U", "owner", "-n", "receiptd",
                   "-f", dump, "postgres")
        with open(it.log, "ab") as out:
            out.writelines(lines[len(lines) // 2:])
        it.program.call("import", it.log)
        late = it.rows()
        server.ask("DROP SCHEMA receiptd CASCADE")
        server.run("psql", "-XAtq", "-h", "127.0.0.1", "-p", str(server.port), "-U", "owner", "-f", dump,
                   "postgres")
        tap.ok(it.rows() == early < late, f"{what}: {early} rows of {late} are back")
        status = it.program.call("import", it.log, check=False)
        tap.ok(status == 0, f"{what}: the files are read on, exit status {status}")
        it.judge(tap, what)


def wrong_password(tap, server):
    hba = os.path.join(server.data, "pg_hba.conf")
    with rig.Rig(server, password="canary7f3") as it, open(hba, encoding="utf-8") as file:
        it.generate(100)
        before = file.read()
        server.ask("CREATE ROLE guest LOGIN PASSWORD 'right'")
        with open(it.program.config, encoding="utf-8") as config:
            text = config.read().replace("owner@", "guest@")
        with open(it.program.config, "w", encoding="utf-8") as config:
            config.write(text)
        os.chmod(it.program.config, 0o600)
        with open(hba, "w", encoding="utf-8") as out:
            out.write("host all guest 127.0.0.1/32 scram-sha-256\n" + before)
        loaded = server.ask("SELECT pg_conf_load_time()")
        server.ask("SELECT pg_reload_conf()")
        rig.product.wait_until(lambda: server.ask("SELECT pg_conf_load_time()") != loaded, 20)
        status = it.program.call("import", it.log, check=False)
        tap.ok(status == 4, f"F94 wrong password: exit status {status}")
        tap.ok(it.said("28P01") or it.said("password"), "F94 it is said")
        tap.ok(not it.said("canary7f3"), "F94 the password is not")
        with open(hba, "w", encoding="utf-8") as out:
            out.write(before)
        server.ask("SELECT pg_reload_conf()")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        absent(tap, server)
        gone_while_importing(tap, server)
        wrong_password(tap, server)
        stops(tap, server, signal.SIGINT, "F75 fast stop")
        stops(tap, server, signal.SIGQUIT, "F76 crash")
        killed_sessions(tap, server)
        for state in ("40001", "40P01"):
            again(tap, server, state)
        locked(tap, server, "statement_timeout=500")
        locked(tap, server, "lock_timeout=300")
        too_slow(tap, server)
        no_slots(tap, server)
        read_only(tap, server)
        old_backup(tap, server)
        full_disk(tap, server)
    finally:
        server.close()
    tap.done()


main()
