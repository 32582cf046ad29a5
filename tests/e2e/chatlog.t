#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The chat log by HTTP: every filter against "receiptd export messages", pages while rows and receipts come in
# (F147), one message whole, who talks with whom, what waits for a receipt, CSV read by two readers (F149), odd
# characters (F151), answers of any length and how they end (F136, F145, F156), gzip.
import collections
import datetime
import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import zoneinfo

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "oracle"), os.path.join(HERE, "..", "faults"), HERE]
import product  # noqa: E402
import rig  # noqa: E402
import contract  # noqa: E402

ROWS = 1000000 if rig.LONG else 200000  # of the long answer
ADA, BEN, CYD, DAN = "ada@harbor.example", "ben@quay.example", "cyd@harbor.example", "dan@far.example"
ROOM = "tea@rooms.harbor.example"
START = datetime.datetime(2026, 3, 28, 21, 0, tzinfo=datetime.timezone.utc)  # clocks change on the 29th
BODIES = ["=1+1", "-2", "@SUM(A1)", "+3", "\tTab", "'quoted", 'a "b", c', "line\nfeed", "plain Lunch",
          "sep \u2028 and \u2029", "astral \U0001f600 \U00020000", "Ünï LUNCH", "nul-free \x7f del"]
LARGE = "large \U0001f600 " * 100000  # more than 1 MB of UTF-8
RECEIPT = "<request xmlns='urn:xmpp:receipts'/>"
MARKABLE = "<markable xmlns='urn:xmpp:chat-markers:0'/>"


# ---- what is in the log

def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def escape(text):
    return "".join(f"&#{ord(c)};" if c in "&<\"'\n\t" or ord(c) > 126 else c for c in text)


def body_of(i):
    return BODIES[i % len(BODIES)]


def line(at, session, stanza, dir="in"):
    return {"ts": stamp(at), "feed": "log", "dir": dir, "session": session, "stanza": stanza}


def said(to, id, body, more="", type="chat"):
    return f"<message to='{to}' id='{id}' type='{type}'><body>{escape(body)}</body>{more}</message>"


def answer(to, own, inner):
    return f"<message to='{to}' id='{own}' type='chat'>{inner}</message>"


def received(id):
    return f"<received xmlns='urn:xmpp:receipts' id='{id}'/>"


def displayed(id):
    return f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{id}'/>"


def failed(id):
    return f"<message from='{DAN}' to='{ADA}/phone' id='{id}' type='error'><error type='cancel'>" \
           "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"


def talk():
    """130 messages over two days, in all directions and states."""
    pairs = [(ADA, BEN), (BEN, ADA), (CYD, ADA), (ADA, DAN), (BEN, CYD)]
    for i in range(130):
        at = START + datetime.timedelta(minutes=20 * i)
        sender, to = pairs[i % 5]
        asks = RECEIPT + MARKABLE if i % 3 else ""
        yield line(at, f"{sender}/phone", said(to, f"m{i}", body_of(i), asks))
        late = at + datetime.timedelta(seconds=2)
        if i % 3 == 1 and to != DAN:
            yield line(late, f"{to}/desk", answer(f"{sender}/phone", f"r{i}", received(f"m{i}")))
        if i % 12 == 1 and to != DAN:
            yield line(late + datetime.timedelta(seconds=5), f"{to}/pad",
                       answer(f"{sender}/phone", f"d{i}", displayed(f"m{i}")))
        if to == DAN and i % 2:
            yield line(late, f"{ADA}/phone", failed(f"m{i}"), "out")
    at = START + datetime.timedelta(hours=1)
    for i, nick in enumerate(["Ada", "Ben", "Ada"]):
        at += datetime.timedelta(seconds=30)
        yield line(at, f"{CYD}/phone", f"<message from='{ROOM}/{nick}' to='{CYD}/phone' id='g{i}' type='groupchat'>"
                                       f"<body>round {i}</body></message>", "out")
    yield line(at, f"{ADA}/phone", said(BEN, "large", LARGE, RECEIPT))


def story():
    """One message with a history: delayed, acknowledged twice, forged, corrected, retracted; then its id again."""
    at = datetime.datetime(2026, 3, 31, 8, 0, tzinfo=datetime.timezone.utc)
    def after(s): return at + datetime.timedelta(seconds=s)
    yield line(at, f"{ADA}/phone", said(BEN, "story", "frist", RECEIPT + MARKABLE
               + "<delay xmlns='urn:xmpp:delay' stamp='2026-03-31T07:59:00Z'/>"))
    yield line(after(1), f"{BEN}/desk", said(BEN, "story", "frist", RECEIPT + MARKABLE)
               .replace("<message ", f"<message from='{ADA}/phone' "), "out")
    yield line(after(2), f"{BEN}/desk", answer(f"{ADA}/phone", "s1", received("story")))
    yield line(after(3), f"{BEN}/pad", answer(f"{ADA}/phone", "s2", received("story")))
    yield line(after(4), "eve@quay.example/x", answer(f"{ADA}/phone", "s3", received("story")))
    yield line(after(5), f"{BEN}/desk", answer(f"{ADA}/phone", "s4", displayed("story")))
    yield line(after(6), f"{ADA}/phone", said(BEN, "story-2", "first", "<replace id='story' "
               "xmlns='urn:xmpp:message-correct:0'/>"))
    yield line(after(7), f"{ADA}/phone", answer(BEN, "s5", "<retract id='story' xmlns='urn:xmpp:message-retract:1'/>"))
    yield line(after(9000), f"{ADA}/phone", said(BEN, "story", "again", RECEIPT))


class Bench:
    def __init__(self, tap):
        self.tap, self.server = tap, rig.Server().start()
        self.product = product.Product(environment={"TZ": "UTC"}, settings=
                                       f'database = "{self.server.url()}"\nmuc_domains = {{"rooms.harbor.example"}}')
        self.files, self.tokens, self.process = 0, {}, None
        self.client = contract.Client(0)

    def start(self):
        self.product.call("migrate")
        for name, scopes in (("all", "messages,bodies"), ("plain", "messages"), ("far", "messages,bodies")):
            arguments = ["--domains", "far.example"] if name == "far" else []
            out = subprocess.run(self.product.command("token", "add", name, "--scopes", scopes, *arguments),
                                 check=True, capture_output=True, text=True)
            self.tokens[name] = out.stdout.strip()
        self.serve()

    def serve(self):
        before = os.path.getsize(self.product.log)
        self.process = self.product.start("serve")
        self.client.port, self.client.token = 0, self.tokens["all"]
        def find():
            with open(self.product.log, "rb") as log:
                log.seek(before)
                words = [w for l in log if b" listening " in l for w in l.split() if w.startswith(b"port=")]
            self.client.port = int(words[-1][5:]) if words else 0
            return self.client.port
        product.wait_until(find, 60)
        return product.wait_until(lambda: self.client.get("/readyz").status == 200, 60)

    def load(self, lines):
        self.files += 1
        path = self.product.path(f"log-{self.files}.ndjson")
        with open(path, "w", encoding="utf-8") as out:
            for one in lines:
                out.write(json.dumps(one) + "\n")
        self.product.call("import", path)

    def get(self, path, name="all", **more):
        return self.client.get(path, token=self.tokens[name], **more)

    def items(self, path, **more):
        return self.get(path, **more).json()["items"]

    def export(self):
        with open(self.product.export("messages"), encoding="utf-8") as file:
            return [json.loads(one) for one in file]

    def walk(self, path, between=None, name="all", client=None):
        """All rows of all pages."""
        rows, pages = [], 0
        while path and pages < 100:
            reply = (client or self.client).get(path, token=self.tokens[name])
            rows += reply.json()["items"]
            pages += 1
            if between:
                between(pages)
            path = reply.headers["Link"].split("<")[1].split(">")[0] if reply.headers["Link"] else None
        return rows, pages

    def raw_stream(self, path, headers="", receive=None):
        sock = socket.socket()
        if receive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        sock.settimeout(30)
        sock.connect(("127.0.0.1", self.client.port))
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.tokens['all']}\r\n"
                     f"{headers}\r\n".encode())
        return sock


# ---- filters

TICKS = {"sent": "sent", "accepted": "accepted", "stored": "accepted", "routed": "accepted", "failed": "failed",
         "delivered": "delivered", "displayed": "read"}


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def domains(row):
    return {row[end].split("/")[0].split("@")[-1] for end in ("from", "to")}


def civil_day(row, day, zone):
    return seconds(row["sent_at"]).astimezone(zoneinfo.ZoneInfo(zone)).date().isoformat() == day


def texts(row):
    if row["id"].startswith("m"):
        return body_of(int(row["id"][1:]))
    return {"g": f"round {row['id'][1:]}", "l": LARGE, "s": "first"}[row["id"][0]]


def has_text(row, text):
    return text.lower() in texts(row).lower()


def within(row, *jids):
    return {row["from"], row["to"]} & set(jids)


CASES = [
    ("participant=" + ADA, lambda r: within(r, ADA)),
    ("participant=ADA@Harbor.Example/any", lambda r: within(r, ADA)),
    ("participant=nobody@harbor.example", lambda r: False),
    (f"participant={ADA}&peer={BEN}", lambda r: {r["from"], r["to"]} == {ADA, BEN}),
    (f"participant={BEN}&peer={ADA}&order=asc", lambda r: {r["from"], r["to"]} == {ADA, BEN}),
    ("from=" + BEN, lambda r: r["from"] == BEN), ("to=" + BEN, lambda r: r["to"] == BEN),
    (f"from={ADA}&to={DAN}", lambda r: (r["from"], r["to"]) == (ADA, DAN)),
    ("participant=" + ROOM, lambda r: within(r, ROOM)),
    (f"participant={ROOM}&nick=Ada", lambda r: r.get("nick") == "Ada" and r["to"] == ROOM),
    ("nick=Ben", lambda r: r.get("nick") == "Ben"),
    (f"from={ROOM}/Ada", lambda r: r["from"] == ROOM + "/Ada"),
    ("class=group", lambda r: r["class"] == "group"), ("class=chat", lambda r: r["class"] == "chat"),
    ("id=m7", lambda r: r["id"] == "m7"), ("id=m7' OR ''='", lambda r: False),
    ("domain=far.example", lambda r: "far.example" in domains(r)),
    ("domain=none.example", lambda r: False),
    ("day=2026-03-29&tz=Europe/Berlin", lambda r: civil_day(r, "2026-03-29", "Europe/Berlin")),
    ("day=2026-03-29&tz=Asia/Kathmandu", lambda r: civil_day(r, "2026-03-29", "Asia/Kathmandu")),
    ("day=2026-03-29&tz=UTC", lambda r: r["sent_at"].startswith("2026-03-29")),
    ("day=2026-03-29&tz=%2B05:45", lambda r: civil_day(r, "2026-03-29", "Asia/Kathmandu")),
    ("since=2026-03-29T10:00:00%2B02:00&until=2026-03-29T12:20:00Z",
     lambda r: "2026-03-29T08:00" <= r["sent_at"] < "2026-03-29T12:20"),
    ("since=2026-03-29T10:00:00Z", lambda r: r["sent_at"] >= "2026-03-29T10:00"),
    ("until=2026-03-29T10:00:00Z&order=asc", lambda r: r["sent_at"] < "2026-03-29T10:00"),
    (f"participant={ADA}&text=lunch", lambda r: within(r, ADA) and has_text(r, "lunch")),
    ("text=LUNCH&day=2026-03-29&tz=UTC", lambda r: r["sent_at"].startswith("2026-03-29") and has_text(r, "lunch")),
    (f"from={ADA}&text=%25", lambda r: False),
    (f"to={BEN}&text=%F0%9F%98%80", lambda r: r["to"] == BEN and has_text(r, "\U0001f600")),
] + [(f"state={state}", lambda r, s=state: r["state"] == s) for state in TICKS] \
  + [(f"verdict={verdict}", lambda r, v=verdict: r["verdict"] == v)
     for verdict in ("confirmed", "failed", "unknown", "expired")]


def identity(row):
    return row["sent_at"], row["from"], row["to"], row["id"], row["n"]


def quoted(query):
    return urllib.parse.quote(query, safe="=&%:/@+-.")


def filters(bench):
    """Each against what the export says, in both ways of asking."""
    tap, rows = bench.tap, bench.export()
    quick = contract.Client(bench.client.port, bench.tokens["all"], contract=None)  # judged at the end
    for row in rows:  # the answers judge by the clock of today
        row["verdict"] = "expired" if row["verdict"] == "pending" else row["verdict"]
    for query, wanted in CASES:
        paged, _ = bench.walk(f"/v1/messages?limit=100&{quoted(query)}", client=quick)
        streamed = quick.get(f"/v1/messages?limit=all&{quoted(query)}").json()
        expected = sorted(identity(r) for r in rows if wanted(r))
        good = expected == sorted(identity(m) for m in paged) == sorted(identity(m) for m in streamed["items"])
        order = [m["sent_at"] for m in paged] == [m["sent_at"] for m in streamed["items"]] \
            == sorted((m["sent_at"] for m in paged), reverse="order=asc" not in query)
        if not tap.ok(good and order and streamed["rows"] == len(expected), f"{query}: {len(expected)} rows"):
            tap.note(f"{len(paged)} in pages, {len(streamed['items'])} streamed, order {order}")
    shown = {identity(m): m for m in bench.walk("/v1/messages?limit=1000")[0]}
    keys = {"ticks", "tick", "conv", "key"}
    tap.ok(len(shown) == len(rows) and all({k: v for k, v in shown[identity(r)].items() if k not in keys} == r
                                           for r in rows), "every member of every row is that of the export")
    ticks = {identity(r): "unknown" if r["verdict"] == "unknown" else TICKS[r["state"]] for r in rows}
    counts = collections.Counter(ticks.values())
    tap.ok(all(shown[i]["tick"] == tick for i, tick in ticks.items()) and len(counts) >= 5, f"ticks: {dict(counts)}")


def refusals(bench):
    tap = bench.tap
    month = "since=2026-03-01T00:00:00Z&until=2026-04-01T00:00:01Z"
    for query, name in (("text=x", "text"), (f"text=x&{month}", "text"), ("text=x&since=2020-01-01T00:00:00Z", "text"),
                        ("tz=UTC", "tz"), ("day=2026-03-29&since=2026-03-29T00:00:00Z", "day"),
                        ("day=2026-02-30", "day"), ("day=29.03.2026", "day"), ("day=2026-03-29&tz=Mars/Base", "tz"),
                        ("limit=all&cursor=x", "cursor"), ("limit=none", "limit"), ("limit=0", "limit")):
        reply = bench.get(f"/v1/messages?{query}")
        tap.ok((reply.status, reply.json().get("parameter")) == (400, name), f"{query}: 400, {name}")
    for path, status, name in (("/v1/contacts", 400, "jid"), ("/v1/contacts?jid=@", 400, "jid"),
                               ("/v1/unacknowledged?older_than=x", 400, "older_than"),
                               ("/v1/messages/00/00", 400, "conv"),
                               ("/v1/messages/0000000000000000/zz", 400, "key"),
                               ("/v1/messages/0000000000000000/0000000000000000", 404, None),
                               ("/v1/messages/0000000000000000", 404, None)):
        reply = bench.get(path)
        tap.ok((reply.status, reply.json().get("parameter")) == (status, name), f"{path}: {status}")
    one = bench.items(f"/v1/messages?id=m0")[0]
    other = bench.items(f"/v1/messages?id=m3")[0]
    whole = "/v1/messages/{conv}/{key}".format
    tap.ok(bench.get(whole(**one) + "?body=1", "plain").status == 403
           and bench.get("/v1/messages?limit=all&body=1", "plain").status == 403, "bodies need their scope")
    tap.ok(bench.get(whole(**one), "far").status == 404 and bench.get(whole(**other), "far").status == 200,
           "a message of other domains is not there")
    for path in ("/v1/conversations", f"/v1/contacts?jid={ADA}", "/v1/unacknowledged?limit=1000"):
        rows = bench.items(path, name="far")
        own = [r for r in rows if "far.example" in json.dumps([r.get(k) for k in ("a", "b", "contact", "from", "to")])]
        tap.ok(rows and own == rows, f"{path}: other domains are not seen")
    tap.ok(bench.items(f"/v1/contacts?jid={BEN}", name="far") == [], "contacts of others: none")
    pages = {"/v1/messages?limit=2": "/v1/messages?limit=2&state=sent", "/v1/unacknowledged?limit=2": "/v1/messages?limit=2",
             "/v1/conversations?limit=2": f"/v1/contacts?limit=2&jid={ADA}"}
    for path, elsewhere in pages.items():
        cursor = bench.get(path).json()["next"]
        bad = [cursor[:5] + ("A" if cursor[5] != "A" else "B") + cursor[6:], cursor[:-1], cursor + "A", "A" * len(cursor)]
        codes = [bench.get(f"{path}&cursor={c}") for c in bad] + [bench.get(f"{elsewhere}&cursor={cursor}")]
        tap.ok(all(c.status == 400 and c.json()["parameter"] == "cursor" for c in codes)
               and bench.get(f"{path}&cursor={cursor}").status == 200, f"{path}: altered or foreign cursor: 400")


# ---- pages

def pages(bench):
    """Receipts and rows that come between pages: what was there is there once."""
    tap = bench.tap
    before = {identity(r) for r in bench.export()}
    state = {"n": 0}

    def between(page):
        if page not in (2, 4):
            return
        state["n"] += 1
        n = state["n"]
        at = START + datetime.timedelta(days=1, seconds=n)
        lines = [line(at, f"{ADA}/phone", said(BEN, f"new{n}-{i}", "new", RECEIPT)) for i in range(5)]
        lines += [line(START + datetime.timedelta(minutes=20 * i, seconds=40), f"{BEN}/desk",
                       answer(f"{ADA}/phone", f"late{n}-{i}", received(f"m{i}"))) for i in range(5 * n, 60 + n, 5)]
        bench.load(lines)

    for order in ("asc", "desc"):
        rows, count = bench.walk(f"/v1/messages?order={order}&limit=20", between)
        seen = collections.Counter(identity(r) for r in rows)
        tap.ok(state["n"] >= 2 and count > 6 and max(seen.values()) == 1 and before <= set(seen),
               f"messages, {order}: {count} pages, none twice, none missing")
        tap.ok([r["sent_at"] for r in rows] == sorted((r["sent_at"] for r in rows), reverse=order == "desc"),
               f"messages, {order}: in order")
        before = {identity(r) for r in bench.export()}
        state["n"] += 10
    since = "since=2026-03-01T00:00:00Z"
    for path in (f"/v1/conversations?limit=2&{since}", f"/v1/contacts?limit=1&jid={ADA}&{since}"):
        whole = [r["conv"] for r in bench.items(path.replace("limit=", "limit=10"))]
        rows, count = bench.walk(path, lambda page: page == 1 and bench.load(
            [line(datetime.datetime.now(datetime.timezone.utc), f"{DAN}/x", said(ADA, f"now{path[4:9]}", "now"))]))
        tap.ok([r["conv"] for r in rows] == whole and count > 1, f"{path}: a new message changes no page")


# ---- one message

def detail(bench):
    tap = bench.tap
    row = bench.items("/v1/messages?id=story&order=asc")[0]
    path = f"/v1/messages/{row['conv']}/{row['key']}"
    reply = bench.get(path)
    whole = reply.json()
    first, second = whole["incarnations"]
    tap.ok({k: v for k, v in first.items() if k not in ("timeline", "requests")} == row and second["n"] == 2,
           "both incarnations, as in the chat log")
    tap.ok([e["event"] for e in first["timeline"]] == ["composed", "sent", "accepted", "routed", "delivered", "displayed",
                                                       "retracted"]
           and [e["at"][11:19] for e in first["timeline"]] == ["07:59:00", "08:00:00", "08:00:01", "08:00:01", "08:00:02",
                                                              "08:00:05", "08:00:07"], "timeline")
    tap.ok(first["requests"] == ["receipt", "markable"] and second["requests"] == ["receipt"], "what was asked")
    acks = [(a["kind"], a["class"], a["by"], a["at"][17:19]) for a in whole["acks"]]
    tap.ok(acks == [("receipt", "paired", BEN + "/desk", "02"), ("receipt", "paired", BEN + "/pad", "03"),
                    ("receipt", "forged", "eve@quay.example/x", "04"), ("marker-displayed", "paired", BEN + "/desk", "05"),
                    ("correction", "paired", ADA + "/phone", "06"), ("retraction", "paired", ADA + "/phone", "07")],
           f"acks with class and time: {acks}")
    tap.ok([a["same_key"] for a in whole["acks"] if a["class"] == "forged"] == [False], "a forged one names it only")
    tap.ok(sorted((f["rule"], f["by"]) for f in whole["findings"]) ==
           [("ACK-FORGED", "eve@quay.example/x"), ("ID-REUSE", ADA + "/phone")], "findings about it")
    tap.ok([c["id"] for c in whole["corrections"]] == ["story-2"], "its correction")
    sent = next(e for e in first["timeline"] if e["event"] == "sent")["position"]
    with open(sent["path"], "rb") as file:
        file.seek(sent["offset"])
        tap.ok(b"'story'" in file.readline(), "the position leads to the line in the file")
    tap.ok(all("position" in a and a["position"]["source"] for a in whole["acks"]), "every ack has its position")
    shown = bench.get(path + "?body=1").json()
    tap.ok("body" not in first and [i["body"] for i in shown["incarnations"]] == ["frist", "again"]
           and shown["corrections"][0]["body"] == "first", "bodies when asked for")
    seen = bench.server.ask("SELECT route, bodies, rows FROM receiptd.access_log WHERE route LIKE '/v1/messages/%' "
                            "AND bodies ORDER BY at DESC LIMIT 1")
    tap.ok(seen == f"{path}|t|2", f"recorded: {seen}")
    for message in bench.items("/v1/messages?limit=12"):
        one = bench.get(f"/v1/messages/{message['conv']}/{message['key']}").json()["incarnations"]
        if not any(identity(i) == identity(message) for i in one):
            return tap.ok(False, f"{message['id']}: not at its own address")
    return tap.ok(True, "every row is at its own address")


# ---- who talks with whom, who waits

def sealed(bench):
    """Where a message is sealed: nowhere, in the next seal, in this one, in the next one again."""
    tap, sql = bench.tap, bench.server.ask
    row = bench.items("/v1/messages?id=story&order=asc")[1]
    path = f"/v1/messages/{row['conv']}/{row['key']}"
    tap.ok(bench.get(path).json()["seal"] is None, "nothing is sealed: null")
    bench.product.call("seal", "--new-key")
    sql("UPDATE receiptd.batch SET at = least(at, date_trunc('day', now()) - interval '1 minute')")
    bench.product.call("seal")
    seal = bench.get(path).json()["seal"]
    number, day, head = sql("SELECT number, day, encode(sha256(head), 'hex') FROM receiptd.seal").split("|")
    slip = json.loads(subprocess.run(bench.product.command("seal", "--proof", path[13:]), capture_output=True, check=True).stdout)
    tap.ok(seal == {"pending": False, "number": int(number), "day": day, "leaf": slip["index"], "head": head},
           f"seal, day, leaf and head are those of its proof: {seal}")
    sql("SET search_path = receiptd; UPDATE message SET commit = commit + 100000"
        " WHERE id = 'story'")
    seal = bench.get(path).json()["seal"]
    tap.ok(seal == {"pending": True, "number": None, "day": None, "leaf": None, "head": None}, "changed since: it waits for the next one")
    sql("UPDATE receiptd.message SET commit = commit - 100000 WHERE id = 'story'")


def is_open(row):
    """Asked for a receipt (what the generator asks for), neither answered nor failed."""
    asked = row["id"] in ("large", "story") or row["id"].startswith("new") or \
        row["id"][0] == "m" and int(row["id"][1:]) % 3
    return asked and row["state"] in ("sent", "accepted", "stored", "routed")


def people(bench):
    tap, rows = bench.tap, bench.export()
    window = "since=2026-03-28T22:00:00Z&until=2026-03-30T12:00:00Z"
    inside = [r for r in rows if "2026-03-28T22" <= r["sent_at"] < "2026-03-30T12"]
    expected = {}
    for row in inside:
        room = row["class"] == "group"
        a, b = (None, row["to"]) if room else sorted([row["from"], row["to"]])
        it = expected.setdefault((a, b), collections.Counter(last=row["sent_at"], first=row["sent_at"]))
        it["last"], it["first"] = max(it["last"], row["sent_at"]), min(it["first"], row["sent_at"])
        it["messages"] += 1
        it["sent_a" if row["from"] == a else "sent_b"] += 1
        it["open_a" if row["from"] == a else "open_b"] += bool(is_open(row))
    items = bench.items(f"/v1/conversations?limit=100&{window}")
    got = {(i.get("a"), i["b"]): i for i in items}
    same = set(got) == set(expected) and all(
        (i["last_at"], i["first_at"], i["messages"]) == (e["last"], e["first"], e["messages"])
        and (i["room"] or (i["sent_by_a"], i["sent_by_b"], i["unanswered_of_a"], i["unanswered_of_b"])
             == (e["sent_a"], e["sent_b"], e["open_a"], e["open_b"]))
        for i, e in ((got[k], e) for k, e in expected.items()))
    tap.ok(same and len(expected) >= 5, f"conversations: {len(expected)}, with their counts")
    tap.ok([i["last_at"] for i in items] == sorted((i["last_at"] for i in items), reverse=True), "the last ones first")
    contacts = bench.items(f"/v1/contacts?jid={ADA}&{window}")
    tap.ok({c["contact"] for c in contacts} == {b if a == ADA else a for a, b in expected if ADA in (a, b)}
           and all((c["sent"], c["received"], c["unanswered_sent"], c["unanswered_received"])
                   == ((e["sent_a"], e["sent_b"], e["open_a"], e["open_b"]) if a == ADA else
                       (e["sent_b"], e["sent_a"], e["open_b"], e["open_a"]))
                   for c in contacts for (a, b), e in expected.items() if {a, b} == {ADA, c["contact"]}),
           f"contacts: {len(contacts)}, sent and received")
    tap.ok(bench.items("/v1/conversations?limit=1"), "the default window shows the newest")
    paged, count = bench.walk(f"/v1/conversations?limit=2&{window}")
    tap.ok(paged == items and count >= 3, "pages are the whole")


def waiting(bench):
    tap, rows = bench.tap, [r for r in bench.export() if is_open(r)]
    for query, wanted in (("", lambda r: True), (f"&participant={BEN}", lambda r: within(r, BEN)),
                          ("&domain=far.example", lambda r: "far.example" in domains(r)),
                          ("&until=2026-03-29T12:00:00Z", lambda r: r["sent_at"] < "2026-03-29T12"),
                          ("&verdict=expired", lambda r: True), ("&verdict=pending", lambda r: False),
                          ("&older_than=3600", lambda r: True), ("&older_than=31622400", lambda r: False)):
        got, _ = bench.walk(f"/v1/unacknowledged?limit=20{query}")
        expected = sorted(r["sent_at"] for r in rows if wanted(r))
        tap.ok([m["sent_at"] for m in got] == expected
               and {identity(m) for m in got} == {identity(r) for r in rows if wanted(r)},
               f"unacknowledged{query}: {len(expected)}")
    bench.load([line(datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5), f"{ADA}/phone",
                     said(BEN, "fresh", "?", RECEIPT))])
    tap.ok([m["id"] for m in bench.items("/v1/unacknowledged?verdict=pending")] == ["fresh"]
           and bench.items("/v1/unacknowledged?verdict=pending&older_than=3600") == [], "one that is pending")


def devices(bench):
    """Several rows of a page with several devices each, between others: each has its own."""
    at, lines = START + datetime.timedelta(hours=40), []
    for i, names in enumerate((("desk", "phone"), ("tab",), ("phone", "watch"), ("desk", "tab"))):
        at += datetime.timedelta(seconds=20)
        lines.append(line(at, f"{CYD}/phone", said(BEN, f"many{i}", "?", RECEIPT)))
        lines += [line(at + datetime.timedelta(seconds=1 + k), f"{BEN}/{name}", f"<message to='{CYD}/phone' id='r{i}{k}' type='chat'>"
                       f"{received(f'many{i}')}</message>") for k, name in enumerate(names)]
    bench.load(lines)
    wanted_of = {row["id"]: row.get("devices") for row in bench.export() if row["id"].startswith("many")}
    bench.tap.ok([len(wanted_of.get(f"many{i}") or ()) for i in range(4)] == [2, 1, 2, 2], f"devices of the export: {wanted_of}")
    for order in ("asc", "desc"):
        items = bench.items(f"/v1/messages?participant={CYD}&peer={BEN}&order={order}&since={stamp(START)}")
        got = {i["id"]: i.get("devices") for i in items if i["id"].startswith("many")}
        bench.tap.ok(got == wanted_of, f"devices of a page, order={order}: {got}")


def plans(bench):
    """What was answered costs nothing: the partial index is all that is read; of a party or a domain as well."""
    size = int(bench.server.ask("SELECT sum(relpages) FROM pg_class WHERE relname ~ '^message_[0-9]{8}$'"))
    for name, more, least in (("unacknowledged", "", 15), ("unacknowledged_of", ", NULL, 'harbor.example'", 0)):
        with open(os.path.join(product.ROOT, "store", "sql", f"{name}.sql"), encoding="utf-8") as file:
            text = file.read()
        with open(os.path.join(product.ROOT, "store", "sql", "part", "open_rows.sql"), encoding="utf-8") as file:
            text = text.replace("-- include open_rows", file.read()).replace("-- include conv_columns", "a.*").replace("-- include shown_columns", "m.conv,")
        query = "SET search_path = pg_catalog, receiptd; SET plan_cache_mode = force_generic_plan; PREPARE q AS " + text + \
                f"; EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE q(1, '0001-01-01', '9999-12-31', NULL, NULL, NULL, NULL, 101{more})"
        plan = json.loads(bench.server.ask(query))[0]["Plan"]
        blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        bench.tap.ok(plan["Actual Rows"] >= least and size > 5000 and blocks < 200,
                     f"{name}: {blocks} blocks are read of {size}")


# ---- odd characters, CSV

def characters(bench):
    tap = bench.tap
    query = f"/v1/messages?order=asc&body=1&limit=all&from={ADA}&until=2026-03-31T00:00:00Z"
    items = bench.get(query).json()["items"]
    wanted = {m["id"]: texts(m) for m in items if m["id"][0] in "ml"}
    tap.ok(len(wanted) > 40 and all(m["body"] == wanted[m["id"]] for m in items if m["id"] in wanted),
           "JSON: every body exact, one of 1 MB too")
    lines = bench.get(query + "&format=ndjson").body.split(b"\n")
    tap.ok([json.loads(l) for l in lines[:-2]] == items and json.loads(lines[-2])["rows"] == len(items)
           and lines[-1] == b"", "NDJSON: the same rows, then their number")
    reply = bench.get(query + "&format=csv")
    head, *rows = reply.rows()
    at, ids = head.index("body"), head.index("id")
    undo = {r[ids]: r[at][1:] if r[at].startswith("'") else r[at] for r in rows}
    tap.ok(len(rows) == len(items) and all(undo[i] == text for i, text in wanted.items()),
           "CSV: Python reads every body exactly")
    tap.ok(not [r[at] for r in rows if r[at][:1] in ("=", "+", "-", "@", "\t", "\r")], "CSV: no cell is a formula")
    path = bench.product.path("messages.csv")
    with open(path, "wb") as file:
        file.write(reply.body)
    done = subprocess.run(["sqlite3", ":memory:", f".import --csv {path} t", ".mode json", "SELECT id, body FROM t"],
                          capture_output=True, check=False)
    other = {r["id"]: r["body"][1:] if r["body"].startswith("'") else r["body"] for r in json.loads(done.stdout or b"[]")}
    tap.ok(all(other.get(i) == text for i, text in wanted.items()), "CSV: sqlite3 reads the same")


def packed(bench):
    tap = bench.tap
    for path in ("/v1/messages?limit=50", "/v1/messages?limit=all&format=ndjson", "/openapi.yaml"):
        plain = unjudged(bench, path)
        for accept, want in (("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("identity", False)):
            reply = unjudged(bench, path, accept)
            body = gzip.decompress(reply.body) if want else reply.body
            good = (reply.headers["Content-Encoding"] == "gzip") == want and same(body, plain.body)
            tap.ok(good and "Accept-Encoding" in reply.headers["Vary"], f"{path}: Accept-Encoding {accept}")
        tap.ok(plain.headers["Content-Encoding"] is None, f"{path}: not unless asked for")
    small = unjudged(bench, "/healthz", "gzip")
    tap.ok(small.headers["Content-Encoding"] is None, "not what is small")


def unjudged(bench, path, accept=None):
    client = contract.Client(bench.client.port, bench.tokens["all"], contract=None)
    return client.get(path, headers={"Accept-Encoding": accept} if accept else {})


def same(a, b):
    """But for the moment of the answer."""
    return a[:2000] == b[:2000] and abs(len(a) - len(b)) < 100


# ---- answers of any length

def enlarge(bench):
    """Copies of one row, a tenth of a second apart: their list must not be held in memory by anybody."""
    columns = bench.server.ask("SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute "
                               "WHERE attrelid = 'receiptd.message'::regclass AND attnum > 0").split(",")
    new = {"sent_at": "m.sent_at + i * interval '70 milliseconds'" if ROWS <= 1000000 else "m.sent_at",
           "key": "m.key + i", "id": "'big' || i", "conv": "m.conv"}
    values = ", ".join(new.get(c, f"m.{c}") for c in columns)
    bench.server.ask(f"INSERT INTO receiptd.message ({', '.join(columns)}) SELECT {values} FROM receiptd.message AS m, "
                     f"generate_series(1, {ROWS}) AS i WHERE m.id = 'm1'")
    bench.server.ask("ANALYZE receiptd.message")


def memory(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return next(int(l.split()[1]) for l in file if l.startswith("VmRSS"))


BIG = "/v1/messages?limit=all&order=asc&format=ndjson&since=2026-03-28T21:00:00Z&until=2026-03-31T00:00:00Z"
SOME = BIG.replace("2026-03-31T00", "2026-03-28T22")


def read_all(bench, path, headers=None):
    """Rows, last line, greatest growth of the server's memory in KB."""
    connection = http.client.HTTPConnection("127.0.0.1", bench.client.port, timeout=60)
    before, most, count, last = memory(bench.process), 0, 0, b""
    connection.request("GET", path, headers={"Authorization": f"Bearer {bench.tokens['all']}", **(headers or {})})
    reply = connection.getresponse()
    stream = gzip.GzipFile(fileobj=reply) if reply.headers["Content-Encoding"] else reply
    tail = b""
    while chunk := stream.read(262144):
        count += chunk.count(b"\n")
        tail = (tail + chunk)[-4096:]
        most = max(most, memory(bench.process) - before)
    connection.close()
    last = tail.rstrip(b"\n").split(b"\n")[-1]
    return count, last, most


def long_answers(bench):
    tap = bench.tap
    read_all(bench, SOME)  # what is made once is there
    count, last, most = read_all(bench, BIG)
    total = int(bench.server.ask("SELECT count(*) FROM receiptd.message WHERE sent_at >= '2026-03-28 21:00Z' "
                                 "AND sent_at < '2026-03-31 00:00Z'"))
    tap.ok(count == total + 1 and json.loads(last)["rows"] == total and total > ROWS, f"{total} rows, and their number")
    tap.ok(most < 8192, f"memory grows by {most} KB")
    count, last, most = read_all(bench, SOME.replace("asc", "desc") + "&domain=harbor.example", {"Accept-Encoding": "gzip"})
    tap.ok(json.loads(last)["end"] and most < 8192, f"compressed too: {count} lines, {most} KB")
    seen = bench.server.ask("SELECT rows FROM receiptd.access_log WHERE filter LIKE '%order=asc&limit=all%' "
                            "ORDER BY at DESC LIMIT 1")
    tap.ok(seen == str(total), "the access log has the number")


def last_access(bench):
    return bench.server.ask("SELECT coalesce(rows::text, 'none') FROM receiptd.access_log ORDER BY at DESC LIMIT 1")


def take(sock, size):
    """At least so many bytes: then it is in the middle."""
    while size > 0 and (chunk := sock.recv(65536)):
        size -= len(chunk)


def is_incomplete(data):
    return not data.endswith(b"\r\n0\r\n\r\n") and data != b"0\r\n\r\n" and b'"end":true' not in data[-4096:]


def rest_of(sock):
    data = b""
    try:
        while chunk := sock.recv(1 << 20):
            data = (data + chunk)[-65536:]
    except OSError:
        pass
    return data


def ends(bench):
    """A client that goes, one that is slow, one too many, a lock, a lost database, the end of the server."""
    tap = bench.tap
    slow = bench.raw_stream(BIG, receive=4096)
    began = time.monotonic()
    second = bench.raw_stream(BIG, receive=4096)
    second.recv(1)
    slow.recv(1)
    third = bench.raw_stream(BIG)
    refused = third.recv(2000)
    third.close()
    tap.ok(b" 503 " in refused[:20] and b"Retry-After: " in refused, "one too many: 503 with Retry-After")
    tap.ok(bench.get("/v1/messages?limit=1").status == 200, "pages are answered meanwhile")
    second.close()
    tap.ok(product.wait_until(lambda: product_lines(bench, b"stream_cut") == 1, 10), "the client has gone: cut")
    tap.ok(product.wait_until(lambda: last_access(bench) != "none", 5), "and counted in the access log")
    # A statement that waits: the client goes before the first row.
    lock = bench.server.transaction("LOCK TABLE receiptd.message IN ACCESS EXCLUSIVE MODE")
    product.wait_until(lambda: bench.server.ask("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' "
                                                "AND granted AND relation = 'receiptd.message'::regclass") == "1", 10)
    third = bench.raw_stream(BIG)
    tap.ok(product.wait_until(lambda: waiting_statements(bench) == 1, 10), "a long answer waits for a lock")
    third.close()
    tap.ok(product.wait_until(lambda: waiting_statements(bench) == 0, 20), "client gone: the statement is cancelled")
    lock.communicate(b"COMMIT;")
    tap.ok(product.wait_until(lambda: get_status(bench, "/v1/messages?limit=all&id=m1") == 200, 10), "and its place is free")
    # The database session ends in the middle.
    third = bench.raw_stream(BIG)
    take(third, 100000)
    bench.server.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'receiptd read' "
                     "AND state <> 'idle' AND backend_start = (SELECT max(backend_start) FROM pg_stat_activity "
                     "WHERE application_name = 'receiptd read' AND state <> 'idle')")
    data = rest_of(third)
    tap.ok(is_incomplete(data), "session lost: the last chunk is missing")
    gone = product.wait_until(lambda: slow_count(bench) >= 4, 35)  # the gone, the locked, the lost and this one
    tap.ok(gone, f"a client that takes nothing is cut ({time.monotonic() - began:.0f} s)")
    tap.ok(is_incomplete(rest_of(slow)), "it can tell that something is missing")
    third = bench.raw_stream(BIG)
    take(third, 100000)
    status = product.stop(bench.process, 20)
    tap.ok(status == 0 and is_incomplete(rest_of(third)), f"TERM in the middle: exit {status}, the last chunk is missing")
    bench.serve()
    third = bench.raw_stream(BIG)
    take(third, 100000)
    bench.process.kill()
    bench.process.wait()
    tap.ok(is_incomplete(rest_of(third)), "KILL in the middle: the last chunk is missing")
    open_row = last_access(bench)
    tap.ok(open_row == "none", "and its row of the access log has no number")


def product_lines(bench, word):
    with open(bench.product.log, "rb") as log:
        return sum(word in l for l in log)


def slow_count(bench):
    return product_lines(bench, b"stream_cut")


def waiting_statements(bench):
    return int(bench.server.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'receiptd read' "
                                "AND wait_event_type = 'Lock'"))


def get_status(bench, path):
    return bench.get(path).status


def wanted(test):
    """tests/e2e/chatlog.t [NAME...]: only these."""
    return len(sys.argv) == 1 or test.__name__ in sys.argv


def main():
    tap = product.Tap()
    bench = Bench(tap)
    try:
        bench.start()
        bench.load([*talk(), *story()])
        for test in (filters, refusals, detail, sealed, characters, packed, pages, people, waiting, devices):
            if wanted(test):
                test(bench)
        enlarge(bench)
        for test in (plans, long_answers):
            if wanted(test):
                test(bench)
        bench.client.judge(tap)
        if wanted(ends):
            ends(bench)
    finally:
        if bench.process and bench.process.poll() is None:
            product.stop(bench.process)
        bench.product.close()
        bench.server.close()
    tap.done()


main()
