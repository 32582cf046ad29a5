#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# FAULTS section B for the webhook: what was answered with 2xx is stored once, whatever dies (F58-F60,
# F64-F67, F71); log and feed of the same traffic (F68).
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import feeds  # noqa: E402
import proxy as rig_proxy  # noqa: E402
import rig  # noqa: E402

RECORDS = 20000 if rig.LONG else 700
KILLS = 200 if rig.LONG else 8
FAST = 'flush_after = "50ms"\nflush_events = 200'


def send_all(it, lines, **more):
    sender = feeds.Sender(it, lines, **more)
    sender.start()
    return sender


def end_sender(sender, seconds=120):
    sender.join(seconds)
    sender.give_up = True
    return sender.answered == len(sender.batches)


def crash_loop(tap, server):
    """F60. The sender knows every 2xx; what was not answered it sends again under the same id."""
    with feeds.FeedRig(server, settings=FAST) as it:
        it.generate(RECORDS, format="observations")
        rng = random.Random(it.seed)
        sender = send_all(it, it.lines(), size=5, pause=0.01)
        for _ in range(KILLS):
            process = it.run()
            time.sleep(rng.uniform(0.004, 0.4))
            process.kill()
            process.wait()
        process = it.run()
        tap.ok(end_sender(sender), f"{KILLS} kills under load: all answered in the end {sender.statuses}")
        it.wait_stored()
        it.judge(tap, "killed between the answer and the database (F60)")
        tap.ok(rig.product.stop(process) == 0, "ends cleanly")


def database_away(tap, server):
    """F58: fed while PostgreSQL is down; F59: the spool has a limit, and says so."""
    with feeds.FeedRig(server, settings=FAST) as it:
        it.generate(RECORDS, format="observations")
        lines = it.lines()
        process = it.run()
        status, _, _ = it.post(lines[0], "d0-first")
        server.stop()
        sender = send_all(it, lines[1:], size=50)
        tap.ok(end_sender(sender) and set(sender.statuses) == {200},
               f"the database is down: every delivery is durable all the same (F58) {status} {sender.statuses}")
        server.start()
        it.wait_stored()
        it.judge(tap, "fed while the database was down")
        rig.product.stop(process)


def spool_full(tap, server):
    with feeds.FeedRig(server, settings=FAST + '\nspool_limit = "1MB"') as it:
        it.generate(3 * RECORDS, format="observations")
        process = it.run()
        server.stop()
        sender = send_all(it, it.lines(), size=3)  # of 145 KB at most: all fit
        rig.product.wait_until(lambda: sender.statuses.get(503, 0) > 3, 120)
        status, problem, headers = it.post(b"x" * 490000, "one-more")
        large = it.post(b"x" * 510000, "too-large")[0]
        tap.ok(large == 413, f"what never fits is told so: {large}")
        tap.ok(status == 503 and int(headers.get("Retry-After", 0)) > 0 and "spool" in problem["detail"],
               f"spool full: {status}, Retry-After {headers.get('Retry-After')} (F59)")
        size = sum(os.path.getsize(os.path.join(base, name)) for base, _, names in
                   os.walk(it.program.path("data/spool")) for name in names)
        tap.ok(size <= 1000 * 1000, f"the limit is kept: {size} bytes")
        server.start()
        tap.ok(end_sender(sender, 400), f"goes on when the database is back: {sender.statuses}")
        it.wait_stored()
        it.judge(tap, "the spool was full")
        rig.product.stop(process)


def same_delivery(tap, server):
    """F64, F65, F66, F71: the same id again and at once, bad items, numbers."""
    with feeds.FeedRig(server, settings=FAST) as it:
        it.generate(300, format="observations")
        lines = it.lines()
        process = it.run()
        batches = feeds.Sender(it, lines, size=10).batches
        answers = []

        def post(delivery, body):
            answers.append(it.post(body, delivery)[:2])
        for delivery, body in batches:
            pair = [threading.Thread(target=post, args=(delivery, body)) for _ in range(2)]
            for one in pair:
                one.start()
            for one in pair:
                one.join()
        tap.ok(all(status == 200 for status, _ in answers) and
               sum(told["accepted"] for _, told in answers) == len(lines),
               f"{len(batches)} deliveries on two connections at once: each taken once (F65)")
        again = it.post(batches[0][1], batches[0][0])[1]
        tap.ok(again["accepted"] == 0 and again["duplicates"] == 10, f"the same one later: {again} (F64)")
        it.wait_stored()
        it.judge(tap, "the same delivery twice")
        rig.product.stop(process)
        process = it.run()
        after = it.post(batches[1][1], batches[1][0])[1]
        tap.ok(after["duplicates"] == 10, f"and after a restart: {after}")
        rig.product.stop(process)


def stanza(number, **more):
    return {"ts": f"2026-11-27T10:00:{number % 60:02d}.000001Z", "dir": "in", "session": "a@x.example/1",
            "stanza": f"<message to='b@x.example' id='n{number}' type='chat'><body>hello</body></message>",
            **more}


def body_of(items):
    return "\n".join(json.dumps(item) for item in items).encode()


def bad_and_numbered(tap, server):
    with feeds.FeedRig(server, settings=FAST) as it:
        process = it.run()
        items = [stanza(i) for i in range(500)]
        items[17] = {"ts": "yesterday", "dir": "in", "stanza": "<message/>"}
        status, told, _ = it.post(body_of(items), "mixed")
        tap.ok(status == 200 and (told["accepted"], told["quarantined"]) == (499, 1) and
               [item["index"] for item in told["items"]] == [17],
               f"one of 500 is bad: {told} (F66)")
        for numbers in ([1, 2, 3], [2, 3, 4, 5], [9, 10]):
            status, told, _ = it.post(body_of([stanza(600 + n, seq=n) for n in numbers]),
                                      **{"feed-stream": "node1"})
            tap.ok(status == 200, f"numbers {numbers}: {told}")
        it.post(body_of([stanza(700, seq=4)]), **{"feed-stream": "node2"})  # another count
        told = it.post(body_of([{"ts": "2026-11-27T11:00:00Z", "gap": "queue full", "lost": 7, "seq": 11,
                                 "since": "2026-11-27T10:59:00Z"}]), **{"feed-stream": "node1"})[1]
        tap.ok(told["accepted"] == 1, f"a gap that the server tells of: {told}")
        status, told, _ = it.post(b"<message from='c@x.example/1' to='b@x.example' id='x1' type='chat'>"
                                  b"<body>one</body></message>", kind="application/xml")
        tap.ok(status == 200 and told["accepted"] == 1, f"one stanza as XML: {told}")
        it.wait_stored()
        rows = it.server.ask("SELECT count(*) FROM receiptd.message")
        tap.ok(rows == str(499 + 5 + 2 + 1 + 1), f"each stored once: {rows} rows (F71: duplicates by number)")
        gaps = it.server.ask("SELECT cause || ' ' || lost FROM receiptd.gap ORDER BY 1").split("\n")
        tap.ok(gaps == ["numbers were skipped 3", "queue full 7"], f"gaps with exact counts: {gaps} (F71)")
        rig.product.stop(process)


def refused(tap, server):
    with feeds.FeedRig(server, settings=FAST) as it:
        process = it.run()
        body = body_of([stanza(1)])
        wrong = {
            "no secret": (401, {"Authorization": ""}), "another secret": (401, {"Authorization": "Bearer nonsense"}),
            "compressed": (415, {"Content-Encoding": "gzip"}),
        }
        for what, (wanted, headers) in wrong.items():
            status = it.post(body, **headers)[0]
            tap.ok(status == wanted, f"{what}: {status}")
        tap.ok(it.post(body, kind="text/html")[0] == 415, "another content type: 415")
        tap.ok(it.post(b"[1,", kind="application/json")[0] == 400, "no JSON: 400")
        tap.ok(it.post(body, path="/v1/feed?feed=nobody")[0] in (401, 404), "a feed that is not there")
        tap.ok(it.post(b"x" * (9 << 20))[0] in (413, 0), "too large: refused")
        status = feeds.ask(it.http, "GET", "/v1/feed")[0]
        tap.ok(status == 405, f"GET: {status}")
        it.wait_stored()
        tap.ok(it.rows() == 0, "nothing of it was stored")
        token = it.program.path("token")
        with open(token, "wb") as out:
            it.direct.call("token", "add", "feeder", "--scopes", "feed", out=out)
            it.direct.call("token", "add", "reader", "--scopes", "metrics", out=out)
        feeder, reader = [w for w in open(token, encoding="ascii").read().split() if w.startswith("rcd_")]
        status = [it.post(body, Authorization="Bearer " + t)[0] for t in (reader, feeder)]
        tap.ok(status == [403, 200], f"tokens by scope: {status}")
        server.stop()
        status = it.post(body_of([stanza(2)]), Authorization="Bearer " + feeder)[0]
        tap.ok(status == 200, f"a known token while the database is away: {status}")
        server.start()
        rig.product.stop(process)


def folder_gone(tap, server):
    """F63: never 2xx for what has no place; without any place to write the daemon ends with 6."""
    with feeds.FeedRig(server, settings=FAST) as it:
        process = it.run()
        first = it.post(body_of([stanza(1)]))[0]
        it.wait_stored()
        folder = it.program.path("data/spool/web")
        shutil.rmtree(folder)
        with open(folder, "wb"):
            pass  # nothing can be made there
        status = [it.post(body_of([stanza(2)]), "again")[0] for _ in range(2)]
        tap.ok(first == 200 and status == [503, 503], f"the folder is gone: {first}, then {status} (F63)")
        try:
            ended = process.wait(20)
        except Exception:
            ended = None
        tap.ok(ended == 6 and it.said("spool"), f"it ends with exit status {ended} (F62)")
        os.unlink(folder)
        process = it.run()
        tap.ok(it.post(body_of([stanza(2)]), "again")[0] == 200, "started again, with a folder that can be made")
        it.wait_stored()
        tap.ok(it.rows() == 2, f"and nothing is missing: {it.rows()} rows")
        rig.product.stop(process)


def ended(process):
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        return f"killed {process.wait()}"


def second_process(tap, server):
    """What a daemon is writing looks like what a dead one has left: who starts beside it must not touch it."""
    text = "y" * 6000  # large deliveries are on their way to the disk for longer
    lines = [body_of([stanza(i, stanza=f"<message to='b@x.example' id='n{i}' type='chat'><body>{text}</body></message>")])
             for i in range(8000)]
    with feeds.FeedRig(server, settings=FAST) as it:
        process = it.run()
        sender = send_all(it, lines, size=400)
        statuses = []
        while sender.is_alive() and len(statuses) < 40:
            for port in (it.http, 0):  # the same one, or another
                statuses.append(ended(it.program.start("--set", f"port={port}", "run")))
        tap.ok(set(statuses) == {2}, f"{len(statuses)} others with the same folder, at the same port or another: exit {set(statuses)}")
        tap.ok(it.said("data/spool/web: another receiptd uses it") and it.said("a data_dir of its own"), "they say why, and what to do")
        tap.ok(end_sender(sender) and set(sender.statuses) == {200}, f"meanwhile every delivery is taken: {sender.statuses}")
        it.wait_rows(len(lines), 120)
        kept = server.ask("SELECT count(*), count(DISTINCT id) FROM receiptd.message")
        tap.ok(kept == f"{len(lines)}|{len(lines)}", f"and stored, once: {kept} of {len(lines)}")
        tap.ok(rig.product.stop(process) == 0, "the first one ends cleanly")
        process = it.run()
        tap.ok(it.health() == 200, "then the folder is free")
        rig.product.stop(process)


def silence(tap, server):
    """A sender that stopped looks like one that has nothing to say: complete_until says how far is known."""
    def complete():
        return feeds.ask(it.http, "GET", "/readyz")[1]["complete_until"] or ""
    with feeds.FeedRig(server, settings=FAST) as it:
        process = it.run()
        it.post(body_of([stanza(1)])) # of yesterday: what it had kept
        it.wait_stored()
        tap.ok(not complete(), "while a sender sends what it had kept nothing is complete")
        it.post(b"")
        rig.product.wait_until(complete, 30, 0.5)
        beats = time.monotonic() + 14
        first = complete()
        while time.monotonic() < beats:
            it.post(b"")
            time.sleep(2)
        second = complete()
        time.sleep(17)
        third = complete()
        time.sleep(8)
        tap.ok(first < second and third == complete(),
               f"empty deliveries move it, silence does not: {first}, {second}, {third}, {complete()}")
        rig.product.stop(process)


def nodes(tap, server):
    """F72: two nodes of a cluster send what they see of the same messages, each with its own numbers."""
    with feeds.FeedRig(server, settings=FAST, feed="") as it:
        it.generate(RECORDS, format="observations")
        process = it.run()
        parts = [[], []]
        for line in it.lines():
            part = parts[random.Random(line).randrange(2)]
            part.append(json.dumps({**json.loads(line), "seq": len(part) + 1}).encode())
        for i, part in enumerate(parts):
            for at in range(0, len(part), 50):
                it.post(b"\n".join(part[at:at + 50]), **{"feed-stream": f"node{i}"})
        it.wait_stored()
        it.judge(tap, "two nodes of one cluster pair together (F72)")
        rig.product.stop(process)


def odd_times(tap, server):
    """F67: in any order; F73: the sender's clock is an hour ahead."""
    with feeds.FeedRig(server, settings=FAST) as it:
        it.generate(RECORDS, format="observations")
        process = it.run()
        lines = it.lines()
        random.Random(it.seed).shuffle(lines)
        sender = send_all(it, lines, size=50)
        tap.ok(end_sender(sender), "receipts before their messages, hours apart")
        it.wait_stored()
        it.judge(tap, "in no order at all (F67)")
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        it.post(body_of([{**stanza(1), "ts": when}]))

        def note():
            return it.server.ask("SELECT coalesce(note, '') FROM receiptd.source WHERE name = 'web'", check=False)
        rig.product.wait_until(lambda: "ahead" in note(), 60, 0.5)
        tap.ok("s ahead" in note(), f"its clock is an hour ahead: {note()} (F73)")
        rig.product.stop(process)


def slow_database(tap, server):
    """F69: every answer of the database takes its time; memory stays where it is and nothing is lost."""
    slow = rig_proxy.Proxy(server.port, lambda number: time.sleep(0.3))
    with feeds.FeedRig(server, port=slow.port, settings=FAST) as it:
        it.generate(2 * RECORDS, format="observations")
        process = it.run()
        sender = send_all(it, it.lines(), size=50)
        tap.ok(end_sender(sender) and set(sender.statuses) == {200}, f"taken at its own pace: {sender.statuses}")
        it.wait_stored(120)
        it.judge(tap, "a database that is far slower than the feed (F69)")
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
        tap.ok(peak < 128, f"memory is bounded: {peak:.0f} MB")
        rig.product.stop(process)


def log_and_feed(tap, server):
    """F68: refused, unless one is declared the authority; then the other adds no lines and no states."""
    with feeds.FeedRig(server, settings=FAST) as it:
        it.generate(RECORDS, format="observations")
        source = f'source traffic {{\n\tpath = "{it.log}"\n\tdialect = "observations"\n'
        config = open(it.program.config, encoding="utf-8").read()

        def configure(more):
            with open(it.program.config, "w", encoding="utf-8") as out:
                out.write(config + source + more + "}\n")
        configure("")
        status = it.program.call("run", check=False)
        tap.ok(status == 2 and it.said("authority"), f"log and feed of one realm: exit {status} (F68)")
        configure("\tauthority = true\n")
        process = it.run()
        sender = send_all(it, it.lines(), size=50)
        tap.ok(end_sender(sender), "the feed is taken all the same")
        it.wait_stored()
        it.judge(tap, "log is the authority, the feed adds evidence only: nothing is counted twice")
        rig.product.stop(process)


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        for test in (*([silence] if rig.LONG else []), refused, same_delivery, bad_and_numbered, folder_gone, second_process, nodes, odd_times, slow_database, log_and_feed, spool_full, database_away,
                     crash_loop):
            test(tap, server)
    finally:
        server.close()
    tap.done()


main()
