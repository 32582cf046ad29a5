#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The HTTP interface of the real program with a real database: every route, every form, every refusal
# (FAULTS F133..F156, F192, F194). Replies are validated against docs/openapi.yaml.
import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    import contract
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

NO_TOKEN = "rcd_" + "A" * 43
BODIES = ["=1+1", "<script>alert(1)</script>", "Canary-7 äöü \u2028 \U0001f600", "plain", "'quoted", 'a "b", c']
MESSAGES = 30


# ---- what is in the database

def stanza(i):
    body = BODIES[i % len(BODIES)].replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    asks = "<request xmlns='urn:xmpp:receipts'/>" if i % 3 else ""
    return f"<message to='ben@quay.example' id='m{i}' type='chat'><body>{body}</body>{asks}</message>"


def observations():
    for i in range(MESSAGES):
        stamp = f"2026-03-02T10:{i:02}:00.000Z"
        yield {"ts": stamp, "feed": "log", "dir": "in", "session": "ada@harbor.example/phone",
               "stanza": stanza(i)}
        if i % 3 == 1:
            yield {"ts": f"2026-03-02T10:{i:02}:00.250Z", "feed": "log", "dir": "in",
                   "session": "ben@quay.example/desk",
                   "stanza": "<message to='ada@harbor.example/phone' id='a%d' type='chat'>"
                             "<received xmlns='urn:xmpp:receipts' id='m%d'/></message>" % (i, i)}
    yield {"ts": "2026-03-02T11:00:00.000Z", "feed": "log", "dir": "in", "session": "eve@quay.example/x",
           "stanza": "<message to='ada@harbor.example' id='f' type='chat'>"
                     "<received xmlns='urn:xmpp:receipts' id='m1'/></message>"}


class Bench:
    """The program under test, its tokens and a client."""

    def __init__(self, tap):
        self.tap = tap
        self.product = product.Product(environment={"TZ": "UTC"})
        self.contract = contract.standard()
        self.port = 0
        self.client = contract.Client(0)
        self.tokens = {}
        self.server = None
        self.starts = 0

    def start(self):
        self.starts += 1
        self.server = self.product.start("--set", "port=0", "serve")
        product.wait_until(self.find_port, 60)
        return product.wait_until(lambda: self.probe("/readyz") == 200, 60)

    def find_port(self):
        """Any free port was taken: the log says which."""
        with open(self.product.log, encoding="utf-8", errors="replace") as log:
            found = re.findall(r" listening .*port=(\d+)", log.read())
        self.port = self.client.port = int(found[-1]) if len(found) == self.starts else 0
        return self.port > 0

    def restart(self):
        """Forgets how many wrong tokens came."""
        return product.stop(self.server, 30) == 0 and self.start()

    def probe(self, path):
        try:
            return self.client.get(path, seconds=40).status
        except OSError:
            return None

    def load(self):
        path = self.product.path("observations.ndjson")
        with open(path, "w", encoding="utf-8") as out:
            for observation in observations():
                out.write(json.dumps(observation) + "\n")
        return self.product.call("import", path, check=False) == 0

    def make_token(self, name, *arguments):
        out = subprocess.run(self.product.command("token", "add", name, *arguments), check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.tokens[name] = out.stdout.strip()
        return self.tokens[name]

    def get(self, path, name="all", **more):
        return self.client.get(path, token=self.tokens.get(name), **more)


# ---- the tests

NEEDED = {"/v1/contacts": "jid=ada@harbor.example", "/v1/accounts": "prefix=A"}  # parameters without which there is no answer


def shapes(bench):
    """Every route in every form, against the contract."""
    tap = bench.tap
    for path in bench.contract.gets():
        if not path.startswith("/v1/"):
            continue
        needed = NEEDED.get(path, "")
        answer = bench.get(f"{path}?{needed}")
        bad = bench.contract.problems(bench.contract.schema(path, "application/json"), answer.json())
        tap.ok(answer.status == 200 and not bad, f"{path}: JSON as in the contract")
        lines = [json.loads(line) for line in
                 bench.get(f"{path}?{needed}", headers={"Accept": "application/x-ndjson"}).body.splitlines()]
        row = bench.contract.schema(path, "application/x-ndjson")
        bad += [text for line in lines for text in bench.contract.problems(row, line)]
        tap.ok(not bad, f"{path}: {len(lines)} NDJSON lines as in the contract")
        for text in bad[:5]:
            tap.note(text)
        table = bench.get(f"{path}?{needed}&format=csv")
        rows = list(csv.reader(io.StringIO(table.body.decode("utf-8"), newline="")))
        tap.ok(table.headers["Content-Type"].startswith("text/csv") and len(rows) == len(lines) + 1
               and len({len(row) for row in rows}) == 1, f"{path}: CSV with as many rows")
        tap.ok(all(answer.headers[name] for name in
                   ("Receiptd-Complete-Until", "Receiptd-Final", "Receiptd-Gaps", "Receiptd-Commit"))
               and answer.headers["Cache-Control"] == "no-store"
               and answer.headers["X-Content-Type-Options"] == "nosniff"
               and len(answer.headers["Request-Id"]) == 16, f"{path}: headers")
    for path, kind in (("/", "text/html"), ("/app.css", "text/css"), ("/views/log.js", "text/javascript"), ("/openapi.yaml", "application/yaml")):
        answer = bench.client.get(path)
        tap.ok(answer.status == 200 and answer.headers["Content-Type"].startswith(kind)
               and "default-src 'none'" in answer.headers["Content-Security-Policy"],
               f"{path}: without token, strict CSP")
    for path in ("/healthz", "/readyz"):
        answer = bench.client.get(path)
        tap.ok(not bench.contract.problems(bench.contract.schema(path, "application/json"),
                                           answer.json()), f"{path}: as in the contract")


def numbers(bench):
    tap = bench.tap
    window = "since=2026-03-02T00:00:00Z&until=2026-03-03T00:00:00Z"
    answer = bench.get(f"/v1/metrics/delivery?{window}&bucket=1h&tz=UTC").json()
    totals = answer["totals"]
    tap.ok([totals[k] for k in ("sent", "requested", "confirmed")] == [30, 20, 10]
           and totals["rate"] == 0.5 and abs(totals["coverage"] - 20 / 30) < 1e-9, "delivery: counts and rate")
    latency = totals["time_to_deliver_ms"]
    tap.ok(latency["n"] == 10 and abs(latency["p99"] - 250) <= 250 * 0.032
           and "3.2 %" in latency["method"], "delivery: percentiles of a histogram")
    exact = bench.get(f"/v1/metrics/delivery?{window}&bucket=1h&tz=UTC&exact=1").json()
    latency = exact["totals"]["time_to_deliver_ms"]
    tap.ok(latency["p99"] == 250 and latency["method"] == "nearest-rank, exact",
           "delivery: exact percentiles")
    tap.ok(all(a[k] == b[k] for a, b in zip(answer["series"], exact["series"])
               for k in a if k != "read" and not k.endswith("_ms")),
           "delivery: roll-ups count what rows do")
    tap.ok(len(answer["series"]) == 24 and sum(b["sent"] for b in answer["series"]) == 30,
           "delivery: the series adds up")
    empty = [b for b in answer["series"] if b["sent"] == 0]
    tap.ok(empty and all(b["rate"] is None and b["coverage"] is None for b in empty),
           "delivery: no denominator, no rate")
    other = bench.get(f"/v1/metrics/delivery?{window}&from_domain=quay.example&bucket=none").json()
    tap.ok(other["totals"]["sent"] == 0 and other["series"] == [], "delivery: by domain")
    tap.ok(bench.get("/v1/metrics/delivery").json()["totals"]["sent"] == 30,
           "delivery: the default window shows the newest data")


def pages(bench):
    tap = bench.tap
    for order in ("asc", "desc"):
        seen, path, count = [], f"/v1/messages?order={order}&limit=7", 0
        while path:
            answer = bench.get(path)
            page = answer.json()
            seen += [m["id"] for m in page["items"]]
            count += 1
            link = answer.headers["Link"]
            path = link.split("<")[1].split(">")[0] if link else None
            if bool(path) != bool(page["next"]) or count > 10:
                break
        wanted = [f"m{i}" for i in range(MESSAGES)]
        tap.ok(seen == (wanted if order == "asc" else wanted[::-1]) and count == 5,
               f"messages: {order}: every row once, in order")
    cursor = bench.get("/v1/messages?limit=1").json()["next"]
    for text, query in (("altered", f"limit=1&cursor={'B' if cursor[0] == 'A' else 'A'}{cursor[1:]}"),
                        ("cut", f"limit=1&cursor={cursor[:-1]}"),
                        ("of another question", f"state=sent&cursor={cursor}"),
                        ("of another order", f"order=asc&cursor={cursor}")):
        answer = bench.get("/v1/messages?" + query)
        tap.ok(answer.status == 400 and answer.json()["parameter"] == "cursor", f"cursor {text}: 400")
    tap.ok(bench.get(f"/v1/messages?limit=9&format=csv&cursor={cursor}").status == 200,
           "cursor: limit and form may change")


def filters(bench):
    tap = bench.tap
    cases = [("participant=ada@harbor.example", 30), ("participant=ADA@Harbor.Example/x", 30),
             ("participant=eve@quay.example", 0),
             ("participant=ben@quay.example&peer=ada@harbor.example", 30),
             ("from=ada@harbor.example", 30), ("to=ada@harbor.example", 0), ("id=m3", 1),
             ("verdict=unknown", 10), ("verdict=confirmed", 10), ("state=delivered", 10), ("class=chat", 30),
             ("class=group", 0), ("domain=quay.example", 30), ("domain=other.example", 0),
             ("since=2026-03-02T10:10:00Z&until=2026-03-02T10:20:00Z", 10), ("text=canary-7&to=ben@quay.example", 5),
             ("text=%25&participant=ada@harbor.example", 0), ("id=%27%3B+DROP+TABLE+message%3B--", 0), ("text=%5C&from=ada@harbor.example", 0)]
    for query, count in cases:
        items = bench.get(f"/v1/messages?{query}").json()["items"]
        if not tap.ok(len(items) == count, f"messages: {query}: {count}"):
            tap.note(f"{len(items)} rows")


def bodies(bench):
    tap = bench.tap
    plain = bench.get("/v1/messages?order=asc").json()["items"]
    tap.ok(all("body" not in m for m in plain), "bodies: not unless asked for")
    shown = [m["body"] for m in bench.get("/v1/messages?order=asc&body=1").json()["items"]]
    tap.ok(shown == [BODIES[i % len(BODIES)] for i in range(MESSAGES)], "bodies: exact in JSON")
    table = bench.get("/v1/messages?order=asc&body=1&format=csv").body.decode("utf-8")
    cells = [row["body"] for row in csv.DictReader(io.StringIO(table, newline=""))]
    tap.ok(all(c[:1] not in ("=", "+", "-", "@", "\t", "\r") for c in cells), "bodies: no formula in CSV")
    tap.ok([c[1:] if c.startswith("'") else c for c in cells] == shown,
           "bodies: one apostrophe off gives the text back")


def refusals(bench):
    """401, 403, 404, 405 (F142), 406, 400: what is wrong is said, and nothing else."""
    tap = bench.tap
    problems = {"$ref": "#/components/schemas/Problem"}

    def refused(text, answer, status, parameter=None):
        problem = answer.json()
        good = answer.status == status and not bench.contract.problems(problems, problem) \
            and answer.headers["Content-Type"] == "application/problem+json" \
            and (parameter is None or problem.get("parameter") == parameter)
        if not tap.ok(good, f"{text}: {status}"):
            tap.note(f"{answer.status} {answer.body[:300]}")
        return problem

    routes = [path for path in bench.contract.gets() if path.startswith("/v1/")]
    expired = bench.tokens["expired"]
    texts = set()
    for i, path in enumerate(routes):
        if i % 9 == 8: # or there are too many wrong tokens for one minute
            tap.ok(bench.restart(), "started again")
        for text, headers in (("no token", {}), ("wrong token", {"Authorization": f"Bearer {NO_TOKEN}"}),
                              ("malformed", {"Authorization": "Bearer x"}),
                              ("other scheme", {"Authorization": f"Basic {NO_TOKEN}"}),
                              ("expired", {"Authorization": f"Bearer {expired}"}),
                              ("revoked", {"Authorization": f"Bearer {bench.tokens['revoked']}"})):
            problem = refused(f"{path} {text}", bench.client.get(path, headers=headers), 401)
            del problem["request_id"]
            texts.add(json.dumps(problem))
    tap.ok(len(texts) == 1, "all 401 say the same")
    token = bench.tokens["all"]
    reply = bench.client.raw(f"GET /v1/gaps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                            f"Authorization: Bearer {token}\r\n\r\n".encode())
    tap.ok(b" 401 " in reply[:40], "a token sent twice: 401")
    refused("a token in the address", bench.client.get(f"/v1/gaps?access_token={token}"), 401)
    people = ["/v1/metrics/users", "/v1/metrics/pairs"]  # need both scopes: dimensions.t
    metrics = [path for path in routes if path.startswith("/v1/metrics/") and path not in people]
    scopes = {"metrics": [*metrics, "/v1/gaps", "/v1/sources", "/v1/quarantine"],
              "messages": ["/v1/messages", "/v1/findings", "/v1/conversations", "/v1/contacts",
                           "/v1/accounts", "/v1/unacknowledged"]}
    for name, allowed in scopes.items():
        for path in routes:
            answer = bench.get(f"{path}?{NEEDED.get(path, '')}", name)
            if path in allowed:
                tap.ok(answer.status == 200, f"{path} with scope {name}: 200")
            else:
                refused(f"{path} with scope {name}", answer, 403)
    refused("body without scope", bench.get("/v1/messages?body=1", "messages"), 403, "body")
    refused("text without scope", bench.get("/v1/messages?text=x", "messages"), 403, "text")
    for query, name in (("limit=0", "limit"), ("limit=-1", "limit"), ("limit=1000000000", "limit"),
                        ("limit=NaN", "limit"), ("limit=1&limit=2", "limit"), ("bogus=1", "bogus"),
                        ("since=2026-03-03T00:00:00Z&until=2026-03-02T00:00:00Z", "since"),
                        ("since=now", "since"), ("until=12026-01-01T00:00:00Z", "until"),
                        ("id=a%00b", None), ("id=%ff", "id"), ("id=%zz", "id"), ("id=", "id"),
                        ("from=a@@b", "from"), ("domain=a@b", "domain"), ("state=read", "state"),
                        ("peer=ada@harbor.example", "peer"), ("cursor=x", "cursor"), ("format=xml", "format")):
        refused(f"messages?{query}", bench.get(f"/v1/messages?{query}"), 400, name)
    for query, name in (("bucket=1s", "bucket"), ("tz=../../etc/passwd", "tz"), ("tz=Mars/Base", "tz"),
                        ("bucket=15m&since=0001-01-01T00:00:00Z", "bucket")):
        refused(f"delivery?{query}", bench.get(f"/v1/metrics/delivery?{query}"), 400, name)
    for path in ("/nope", "/v1", "/v1/", "/v1/messages/", "//healthz", "/healthz;x", "/../etc/passwd",
                 "/%2e%2e/etc/passwd", "/static/../index.html"):
        refused(path, bench.get(path), 404)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FROB"):
        answer = bench.get("/v1/messages", method=method, data=b"x" if method == "POST" else None)
        refused(f"{method} /v1/messages", answer, 405)
        tap.ok(answer.headers["Allow"] == "GET", f"{method}: Allow")
    tap.ok(bench.get("/healthz", method="HEAD").status == 405, "HEAD: 405")
    refused("Accept", bench.get("/v1/gaps", headers={"Accept": "image/png"}), 406)
    refused("other origin", bench.get("/v1/gaps", headers={"Origin": "http://evil.example"}), 403)
    refused("GET with a body", bench.get("/v1/gaps", data=b"x" * 100), 413)


def tenants(bench):
    tap = bench.tap
    tap.ok(len(bench.get("/v1/messages", "harbor").json()["items"]) == 30, "own domain: rows")
    tap.ok(bench.get("/v1/messages", "elsewhere").json()["items"] == [], "other domain: none")
    tap.ok(bench.get("/v1/messages?domain=harbor.example", "elsewhere").status == 403,
           "asking for another domain: 403")
    tap.ok(bench.get("/v1/metrics/delivery", "elsewhere").json()["totals"]["sent"] == 0,
           "other domain: no count")
    tap.ok(bench.get("/v1/metrics/delivery?from_domain=harbor.example", "elsewhere").status == 403
           and bench.get("/v1/metrics/delivery?to_domain=quay.example", "elsewhere").json()
           ["totals"]["sent"] == 0, "metrics of another domain: 403 or nothing")
    for path in ("/v1/findings", "/v1/gaps", "/v1/sources", "/v1/quarantine"):
        tap.ok(bench.get(path, "harbor").status == 403, f"{path}: not for a limited token")


HOST = b"Host: x\r\n"
GET = b"GET /healthz HTTP/1.1\r\n"
HEADS = [
    ("plain", GET + HOST + b"\r\n", 200), ("HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", 200),
    ("two requests in one", (GET + HOST + b"\r\n") * 2, 200),
    ("Content-Length with Transfer-Encoding",
     GET + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("two Content-Lengths", GET + HOST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
    ("list of lengths", GET + HOST + b"Content-Length: 0, 0\r\n\r\n", 400),
    ("blank before colon", GET + b"Host : x\r\n\r\n", 400),
    ("folded field", GET + HOST + b"A: b\r\n c\r\n\r\n", 400),
    ("bare LF", b"GET /healthz HTTP/1.1\nHost: x\n\n", 400), ("one bare LF", GET + b"Host: x\nA: b\r\n\r\n", 400),
    ("bare CR", GET + b"Host: x\rA: b\r\n\r\n", 400), ("NUL in a field", GET + b"Host: x\0y\r\n\r\n", 400),
    ("NUL in the path", b"GET /healthz\0x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("%00 in the path", b"GET /healthz%00x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("absolute address", b"GET http://x/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("no Host", GET + b"\r\n", 400), ("two Hosts", GET + HOST + HOST + b"\r\n", 400),
    ("other version", b"GET /healthz HTTP/1.7\r\n" + HOST + b"\r\n", 505),
    ("long address", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    ("endless address", b"GET /" + b"a" * 40000, 414), ("large field", GET + HOST + b"A: " + b"a" * 20000, 431),
    ("many fields", GET + HOST + b"A: b\r\n" * 70 + b"\r\n", 431),
    ("huge body", GET + HOST + b"Content-Length: 999999999999\r\n\r\nabcd", 413),
    ("chunked body", GET + HOST + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n", 413),
    ("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
]


def heads(bench):
    """F139, F140, F142: a head that has more than one reading is none, and nothing is done twice."""
    for text, data, status in HEADS:
        reply = bench.client.raw(data)
        answers = reply.count(b"\nRequest-Id: ")
        if not bench.tap.ok(reply[9:12] == b"%d" % status and answers == 1, f"{text}: {status}, once"):
            bench.tap.note(repr(reply[:200]))


def slow(bench):
    """An idle timer never fires for one byte a second; others are served meanwhile."""
    began = time.monotonic()
    reply = []

    def drip():
        with socket.create_connection(("127.0.0.1", bench.port), timeout=30) as sock:
            try:
                for byte in GET + HOST + b"A: " + b"a" * 100:
                    sock.sendall(bytes([byte]))
                    sock.settimeout(0.3)
                    try:
                        reply.append(sock.recv(65536))
                        return
                    except TimeoutError:
                        continue
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    idle = [socket.create_connection(("127.0.0.1", bench.port)) for _ in range(400)]
    alive = bench.probe("/healthz")
    thread.join()
    bench.tap.ok(alive == 200, "400 idle connections: the probe is answered")
    bench.tap.ok(time.monotonic() - began < 25 and reply and reply[0][9:12] == b"408",
                 "one byte at a time: 408 after an absolute deadline")
    for sock in idle:
        sock.close()


def database(bench):
    """The database gone, then silent: alive, not ready, 503 with Retry-After, then well again."""
    tap = bench.tap
    lock = subprocess.run(["find", bench.product.path("data"), "-name", "postmaster.pid"], check=False,
                          stdout=subprocess.PIPE, text=True).stdout.split()
    if not lock:
        tap.ok(True, "database down", skip="not the embedded database")
        return
    with open(lock[0], encoding="ascii") as file:
        postmaster = int(file.readline())
    children = [int(pid) for pid in subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(postmaster)], check=False, stdout=subprocess.PIPE,
        text=True).stdout.split()]
    frozen = [postmaster, *children]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    answer = bench.get("/v1/messages")
    seconds = time.monotonic() - began
    tap.ok(answer.status == 503 and answer.headers["Retry-After"] and seconds < 30,
           f"silent database: 503 with Retry-After ({seconds:.0f} s)")
    tap.ok(b"database" in answer.body and b"select" not in answer.body.lower(), "and says nothing more")
    tap.ok(bench.probe("/healthz") == 200, "alive")
    began = time.monotonic()
    status = bench.probe("/readyz")
    tap.ok(status == 503, f"not ready: {status} after {time.monotonic() - began:.0f} s")
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    tap.ok(product.wait_until(lambda: bench.probe("/readyz") == 200, 30), "silence over: ready again")
    tap.ok(bench.get("/v1/messages").status == 200, "and answers")


def traces(bench):
    """The access log knows who asked; tokens and bodies are nowhere (F192, F194, F195)."""
    tap = bench.tap
    with open(bench.product.log, "rb") as file:
        log = file.read()
    tap.ok(all(token.encode() not in log for token in bench.tokens.values()), "no token in the log")
    tap.ok(b"Canary-7" not in log and b"canary-7" not in log, "no body and no search text in the log")
    problem = bench.get("/v1/messages?limit=0").json()
    with open(bench.product.log, "rb") as file:
        tap.ok(problem["request_id"].encode() in file.read(), "the request id is in the log")


def commands(bench):
    tap = bench.tap
    call = bench.product.call
    for arguments in (("token",), ("token", "add", "x"), ("token", "add", "x", "--scopes", "root"),
                      ("token", "add", "all", "--scopes", "metrics"), ("token", "revoke", "nobody"),
                      ("token", "add", "x", "--scopes", "metrics", "--expires", "0d"), ("export",),
                      ("export", "rows"), ("export", "messages", "--format", "xml"),
                      ("export", "messages", "--realm", "nowhere"), ("export", "messages", "--now", "soon"),
                      ("serve", "x"), ("--set", f"port={bench.port}", "serve"),
                      ("--set", "listen=0.0.0.0", "serve")):
        tap.ok(call(*arguments, check=False) == 2, f"{' '.join(arguments)}: exit 2")
    with open(bench.product.export("messages"), encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    tap.ok([r["id"] for r in rows] == [f"m{i}" for i in range(MESSAGES)]
           and not any("body" in r or "conv" in r for r in rows), "export messages: in order, no bodies")
    with open(bench.product.export("counters"), encoding="utf-8") as file:
        counters = json.load(file)
    tap.ok(counters["sent"] == 30 and counters["acks_forged"] == 1 and 0 not in counters.values(),
           "export counters: one object")
    with open(bench.product.export("findings"), encoding="utf-8") as file:
        tap.ok([json.loads(line)["rule"] for line in file] == ["ACK-FORGED"], "export findings")
    with open(bench.product.export("metrics"), encoding="utf-8") as file:
        tap.ok(json.load(file) == {"delivery_rate": [10, 20], "ttd_ms": {
            "n": 10, "p50": 250, "p90": 250, "p99": 250, "max": 250}}, "export metrics")


def throttle(bench):
    answers = [bench.client.get("/v1/gaps", token=NO_TOKEN) for _ in range(80)]
    bench.tap.ok(answers[-1].status == 429 and answers[-1].headers["Retry-After"],
                 "guessing tokens: 429 with Retry-After")
    bench.tap.ok(bench.get("/v1/gaps").status == 200, "a right token still works")


def repeats(bench):
    """An answer may be given again for a second, to the token that it was made for."""
    tap, path = bench.tap, "/v1/metrics/delivery?since=2026-03-02T00:00:00Z&until=2026-03-04T00:00:00Z"
    time.sleep(1.2)
    first, again, other = (bench.get(path, token).json() for token in ("metrics", "metrics", "all"))
    csv_form = bench.get(path + "&format=csv", "metrics")
    tap.ok(first == again and first["evaluated_at"] != other["evaluated_at"] and csv_form.body[:1] != b"{",
           "asked twice at once: the same answer; another token or form: another one")
    bench.product.call("token", "revoke", "metrics")
    time.sleep(1.2)
    tap.ok(bench.get(path, "metrics").status in (401, 429), "a second after it was revoked: refused")


def make_tokens(bench):
    bench.make_token("all", "--scopes", "metrics,messages,bodies,reports")
    bench.make_token("metrics", "--scopes", "metrics")
    bench.make_token("messages", "--scopes", "messages")
    bench.make_token("harbor", "--scopes", "metrics,messages", "--domains", "harbor.example")
    bench.make_token("elsewhere", "--scopes", "metrics,messages", "--domains", "elsewhere.example")
    bench.make_token("expired", "--scopes", "metrics,messages", "--expires", "1s")
    bench.make_token("revoked", "--scopes", "metrics,messages")
    bench.product.call("token", "revoke", "revoked")


def main():
    tap = product.Tap()
    bench = Bench(tap)
    try:
        if not (tap.ok(bench.start(), "serve: ready") and tap.ok(bench.load(), "a sample is imported")):
            bench.product.complain("cannot go on")
            return tap.done()
        make_tokens(bench)
        for test in (shapes, numbers, pages, filters, bodies, tenants, heads, slow, commands, traces,
                     refusals, throttle, repeats, database):
            test(bench)
        bench.client.judge(tap)
        tap.ok(product.stop(bench.server, 30) == 0, "TERM: exit 0")
    finally:
        if bench.server and bench.server.poll() is None:
            product.stop(bench.server)
        bench.product.close()
    tap.done()


main()
