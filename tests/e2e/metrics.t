#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# /v1/metrics/delivery, read, funnel, response, typing: every number of an answer beside the same computed from
# exported rows by tests/oracle/metrics.py, for windows, zones and buckets, from roll-ups and with exact=1; what
# "export metrics" says of the same range (F169); days of 23 to 25 hours (F167); totals and series of one state.
import csv
import io
import itertools
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import zoneinfo

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "oracle")]
import product  # noqa: E402
try:
    import contract
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)
import metrics  # noqa: E402
from metrics import DAY, SECOND, stamp, usec  # noqa: E402

USERS = ["ada@harbor.example", "ben@quay.example", "cy@quay.example", "dora@pier.example", "eva@harbor.example"]
PATHS = list(metrics.PATHS)
RATED = ("delivery", "read", "funnel")
# Berlin loses and gains an hour, Lord Howe half of one; Kolkata is between the hours.
SPANS = ["2026-03-28T00:00:00Z", "2026-04-04T00:00:00Z", "2026-10-03T00:00:00Z", "2026-10-24T00:00:00Z"]
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"]
HALF_HOURS = {("Europe/Berlin", "2026-03-29"): 46, ("Europe/Berlin", "2026-10-25"): 50,
              ("Australia/Lord_Howe", "2026-04-05"): 49, ("Australia/Lord_Howe", "2026-10-04"): 47,
              ("Asia/Kolkata", "2026-03-29"): 48}
RECEIPTS, MARKERS = "urn:xmpp:receipts", "urn:xmpp:chat-markers:0"


# ---- what is in the log

class Traffic:
    """Messages whose id tells what they asked for, and what became of them."""

    def __init__(self, seed):
        self.chance, self.lines, self.count = random.Random(seed), [], 0

    def line(self, at, direction, session, stanza):
        self.lines.append({"ts": stamp(at), "feed": "log", "dir": direction, "session": session, "stanza": stanza})

    def delay(self, longest):
        """Of all orders of magnitude, also less than the bins of a histogram can tell apart."""
        return round(10**self.chance.uniform(3, longest))

    def send(self, at):
        sender, receiver = self.chance.sample(USERS, 2)
        asks = self.chance.choice(["r", "r", "rm", "rm", "m", "n"])
        self.count += 1
        number = f"{asks}-{self.count}"
        wants = (f"<request xmlns='{RECEIPTS}'/>" if "r" in asks else "") + \
            (f"<markable xmlns='{MARKERS}'/>" if "m" in asks else "")
        if self.chance.random() < 0.05:
            wants += "<replace xmlns='urn:xmpp:message-correct:0' id='n-0'/>"
        content = f"id='{number}' type='chat'><body>{number}</body>{wants}"
        self.line(at, "in", sender + "/phone", f"<message to='{receiver}' {content}</message>")
        if self.chance.random() < 0.03:  # again, by the client
            self.line(at + 9 * SECOND, "in", sender + "/phone", f"<message to='{receiver}' {content}</message>")
        self.become(at, sender, receiver, number, asks, content)

    def become(self, at, sender, receiver, number, asks, content):
        fate, back = self.chance.random(), f"<message from='{receiver}' to='{sender}/phone'"
        if fate < 0.08:
            self.line(at + self.delay(6), "out", sender + "/phone",
                      f"{back} id='{number}' type='error'><error type='cancel'><service-unavailable "
                      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
            return
        arrived = at + self.chance.randrange(1, 900)
        stored = self.chance.random() < 0.1
        if stored:
            arrived = at + 7 * SECOND + self.delay(10)
            content += (f"<delay xmlns='urn:xmpp:delay' from='{metrics.domain(receiver)}' "
                        f"stamp='{stamp(at + 1000)[:23]}Z'/>")
        if fate < 0.9:
            self.line(arrived, "out", receiver + "/desk",
                      f"<message from='{sender}/phone' to='{receiver}/desk' {content}</message>")
        if 0.1 < fate < 0.75:
            self.answer(arrived, sender, receiver, number, asks)
        if self.chance.random() < 0.04:
            self.line(at + self.delay(9), "in", sender + "/phone",
                      f"<message to='{receiver}' id='x{number}' type='chat'>"
                      f"<retract xmlns='urn:xmpp:message-retract:1' id='{number}'/></message>")

    def answer(self, arrived, sender, receiver, number, asks):
        head = f"<message to='{sender}/phone' type='chat' id="
        got = arrived + self.delay(9.5)
        if "r" in asks:
            self.line(got, "in", receiver + "/desk",
                      f"{head}'a{number}'><received xmlns='{RECEIPTS}' id='{number}'/></message>")
        how = self.chance.random()
        if "m" in asks and how < 0.4:
            self.line(got + self.delay(10), "in", receiver + "/desk",
                      f"{head}'d{number}'><displayed xmlns='{MARKERS}' id='{number}'/></message>")
        elif how > 0.85:
            self.line(got + self.delay(9), "in", receiver + "/desk",
                      f"{head}'e{number}'><reactions xmlns='urn:xmpp:reactions:0' id='{number}'>"
                      "<reaction>+</reaction></reactions></message>")

    def type(self, at):
        who, other = self.chance.sample(USERS, 2)
        end = self.chance.choice(["paused", "active", "", ""])
        for state, when in (("composing", at), (end, at + self.delay(8.4))):
            if state:
                self.line(when, "in", who + "/phone", f"<message to='{other}' type='chat'>"
                          f"<{state} xmlns='http://jabber.org/protocol/chatstates'/></message>")

    def fill(self, since, until, messages):
        for _ in range(messages):
            self.send(since + self.chance.randrange(until - since))
        for _ in range(messages // 6):
            self.type(since + self.chance.randrange(until - since))

    def write(self, path):
        with open(path, "w", encoding="utf-8") as out:
            for line in sorted(self.lines, key=lambda line: line["ts"]):
                out.write(json.dumps(line) + "\n")


def asks(row):
    wants = row["id"].partition("-")[0]
    return {name for letter, name in (("r", "delivery"), ("m", "reading")) if letter in wants}


# ---- comparing

def differ(mine, theirs, error, path=""):
    """Where the two differ. error: of percentiles, as a share."""
    if isinstance(mine, dict):
        return [text for key in mine for text in
                ([f"{path}.{key} is missing"] if key not in theirs else
                 differ(mine[key], theirs[key], error, f"{path}.{key}"))]
    if isinstance(mine, float) and isinstance(theirs, (int, float)):
        good = abs(mine - theirs) <= 1e-9
    elif isinstance(mine, int) and isinstance(theirs, int) and path.endswith((".max", ".p50", ".p90", ".p95", ".p99")):
        good = abs(mine - theirs) <= mine * error
    else:
        good = mine == theirs
    return [] if good else [f"{path}: {theirs}, computed {mine}"]


class Bench:
    def __init__(self, tap):
        self.tap = tap
        self.product = product.Product(environment={"TZ": "UTC"})
        self.server = self.client = self.judged = self.oracle = None
        self.compared = 0

    def start(self):
        self.server = self.product.start("--set", "port=0", "serve")
        product.wait_until(self.listens, 60)
        out = subprocess.run(self.product.command("token", "add", "all", "--scopes", "metrics"), check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.client.token = out.stdout.strip()
        self.judged = contract.Client(self.client.port, self.client.token)

    def listens(self):
        with open(self.product.log, encoding="utf-8", errors="replace") as log:
            found = re.search(r" listening .*port=(\d+)", log.read())
        self.client = contract.Client(int(found.group(1)), contract=None) if found else None
        return bool(found)

    def load(self, name, traffic):
        path = self.product.path(name)
        traffic.write(path)
        return self.product.call("import", path, check=False) == 0

    def look(self):
        """Rows for the oracle; export waits until all is settled."""
        rows = {}
        for what in ("messages", "typing"):
            with open(self.product.export(what), encoding="utf-8") as file:
                rows[what] = [json.loads(line) for line in file]
        self.oracle = metrics.Oracle(rows["messages"], rows["typing"], asks)
        return rows["messages"]

    def get(self, path, **query):
        words = "&".join(f"{key}={value}" for key, value in query.items() if value is not None)
        client = self.judged if query.get("bucket") == "none" else self.client  # that takes its time
        return client.get(f"/v1/metrics/{path}?{words}")

    def compare(self, path, since, until, bucket="none", zone="UTC", exact=0, domains=(None, None), min_count=5):
        """What is wrong with the answer."""
        query = {"min_count": min_count} if path in RATED else {}
        answer = self.get(path, since=stamp(since), until=stamp(until), bucket=bucket, tz=zone, exact=exact,
                          from_domain=domains[0], to_domain=domains[1], **query)
        if answer.status != 200:
            return [f"{answer.status} {answer.body[:200]}"]
        answer = answer.json()
        now, known = usec(answer["evaluated_at"]), answer["complete_until"]
        known = usec(known) if known else None
        cuts = metrics.buckets(since, until, bucket, zoneinfo.ZoneInfo(zone)) if bucket != "none" else []
        if len(answer["series"]) != len(cuts):
            return [f"{len(answer['series'])} buckets, computed {len(cuts)}"]
        said = []
        for (start, end), theirs in zip([(since, until), *cuts], [answer["totals"], *answer["series"]]):
            known_by = min(known, now) if known is not None else None
            mine = self.oracle.row(path, start, end, now, known_by, min_count, domains)
            mine["final"] = self.oracle.row(path, start, end, now, known, min_count, domains)["final"]
            said += [f"{stamp(start)}{text}" for text in differ(mine, theirs, 0 if exact else 0.032)]
            self.compared += 1
        return said


def report(tap, said, text):
    if not tap.ok(not said, text):
        tap.note("\n".join(said[:6]))


# ---- the tests

def populated(bench, rows):
    """A test of nothing would pass: each thing that is counted is there."""
    tap, oracle = bench.tap, bench.oracle
    figures = {path: oracle.row(path, 0, 2**52, 2**52, None, 1) for path in PATHS}
    empty = [f"{path}.{name}" for path, row in figures.items() for name, value in row.items()
             if value == 0 and name not in ("pending", "final")]
    tap.ok(not empty, f"{len(rows)} messages, something in each count" + "".join(f" but {e}" for e in empty))


def windows(newest):
    """(since, until) that begin and end at odd places, in and across days."""
    chance = random.Random(4)
    for span in map(usec, SPANS):
        yield span, span + 3 * DAY
        since = span + chance.randrange(DAY)
        yield since, since + chance.randrange(1, 2 * DAY)
    yield newest - 10 * DAY, newest
    yield newest - 10 * DAY, newest + DAY
    yield usec(SPANS[0]), usec(SPANS[-1]) + 30 * DAY


def figures(bench, newest):
    """Every path, window and way of counting; zones, buckets and domains take turns."""
    turns = itertools.cycle(itertools.product(
        ["1d", "1h", "1d", "none"], ZONES, [(None, None), ("harbor.example", None), (None, "quay.example"),
                                           ("harbor.example", "quay.example")], [1, 5, 40]))
    for path in PATHS:
        for exact in (0, 1):
            said = []
            for since, until in windows(newest):
                bucket, zone, domains, count = next(turns)
                bucket = "1d" if bucket == "1h" and until - since > 20 * DAY else bucket
                said += bench.compare(path, since, until, bucket, zone, exact, domains, count)
                for _ in range(6):  # or a window would always meet the same ones
                    next(turns)
            report(bench.tap, said, f"{path}: {'every message' if exact else 'roll-ups'}, as computed from rows")


def days(bench):
    """F167: days of 23, 23.5, 24, 24.5 and 25 hours, each message in exactly one."""
    for (zone, day), half_hours in HALF_HOURS.items():
        since = usec(f"{day}T00:00:00Z") - DAY
        answer = bench.get("delivery", since=stamp(since), until=stamp(since + 3 * DAY), tz=zone).json()
        lengths = {usec(b["end"]) - usec(b["start"]) for b in answer["series"][1:-1]}
        said = [] if half_hours * 1800 * SECOND in lengths else [f"days of {lengths}"]
        counted = sum(b["sent"] for b in answer["series"])
        said += [] if counted == answer["totals"]["sent"] else [f"{counted} of {answer['totals']['sent']}"]
        for bucket in ("15m", "1h", "1d"):
            said += bench.compare("delivery", since, since + 3 * DAY, bucket, zone, 0)
        report(bench.tap, said, f"{zone} {day}: a day of {half_hours / 2} hours")


def both_ways(bench, newest):
    """The answer of roll-ups is that of rows: counts to the last digit, percentiles within their bin."""
    for path in PATHS:
        said = []
        for since, until in list(windows(newest))[1::3]:
            query = {"since": stamp(since), "until": stamp(until), "tz": "Asia/Kolkata"}
            rolled, counted = (bench.get(path, exact=exact, **query).json() for exact in (0, 1))
            for a, b in zip([rolled["totals"], *rolled["series"]], [counted["totals"], *counted["series"]]):
                said += [text for text in differ(b, a, 0.032) if not re.search(r"\.(method|max_error):", text)]
                said += [] if a.keys() == b.keys() else ["other members"]
        report(bench.tap, said, f"{path}: roll-ups as every message")


def exported(bench):
    """F169: the export of a range is the API's answer."""
    said = []
    for since, until in ((SPANS[0], SPANS[1]), (SPANS[2], SPANS[3]), (SPANS[0], stamp(usec(SPANS[0]) + 7 * 3600 * SECOND))):
        name = bench.product.export("metrics", None, "--since", since, "--until", until)
        with open(name, encoding="utf-8") as file:
            mine = json.load(file)
        totals = bench.get("delivery", since=since, until=until, exact=1, min_count=1).json()["totals"]
        read = bench.get("read", since=since, until=until, exact=1, min_count=1).json()["totals"]
        theirs = {"delivery_rate": [totals["confirmed"], totals["requested"]],
                  "read_rate": [read["read"], read["requested"]],
                  "ttd_ms": totals["time_to_deliver_ms"], "ttr_ms": read["time_to_read_ms"]}
        said += differ(mine, theirs, 0)
        rolled = bench.get("delivery", since=since, until=until, min_count=1).json()["totals"]
        part, whole = mine["delivery_rate"]
        said += [] if abs(rolled["rate"] - part / whole) < 1e-12 else [f"{rolled['rate']} of roll-ups"]
        said += [] if mine.keys() == theirs.keys() else [f"only {list(mine)}"]
    report(bench.tap, said, "export metrics: as the API, to the last digit")


def honesty(bench, newest):
    """Horizons that are not over, rates of too few, final buckets."""
    tap = bench.tap
    hour = bench.get("delivery", since=stamp(newest - 3 * DAY), until=stamp(newest - 3600 * SECOND),
                     bucket="none", min_count=1).json()
    within = hour["totals"]["within"]
    tap.ok([within[h]["mature"] for h in within] == [True, True, True, False, False]
           and [within[h]["rate"] is None for h in within] == [False, False, False, True, True]
           and within["24h"]["count"] >= within["1h"]["count"] > 0, "a horizon that is not over has no rate")
    tap.ok(not hour["final"] and hour["totals"]["pending"] > 0
           and hour["totals"]["rate_upper"] > hour["totals"]["rate"], "what is pending may still be confirmed")
    old = bench.get("delivery", since=SPANS[0], until=SPANS[1], bucket="none").json()
    tap.ok(old["final"] and all(h["mature"] for h in old["totals"]["within"].values())
           and old["totals"]["pending"] == 0, "an old window is final")
    few = bench.get("delivery", since=SPANS[0], until=SPANS[1], bucket="none", min_count=10**6).json()
    tap.ok(few["min_count"] == 10**6 and few["totals"]["rate"] is None and few["totals"]["confirmed"] > 0
           and {"rate", "rate_upper", "coverage", "read.rate", "within.10s.rate"} <= set(few["totals"]["suppressed"]),
           "too few: null, and named")
    none = bench.get("delivery", since="2026-06-01T00:00:00Z", until="2026-06-02T00:00:00Z", bucket="none").json()
    tap.ok(none["totals"]["rate"] is None and none["totals"]["suppressed"] == [], "nothing: null, nothing suppressed")
    for path in RATED:
        for bad in ("0", "1000001", "five", ""):
            answer = bench.get(path, min_count=bad)
            tap.ok(answer.status == 400 and answer.json()["parameter"] == "min_count", f"{path}: min_count={bad}: 400")
    for path in ("response", "typing"):
        tap.ok(bench.get(path, min_count=5).status == 400, f"{path}: has no rates, no min_count")


def tables(bench):
    """CSV has the members of JSON, all of them."""
    def flat(row, prefix=""):
        for key, value in row.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{key}.")
            elif key != "method":
                yield prefix + key, value
    for path in PATHS:
        query = {"since": SPANS[0], "until": SPANS[1], "bucket": "1d"}
        series = bench.get(path, **query).json()["series"]
        lines = list(csv.DictReader(io.StringIO(bench.get(path, format="csv", **query).body.decode(), newline="")))
        good = len(lines) == len(series) > 0
        for line, row in zip(lines, series):
            cells = {key: "" if value is None else value if isinstance(value, str) else json.dumps(value)
                     for key, value in flat(row)}
            good = good and cells.keys() == line.keys() and all(
                cells[key] == line[key] or abs(float(cells[key]) - float(line[key])) < 1e-12 if key != "suppressed"
                else json.loads(line[key]) == row[key] for key in cells)
        bench.tap.ok(good, f"{path}: CSV as JSON")


def chosen(bench):
    """fields=: those members alone, as in the whole answer."""
    for path in PATHS:
        query = {"since": SPANS[0], "until": SPANS[1], "bucket": "1d"}
        whole = bench.get(path, **query).json()
        names, said = list(whole["definitions"]), []
        for some in (names[:1], names[-1:], names[1::3], sorted({name.split(".")[0] for name in names[-5:]})):
            wanted = [name for name in names if any(name == s or name.startswith(s + ".") for s in some)]
            few = bench.get(path, **query, fields=",".join(some)).json()
            said += [] if list(few["definitions"]) == wanted else [f"{some}: {list(few['definitions'])}"]
            for a, b in zip([few["totals"], *few["series"]], [whole["totals"], *whole["series"]], strict=True):
                keep = {"start", "end", "final", "suppressed", *(n for name in wanted for n in (name, name + "_wilson"))}
                mine = {k: {i: v[i] for i in v if f"{k}.{i}" in keep} if f"{k}.rate" in names else v
                        for k, v in b.items() if k in keep or any(n.startswith(k + ".") for n in wanted)}
                if "suppressed" in mine:
                    mine["suppressed"] = [s for s in b["suppressed"]
                                          if any(s == w or s.startswith(w + ".") for w in wanted)]
                said += [] if a == mine else [f"{some}: {a} instead of {mine}"]
            head = bench.get(path, **query, fields=",".join(some), format="csv").body.decode().split("\n")[0]
            columns = {column.split(".")[0] for column in head.strip().split(",")} - {"suppressed"}
            said += [] if columns == {n.split(".")[0] for n in wanted} | {"start", "end", "final"} | {
                c for c in columns if c.endswith("_wilson") and c[:-7] in wanted} else [f"{some}: CSV has {head}"]
        for bad in (names[0] + ",", "," + names[0], "nothing", names[0][:-1]):
            answer = bench.get(path, fields=bad)
            said += [] if answer.status == 400 and names[0] in answer.json()["detail"] else [f"{bad}: {answer.status}"]
        report(bench.tap, said, f"{path}: chosen fields, as in the whole answer")


def one_state(bench):
    """Totals and series agree while a writer commits (one snapshot an answer)."""
    files = []
    for i in range(6):
        traffic = Traffic(100 + i)
        traffic.count = 100000 * (i + 1)
        traffic.fill(usec(SPANS[0]), usec(SPANS[0]) + 2 * DAY, 120)
        files.append(bench.product.path(f"more{i}.ndjson"))
        traffic.write(files[-1])
    writer = threading.Thread(target=lambda: [bench.product.call("import", file) for file in files])
    writer.start()
    said, commits, asked = [], set(), 0
    while writer.is_alive() or asked < 3:
        asked += 1
        answer = bench.get("delivery", since=SPANS[0], until=stamp(usec(SPANS[0]) + 3 * DAY), bucket="1h",
                           exact=asked % 2, min_count=asked).json()
        commits.add(answer["commit"])
        for name in ("sent", "requested", "confirmed", "expired", "stored"):
            counted = sum(bucket[name] for bucket in answer["series"])
            if counted != answer["totals"][name]:
                said.append(f"{name}: {answer['totals'][name]}, series {counted}")
    writer.join()
    report(bench.tap, said, f"{asked} answers while it is written, {len(commits)} states: totals are the series")
    bench.tap.ok(len(commits) > 2, "and it was written meanwhile")


def main():
    tap = product.Tap()
    bench = Bench(tap)
    newest = int(time.time()) * SECOND - 1800 * SECOND
    traffic = Traffic(7)
    for span in SPANS:
        traffic.fill(usec(span), usec(span) + 3 * DAY, 150)
    traffic.fill(newest - 10 * DAY, newest, 200)
    expires = newest + 1800 * SECOND - 7 * DAY  # in the quarter in which pending turns to expired, too
    traffic.fill(expires - 600 * SECOND, expires + 1200 * SECOND, 90)
    traffic.lines = [line for line in traffic.lines if usec(line["ts"]) <= newest]
    traffic.line(newest, "in", USERS[0] + "/phone", f"<message to='{USERS[1]}' id='n-last' type='chat'><body>x</body></message>")
    try:
        if not tap.ok(bench.load("log.ndjson", traffic), "imported"):
            bench.product.complain("cannot go on")
            tap.done()
        bench.start()
        rows = bench.look()
        populated(bench, rows)
        figures(bench, newest)
        days(bench)
        both_ways(bench, newest)
        exported(bench)
        honesty(bench, newest)
        tables(bench)
        chosen(bench)
        one_state(bench)
        tap.ok(bench.product.call("check", check=False) == 0, "check: roll-ups as the rows")
        tap.ok(bench.compared > 500, f"{bench.compared} rows of answers were compared")
        bench.judged.judge(tap)
    finally:
        if bench.server and bench.server.poll() is None:
            product.stop(bench.server)
        bench.product.close()
    tap.done()


if __name__ == "__main__":
    main()
