#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# FAULTS section E on the real program, all in front of one server: F133 (nothing is read), F135, F136 (head, body
# and answer), F137, F138, F141, F143, F145, F146, F147, F150, F152, F151, F153, F154, F155, F156, F157. What needs no database
# server of its own is in tests/e2e/api.t and contract.t, TLS and addresses in http_tls.t and http_net.t.
import csv
import glob
import io
import json
import os
import re
import resource
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import feeds  # noqa: E402
import rig  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
try:
    import contract
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

wait_until = rig.product.wait_until
BAD_TOKEN = "rcd_" + "A" * 43
ROWS = 1200
SETTINGS = 'request_time = "3s"\nquery_time = "1s"\ntoken_rate = 0'


def observations(first, count, hour, body="x" * 1000):
    for i in range(first, first + count):
        yield json.dumps({"ts": f"2026-03-02T{hour:02}:{i // 60 % 60:02}:{i % 60:02}.{i // 3600:03}Z", "feed": "log",
                          "dir": "in", "session": "ada@harbor.example/phone",
                          "stanza": f"<message to='ben@quay.example' id='m{i}' type='chat'><body>{body}</body>"
                                    "<request xmlns='urn:xmpp:receipts'/></message>"})


class Http(feeds.FeedRig):
    """receiptd with a feed, some messages and tokens; a client whose answers are judged by the contract."""

    def __init__(self, server, settings=SETTINGS):
        super().__init__(server, settings=settings)
        self.load(0, ROWS, 10)
        out = subprocess.run(self.direct.command("token", "add", "all", "--scopes", "metrics,messages,bodies"),
                             check=True, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
        self.token = out.stdout.strip()
        self.client = contract.Client(self.http, self.token)
        self.process = None

    def load(self, first, count, hour):
        path = self.program.path(f"load{first}-{hour}.ndjson")
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(line + "\n" for line in observations(first, count, hour))
        self.direct.call("import", path)

    def start(self, *options, wrap=()):
        with open(self.program.log, "ab") as log:
            self.process = subprocess.Popen([*wrap, *self.program.command("--set", f"port={self.http}", "--set", "log_level=info", *options, "run")],
                                            stderr=log, stdout=log, stdin=subprocess.DEVNULL)
        return wait_until(lambda: self.health() == 200 or self.process.poll() is not None, 60) and self.health() == 200

    def end(self):
        return rig.product.stop(self.process, 20)

    def said_since(self, mark=0):
        with open(self.program.log, "rb") as log:
            log.seek(mark)
            return log.read().decode("utf-8", "replace")

    def log_size(self):
        return os.path.getsize(self.program.log)


def route_table():
    out = subprocess.run([os.path.join(rig.product.BUILD, "tests", "e2e", "routes")], check=True, stdout=subprocess.PIPE)
    return json.loads(out.stdout)


def statements(server, mark=0):
    """What the connections of the HTTP interface ran: names of prepared statements, or the words of others."""
    with open(os.path.join(server.folder, "server.log"), encoding="utf-8", errors="replace") as log:
        log.seek(mark)
        text = log.read()
    names = re.findall(r"^receiptd (?:read|access)\|LOG:  execute ([^:]+):", text, re.M)
    return names, re.findall(r"^receiptd (?:read|access)\|LOG:  statement: (.*)", text, re.M)


def server_mark(server):
    return os.path.getsize(os.path.join(server.folder, "server.log"))


# ---- tokens

def guess(port, token):
    """The status that a token gets, with as little ado as can be."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(f"GET /v1/gaps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        return int(sock.recv(4096)[9:12])


def bad_tokens(tap, server, it):
    """F133: whatever is wrong with a token, one look for it and nothing else; F135: guessing is slowed down."""
    seen = set()
    for token in (BAD_TOKEN, "x", "", "rcd_" + "\xe9" * 43):
        mark = server_mark(server)
        answer = it.client.ask("GET", "/v1/gaps", headers={"Authorization": f"Bearer {token}".encode("latin-1")})
        problem = answer.json()
        problem.pop("request_id")
        seen.add((answer.status, json.dumps(problem), tuple(set(statements(server, mark)[0]) - {"realm_find"})))
    good = len(seen) == 1 and next(iter(seen))[0] == 401 and next(iter(seen))[2] == ("token_find",)
    tap.ok(good, f"wrong tokens: one answer, one look, nothing read (F133) {'' if good else seen}")
    tries = 10000 if rig.LONG else 2000
    began = time.monotonic()
    statuses = [guess(it.http, "rcd_" + secrets.token_urlsafe(32)) for _ in range(tries)]
    minutes = 2 + int(time.monotonic() - began) // 60  # that were begun: each bears sixty
    last = next((answer for answer in (it.client.get("/v1/gaps", token=BAD_TOKEN) for _ in range(130)) if answer.status == 429), None)
    tap.ok(statuses.count(401) <= 60 * minutes and set(statuses) == {401, 429} and last and int(last.headers["Retry-After"]) > 0,
           f"{tries} guesses: 429 with Retry-After (F135)")
    tap.ok(it.client.get("/v1/gaps").status == 200, "a right token is not held up by them")


# ---- slow clients, many clients

def drip(port, head, seconds):
    """Sends a byte every 50 ms; how long the server bears it, and the first line of what it said."""
    began = time.monotonic()
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as sock:
        sock.sendall(head)
        sock.settimeout(0.05)
        try:
            while time.monotonic() - began < seconds:
                try:
                    data = sock.recv(65536)
                    said += data
                    if not data:
                        break
                except TimeoutError:
                    sock.sendall(b"a")
        except OSError:
            pass
    return time.monotonic() - began, said[:12]


def sip(port, target, token, seconds, came=None):
    """Takes an answer in sips; how long that went on, and how much of it came. came: set at the first one."""
    began = time.monotonic()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(seconds)
    sock.connect(("127.0.0.1", port))
    sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    data = b""
    try:
        while True:  # in the end what is still on its way, quickly
            late = time.monotonic() - began > seconds
            piece = sock.recv(65536 if late else 1000)
            if not piece:
                break
            data += piece
            if came and b"\r\n\r\n" in data[:-1]:
                came.set()
            time.sleep(0 if late else 0.02)
    except OSError:
        pass
    sock.close()
    return time.monotonic() - began, data


def length_of(data):
    said = re.search(rb"Content-Length: (\d+)", data)
    return int(said.group(1)) if said else 0, len(data.partition(b"\r\n\r\n")[2])


def slow(tap, server, it):
    """F136 for body and answer, at the same time; the head is in api.t. Others are served meanwhile."""
    it.end()
    it.start()  # with its short times
    head = f"POST /v1/feed HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {feeds.SECRET}\r\nContent-Length: 90000\r\n\r\n"
    out = {}
    page = "/v1/messages?limit=1000&body=1"
    threads = [threading.Thread(target=lambda: out.update(body=drip(it.http, head.encode(), 6))),
               threading.Thread(target=lambda: out.update(answer=sip(it.http, page, it.token, 8)))]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    tap.ok(it.client.get("/v1/gaps").status == 200, "others are served")
    for thread in threads:
        thread.join()
    whole, got = length_of(out["answer"][1])
    tap.ok(out["body"][0] < 6, f"a body byte by byte is cut after {out['body'][0]:.1f} s (F136)")
    tap.ok(0 < got < whole, f"an answer sip by sip is cut: {got} of {whole} bytes (F136)")
    wait_until(lambda: it.client.get("/readyz").status == 200, 10)


def many(tap, server, it):
    """F137: idle connections from many addresses, more than there are places."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    count = min(2000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
    idle = []
    try:
        for i in range(count):
            idle.append(socket.create_connection(("127.0.0.1", it.http), timeout=10,
                                                 source_address=(f"127.0.0.{1 + i % 200}", 0)))
    except OSError as error:
        tap.note(f"{len(idle)}: {error}")
    statuses = [it.client.get(path, seconds=10).status for path in ("/healthz", "/readyz", "/v1/gaps")]
    held = len(os.listdir(f"/proc/{it.process.pid}/fd"))
    tap.ok(len(idle) >= min(count, 1500) and statuses == [200, 200, 200] and held < 700,
           f"{len(idle)} idle connections: answered {statuses}, {held} descriptors are held (F137)")
    for sock in idle:
        sock.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def endless(tap, server, it):
    """F138: a chunked body without end, and more parameters than there may be."""
    head = f"POST /v1/feed HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {feeds.SECRET}\r\n" \
           "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    before, sent, said = memory(it.process), 0, b""
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", it.http), timeout=10) as sock:
        sock.sendall(head.encode())
        try:
            while sent < 200 << 20:
                sock.sendall(chunk)
                sent += len(chunk)
        except OSError:
            pass
        try:
            said = sock.recv(65536)
        except OSError:
            pass
    tap.ok(sent < 40 << 20 and (said[9:12] == b"413" or not said) and memory(it.process) - before < 40000,
           f"an endless body is cut after {sent >> 20} MB {said[9:12]}, memory grew by {memory(it.process) - before} kB")
    answer = it.client.get("/v1/gaps?" + "&".join(f"a{i}=1" for i in range(40)))
    tap.ok(answer.status == 400, "40 parameters: 400 (F138)")


# ---- what is no question

STRANGE = ("/..", "/../", "/./healthz", "/healthz/", "/healthz/.", "/healthz%2f", "/%2e%2e%2f%2e%2e%2fetc/passwd", "//",
           "//etc/passwd", "/healthz;x=1", "/.../...//etc", "/v1/messages/../gaps", "/v1//gaps", "/v1/gaps/..",
           "/index.html", "/app.css/", "/APP.CSS", "/%2e", "/v1/messages/" + "." * 3000)


def addresses(tap, server, it):
    """F141: no other way to anything."""
    answers = {path: it.client.get(path) for path in STRANGE}
    wrong = [path for path, answer in answers.items() if answer.status not in (400, 404)]
    tap.ok(not wrong, f"{len(STRANGE)} strange addresses: 404 or 400 (F141) {wrong}")
    other = it.client.raw(b"GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    tap.ok(other[9:12] == b"400", "an absolute address: 400")


SQL = ("'; DROP TABLE receiptd.message; --", "' OR '1'='1", "\\'; SELECT pg_sleep(9); --",
       "') UNION SELECT name, sha256 FROM receiptd.token --", "$1", "$$; SELECT 1; $$", "%", "_%", "/*", "E'\\x41'",
       "1; COPY receiptd.token TO PROGRAM 'true'", '"; RESET ALL; --')


def injected(routes, token):
    """Every parameter, every header, every part of a path with SQL in it."""
    plain = {"Authorization": f"Bearer {token}"}
    for route in routes:
        path = re.sub(r"\{[^}]*\}", "0000000000000000", route["path"])
        for i, spec in enumerate(route["parameters"]):
            for text in SQL if spec["type"] == "text" else (SQL[i % len(SQL)], SQL[(i + 5) % len(SQL)]):
                yield route["method"], f"{path}?{spec['name']}={urllib.parse.quote(text)}", plain
        if "{" in route["path"]:
            for text in SQL:
                quoted = urllib.parse.quote(text, safe="")
                yield route["method"], re.sub(r"\{[^}]*\}", lambda _, q=quoted: q, route["path"]), plain
    for i, header in enumerate(("Accept", "Origin", "Host", "Content-Type", "User-Agent", "Cookie", "X-Forwarded-For",
                                "Forwarded", "If-None-Match", "Range", "Last-Event-ID", "webhook-id", "feed-stream",
                                "webhook-signature", "Accept-Language")):
        yield "GET", "/v1/gaps", {**plain, header: SQL[i % len(SQL)]}
    for text in SQL:
        yield "GET", "/v1/gaps", {"Authorization": f"Bearer {text}"}
        yield "GET", "/v1/" + urllib.parse.quote(text, safe=""), plain


def injection(tap, server, it):
    """F143: the server runs the statements that receiptd has files for, and no others."""
    known = {os.path.basename(path)[:-4] for path in glob.glob(os.path.join(rig.product.ROOT, "store", "sql", "*.sql"))}
    objects = "SELECT count(*), sum(c.relnatts) FROM pg_class AS c WHERE c.relnamespace = 'receiptd'::regnamespace"
    before, rows, mark, said = server.ask(objects), it.rows(), server_mark(server), {}
    for method, target, headers in injected(route_table(), it.token):
        status = it.client.ask(method, target, headers=headers).status
        said[status] = said.get(status, 0) + 1
    names, others = statements(server, mark)
    transactions = {"BEGIN", "COMMIT", "ROLLBACK", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"}
    tap.ok(set(names) <= known and len(names) > 50 and set(others) <= transactions,
           f"SQL in everything that is sent: {len(names)} statements, all of them ours (F143)")
    for text in sorted((set(names) - known) | (set(others) - transactions))[:5]:
        tap.note(text[:200])
    tap.ok(server.ask(objects) == before and it.rows() == rows and not {500, 503} & set(said),
           f"tables and rows are what they were, answers {said}")


# ---- the database

def held(server, query):
    """A lock on the messages, by a session of its own."""
    holder = server.session(f"BEGIN; LOCK TABLE receiptd.message IN ACCESS EXCLUSIVE MODE; {query}")
    wait_until(lambda: server.ask("SELECT count(*) FROM pg_locks WHERE relation = 'receiptd.message'::regclass AND"
                                  " granted AND mode = 'AccessExclusiveLock'") == "1", 30, 0.02)
    return holder


def running(server):
    return server.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'receiptd read' AND state = 'active'")


def expensive(tap, server, it):
    """F145: a query has a time limit that the server itself keeps, and ends when its client is gone."""
    holder = held(server, "SELECT pg_sleep(60)")
    began = time.monotonic()
    try:
        answer = it.client.get("/v1/messages?limit=3")
    except OSError as error:
        answer = contract.Answer(0, {}, json.dumps({"detail": str(error)}))
    seconds = time.monotonic() - began
    tap.ok(answer.status == 503 and "too long" in answer.json()["detail"] and seconds < 5,
           f"a query that takes too long: {answer.status} after {seconds:.1f} s (F145)")
    server.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    holder.wait()
    gone(tap, server, it)


def gone(tap, server, it):
    it.end()
    it.start("--set", "query_time=60s", "--set", "request_time=60s")
    holder = held(server, "SELECT pg_sleep(60)")
    socks = [socket.create_connection(("127.0.0.1", it.http)) for _ in range(2)]
    for sock, target in zip(socks, ("/v1/messages?limit=4", "/v1/metrics/delivery?exact=1")):
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {it.token}\r\n\r\n".encode())
    busy = wait_until(lambda: running(server) == "2", 20, 0.02)
    for sock in socks:
        sock.close()
    idle = wait_until(lambda: running(server) == "0", 20, 0.02)
    tap.ok(busy and idle, "their clients are gone: both queries are cancelled (F145)")
    statuses = [it.client.get("/v1/sources?limit=%d" % (i + 1), seconds=20).status for i in range(4)]
    tap.ok(statuses == [200] * 4, f"and both connections are free again: {statuses}")
    server.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    holder.wait()
    it.end()
    it.start()


def database_down(tap, server, it):
    """F146: stopped; the silent one is in api.t."""
    server.stop(signal.SIGQUIT)
    began = time.monotonic()
    answers = [it.client.get(path) for path in ("/healthz", "/readyz", "/v1/gaps", "/v1/messages")]
    seconds = time.monotonic() - began
    tap.ok([a.status for a in answers] == [200, 503, 503, 503] and seconds < 20,
           f"the database is down: alive, not ready, 503 with Retry-After, {seconds:.1f} s for all (F146)")
    server.start(*LOGGED)
    tap.ok(wait_until(lambda: it.client.get("/v1/gaps").status == 200, 30), "and well again by itself")


def pages(tap, server, it):
    """F147: messages come between the pages, older and newer than the cursor."""
    seen, path, hours = [], "/v1/messages?order=asc&limit=400", [9, 11]
    while path:
        page = it.client.get(path).json()
        seen += [(m["sent_at"], m["id"]) for m in page["items"]]
        path = page["next"] and f"/v1/messages?order=asc&limit=400&cursor={page['next']}"
        if hours:
            it.load(5000 + hours[-1] * 100, 30, hours.pop())
    wanted = {f"m{i}" for i in range(ROWS)}
    tap.ok(len(seen) == len(set(seen)) and wanted <= {name for _, name in seen} and seen == sorted(seen, key=lambda s: s[0]),
           f"{len(seen)} rows while others come: none twice, none missing (F147)")


# ---- what is said

def may_be_stored(answer):
    """What a shared cache does with it (RFC 9111, section 3): only answers that say so, or do not say otherwise."""
    said = (answer.headers["Cache-Control"] or "").replace(" ", "").split(",")
    return not {"no-store", "private"} & set(said)


def cached(tap, server, it):
    """F152: a proxy that stores what it may has nothing of anybody's."""
    store, leaks = {}, []
    for route in route_table():
        if route["method"] != "GET":
            continue
        path = re.sub(r"\{[^}]*\}", "0000000000000000", route["path"])
        for target in (path, path + "?bogus=1", path + "?format=csv"):
            answer = it.client.get(target)
            if may_be_stored(answer):
                store[target] = answer
            if path.startswith("/v1/") and (answer.headers["ETag"] and "no-store" in answer.headers["Cache-Control"]
                                            or it.token in str(answer.headers)
                                            or "Authorization" not in answer.headers["Vary"]):
                leaks.append(target)
    kept = sorted(path for path in store if path.startswith("/v1/") and not harmless(store[path]))
    tap.ok(store and not kept and not leaks, f"a caching proxy keeps {sorted(store)} and no answer to a token (F152)")
    tap.note(f"{kept} {leaks}" if kept or leaks else "")


def harmless(answer):
    """Stored, but only given to who asks with the same token again."""
    said = answer.headers["Cache-Control"] or ""
    return "Authorization" in (answer.headers["Vary"] or "") and "no-cache" in said


def foreign(tap, server, it):
    """F150: pages of others; a name that is not ours is refused when ours are set."""
    routes = [re.sub(r"\{[^}]*\}", "0000000000000000", r["path"]) for r in route_table() if r["path"].startswith("/v1/")
              and r["method"] == "GET"]
    said = {it.client.get(path, headers={"Origin": origin}).status for path in routes
            for origin in ("http://evil.example", "null", "http://127.0.0.1:1")}
    tap.ok(said == {403}, f"other origins: {said} (F150)")
    without = contract.Client(it.http)
    said = {without.get(path, headers={"Host": "evil.example", "Cookie": f"token={it.token}"}).status for path in routes}
    tap.ok(said == {401}, f"a page that was bound to another name has no authority: {said}")


NEVER = re.compile(r"select|insert|update |from receiptd|relation|column|postgres|libpq|microhttpd|openssl|\.c:|/tmp/"
                   r"|/var/|rcd_|0\.1\.0|x{20}", re.I)


def errors(tap, server, it):
    """F153: every error that there is; what it says, and that the log knows its number."""
    mark, answers, client = it.log_size(), {}, it.client
    server.ask("ALTER TABLE receiptd.gap RENAME TO gap_away")
    answers[500] = client.get("/v1/gaps?limit=7")
    server.ask("ALTER TABLE receiptd.gap_away RENAME TO gap")
    server.ask("ALTER TABLE receiptd.access_log RENAME TO access_away")
    answers["no access log"] = client.get("/v1/messages?limit=2")
    server.ask("ALTER TABLE receiptd.access_away RENAME TO access_log")
    answers[400] = client.get("/v1/messages?limit=x")
    answers[401] = client.get("/v1/gaps", token="rcd_no")
    answers[403] = client.get("/v1/gaps", headers={"Origin": "http://evil.example"})
    answers[404] = client.get("/nope")
    answers[405] = client.get("/v1/gaps", method="DELETE")
    answers[406] = client.get("/v1/gaps", headers={"Accept": "image/png"})
    answers[413] = client.get("/v1/gaps", data=b"x")
    fields = {"Authorization": "Bearer " + feeds.SECRET, "Content-Type": "image/png"}
    answers[415] = client.ask("POST", "/v1/feed", b"x", fields)
    for status, request in ((414, b"GET /" + b"a" * 9000), (431, b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 17000),
                            (505, b"GET / HTTP/1.9\r\nHost: x\r\n\r\n"), (408, None)):
        tail = b" HTTP/1.1\r\nHost: x\r\n\r\n" if status == 414 else b""
        answers[status] = (contract.answers(client.raw(request + tail)) or [None])[0] if request else None
    log = it.said_since(mark)
    for status, answer in answers.items():
        if not answer:
            continue
        problem = answer.json()
        wanted = {"no access log": (500, 503)}.get(status, (status,))
        bad = [m.group(0) for m in NEVER.finditer(answer.body.decode() + str(answer.headers))]
        if not tap.ok(answer.status in wanted and not bad and problem["request_id"] in log, f"{status}: says nothing more (F153)"):
            tap.note(f"{answer.status} {bad} {answer.body[:300]}")
    tap.ok(it.token not in log and "x" * 20 not in log, "no token and no body in the log")


def lock_access_log(server):
    held = server.transaction("LOCK receiptd.access_log IN ACCESS EXCLUSIVE MODE")
    wait_until(lambda: server.ask("SELECT count(*) FROM pg_locks WHERE relation = 'receiptd.access_log'::regclass AND granted"
                                  " AND mode = 'AccessExclusiveLock'") == "1", 20)
    return held


def intent_first(tap, server, it):
    """F192: nothing of an answer leaves before the row that says who asked is stored; its count follows."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INTO access_log%'"
    for number, form in enumerate(("/v1/messages?limit=3", "/v1/messages?limit=all&format=ndjson")):
        held, came, out = lock_access_log(server), threading.Event(), []
        thread = threading.Thread(target=lambda form=form, out=out, came=came: out.append(
            sip(it.http, f"{form}&id=first{number}", it.token, 60, came)[1]))
        thread.start()
        asked = wait_until(lambda: server.ask(waits) == "1", 20)
        tap.ok(asked and not came.wait(0.5), f"{form}: no byte while the access log is locked (F192)")
        held.communicate(b"COMMIT;")
        thread.join(60)
        tap.ok(out and out[0].startswith(b"HTTP/1.1 200 "), f"{form}: all of it afterwards {out and out[0][:60]}")
        count = f"SELECT count(*) FROM receiptd.access_log WHERE filter LIKE '%id=first{number}%' AND rows = 0"
        tap.ok(wait_until(lambda: server.ask(count) == "1", 20), f"{form}: its rows are counted when it was sent")


# ---- the process

def listens(process):
    """Addresses of its own listening sockets, as hex of /proc."""
    inodes = set()
    for link in os.listdir(f"/proc/{process.pid}/fd"):
        try:
            inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(f"/proc/{process.pid}/fd/{link}")))
        except OSError:
            continue
    found = []
    for name in ("tcp", "tcp6"):
        with open(f"/proc/{process.pid}/net/{name}", encoding="ascii") as table:
            found += [f[1].split(":")[0] for f in map(str.split, table) if f[3] == "0A" and f[9] in inodes]
    return found


def defaults(tap, server, it):
    tap.ok(listens(it.process) == ["0100007F"], f"by default it listens on 127.0.0.1 only (F154) {listens(it.process)}")
    for name in ("0.0.0.0", "::", "192.0.2.1"):
        status = it.program.call("--set", f"listen={name}", "serve", check=False)
        tap.ok(status == 2 and it.said("can be reached from other machines"), f"{name} without TLS: exit {status}")


ODD = "\u2028\u2029\x01\x1f\x7f\ufffe\\\"'<&\U0001f600\u202e\u00e9\r\n\t"


def odd_body(tap, server, it):
    """F151: 1 MB of a body that holds all that an answer could stumble over. No log brings one of that size."""
    csv.field_size_limit(1 << 24)
    times = 1_000_000 // len(ODD.encode()) + 1
    escaped = "".join(f"\\U{ord(c):08x}" for c in ODD)
    before = server.ask("SELECT body FROM receiptd.message WHERE id = 'm7'")
    server.ask(f"UPDATE receiptd.message SET body = repeat(E'{escaped}', {times}) WHERE id = 'm7'")
    page = it.client.get("/v1/messages?id=m7&body=1")
    line = it.client.get("/v1/messages?id=m7&body=1&format=ndjson")
    item = page.json()["items"][0]
    one = it.client.get(f"/v1/messages/{item['conv']}/{item['key']}?body=1").json()
    cells = it.client.get("/v1/messages?id=m7&body=1&format=csv")
    row = next(csv.DictReader(io.StringIO(cells.body.decode("utf-8"), newline="")))
    said = [item["body"], json.loads(line.body.decode("utf-8").split("\n")[0])["body"], one["incarnations"][0]["body"], row["body"]]
    tap.ok(all(body == ODD * times for body in said),
           f"a body of {len((ODD * times).encode())} bytes, exact in each form (F151) {[len(body) for body in said]}")
    server.ask(f"UPDATE receiptd.message SET body = '{before}' WHERE id = 'm7'")


LAST_CHUNK = b"\r\n0\r\n\r\n"


def port_taken(tap, server, it):
    """F155: said at once, with the address, and nothing goes on; who has it is not disturbed."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        began = time.monotonic()
        status = it.direct.call("--set", f"port={port}", "serve", check=False)
        with open(it.direct.log, encoding="utf-8", errors="replace") as log:
            said = [line for line in log if str(port) in line]
        tap.ok(status == 2 and said and time.monotonic() - began < 20, f"port taken: exit {status} {said[-1:]} (F155)")


def killed(tap, server, it):
    """F156: the client can tell that its answer ends too early, in every form."""
    out, came = {}, {form: threading.Event() for form in ("page", "csv", "ndjson")}
    pages = {form: f"/v1/messages?limit=all&body=1&format={form}" for form in ("csv", "ndjson")}
    wait_until(lambda: {it.client.get("/v1/messages?limit=1").status for _ in range(6)} == {200}, 20)
    wait_until(lambda: it.client.get("/v1/messages?limit=all&format=ndjson").status == 200, 20)  # the database was away
    done = it.client.raw(f"GET {pages['csv']} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {it.token}\r\n\r\n".encode())
    tap.ok(b"Transfer-Encoding: chunked" in done and done.endswith(LAST_CHUNK), 
           f"all rows as CSV: the last chunk says that it is whole {done[:200] if len(done) < 9999 else len(done)}")
    pages["page"] = "/v1/messages?limit=1000&body=1"
    threads = [threading.Thread(target=lambda form=form, target=target: out.update(
        {form: sip(it.http, target, it.token, 60, came[form])[1]})) for form, target in pages.items()]
    for thread in threads:
        thread.start()
    for event in came.values():
        event.wait(60)
    it.process.kill()
    it.process.wait()
    for thread in threads:
        thread.join()
    whole, got = length_of(out["page"])
    tap.ok(0 < got < whole, f"killed in the middle of an answer: {got} of {whole} bytes as Content-Length says (F156)")
    for form in ("csv", "ndjson"):
        tap.ok(200 < len(out[form]) < len(done) and LAST_CHUNK not in out[form],
               f"killed in the middle of all rows as {form}: {len(out[form])} bytes and no last chunk (F156)")


def cpu(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def no_descriptors(tap, server, it):
    """F157: none left to accept with."""
    it.start(wrap=("prlimit", "--nofile=64:64"))
    idle = []
    for _ in range(120):
        sock = socket.socket()
        sock.settimeout(5)
        try:
            sock.connect(("127.0.0.1", it.http))
        except OSError:
            pass
        idle.append(sock)
    wait_until(lambda: len(os.listdir(f"/proc/{it.process.pid}/fd")) >= 64, 10, 0.02)
    full, before = len(os.listdir(f"/proc/{it.process.pid}/fd")), cpu(it.process)
    time.sleep(1)
    used = cpu(it.process) - before
    for sock in idle:
        sock.close()
    well = wait_until(lambda: it.health() == 200 and it.client.get("/v1/gaps").status == 200, 20)
    tap.ok(full >= 63 and used < 0.3 and well,
           f"{full} of 64 descriptors: {used:.2f} s of CPU in 1 s, then well again (F157)")
    tap.ok(it.end() == 0, "ends cleanly")


LONG_TIMES = ("--set", "query_time=20s", "--set", "request_time=60s")
LOGGED = ("log_statement=all", "log_line_prefix=%a|", "log_min_error_statement=panic")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start(*LOGGED)
    try:
        with Http(server) as it:
            try:
                if not tap.ok(it.start(*LONG_TIMES), "run: ready"):
                    it.program.complain("cannot go on")
                    return tap.done()
                for test in (injection, addresses, defaults, pages, cached, foreign, intent_first, errors, bad_tokens, slow, many,
                             endless, expensive, odd_body, port_taken, database_down, killed, no_descriptors):
                    test(tap, server, it)
                it.client.judge(tap)
            finally:
                if it.process and it.process.poll() is None:
                    it.end()
    finally:
        server.close()
    return tap.done()


main()
