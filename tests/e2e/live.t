#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Live streams against the real program and a real database: an event after each commit, resuming without loss
# and without repetition, a thousand clients that cost next to nothing, slow ones, tokens, a database that goes
# and comes back, a standby (F134, F136, F137, F146, F192, F195, F200).
import json
import os
import re
import resource
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "faults"))
sys.path.insert(0, HERE)
import rig  # noqa: E402
import contract  # noqa: E402
from rig import product  # noqa: E402
from streams import Stream  # noqa: E402

IDLE = 1000
BODY = "Canary-8 <&>"


class Serve:
    """A server of its own; the first one's is the one that imports."""

    def __init__(self, url):
        self.program = product.Product(settings=f'database = "{url}"\nlog_level = "info"',
                                       environment={"TZ": "UTC"})
        self.process, self.port = None, 0

    def start(self):
        begins = os.path.getsize(self.program.log) if os.path.exists(self.program.log) else 0
        self.port, self.process = 0, self.program.start("serve")
        return product.wait_until(lambda: self.find_port(begins), 60)

    def find_port(self, begins):
        with open(self.program.log, encoding="utf-8", errors="replace") as log:
            log.seek(begins)
            found = re.search(r" listening .*port=(\d+)", log.read())
        self.port = int(found.group(1)) if found else 0
        return self.port > 0

    def stop(self):
        return product.stop(self.process, 30)

    def close(self):
        if self.process and self.process.poll() is None:
            self.stop()
        self.program.close()


class Bench:
    def __init__(self, tap, database):
        self.tap, self.database = tap, database
        self.serve = Serve(database.url())
        self.tokens, self.count, self.base = {}, 0, int(time.time()) - 3600
        self.made = 0

    @property
    def port(self):
        return self.serve.port

    def token(self, name, *arguments):
        out = subprocess.run(self.serve.program.command("token", "add", name, *arguments), check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.tokens[name] = out.stdout.strip()

    def stream(self, view, name="all", port=None, after=None, headers=(), **more):
        headers = [*headers] + ([f"Last-Event-ID: {after}"] if after is not None else [])
        return Stream(port or self.port, f"/v1/live/{view}", self.tokens.get(name), headers, **more)

    def stamp(self, seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.base + seconds)) + ".000Z"

    def load(self, count=3, acks=(), domain="quay.example"):
        """One import, one commit: so many messages; receipts for earlier ones by their ids."""
        self.count += 1
        path = self.serve.program.path(f"{self.count}.ndjson")
        body = BODY.replace("&", "&amp;").replace("<", "&lt;")
        with open(path, "w", encoding="utf-8") as out:
            for i in range(count):
                self.made += 1
                self.write(out, self.stamp(self.count * 10), "ada@harbor.example/phone",
                           f"<message to='ben@{domain}' id='{self.count}-{i}' type='chat'><body>{body}</body>"
                           "<request xmlns='urn:xmpp:receipts'/></message>")
            for at in acks:
                self.write(out, self.stamp(self.count * 10 + 1), "ben@quay.example/desk",
                           f"<message to='ada@harbor.example/phone' id='a-{at}' type='chat'>"
                           f"<received xmlns='urn:xmpp:receipts' id='{at}'/></message>")
        self.serve.program.call("import", path)

    def write(self, out, stamp, session, stanza):
        out.write(json.dumps({"ts": stamp, "feed": f"log{self.count}", "dir": "in", "session": session,
                              "stanza": stanza}) + "\n")

    def exported(self):
        with open(self.serve.program.export("messages"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def metric(self, name):
        client = contract.Client(self.port, self.tokens["all"], contract=None)
        found = re.search(rf"^{name} (\S+)$", client.get("/metrics").body.decode(), re.M)
        return float(found.group(1)) if found else None


def plain(items):
    """As the export shows rows: what is only shown here is left out, of several states the last one counts."""
    rows = {}
    for item in items:
        rows[item["from"], item["to"], item["id"], item["n"]] = {
            k: v for k, v in item.items() if k not in ("ticks", "tick", "conv", "key", "body")}
    return rows


def arrives(bench):
    tap = bench.tap
    views = {view: bench.stream(view) for view in
             ("messages", "unacknowledged", "funnel?window=24h", "messages?state=delivered")}
    for view, stream in views.items():
        tap.ok(stream.status() == 200 and stream.header("Content-Type") == "text/event-stream"
               and stream.header("Cache-Control") == "no-store" and not stream.header("Content-Length")
               and stream.wait("start"), f"{view}: begins")
    bench.load(3)
    began = time.monotonic()
    tap.ok(views["messages"].wait("messages"), "messages: an event after a commit")
    first = time.monotonic() - began
    tap.ok(views["unacknowledged"].wait("messages") and
           {i["verdict"] for i in views["unacknowledged"].items()} <= {"pending", "expired"},
           "unacknowledged: what waits")
    tap.ok(views["funnel?window=24h"].pump(20, lambda: [
        e for e in views["funnel?window=24h"].named("funnel") if e["data"]["requested"] == 3]),
           "funnel: counts it")
    bench.load(2, acks=["1-0"])
    began = time.monotonic()
    views["messages"].wait("messages", 2)
    second = time.monotonic() - began
    tap.ok(min(first, second) < 4, f"woken by the commit, not by the look each 5 s ({first:.1f} and {second:.1f} s)")
    tap.ok(views["messages?state=delivered"].wait("messages") and
           [i["id"] for i in views["messages?state=delivered"].items()] == ["1-0"], "a filter: one row")
    answered = views["unacknowledged"]
    tap.ok(answered.wait("messages", 2) and
           [i["verdict"] for i in answered.items() if i["id"] == "1-0"][-1] == "confirmed",
           "unacknowledged: what was answered is said too")
    tap.ok(plain(views["messages"].items()) == plain(bench.exported()), "rows as in the export")
    problems = [text for view, stream in views.items() for event in stream.events
                for text in wrong(event, view)]
    if not tap.ok(not problems, "events as in the contract"):
        tap.note("\n".join(problems[:5]))
    tap.ok(not any("body" in item for item in views["messages"].items())
           and all(BODY not in json.dumps(s.events) for s in views.values()), "no bodies unless asked for")
    for stream in views.values():
        stream.close()


def wrong(event, view):
    kinds = {"start": "LiveStart", "resync": "LiveResync", "messages": "LiveMessages", "funnel": "LiveFunnel",
             "stale": "LiveStale", "fresh": "LiveStale", "end": "LiveEnd"}
    schema = {"$ref": f"#/components/schemas/{kinds[event['event']]}"}
    return [f"{view} {event['event']}: {text}" for text in contract.standard().problems(schema, event["data"])]


def resumes(bench):
    """One stays, one goes and comes back; the server is started anew between."""
    tap = bench.tap
    stays, goes = bench.stream("messages"), bench.stream("messages")
    stays.wait("start")
    goes.wait("start")
    bench.load(4)
    goes.wait("messages")
    goes.close()
    seen = goes.events
    bench.load(2, acks=["3-0"])
    stays.wait("messages", 2)  # soon after each other they would be one event
    bench.load(2, acks=["3-1", "3-2"])
    stays.wait("messages", 3)
    back = bench.stream("messages", after=goes.last)
    back.wait("messages", 2)
    bench.load(1)
    back.wait("messages", 3)
    stays.wait("messages", 4)
    ids = [e["id"] for e in seen + back.events if e["event"] == "messages"]
    tap.ok(ids == [e["id"] for e in stays.named("messages")] == sorted(set(ids)),
           f"resumed: no event twice, none missing {ids}")
    tap.ok(not back.named("resync") and
           [e["data"] for e in seen + back.events if e["event"] == "messages"] ==
           [e["data"] for e in stays.named("messages")], "and the same events")
    bench.serve.stop()
    bench.load(2, acks=["5-0"])
    bench.serve.start()
    again = bench.stream("messages", after=back.last)
    tap.ok(again.wait("messages") and not again.named("resync"), "resumed at a server that was not there before")
    first = bench.stream(f"messages?after={ids[0] - 1}&domain=harbor.example")
    first.wait("messages")
    rows, whole = plain(first.items()), plain(bench.exported())
    tap.ok(rows and all(whole[key] == row for key, row in rows.items())
           and len(rows) == sum(not key[2].startswith(("1-", "2-")) for key in whole),
           "after=: all that was written since, as in the export")
    for stream in (stays, back, again, first):
        stream.close()


def too_far(bench):
    tap = bench.tap
    now = bench.stream("messages?class=chat")
    now.wait("start")
    for text, after in (("older than the ring", 1), ("from the future", 10 ** 9)):
        stream = bench.stream("messages?class=chat", after=after)
        tap.ok(stream.wait("resync") and stream.events[0]["id"] == now.last, f"{text}: resync")
        stream.close()
    bench.load(2500)
    tap.ok(now.wait("resync") and now.last > now.events[0]["id"], "more than is shown row by row: resync")
    bench.load(1)
    tap.ok(now.wait("messages") and len(now.items()) == 1, "and on it goes")
    now.close()


def memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        text = file.read()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024, int(re.search(r"Threads:\s+(\d+)", text).group(1))


def thousand(bench):
    tap, pid = bench.tap, bench.serve.process.pid
    before, threads = memory(pid)
    product.wait_until(lambda: bench.metric("receiptd_live_clients") <= 1, 10, 0.3)  # that of short, until it ends
    questions = bench.metric("receiptd_live_questions")
    streams = [bench.stream("messages") for _ in range(IDLE)]
    tap.ok(sum(s.wait("start", seconds=60) for s in streams) == IDLE, f"{IDLE} clients: all begin")
    after, more = memory(pid)
    tap.ok(after - before < 64 and more - threads <= 1,
           f"{IDLE} idle clients: {after - before:.1f} MB and {more - threads} threads more")
    good = product.wait_until(lambda: bench.metric("receiptd_live_clients") in (IDLE, IDLE + 1), 10, 0.3)
    tap.ok(good and bench.metric("receiptd_live_questions") <= questions + 1, "one question of them all")
    probe = contract.Client(bench.port, bench.tokens["all"], contract=None)
    tap.ok(probe.get("/healthz").status == 200 and probe.get("/v1/messages?limit=1").status == 200,
           "others are served")
    over = [bench.stream("messages") for _ in range(30)]
    refused = [s for s in over if s.status() == 503]
    tap.ok(len(refused) == 6 and refused[0].header("Retry-After") and b"live streams" in refused[0].rest(),
           "more than a token may have: 503 with Retry-After")
    bench.load(2)
    got = sum(s.wait("messages", seconds=30) for s in streams)
    tap.ok(got == IDLE, f"an event reaches {got}")
    for stream in streams + over:
        stream.close()
    tap.ok(product.wait_until(lambda: bench.metric("receiptd_live_clients") == 0, 20, 0.3), "all have gone")


def slow(bench):
    """Who does not read is dropped, the others are not."""
    tap = bench.tap
    lazy = bench.stream("messages?state=sent", receive=4096)
    lazy.wait("start")
    quick = bench.stream("messages?state=sent")
    quick.wait("start")
    time.sleep(1.1)
    dropped = bench.metric("receiptd_live_dropped_total")
    for i in range(1, 5):
        bench.load(1900)
        quick.wait("messages", i)
    tap.ok(len(quick.items()) == 4 * 1900, "a quick reader beside it gets all")
    lazy.pump(20)
    tap.ok(lazy.ended and len(lazy.named("messages")) == 1, "the slow one ends after the event that it was in")
    tap.ok(product.wait_until(lambda: bench.metric("receiptd_live_dropped_total") == dropped + 1, 10, 0.3),
           "it was dropped")
    back = bench.stream("messages?state=sent", after=lazy.last)
    tap.ok(back.wait("resync"), "when it returns: resync")
    for stream in (lazy, quick, back):
        stream.close()


def tenants(bench):
    """Scopes and domains: nobody sees more than by asking for pages."""
    tap = bench.tap
    own, other = bench.stream("messages", "harbor"), bench.stream("messages", "elsewhere")
    funnel = bench.stream("funnel?window=24h", "elsewhere")
    bodies = bench.stream("messages?body=1")
    for stream in (own, other, funnel, bodies):
        stream.wait("start")
    bench.load(2)
    own.wait("messages")
    bodies.wait("messages")
    bench.load(1, domain="elsewhere.example")
    tap.ok(other.wait("messages") and {i["to"] for i in other.items()} == {"ben@elsewhere.example"},
           "of another domain: only its own rows")
    tap.ok(own.wait("messages", 2) and len(own.items()) == 3, "own domain: rows")
    bodies.wait("messages", 2)
    tap.ok(funnel.wait("funnel") and all(e["data"]["sent"] == 0 for e in funnel.named("funnel")),
           "funnel of another domain: no count")
    tap.ok({i["body"] for i in bodies.items()} == {BODY}, "body=1 with the scope: exact bodies")
    for stream in (own, other, funnel, bodies):
        stream.close()
    cases = [("messages", None, 401, ()), ("funnel", "messages", 403, ()), ("messages", "metrics", 403, ()),
             ("unacknowledged", "metrics", 403, ()), ("messages?body=1", "messages", 403, ()),
             ("messages?domain=harbor.example", "elsewhere", 403, ()), ("funnel?from_domain=harbor.example", "elsewhere", 403, ()),
             ("messages?bogus=1", "all", 400, ()), ("messages?after=x", "all", 400, ()), ("funnel?window=2h", "all", 400, ()),
             ("messages?peer=a@b", "all", 400, ()), ("messages", "all", 400, ["Last-Event-ID: x"]),
             ("messages", "all", 406, ["Accept: application/json"]), ("messages", "all", 403, ["Origin: http://evil.example"]),
             ("nothing", "all", 404, ()), ("messages", "all", 413, ["Content-Length: 3"]),
             ("messages", "all", 401, [f"Authorization: Bearer {bench.tokens['all']}"])]
    for view, name, status, headers in cases:
        stream = bench.stream(view, name, headers=headers)
        got = stream.status()
        problem = json.loads(stream.rest())
        tap.ok(got == status == problem["status"] and stream.ended and stream.header("Cache-Control") == "no-store",
               f"{view} {name} {headers[0][:16] if headers else ''}: {status}")
    stream = bench.stream("messages", method="POST")
    tap.ok(stream.status() == 405 and stream.header("Allow") == "GET", "POST: 405")


def audited(bench):
    tap = bench.tap
    ask = bench.database.ask
    bench.serve.stop()
    tap.ok(ask("SELECT count(*) FROM receiptd.access_log WHERE route LIKE '/v1/live/%' AND rows IS NULL") == "0"
           and int(ask("SELECT max(rows) FROM receiptd.access_log WHERE route = '/v1/live/messages'")) >= 7600,
           "the access log knows each stream and what it sent")
    shown = ask("SELECT filter, rows FROM receiptd.access_log WHERE bodies AND route LIKE '/v1/live/%' AND rows > 0")
    tap.ok(shown == "body=1|3", f"and that bodies were shown: {shown}")
    with open(bench.serve.program.log, "rb") as file:
        log = file.read()
    tap.ok(b"Canary-8" not in log and all(t.encode() not in log for t in bench.tokens.values()),
           "no body and no token in the log")
    tap.ok(bench.serve.start(), "started again")


def database(bench):
    tap, stream = bench.tap, bench.stream("messages")
    funnel = bench.stream("funnel?window=24h")
    stream.wait("start")
    funnel.wait("funnel")
    bench.database.stop(rig.signal.SIGQUIT)
    tap.ok(stream.wait("stale", seconds=40) and funnel.wait("stale", seconds=40), "database gone: they are told")
    asked = bench.stream("messages")
    tap.ok(asked.status() == 503 and asked.header("Retry-After"), "a new one: 503 with Retry-After")
    bench.database.start()
    tap.ok(stream.wait("fresh", seconds=40), "it is back: they are told")
    bench.load(2)
    tap.ok(stream.wait("messages") and not stream.ended and len(stream.items()) == 2, "and go on, with what was written")
    tap.ok(funnel.pump(20, lambda: funnel.events[-1]["event"] == "funnel"), "funnel: too")
    stream.close()
    funnel.close()


def standby(bench):
    """Nobody can listen there, and nothing is written: the funnel leaves no trace in the access log."""
    tap = bench.tap
    copy = rig.Server(copy_of=bench.database)
    reader = Serve(copy.url())
    try:
        copy.start()
        tap.ok(reader.start(), "serve beside a standby")
        stream = bench.stream("funnel?window=24h", port=reader.port)
        tap.ok(stream.status() == 200 and stream.wait("funnel"), "a standby: funnel begins")
        before = stream.named("funnel")[-1]
        bench.load(5)
        tap.ok(stream.pump(30, lambda: stream.named("funnel")[-1]["id"] > before["id"]) and
               stream.named("funnel")[-1]["data"]["sent"] == before["data"]["sent"] + 5,
               "a standby: an event after a commit")
        stream.close()
    finally:
        reader.close()
        copy.close()


def revoked(bench, stream, at):
    """Was revoked while all the others ran."""
    stream.wait("end", seconds=max(1.0, 20 - (time.monotonic() - at)))
    stream.pump(5)
    bench.tap.ok(stream.named("end") and stream.ended, "a revoked token: the stream ends")
    bench.tap.ok(bench.stream("messages", "short").status() == 401, "and it opens no other")


def main():
    tap = product.Tap()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 4096 else 4096, hard))
    with_database = rig.Server().start()
    bench = Bench(tap, with_database)
    try:
        bench.serve.program.call("migrate")
        bench.token("all", "--scopes", "metrics,messages,bodies")
        bench.token("short", "--scopes", "messages")
        bench.token("metrics", "--scopes", "metrics")
        bench.token("messages", "--scopes", "messages")
        bench.token("harbor", "--scopes", "metrics,messages", "--domains", "harbor.example")
        bench.token("elsewhere", "--scopes", "metrics,messages", "--domains", "elsewhere.example")
        tap.ok(bench.serve.start(), "serve: ready")
        arrives(bench)
        resumes(bench)
        short = bench.stream("messages", "short")
        short.wait("start")
        bench.serve.program.call("token", "revoke", "short")
        at = time.monotonic()
        too_far(bench)
        thousand(bench)
        slow(bench)
        tenants(bench)
        revoked(bench, short, at)
        audited(bench)
        standby(bench)
        database(bench)
        held = [bench.stream("messages") for _ in range(20)]
        for stream in held:
            stream.wait("start")
        began = time.monotonic()
        tap.ok(bench.serve.stop() == 0 and time.monotonic() - began < 15, "TERM with open streams: exit 0")
        for stream in held:
            stream.pump(5)
        tap.ok(all(s.ended for s in held), "and they are closed")
    finally:
        bench.serve.close()
        with_database.close()
    tap.done()


main()
