#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F80, F84-F86: processes that write to one lane at the same time. The same file read by two stays one
# generation, also when both open it before either has stored anything; different files of the same
# conversations are paired as if one had read them; one that was frozen and comes back is refused by
# the fence, reads the marks again and goes on.
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
from proxy import Proxy  # noqa: E402

SMALL = "flush_events = 150"
RECORDS = 10000 if rig.LONG else 2500


def generations(it, where="true"):
    query = ("SELECT count(*) FROM receiptd.generation g JOIN receiptd.lane_mark m"
             f" ON m.lane = 0 AND m.generation = g.id WHERE {where}")
    return int(it.server.ask(query))


def same_file(tap, server, processes):
    with rig.Rig(server, settings=SMALL) as it:
        it.generate(RECORDS)
        # Batches of different sizes: one ends in the middle of another one's.
        running = [it.program.start("--set", f"flush_events={150 + 2000 * i}", "import", it.log)
                   for i in range(processes)]
        statuses = [process.wait() for process in running]
        tap.ok(not any(statuses), f"{processes} imports of one file: exit statuses {statuses}")
        tap.ok(generations(it) == 1, f"one generation: {generations(it)}")
        it.judge(tap, f"{processes} imports of one file at the same time")


def different_files(tap, server):
    """Every record of the log is in one of two files, in no order that means anything."""
    with rig.Rig(server, settings=SMALL) as it:
        it.generate(RECORDS, format="observations")
        rng = random.Random(it.seed)
        parts = [it.program.path(f"part{i}.log") for i in range(2)]
        files = [open(part, "wb") for part in parts]
        with open(it.log, "rb") as log:
            for line in log:
                rng.choice(files).write(line)
        for file in files:
            file.close()
        running = [it.program.start("import", part) for part in parts]
        statuses = [process.wait() for process in running]
        tap.ok(not any(statuses), f"two files of the same conversations: {statuses}")
        tap.ok(generations(it) == 2, f"two generations: {generations(it)}")
        it.judge(tap, "two processes in the same conversations")


def two_daemons(tap, server):
    with rig.Rig(server, settings='flush_after = "20ms"\n' + SMALL) as it:
        open(it.log, "wb").close()
        first = it.follow()
        second = it.program.start("run")
        it.generate(1200, "--rate", "600")
        good = it.wait_rows(it.wanted_rows())
        it.wait_read()
        statuses = [rig.product.stop(first), rig.product.stop(second)]
        tap.ok(good and statuses == [0, 0], f"two daemons follow one file: {statuses}")
        tap.ok(generations(it) == 1, f"one generation: {generations(it)}")
        it.judge(tap, "two daemons follow one file")


def fence_of(server):
    return int(server.ask("SELECT fence FROM receiptd.lane WHERE id = 0"))


def frozen(tap, server):
    """F86: stopped in the middle of its work; another one takes over; then it wakes."""
    with rig.Rig(server, settings='flush_after = "20ms"\ndatabase_silence = "10s"\n' + SMALL) as it:
        open(it.log, "wb").close()
        first = it.follow()
        writer = it.generate(1500, "--rate", "300", wait=False)
        it.wait_rows(100)
        first.send_signal(signal.SIGSTOP)
        fence = fence_of(server)
        second = it.program.start("run")
        rig.product.wait_until(lambda: fence_of(server) > fence, 150)
        taken = fence_of(server) == fence + 1
        tap.ok(taken, "who starts raises the fence")
        it.wait_rows(300)
        first.send_signal(signal.SIGCONT)
        writer.wait()
        it.wait_rows(it.wanted_rows())
        it.wait_read()
        # Stopped inside of a transaction it keeps the lane until the server ends its session.
        why = ("another process began to write", "mark moved", "database-lost")
        tap.ok(any(it.said(text) for text in why), "the one that was away is told why")
        tap.ok(fence_of(server) == fence + 1, "it does not take the lane back")
        statuses = [rig.product.stop(first), rig.product.stop(second)]
        tap.ok(statuses == [0, 0], f"both end cleanly: {statuses}")
        it.judge(tap, "frozen, taken over, woken")


def frozen_in_copy(tap, server):
    """F86: frozen in the middle of a COPY: to the server it is active, and no time limit ends it."""
    state = "SELECT state, wait_event FROM pg_stat_activity WHERE application_name = 'receiptd ingest'"
    with rig.Rig(server, settings='flush_after = "20ms"\ndatabase_silence = "4s"\n') as it:
        open(it.log, "wb").close()
        first = it.follow()
        writer = it.generate(1500, "--rate", "300", wait=False)  # most of a minute to catch it in
        it.wait_rows(50)

        rng = random.Random(it.seed)

        def caught():
            """Its batches begin when it goes on: in step with them it would always be stopped at the same place."""
            time.sleep(rng.uniform(0, 0.04))
            first.send_signal(signal.SIGSTOP)
            time.sleep(0.02)
            if server.ask(state) == "active|ClientRead":
                return True
            first.send_signal(signal.SIGCONT)
            return False

        tap.ok(rig.product.wait_until(caught, 60, 0.001), "frozen in the middle of a COPY")
        fence = fence_of(server)
        second = it.program.start("run")
        taken = rig.product.wait_until(lambda: fence_of(server) > fence, 60)
        tap.ok(taken, "another one takes over")
        tap.ok(it.said("frozen-writer-ended"), "and says that it ended a session")
        first.send_signal(signal.SIGCONT)
        writer.wait()
        it.wait_rows(it.wanted_rows())
        it.wait_read()
        statuses = [rig.product.stop(first), rig.product.stop(second)]
        tap.ok(statuses == [0, 0], f"both end cleanly: {statuses}")
        it.judge(tap, "frozen in the middle of a COPY")


def while_away(tap, server, what, leave, come_back, proxy=None):
    """One is away in the middle of a transaction, for longer than it may hold the lane; another takes over."""
    silence = 10 if rig.LONG else 2
    settings = f'flush_after = "20ms"\ndatabase_silence = "{silence}s"\n{SMALL}'
    with rig.Rig(server, proxy.port if proxy else None, settings=settings) as it:
        server.ask("""
CREATE FUNCTION receiptd.linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.commit = 5 THEN PERFORM pg_sleep(1); END IF; RETURN NEW; END $$;
CREATE TRIGGER linger BEFORE INSERT ON receiptd.batch FOR EACH ROW
EXECUTE FUNCTION receiptd.linger()""")
        open(it.log, "wb").close()
        first = it.follow()
        writer = it.generate(1500, "--rate", "600", wait=False)
        slow = ("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'"
                " AND application_name = 'receiptd ingest'")
        inside = rig.product.wait_until(lambda: server.ask(slow) != "0", 60, 0.02)
        tap.ok(inside, f"{what}: in the middle of a transaction")
        leave(first)
        # Not through the proxy: the other one has another way to the database.
        with open(it.direct.config, "a", encoding="utf-8") as config:
            config.write(f'flush_after = "20ms"\n{SMALL}\nsource traffic {{\n\tpath = "{it.log}"\n'
                         '\tdialect = "prosody"\n\tzone = "UTC"\n}\n')
        second = it.direct.start("run")
        before = it.rows()
        tap.ok(it.wait_rows(before + 300, 60), f"{what}: another one takes over")
        come_back(first)
        writer.wait()
        it.wait_rows(it.wanted_rows())
        it.wait_read()
        statuses = [rig.product.stop(first, 15), rig.product.stop(second)]
        tap.ok(statuses == [0, 0], f"{what}: both end cleanly: {statuses}")
        it.judge(tap, what)


def longer_than_its_lease(tap, server):
    while_away(tap, server, "F86 frozen for longer than it holds the lane",
               lambda first: first.send_signal(signal.SIGSTOP),
               lambda first: first.send_signal(signal.SIGCONT))


def without_its_session(tap, server):
    """F85: its session is ended in the middle of a transaction; it comes back while another one writes."""
    mine = ("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
            " application_name = 'receiptd ingest'")
    while_away(tap, server, "F85 its session was ended", lambda first: server.ask(mine),
               lambda first: server.ask(mine))


def cut_off(tap, server):
    """The server is told nothing of the cut either: its client is a proxy that stands still."""
    proxy = Proxy(server.port, lambda number: None)
    try:
        while_away(tap, server, "F80 cut off in both directions", lambda first: proxy.cut_both(),
                   lambda first: proxy.heal(), proxy)
    finally:
        proxy.close()


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        same_file(tap, server, 2)
        same_file(tap, server, 3)
        different_files(tap, server)
        two_daemons(tap, server)
        frozen(tap, server)
        frozen_in_copy(tap, server)
        longer_than_its_lease(tap, server)
        without_its_session(tap, server)
        cut_off(tap, server)
    finally:
        server.close()
    tap.done()


main()
