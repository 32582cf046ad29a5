#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Metrics by dimension (PAIRING F9): peers, clients, breakdown, users, pairs, with the real program. What they
# say is computed a second time from "export messages" and from what the generated log says of itself;
# then every path with every kind of token (F134, F192).
import csv
import glob
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

NOW = datetime.now(timezone.utc)
T_EXPIRE = timedelta(days=7)
DAY = timedelta(days=1)
HOSTS = ["harbor.example", "bay.example"]
FIRST = (NOW - 9 * DAY).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = 5  # they straddle NOW - T_EXPIRE
PATHS = ["peers", "clients", "breakdown", "users", "pairs"]
CONDITIONS = ["service-unavailable", "remote-server-not-found", "made-up-by-someone"]
RECEIPTS = "urn:xmpp:receipts"
MARKERS = "urn:xmpp:chat-markers:0"


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def bare(jid):
    return jid.split("/")[0]


def domain(jid):
    return bare(jid).split("@")[-1]


# ---- the log, and what it means

class Log:
    """Observations, what each message is, what each device says of itself."""

    def __init__(self):
        self.random = random.Random(20261128)
        self.lines, self.late = [], []
        self.messages, self.facts, self.names = {}, [], {}
        self.users = ["ada@harbor.example", "bob@harbor.example", "cat@bay.example", "dan@quay.example",
                      "eve@far.example", "fay@odd.example"]
        self.make_devices()
        for i in range(600):
            self.message(f"m{i}")

    def add(self, at, direction, stanza, session=None, late=False):
        line = {"ts": stamp(at), "feed": "log", "dir": direction, "stanza": stanza}
        if session:
            line["session"] = session
        (self.late if late else self.lines).append(line)

    def from_user(self, at, jid, inner, late=False):
        """What a device sends: to its own server, or by way of its own to ours."""
        if domain(jid) in HOSTS:
            self.add(at, "in", inner, jid, late)
        else:
            self.add(at, "s2s-in", inner.replace(" ", f" from='{jid}' ", 1), None, late)

    # Each device shows itself in another way; half of it is read after all messages.
    def make_devices(self):
        self.caps("ada@harbor.example/phone", 0, "https://gull.example", "v1", name="Gull")
        self.caps("bob@harbor.example/phone", 4.5, "https://gull.example", "v1", late=True)
        self.version("bob@harbor.example/phone", 4.6, "Not asked", "2.4", late=True)
        self.caps("bob@harbor.example/desk", 1, "https://tern.example", "t9", late=True)
        self.disco("cat@bay.example/phone", 2, "Puffin", late=True)
        self.version("cat@bay.example/desk", 2, "Auk", "0.3")
        self.caps("dan@quay.example/phone", 0.2, "https://gull.example", "v1", name="Gull", late=True)
        self.caps("dan@quay.example/phone", 2.5, "https://tern.example", "t9")
        self.version("dan@quay.example/phone", 0.3, "Gull", "1.9", late=True)
        self.caps("eve@far.example/phone", 3, "https://tern.example", "t9", late=True)
        self.version("eve@far.example/desk", 1, "<Auk & Co.>", "=1+1", late=True)

    def fact(self, device, days, kind, value):
        at = FIRST + timedelta(days=days, minutes=3)
        self.facts.append((device, at, kind, value))
        return at

    def caps(self, device, days, node, ver, name=None, late=False):
        at = self.fact(device, days, "caps", node + "#" + ver)
        self.from_user(at, device, "<presence id='p'><c xmlns='http://jabber.org/protocol/caps' "
                       f"hash='sha-1' node='{node}' ver='{ver}'/></presence>", late)
        if name:
            self.names[node + "#" + ver] = name
            self.disco(device, days, name, f" node='{node}#{ver}'", late)

    def disco(self, device, days, name, node="", late=False):
        at = self.fact(device, days, "disco", name)
        self.from_user(at, device, "<iq type='result' id='d' to='harbor.example'>"
                       f"<query xmlns='http://jabber.org/protocol/disco#info'{node}>"
                       f"<identity category='client' type='phone' name='{name}'/></query></iq>", late)

    def version(self, device, days, name, release, late=False):
        at = self.fact(device, days, "version", (name, release))
        text = name.replace("&", "&amp;").replace("<", "&lt;")
        self.from_user(at, device, "<iq type='result' id='v' to='harbor.example'>"
                       f"<query xmlns='jabber:iq:version'><name>{text}</name>"
                       f"<version>{release}</version></query></iq>", late)

    def time(self):
        edge = NOW - T_EXPIRE
        while True:
            at = FIRST + timedelta(seconds=self.random.random() * DAYS * 86400)
            at = at.replace(microsecond=at.microsecond // 1000 * 1000)
            if not edge - timedelta(minutes=5) < at < edge + timedelta(minutes=15):
                return at

    def message(self, ident):
        pick = self.random
        sender, receiver = pick.sample(self.users, 2)
        while domain(sender) not in HOSTS and domain(receiver) not in HOSTS:
            sender, receiver = pick.sample(self.users, 2)
        at = self.time()
        said = {"asks": pick.random() < 0.8, "encrypted": pick.random() < 0.3, "markable": pick.random() < 0.5,
                "type": pick.choice(["chat", "chat", "normal"]), "to_devices": []}
        self.messages[ident] = said
        payload = "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>eA==</payload></encrypted>"
        inner = (f"<message to='{receiver}' id='{ident}' type='{said['type']}'>"
                 + (payload if said["encrypted"] else f"<body>{ident}</body>")
                 + (f"<request xmlns='{RECEIPTS}'/>" if said["asks"] else "")
                 + (f"<markable xmlns='{MARKERS}'/>" if said["markable"] else "") + "</message>")
        self.from_user(at, sender + "/phone", inner)
        out = inner.replace(" ", f" from='{sender}/phone' ", 1)
        devices = pick.choice([["phone"], ["phone"], ["desk"], ["phone", "desk"], []])
        if domain(receiver) in HOSTS:
            for device in devices:
                late = pick.random() < 0.1
                delay = (f"<delay xmlns='urn:xmpp:delay' from='{domain(receiver)}' stamp='{stamp(at)}'/></message>"
                         if late else "</message>")
                self.add(at + timedelta(seconds=60 if late else 0.2), "out",
                         out.replace("</message>", delay), f"{receiver}/{device}")
                said["to_devices"].append(f"{receiver}/{device}")
        else:
            self.add(at + timedelta(seconds=0.1), "s2s-out", out)
        self.outcome(ident, at, sender, receiver, devices or ["phone"])

    def outcome(self, ident, at, sender, receiver, devices):
        pick = self.random
        what = pick.random()
        after = timedelta(milliseconds=int(pick.lognormvariate(6, 2)) + 250)
        if what < 0.6:
            for i, device in enumerate(devices):
                kind = pick.choice([f"<received xmlns='{RECEIPTS}' id='{ident}'/>",
                                    f"<displayed xmlns='{MARKERS}' id='{ident}'/>"]) if i else \
                    f"<received xmlns='{RECEIPTS}' id='{ident}'/>"
                self.from_user(at + after * (i + 1), f"{receiver}/{device}",
                               f"<message to='{sender}/phone' id='a{ident}{i}' type='chat'>{kind}</message>")
        elif what < 0.75:
            error = f"<{pick.choice(CONDITIONS)} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
            text = f"<message to='{sender}/phone' from='{receiver}' id='{ident}' type='error'>" \
                   f"<error type='cancel'>{error}</error></message>"
            self.add(at + after, "out" if domain(sender) in HOSTS else "s2s-out", text,
                     f"{sender}/phone" if domain(sender) in HOSTS else None)


# ---- computed a second time

class Expected:
    """From exported rows, and from what the log says of its messages and devices."""

    def __init__(self, log, rows):
        self.log = log
        self.rows = [row for row in rows if row["class"] in ("chat", "pm", "correction")]
        for row in self.rows:
            said = log.messages[row["id"]]
            row.update(asks=said["asks"], encrypted=said["encrypted"], markable=said["markable"],
                       at=moment(row["sent_at"]))
            row["device"] = self.device(row, said["to_devices"])

    @staticmethod
    def device(row, written):
        """Who gives the time of delivery, else of display; else the only one that it was written to."""
        for what in ("delivered", "displayed"):
            times = {jid: d[what] for jid, d in row.get("devices", {}).items() if what in d}
            if times:
                return min(times, key=times.get)
        return written[0] if len(set(written)) == 1 else None

    def client(self, device, day):
        """F9: caps node -> disco name; version as fallback; what was seen last before the end of the day."""
        until, chosen = day + DAY, {}
        for kind in ("caps", "disco", "version"):
            facts = {}
            for jid, at, what, value in self.log.facts:
                if jid == device and what == kind:
                    facts.setdefault(value, []).append(at)
            before = [v for v in facts if min(facts[v]) < until]
            if before:
                chosen[kind] = max(before, key=lambda v: (min(max(facts[v]), until), min(facts[v])))
            elif facts:
                chosen[kind] = min(facts, key=lambda v: min(facts[v]))
        node = chosen.get("caps")
        shown = [at for jid, at, what, value in self.log.facts if (jid, what, value) == (device, "caps", node)]
        for kind in ("disco", "version"):  # before it showed these caps: of something else
            said = [at for jid, at, what, value in self.log.facts if (jid, what, value) == (device, kind, chosen.get(kind))]
            if shown and said and max(said) < min(shown):
                del chosen[kind]
        name, release = chosen.get("version", (None, None))
        software = self.log.names.get(node) or chosen.get("disco") or (node.rsplit("#", 1)[0] if node else None) or name
        return (software, release) if software else "no_software"

    def of_clients(self, row):
        if not row["device"]:
            return "no_device"
        return self.client(row["device"], row["at"].replace(hour=0, minute=0, second=0, microsecond=0))

    @staticmethod
    def figures(rows, now):
        asked = [r for r in rows if r["asks"]]
        out = {"sent": len(rows), "requested": len(asked),
               "confirmed": sum(r["state"] in ("delivered", "displayed") for r in asked),
               "failed": sum(r["state"] == "failed" for r in asked),
               "failed_all": sum(r["state"] == "failed" for r in rows)}
        open_ = [r for r in asked if r["state"] not in ("delivered", "displayed", "failed")]
        out["pending"] = sum(now - r["at"] < T_EXPIRE for r in open_)
        out["expired"] = len(open_) - out["pending"]
        out["unknown"] = sum(not r["asks"] and not r["markable"] and r["state"] not in
                             ("delivered", "displayed", "failed") for r in rows)
        reading = [r for r in rows if r["markable"] and r["state"] != "failed"]
        out["read_requested"] = len(reading)
        out["read"] = sum("displayed_at" in r for r in reading)
        out["rate"] = out["confirmed"] / len(asked) if asked else None
        out["rate_upper"] = (out["confirmed"] + out["pending"]) / len(asked) if asked else None
        out["coverage"] = len(asked) / len(rows) if rows else None
        times = sorted((moment(r["delivered_at"]) - r["at"]) // timedelta(milliseconds=1) for r in asked
                       if "delivered_at" in r and r["delivered_via"] != "upto" and "stored_at" not in r)
        out["time_to_deliver_ms"] = {"n": len(times)}
        for name, percent in (("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99), ("max", 100)):
            out["time_to_deliver_ms"][name] = times[-(-len(times) * percent // 100) - 1] if times else None
        return out

    def groups(self, key, rows=None):
        out = {}
        for row in self.rows if rows is None else rows:
            for name in [key(row)] if not isinstance(key(row), list) else key(row):
                out.setdefault(name, []).append(row)
        return out


def same(shown, wanted, exact=False):
    """What differs; times of histograms may be 3.2 % off."""
    for name, value in wanted.items():
        if name not in shown:
            continue
        if name == "time_to_deliver_ms":
            for point, ms in value.items():
                got = shown[name][point]
                if ms is None or got is None or point == "n" or exact:
                    if got != ms:
                        return f"{name}.{point}: {got}, not {ms}"
                elif abs(got - ms) > 0.032 * ms + 1:
                    return f"{name}.{point}: {got}, not {ms}"
        elif isinstance(value, float):
            if abs(shown[name] - value) > 1e-9:
                return f"{name}: {shown[name]}, not {value}"
        elif shown[name] != value:
            return f"{name}: {shown[name]}, not {value}"
    return None


def conditions(rows):
    out = {}
    for row in rows:
        if row["state"] == "failed":
            name = row["error"] if row["error"] in CONDITIONS[:2] else "other"
            out[name] = out.get(name, 0) + 1
    return out


# ---- the program

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Bench:
    def __init__(self, tap):
        self.tap = tap
        self.product = product.Product(settings='hosts = {"harbor.example", "bay.example"}',
                                       environment={"TZ": "UTC"})
        self.tokens, self.server, self.port = {}, None, 0
        with open(os.path.join(product.ROOT, "docs", "openapi.yaml"), encoding="utf-8") as file:
            self.document = yaml.safe_load(file)

    def load(self, name, lines):
        path = self.product.path(name)
        with open(path, "w", encoding="utf-8") as out:
            for line in lines:
                out.write(json.dumps(line) + "\n")
        return self.product.call("import", path, check=False) == 0

    def start(self):
        self.server = self.product.start("--set", "port=0", "serve")
        return product.wait_until(self.find_port, 60) and product.wait_until(self.ready, 60)

    def find_port(self):
        with open(self.product.log, encoding="utf-8", errors="replace") as log:
            found = re.search(r" listening .*port=(\d+)", log.read())
        self.port = int(found.group(1)) if found else 0
        return self.port > 0

    def ready(self):
        try:
            return self.get("/readyz", None).status == 200
        except OSError:
            return False

    def make_token(self, name, *arguments):
        out = subprocess.run(self.product.command("token", "add", name, *arguments), check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.tokens[name] = out.stdout.strip()

    def get(self, path, name="all"):
        headers = {"Authorization": f"Bearer {self.tokens[name]}"} if name else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return Answer(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def problems(self, path, media, value):
        content = self.document["paths"][path]["get"]["responses"]["200"]["content"]
        whole = {**content[media]["schema"], "components": self.document["components"]}
        validator = jsonschema.Draft202012Validator(whole)
        return [f"{list(e.absolute_path)}: {e.message}"[:300] for e in validator.iter_errors(value)]

    def ask(self, path, query="", name="all"):
        """The answer, validated."""
        window = f"since={stamp(FIRST)}&until={stamp(FIRST + DAYS * DAY)}"
        answer = self.get(f"/v1/metrics/{path}?{window}&limit=1000&min_count=1&{query}".rstrip("&"), name)
        if answer.status != 200:
            raise RuntimeError(f"{path}?{query}: {answer.status} {answer.body[:200]}")
        bad = self.problems(f"/v1/metrics/{path}", "application/json", answer.json())
        if bad:
            raise RuntimeError(f"{path}?{query}: {bad[:3]}")
        return answer.json()


# ---- the tests

def compare(bench, text, items, expected, now, key, check=None):
    """items: rows of an answer; expected: {name: rows}."""
    shown = {key(item): item for item in items}
    problems = []
    if len(shown) != len(items) or set(shown) != set(expected):
        problems.append(f"shown {sorted(map(str, shown))}, wanted {sorted(map(str, expected))}")
    for name in set(shown) & set(expected):
        problem = same(shown[name], Expected.figures(expected[name], now))
        problem = problem or (check and check(shown[name], expected[name]))
        if problem:
            problems.append(f"{name}: {problem}")
    if not bench.tap.ok(not problems and len(expected) > 1, f"{text}: {len(expected)} groups"):
        for problem in problems[:5]:
            bench.tap.note(problem)


def right_conditions(shown, rows):
    return None if shown["conditions"] == conditions(rows) else f"{shown['conditions']}, not {conditions(rows)}"


def peers(bench, expected):
    def key(row):
        here, there = domain(row["from"]) in HOSTS, domain(row["to"]) in HOSTS
        return [(domain(row["to"]), "to")] if here and not there else \
            [(domain(row["from"]), "from")] if there and not here else []
    answer = bench.ask("peers")
    now = moment(answer["evaluated_at"])
    compare(bench, "peers", answer["items"], expected.groups(key), now, lambda i: (i["domain"], i["direction"]),
            right_conditions)
    bench.tap.ok(answer["others"] == [] and answer["local_domains"] == HOSTS, "peers: nothing else")
    limited = bench.get(f"/v1/metrics/peers?since={stamp(FIRST)}&until={stamp(FIRST + DAYS * DAY)}"
                        "&limit=1&min_count=1&order=requested&direction=to").json()
    to = sorted((rows for name, rows in expected.groups(key).items() if name[1] == "to"),
                key=lambda rows: -sum(r["asks"] for r in rows))
    rest = [row for rows in to[1:] for row in rows]
    other = limited["others"][0]
    problem = same(other, Expected.figures(rest, now)) or right_conditions(other, rest)
    if not bench.tap.ok(len(limited["items"]) == 1 and other["domains"] == len(to) - 1 and not problem,
                        "peers: what is beyond the limit is one row"):
        bench.tap.note(f"{problem} {other}")


def clients(bench, expected):
    answer = bench.ask("clients")
    now = moment(answer["evaluated_at"])
    compare(bench, "clients", answer["items"] + answer["others"], expected.groups(expected.of_clients), now,
            lambda i: (i["software"], i["version"]) if i["row"] == "item" else i["row"])
    asked = [r for r in expected.rows if r["asks"]]
    unknown = sum(expected.of_clients(r) == "no_software" for r in asked) / len(asked)
    bench.tap.ok(abs(answer["no_software_share"] - unknown) < 1e-9 and unknown > 0.05,
                 f"clients: {unknown:.0%} went to devices of unknown software")
    bench.tap.ok(abs(answer["known_share"] + answer["no_software_share"] + answer["no_device_share"] - 1) < 1e-9,
                 "clients: the shares add up")
    rows = [r for r in expected.rows if domain(r["to"]) == "bay.example"]
    compare(bench, "clients of a domain",
            [i for i in (lambda a: a["items"] + a["others"])(bench.ask("clients", "domain=bay.example")) if i["sent"]],
            expected.groups(expected.of_clients, rows), now,
            lambda i: (i["software"], i["version"]) if i["row"] == "item" else i["row"])


def breakdown(bench, expected):
    keys = {"type": lambda r: r["type"], "class": lambda r: r["class"],
            "stored": lambda r: "stored" if "stored_at" in r else "live",
            "encrypted": lambda r: "encrypted" if r["encrypted"] else "plain",
            "from_domain": lambda r: domain(r["from"]), "to_domain": lambda r: domain(r["to"])}
    for by, key in keys.items():
        answer = bench.ask("breakdown", f"by={by}")
        groups = expected.groups(key)
        if by == "class":
            groups[""] = []  # there is one class only
            answer["items"].append({"value": "", "by": by})
        compare(bench, f"by={by}", answer["items"], groups, moment(answer["evaluated_at"]), lambda i: i["value"])
    rows = [r for r in expected.rows if domain(r["from"]) == "harbor.example"]
    answer = bench.ask("breakdown", "by=to_domain&from_domain=harbor.example")
    compare(bench, "by=to_domain of one sender", answer["items"], expected.groups(keys["to_domain"], rows),
            moment(answer["evaluated_at"]), lambda i: i["value"], right_conditions)
    shown = {i["value"]: i["failed_all"] for i in bench.ask("breakdown", "by=condition")["items"]}
    bench.tap.ok(shown == conditions(expected.rows) and len(shown) == 3, f"by=condition: {shown}")
    shown = bench.ask("breakdown", "by=condition&from_domain=harbor.example&to_domain=quay.example")["items"]
    bench.tap.ok({i["value"]: i["failed_all"] for i in shown} == conditions(
        [r for r in rows if domain(r["to"]) == "quay.example"]), "by=condition of two domains")
    for query, parameter in (("by=type&from_domain=harbor.example", "from_domain"),
                             ("by=to_domain&to_domain=quay.example", "to_domain"),
                             ("by=from_domain&from_domain=quay.example", "from_domain"),
                             ("by=encrypted&order=slow", "order"), ("by=client", "by"), ("by=type&by=class", "by"),
                             ("by=type&limit=0", "limit"), ("by=type&exact=1", "exact"),
                             ("since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "since")):
        answer = bench.get(f"/v1/metrics/breakdown?{query}")
        bench.tap.ok(answer.status == 400 and answer.json()["parameter"] == parameter,
                     f"breakdown?{query}: 400 names {parameter}")


def people(bench, expected):
    answer = bench.ask("users")
    shown = {i["jid"]: i for i in answer["items"]}
    problems = []
    for user in expected.log.users:
        wanted = Expected.figures([r for r in expected.rows if r["from"] == user], NOW)
        wanted = {k: wanted[k] for k in ("sent", "requested", "confirmed", "failed_all", "read_requested", "read", "rate")}
        wanted["received"] = sum(r["to"] == user for r in expected.rows)
        problems += [p for p in [same(shown.get(user, {k: None for k in wanted}), wanted)] if p]
    if not bench.tap.ok(len(shown) == len(expected.log.users) and not problems, "users"):
        bench.tap.note(str(problems))
    days = bench.ask("users", "bucket=1d&jid=ada@harbor.example&order=name")["items"]
    wanted = [sum(r["from"] == "ada@harbor.example" and FIRST + i * DAY <= r["at"] < FIRST + (i + 1) * DAY
                  for r in expected.rows) for i in range(DAYS)]
    bench.tap.ok([d["sent"] for d in days] == wanted and [moment(d["day"]) for d in days]
                 == [FIRST + i * DAY for i in range(DAYS)], "users: by day")
    more = bench.get("/v1/metrics/users?limit=2&order=sent").json()
    bench.tap.ok(more["more"] and len(more["items"]) == 2 and more["items"][0]["sent"] >= more["items"][1]["sent"],
                 "users: more")
    answer = bench.ask("pairs")
    compare(bench, "pairs", answer["items"], expected.groups(lambda r: (r["from"], r["to"])),
            moment(answer["evaluated_at"]), lambda i: (i["from"], i["to"]),
            lambda shown, rows: same(shown, Expected.figures(rows, moment(answer["evaluated_at"])), exact=True))
    lost = [i["failed"] + i["expired"] for i in answer["items"]]
    bench.tap.ok(lost == sorted(lost, reverse=True), "pairs: the worst first")
    some = bench.ask("pairs", "jid=eve@far.example/x")["items"]
    bench.tap.ok(some and all("eve@far.example" in (i["from"], i["to"]) for i in some), "pairs: of one user")
    answer = bench.get(f"/v1/metrics/pairs?since={stamp(FIRST)}&until={stamp(FIRST + 8 * DAY)}")
    bench.tap.ok(answer.status == 400 and answer.json()["parameter"] == "since", "pairs: at most seven days")


# ---- the messages behind the figures

class Behind:
    """How many messages a question gives, all of them of the days that the figures are of."""

    def __init__(self, bench):
        self.bench, self.window = bench, f"since={stamp(FIRST)}&until={stamp(FIRST + DAYS * DAY)}"
        self.problems, self.asked, self.kinds = [], 0, set()

    def count(self, query, **more):
        words = urllib.parse.urlencode({name: value for name, value in more.items() if value is not None})
        answer = self.bench.get(f"/v1/messages?{self.window}&limit=1000&{query}&{words}".rstrip("&"))
        if answer.status != 200:
            return answer.body[:200]
        return len(answer.json()["items"])

    def equals(self, what, figure, query, **more):
        self.asked += 1
        found = self.count(query, **more)
        if found != figure:
            self.problems.append(f"{what}: {figure}, {query} {more} gives {found}")

    def figures(self, what, row, **more):
        """How many were sent; of the first row of each kind every figure."""
        self.equals(f"{what} sent", row["sent"], "counted=sent", **more)
        kind = (row["row"], *sorted(more))
        if kind in self.kinds:
            return
        self.kinds.add(kind)
        self.equals(f"{what} requested", row["requested"], "counted=requested", **more)
        self.equals(f"{what} unknown", row["unknown"], "counted=sent&verdict=unknown", **more)
        self.equals(f"{what} failed_all", row["failed_all"], "counted=sent&verdict=failed", **more)
        self.equals(f"{what} read_requested", row["read_requested"], "counted=read_requested", **more)
        self.equals(f"{what} read", row["read"], "counted=read_requested&reached=displayed", **more)
        for verdict in ("confirmed", "failed", "pending", "expired"):
            self.equals(f"{what} {verdict}", row[verdict], f"counted=requested&verdict={verdict}", **more)

    def told(self, text):
        if not self.bench.tap.ok(self.asked > 0 and not self.problems, f"{text}: {self.asked} figures, as many messages"):
            self.bench.tap.note("; ".join(self.problems[:6]))
        self.problems, self.asked = [], 0


def is_of(row):
    """A row of /v1/metrics/clients as a question to the chat log."""
    if row["row"] != "item":
        return {"client_is": row["row"]}
    return {"client": row["software"], **({"version": row["version"]} if row["version"] is not None else {"client_is": "no_version"})}


def behind(bench):
    """Every figure is the number of messages that one question gives."""
    by = Behind(bench)
    rows = bench.ask("clients")
    for row in rows["items"] + rows["others"]:
        if row["row"] != "other":
            by.figures(f"{row['software']} {row['version']} {row['row']}", row, **is_of(row))
    bench.tap.ok(len(by.kinds) == 4, f"clients: of all four kinds {sorted(by.kinds)}")
    by.equals("all versions", sum(row["sent"] for row in rows["items"] if row["software"] == "Gull"), "counted=sent", client="Gull")
    by.told("by client")
    for row in bench.ask("breakdown", "by=condition")["items"]:
        by.equals(row["value"], row["failed_all"], "counted=sent&verdict=failed", condition=row["value"])
        by.equals(row["value"], row["failed"], "counted=requested&verdict=failed", condition=row["value"])
    by.told("by condition")
    for row in bench.ask("peers")["items"]:
        by.figures(f"{row['direction']} {row['domain']}", row, **{f"{row['direction']}_domain": row["domain"]})
    by.told("by peer")
    for row in bench.ask("users")["items"]:
        by.equals(row["jid"], row["sent"], "counted=sent", **{"from": row["jid"]})
        by.equals(row["jid"], row["confirmed"], "counted=requested&verdict=confirmed", **{"from": row["jid"]})
    by.told("by user")
    window = f"since={stamp(FIRST)}&until={stamp(FIRST + DAYS * DAY)}&bucket=none&min_count=1"
    funnel = bench.get(f"/v1/metrics/funnel?{window}").json()["totals"]
    for stage in ("accepted", "stored", "routed", "delivered", "displayed", "retracted"):
        by.equals(stage, funnel[stage], "counted=sent", reached=stage)
    by.told("by stage")
    bands = bench.get(f"/v1/metrics/delivery?{window}&fields=time_to_deliver_bands").json()["totals"]["time_to_deliver_bands"]
    edges = sorted(map(int, bands))
    for start, end in zip(edges, edges[1:] + [None]):
        if bands[str(start)]:
            by.equals(f"{start} ms", bands[str(start)], f"counted=requested&verdict=confirmed&took_from={start}", took_to=end)
    by.told("by how long they took")
    for query, name in (("version=1", "version"), (f"{by.window}&client=Gull&version=1&client_is=no_version", "client_is"),
                        (f"{by.window}&client_is=no_version", "client_is"), (f"{by.window}&client=Gull&client_is=no_device", "client_is"),
                        ("client=Gull", "since"), ("client_is=no_device", "since"), (f"since={stamp(FIRST)}&client=Gull", "since"),
                        ("since=2024-01-01T00:00:00Z&until=2026-01-01T00:00:00Z&client=Gull", "since"),
                        ("took_from=5&took_to=5", "took_from"), ("condition=made-up-by-someone", "condition")):
        answer = bench.get(f"/v1/messages?{query}")
        bench.tap.ok(answer.status == 400 and answer.json()["parameter"] == name, f"messages?{query[:60]}: 400 names {name}")
    whole = bench.get(f"/v1/messages?{by.window}&limit=all&format=ndjson&client=Gull&counted=sent").body.decode().splitlines()
    bench.tap.ok(len(whole) - 1 == by.count("counted=sent", client="Gull"), "limit=all: the same ones")
    mine = bench.get(f"/v1/messages?{by.window}&limit=1000&to_domain=bay.example", "harbor").json()["items"]
    bench.tap.ok(mine and all(domain(i["from"]) == "harbor.example" for i in mine), "a limited token sees its own of them")


def names(bench):
    """Names by how they begin, whatever the case; a limited token is told those of its domain."""
    def told(query, name="all"):
        return [i["jid"] for i in bench.get(f"/v1/accounts?{query}", name).json()["items"]]
    bench.tap.ok(told("prefix=E") == ["eve@far.example"] and told("prefix=ADA@Har") == ["ada@harbor.example"]
                 and told("prefix=%25") == [] and told("prefix=a_a") == [], "accounts: by how they begin")
    bench.tap.ok(told("prefix=d", "harbor") == [] and told("prefix=b", "harbor") == ["bob@harbor.example"]
                 and bench.get("/v1/accounts?prefix=d&domain=quay.example", "harbor").status == 403, "accounts: a limited token")
    some = bench.get("/v1/accounts?prefix=a&limit=1").json()
    bench.tap.ok(len(some["items"]) == 1, "accounts: no more than asked for")
    for query in ("prefix=a%20b", "limit=5"):
        answer = bench.get(f"/v1/accounts?{query}")
        bench.tap.ok(answer.status == 400 and answer.json()["parameter"] == "prefix", f"accounts?{query}: 400 names prefix")


def orders(bench):
    for path, by in (("peers", "direction=to&"), ("clients", ""), ("breakdown", "by=to_domain&")):
        keys = {"worst": lambda i: -(i["failed"] + i["expired"]), "rate": lambda i: i["rate"] if i["requested"] else 2,
                "slow": lambda i: -(i["time_to_deliver_ms"]["p95"] or -1), "requested": lambda i: -i["requested"],
                "name": lambda i: i.get("domain") or i.get("software") or i["value"]}
        good = True
        for order, key in keys.items():
            items = [key(i) for i in bench.ask(path, f"{by}order={order}")["items"]]
            good = good and items == sorted(items) and len(items) > 1
        bench.tap.ok(good, f"{path}: in all orders")


def few(bench):
    """A rate of few messages is null and says so."""
    window = f"since={stamp(FIRST)}&until={stamp(FIRST + DAYS * DAY)}"
    for path in ("clients", "pairs", "users"):
        most = max(i["requested"] for i in bench.ask(path)["items"])
        items = bench.get(f"/v1/metrics/{path}?{window}&min_count={most}&limit=1000").json()["items"]
        good = all((i["rate"] is None) == (i["requested"] < most) == ("rate" in i["suppressed"])
                   for i in items if i["requested"])
        bench.tap.ok(good and any(i["suppressed"] for i in items), f"{path}: few have no rate")


def forms(bench):
    for path in PATHS:
        lines = bench.get(f"/v1/metrics/{path}?format=ndjson").body.splitlines()
        bad = [p for line in lines for p in bench.problems(f"/v1/metrics/{path}", "application/x-ndjson", json.loads(line))]
        table = list(csv.reader(io.StringIO(bench.get(f"/v1/metrics/{path}?format=csv").body.decode("utf-8"), newline="")))
        if not bench.tap.ok(lines and not bad and len(table) == len(lines) + 1
                            and len({len(row) for row in table}) == 1, f"{path}: NDJSON, CSV"):
            bench.tap.note(f"{bad[:3]} {len(lines)} {len(table)}")
    table = bench.get("/v1/metrics/clients?format=csv").body.decode("utf-8")
    bench.tap.ok("'=1+1" in table and ",=1+1" not in table, "clients: no formula in CSV")


# Which status each kind of token gets, without a domain and with another tenant's.
def tokens(bench):
    wanted = {"metrics": [200, 200, 200, 403, 403], "messages": [403] * 5, "harbor": [200, 200, 403, 200, 200],
              "two": [403] * 5, "elsewhere": [200, 200, 403, 200, 200]}
    for name, statuses in wanted.items():
        got = [bench.get(f"/v1/metrics/{path}", name).status for path in PATHS]
        if not bench.tap.ok(got == statuses, f"token {name}: {statuses}"):
            bench.tap.note(str(got))
    bench.tap.ok([bench.get(f"/v1/metrics/{path}", None).status for path in PATHS] == [401] * 5, "no token: 401")
    for name in ("harbor", "two"):
        got = [bench.get(f"/v1/metrics/{path}?{query}", name).status for path, query in (
            ("peers", "domain=quay.example"), ("clients", "domain=quay.example"), ("users", "domain=quay.example"),
            ("pairs", "domain=quay.example"), ("breakdown", "by=to_domain&from_domain=quay.example"),
            ("breakdown", "by=from_domain&to_domain=quay.example"),
            ("breakdown", "by=condition&from_domain=quay.example"), ("breakdown", "by=class"))]
        bench.tap.ok(got == [403] * 8, f"token {name}: another domain is 403")
    detail = bench.get("/v1/metrics/users", "metrics").json()["detail"]
    bench.tap.ok("messages" in detail, "the scope that is missing is named")


def tenants(bench, expected):
    """F134: what a limited token sees is what its domain sent or got; not even names of others."""
    mine = [r for r in expected.rows if "harbor.example" in (domain(r["from"]), domain(r["to"]))]
    answer = bench.ask("peers", "", "harbor")
    bench.tap.ok(sum(i["sent"] for i in answer["items"]) == sum(
        (domain(r["from"]) in HOSTS) != (domain(r["to"]) in HOSTS) for r in mine)
        and answer["local_domains"] == ["harbor.example"], "peers: of harbor's messages only")
    answer = bench.ask("clients", "", "harbor")
    bench.tap.ok(sum(i["sent"] for i in answer["items"] + answer["others"])
                 == sum(domain(r["to"]) == "harbor.example" for r in mine), "clients: of harbor's devices only")
    answer = bench.ask("breakdown", "by=to_domain", "harbor")
    bench.tap.ok(sum(i["sent"] for i in answer["items"])
                 == sum(domain(r["from"]) == "harbor.example" for r in mine), "breakdown: from harbor only")
    answer = bench.ask("users", "", "harbor")
    bench.tap.ok({domain(i["jid"]) for i in answer["items"]} == {"harbor.example"}, "users: of harbor only")
    answer = bench.ask("users", "jid=cat@bay.example", "harbor")
    bench.tap.ok(answer["items"] == [], "users: nobody of another tenant")
    answer = bench.ask("pairs", "", "harbor")
    bench.tap.ok(sum(i["sent"] for i in answer["items"]) == len(mine), "pairs: with harbor only")
    for path in ("peers", "clients", "users", "pairs"):
        answer = bench.ask(path, "", "elsewhere")
        rows = answer["items"] + answer["others"]
        bench.tap.ok(all(i["sent"] == 0 for i in rows) and answer["items"] == []
                     and "harbor" not in json.dumps(answer), f"{path}: another tenant sees no count and no name")
    answer = bench.ask("breakdown", "by=to_domain&from_domain=bay.example", "two")
    bench.tap.ok(sum(i["sent"] for i in answer["items"])
                 == sum(domain(r["from"]) == "bay.example" for r in expected.rows), "a token of two domains names one")


def ask_database(bench, query):
    """What the embedded database says; None where there is none to be asked."""
    locks = glob.glob(bench.product.path("data/**/postmaster.pid"), recursive=True)
    binary = shutil.which("psql")
    if not locks or not binary:
        return None
    with open(locks[0], encoding="ascii", errors="replace") as file:
        lines = file.read().split("\n")
    done = subprocess.run([binary, "-XAtq", "-h", lines[4], "-p", lines[3], "-U", "receiptd", "-d", "receiptd", "-c",
                           query], check=False, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def recorded(bench):
    """F192: who asked for people is written down, with the rows that were shown; who asked for figures is not."""
    shown = len(bench.get("/v1/metrics/pairs?jid=dan@quay.example&limit=3").json()["items"])
    bench.get("/v1/metrics/users", "metrics")  # refused
    bench.get("/v1/metrics/users?domain=quay.example", "harbor")  # refused, and written down
    told = ask_database(bench, "SELECT string_agg(DISTINCT route, ' ') FROM receiptd.access_log")
    if told is None:
        bench.tap.ok(True, "access log", skip="no database that can be asked")
        return
    bench.tap.ok(told == "/v1/metrics/pairs /v1/metrics/users", f"recorded: {told}")
    told = ask_database(bench, "SELECT token || ' ' || filter || ' ' || rows FROM receiptd.access_log "
                               "WHERE filter LIKE '%jid=dan%' ORDER BY at DESC LIMIT 1")
    bench.tap.ok(shown == 3 and told == "all limit=3&jid=dan@quay.example 3", f"recorded: {told}")
    told = ask_database(bench, "SELECT count(*) FROM receiptd.access_log WHERE token = 'metrics' OR "
                               "(token = 'harbor' AND filter LIKE '%quay%' AND rows <> 0)")
    bench.tap.ok(told == "0", "recorded: nothing was shown to who may not see it")


def main():
    tap = product.Tap()
    bench = Bench(tap)
    try:
        log = Log()
        good = bench.load("messages.ndjson", sorted(log.lines, key=lambda line: line["ts"])) \
            and bench.load("facts.ndjson", sorted(log.late, key=lambda line: line["ts"]))
        tap.ok(good, "messages and half of the facts, then the other half")
        with open(bench.product.export("messages"), encoding="utf-8") as file:
            expected = Expected(log, [json.loads(line) for line in file])
        tap.ok(len(expected.rows) == len(log.messages) and bench.product.call("check", check=False) == 0,
               "all messages are there; roll-ups equal a recompute")
        if not tap.ok(bench.start(), "serve: ready"):
            bench.product.complain("cannot go on")
            return
        bench.make_token("all", "--scopes", "metrics,messages")
        bench.make_token("metrics", "--scopes", "metrics")
        bench.make_token("messages", "--scopes", "messages")
        bench.make_token("harbor", "--scopes", "metrics,messages", "--domains", "harbor.example")
        bench.make_token("two", "--scopes", "metrics,messages", "--domains", "harbor.example,bay.example")
        bench.make_token("elsewhere", "--scopes", "metrics,messages", "--domains", "elsewhere.example")
        for test in (peers, clients, breakdown, people, tenants):
            test(bench, expected)
        for test in (orders, few, forms, tokens, recorded):
            test(bench)
        names(bench)
        behind(bench)  # after what is recorded was looked at
        tap.ok(product.stop(bench.server, 30) == 0, "TERM: exit 0")
    finally:
        if bench.server and bench.server.poll() is None:
            product.stop(bench.server)
        bench.product.close()
        tap.done()


main()
