#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# A server that has forgotten what it had confirmed: it crashes without synchronous_commit (F93), a backup
# comes back whose files are gone (F92), a standby takes over that lacks the last commits (F91); and one
# whose clock is wrong (F103).
import glob
import json
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

LIVE = 'flush_after = "20ms"\nflush_events = 150\ndatabase_wait = "60s"'
FORGETFUL = ("synchronous_commit=off", "wal_writer_delay=10s", "wal_buffers=16MB")
CRASHES = 20 if rig.LONG else 2


def newest(server):
    return int(server.ask("SELECT coalesce(max(commit), 0) FROM receiptd.batch"))


def crash(server, settings, wal_writer):
    """True when it came back with less than it had."""
    had = newest(server)
    server.process.send_signal(signal.SIGQUIT)
    os.kill(wal_writer, signal.SIGKILL)
    server.process.wait(30)
    server.start(*settings)
    return newest(server) < had


def crashes(server, busy, rows):
    """Crashes while something is stored, and a few that forget something."""
    done = forgot = 0
    while busy() and forgot < CRASHES:
        # What reached the system survives a crash of the server alone, so nothing may reach it.
        wal_writer = int(server.ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"))
        os.kill(wal_writer, signal.SIGSTOP)
        before = rows()
        if rig.product.wait_until(lambda: rows() != before or not busy(), 60, 0.05) and busy():
            done += 1
            forgot += crash(server, FORGETFUL, wal_writer)
        else:
            os.kill(wal_writer, signal.SIGCONT)
    return done, forgot


def forgetful(tap, server):
    """Rows and position vanish together."""
    server.stop()
    server.start(*FORGETFUL)
    what = "F93 crash without synchronous_commit"
    with rig.Rig(server, settings=LIVE) as it:
        it.generate(1500)
        server.ask("CHECKPOINT")  # the schema is not forgotten
        process = it.program.start("import", it.log)
        done, forgot = crashes(server, lambda: process.poll() is None, it.rows)
        status = process.wait()
        tap.ok(status == 0 and forgot > 0,
               f"{what}, import: exit status {status}, {forgot} of {done} crashes forgot something")
        it.judge(tap, what + ", import")
    with rig.Rig(server, settings=LIVE) as it:
        open(it.log, "wb").close()
        server.ask("CHECKPOINT")
        daemon = it.follow()
        writer = it.generate(900, "--rate", "500", wait=False)
        done, forgot = crashes(server, lambda: writer.poll() is None, it.rows)
        writer.wait()
        it.wait_read()
        tap.ok(rig.product.stop(daemon) == 0 and forgot > 0,
               f"{what}, followed: the daemon lived, {forgot} of {done} crashes forgot something")
        it.judge(tap, what + ", followed")
    server.stop()
    server.start()


def parts_of(it, records, count):
    """A generated log as pieces that end with a record."""
    whole = it.program.path("whole")
    it.generate(records)
    os.rename(it.log, whole)
    with open(whole, "rb") as log:
        lines = re.findall(rb"[^\n]*\n(?:\t[^\n]*\n)*", log.read())
    share = -(-len(lines) // count)
    return [b"".join(lines[i * share:(i + 1) * share]) for i in range(count)]


def write(path, data, mode="wb"):
    with open(path, mode) as out:
        out.write(data)
    return path


def dump(server, path):
    server.run("pg_dump", "-h", "127.0.0.1", "-p", str(server.port), "-U", "owner", "-n", "receiptd", "-f",
               path, "postgres")


def restore(server, path):
    server.ask("DROP SCHEMA receiptd CASCADE")
    server.run("psql", "-XAtq", "-h", "127.0.0.1", "-p", str(server.port), "-U", "owner", "-f", path,
               "postgres")


def messages(it, realm):
    with open(it.direct.export("messages", realm, "--realm", realm), encoding="utf-8") as text:
        return sorted(text)


def files_gone(tap, server):
    """What the backup lacks and no file has any more is a gap, and only that."""
    what = "F92 an old backup, files gone"
    with rig.Rig(server, settings=LIVE) as it:
        first, lost, last = parts_of(it, 450, 3)
        write(it.log, first)
        daemon = it.follow()
        it.wait_read()
        rig.product.stop(daemon)
        backup = os.path.join(server.folder, "backup.sql")
        dump(server, backup)
        early = it.rows()
        write(it.log, lost, "ab")
        it.program.call("import", it.log)
        late = it.rows()
        restore(server, backup)
        tap.ok(it.rows() == early < late, f"{what}: {early} rows of {late} are back")
        os.unlink(it.log)
        write(it.log, last)
        daemon = it.program.start("run")
        done = (f"SELECT count(*) FROM receiptd.generation WHERE low_water = {len(last)}")
        read = rig.product.wait_until(lambda: server.ask(done) == "1", 60, 0.2)
        told = rig.product.wait_until(lambda: server.ask("SELECT count(*) FROM receiptd.gap") == "1", 60, 0.2)
        tap.ok(read and told and rig.product.stop(daemon) == 0, f"{what}: the new file is read, the loss is told")
        gaps = server.ask("SELECT count(*), min(cause), bool_and(from_at IS NOT NULL AND from_offset ="
                          f" {len(first)}) FROM receiptd.gap")
        tap.ok(gaps == "1|file gone before it was read to its end|t", f"{what}: {gaps}")
        for number, data in enumerate((first, last)):
            path = write(it.program.path(f"part{number}"), data)
            it.direct.call("import", "--realm", "other", "--source", "parts", "--zone", "UTC", path)
        tap.ok(messages(it, "default") == messages(it, "other"), f"{what}: all that is there is stored")


def redirect(config, old, new):
    with open(config, encoding="utf-8") as text:
        changed = text.read().replace(old, new)
    with open(config, "w", encoding="utf-8") as out:
        out.write(changed)


def fail_over(tap, server):
    """The standby is named first: it is not written to before it is promoted."""
    what = "F91 fail-over to a standby that lacks commits"
    standby = None
    with rig.Rig(server, settings=LIVE) as it:
        try:
            first, second, third = parts_of(it, 450, 3)
            standby = rig.Server(copy_of=server).start()
            near, far = f"127.0.0.1:{server.port}", f"127.0.0.1:{standby.port}"
            redirect(it.program.config, near, f"{far},{near}")
            write(it.log, first)
            daemon = it.follow()
            it.wait_read()
            same = "SELECT max(commit) FROM receiptd.batch"
            rig.product.wait_until(lambda: standby.ask(same) == server.ask(same), 60, 0.1)
            standby.ask("ALTER SYSTEM SET primary_conninfo = ''")
            standby.ask("SELECT pg_reload_conf()")
            alone = "SELECT count(*) FROM pg_stat_wal_receiver"
            rig.product.wait_until(lambda: standby.ask(alone) == "0", 60, 0.1)
            write(it.log, second, "ab")
            it.wait_read()
            behind = newest(standby) < newest(server)
            server.stop(signal.SIGQUIT)
            standby.ask("SELECT pg_promote()")
            tap.ok(behind, f"{what}: it lacks some")
            it.server = standby
            redirect(it.direct.config, near, far)
            write(it.log, third, "ab")
            it.wait_read()
            tap.ok(rig.product.stop(daemon) == 0, f"{what}: the daemon lived")
            it.judge(tap, what)
        finally:
            if standby:
                standby.close()


def wrong_clock(tap, server):
    """F103: 400 days behind or ahead; nothing that is shown or dropped depends on it."""
    what = "F103 the database's clock is wrong"
    shim = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not shim:
        tap.ok(True, what, skip="there is no faketime")
        return
    for days in (-400, 400):
        server.stop()
        server.start(LD_PRELOAD=shim[0], FAKETIME=f"{days:+d}d", FAKETIME_DONT_FAKE_MONOTONIC="1")
        with rig.Rig(server, settings=LIVE + "\nkeep_days = 60\nkeep_bodies_days = 60") as it:
            it.generate(200)
            status = it.program.call("import", it.log, check=False)
            off = float(server.ask("SELECT extract(epoch FROM now())")) - time.time()
            tap.ok(status == 0 and abs(off - days * 86400) < 86400, f"{what}: by {off / 86400:.0f} days")
            it.judge(tap, f"{what}, {days} days")
            said = it.program.path("retention")
            with open(said, "wb") as out:
                it.program.call("retention", out=out)
            tap.ok(it.rows() == it.wanted_rows(), f"{what}, {days} days: retention drops nothing")
            bodies = server.ask("SELECT count(body) > 0 FROM receiptd.message")
            tap.ok(bodies == "t", f"{what}, {days} days: bodies stay")
            with open(it.direct.export("metrics"), encoding="utf-8") as text:
                late = max(json.loads(line).get("ttd_ms", {}).get("max", 0) for line in text)
            tap.ok(late < 86400000, f"{what}, {days} days: the longest delay is {late} ms")
    server.stop()
    server.start()


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        wrong_clock(tap, server)
        forgetful(tap, server)
        files_gone(tap, server)
        fail_over(tap, server)
    finally:
        server.close()
    tap.done()


main()
