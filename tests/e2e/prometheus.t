#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# /metrics and what is shipped for Prometheus and Grafana, judged by Prometheus' own tool: the answer, the alert
# rules with their tests, every expression of the dashboard, the scrape configuration of the documentation.
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "faults"))
sys.path.insert(0, HERE)
import rig  # noqa: E402
import contract  # noqa: E402
from rig import product  # noqa: E402

DIST = os.path.join(product.ROOT, "dist")
RULES = os.path.join(DIST, "prometheus", "receiptd.rules.yml")
OPEN = "application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5"
ODD = 'a "quoted" \\ back\nline'
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$')


def tool(*arguments, text=None):
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def samples(text):
    return {match[1] + (match[2] or ""): float(match[3])
            for match in map(SAMPLE.match, text.splitlines()) if match}


def stanza(domain, i):
    return (f"<message to='ben@{domain}' id='m{i}' type='chat'><body>hi</body>"
            "<request xmlns='urn:xmpp:receipts'/></message>")


class Bench:
    def __init__(self, tap, database):
        self.tap, self.database = tap, database
        self.log = os.path.join(database.folder, "followed.ndjson")
        self.program = product.Product(
            settings=f'database = "{database.url()}"\nlog_level = "info"\nflush_after = "100ms"',
            sources=f'source chat {{ path = "{self.log}" dialect = observations }}', environment={"TZ": "UTC"})
        self.port, self.process, self.tokens = 0, None, {}

    def token(self, name, *arguments):
        out = subprocess.run(self.program.command("token", "add", name, *arguments), check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.tokens[name] = out.stdout.strip()

    def write(self):
        """Messages to 30 domains; every third one is confirmed, after 90 ms to 4 s."""
        now = int(time.time()) - 600
        with open(self.log, "w", encoding="utf-8") as out:
            def put(at, session, text):
                stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now + at)) + f".{int(at * 1000) % 1000:03}Z"
                out.write(json.dumps({"ts": stamp, "feed": "log", "dir": "in", "session": session, "stanza": text}) + "\n")
            for i in range(90):
                domain = f"d{i // 2 % 30:02}.example" if i % 2 else "quay.example"
                put(i * 5, "ada@harbor.example/phone", stanza(domain, i))
                if i % 3 == 0:
                    put(i * 5 + (0.09 if i < 45 else 4), f"ben@{domain}/desk",
                        f"<message to='ada@harbor.example/phone' id='a{i}' type='chat'>"
                        f"<received xmlns='urn:xmpp:receipts' id='m{i}'/></message>")

    def start(self):
        self.process = self.program.start("run")
        return product.wait_until(self.find_port, 60)

    def find_port(self):
        with open(self.program.log, encoding="utf-8", errors="replace") as log:
            found = re.search(r" listening .*port=(\d+)", log.read())
        self.port = int(found.group(1)) if found else 0
        return self.port > 0

    def client(self, name="all"):
        return contract.Client(self.port, self.tokens.get(name))

    def scrape(self, accept=None):
        return self.client().get("/metrics", headers={"Accept": accept} if accept else None)


def access(bench):
    tap = bench.tap
    for name, status in ((None, 401), ("messages", 403), ("harbor", 403), ("all", 200)):
        client = bench.client(name)
        answer = client.get("/metrics")
        tap.ok(answer.status == status and not client.bad and answer.headers["Cache-Control"] == "no-store",
               f"/metrics with token {name}: {status}")
    tap.ok(bench.client().get("/metrics?x=1").status == 400, "/metrics takes no parameters")


def answer(bench):
    tap = bench.tap
    text = bench.scrape()
    tap.ok(text.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", "text format")
    status, said = tool("check", "metrics", text=text.body.decode())
    if not tap.ok(status == 0 and not said.strip(), "promtool check metrics has nothing to say"):
        tap.note(said)
    opened = bench.scrape(OPEN)
    tap.ok(opened.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
           and opened.body.endswith(b"# EOF\n"), "OpenMetrics when asked for")
    # Debian's python3 has its parser.
    reader = ("import json, sys\nfrom prometheus_client.openmetrics import parser\n"
              "print(json.dumps([[s.name, s.labels, s.value] for f in parser.text_string_to_metric_families(sys.stdin.read())"
              " for s in f.samples]))")
    done = subprocess.run(["/usr/bin/python3", "-c", reader], input=opened.body.decode(), capture_output=True,
                          text=True, check=False)
    parsed = json.loads(done.stdout) if done.returncode == 0 else []
    if not tap.ok({name for name, _, _ in parsed} == {k.split("{")[0] for k in samples(text.body.decode())},
                  "its own parser reads the same samples"):
        tap.note(done.stderr[-500:])
    tap.ok(["receiptd_gaps", {"cause": ODD}, 1.0] in parsed, "odd characters in a label come back exactly")
    tap.ok(b"@" not in text.body and b"ada" not in text.body, "no address of a user")


def numbers(bench):
    """The same as the API says of all time."""
    tap = bench.tap
    got = samples(bench.scrape().body.decode())
    totals = bench.client().get("/v1/metrics/delivery?since=2026-01-01T00:00:00Z&bucket=none").json()["totals"]
    names = {"sent": "sent", "requested": "requested", "confirmed": "confirmed", "failed": "failed", "unknown": "unknown"}
    tap.ok({k: got[f"receiptd_messages_{v}"] for k, v in names.items()} == {k: totals[k] for k in names}
           and totals["confirmed"] == 30, "sums as in /v1/metrics/delivery")
    tap.ok(got["receiptd_messages_open"] == totals["pending"] + totals["expired"] == 60, "open: pending and expired")
    within = [got[f'receiptd_messages_confirmed_within{{horizon="{h}"}}'] for h in ("10s", "1m", "1h", "24h", "7d")]
    tap.ok(within == [30] * 5, "confirmed within each horizon")
    buckets = [v for k, v in got.items() if k.startswith("receiptd_time_to_deliver_seconds_bucket")]
    tap.ok(got['receiptd_time_to_deliver_seconds_bucket{le="0.1"}'] == 15
           and got['receiptd_time_to_deliver_seconds_bucket{le="2.5"}'] == 15
           and got['receiptd_time_to_deliver_seconds_bucket{le="5.0"}'] == 30
           and buckets == sorted(buckets) and buckets[-1] == got["receiptd_time_to_deliver_seconds_count"] == 30
           and abs(got["receiptd_time_to_deliver_seconds_sum"] - 61.35) < 61.35 * 0.032, "time to deliver: buckets, sum, count")
    domains = [k for k in got if k.startswith("receiptd_domain_messages_sent{direction=\"to\"")]
    tap.ok(len(domains) == 21 and got['receiptd_domain_messages_sent{direction="to",domain="quay.example"}'] == 45
           and sum(got[k] for k in domains) == 90, "domains: 20 with a name and the others")
    tap.ok(got['receiptd_quarantined_records{reason="malformed"}'] == 7, "quarantine by reason")
    tap.ok(got['receiptd_source_state{source="chat",dialect="observations",state="following"}'] == 1
           and got['receiptd_source_unread_bytes{source="chat"}'] == 0
           and got['receiptd_source_lag_seconds{source="chat"}'] < 60 and got["receiptd_ingest_lag_seconds"] < 60,
           "the followed source")
    tap.ok(got['receiptd_build_info{version="0.1.0"}'] == 1 and got["process_resident_memory_bytes"] > 1e6
           and abs(got["process_start_time_seconds"] - time.time()) < 300 and got["receiptd_commits_total"] > 0
           and got['receiptd_pool_connections{pool="read",state="lost"}'] == 0, "the process")
    return got


def bounded(bench):
    """Evaluated once a second at most; counters never fall."""
    tap = bench.tap
    first, began = bench.scrape().body, time.monotonic()
    same = bench.scrape().body
    tap.ok(first == same or time.monotonic() - began > 0.9, "within a second: the same answer")
    before = samples(first.decode())
    time.sleep(1.1)
    after = samples(bench.scrape().body.decode())
    tap.ok(before.keys() <= after.keys() and all(after[k] >= v for k, v in before.items() if "_total" in k)
           and after['receiptd_http_requests_total{code="2xx"}'] > before['receiptd_http_requests_total{code="2xx"}'],
           "counters rise, no series vanishes")


def names_in(expression):
    return {re.sub(r"_bucket$", "", name) for name in re.findall(r"\b((?:receiptd|process)[_:][a-z0-9_:]+)", expression, re.I)}


def rules(bench, known):
    tap = bench.tap
    status, said = tool("check", "rules", RULES)
    tap.ok(status == 0, "promtool check rules") or tap.note(said)
    status, said = tool("test", "rules", os.path.join(DIST, "prometheus", "receiptd.rules.test.yml"))
    tap.ok(status == 0, "promtool test rules") or tap.note(said[-2000:])
    document = contract.yaml.safe_load(open(RULES, encoding="utf-8"))
    all_rules = [rule for group in document["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in all_rules if "record" in rule}
    unknown = {name for rule in all_rules for name in names_in(rule["expr"])} - known - recorded
    tap.ok(not unknown, f"the rules name only what there is {unknown or ''}")
    tap.ok(all(rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"].keys() == {"summary", "description"}
               for rule in all_rules if "alert" in rule), "each alert says how urgent it is, what, and what to do")
    return recorded


def overlap(a, b):
    return a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]


def dashboard(bench, known):
    tap = bench.tap
    with open(os.path.join(DIST, "grafana", "receiptd.json"), encoding="utf-8") as file:
        board = json.load(file)
    panels = board["panels"]
    tap.ok(isinstance(board["title"], str) and re.fullmatch("[a-z0-9-]{1,40}", board["uid"]) and board["schemaVersion"] >= 36
           and board["time"].keys() == {"from", "to"} and "id" not in board, "dashboard: can be imported")
    tap.ok(len({p["id"] for p in panels}) == len(panels)
           and all(p["type"] in ("row", "stat", "timeseries", "table") and p["title"] for p in panels),
           "panels: types of Grafana itself, each with a title")
    tap.ok(all(0 <= p["gridPos"]["x"] and p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels)
           and not any(overlap(a["gridPos"], b["gridPos"]) for i, a in enumerate(panels) for b in panels[:i]),
           "panels: none lies on another")
    variables = {v["name"] for v in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)", json.dumps(panels)))
    tap.ok(used == variables == {"datasource", "job", "instance"}, f"variables: each is there and used {used}")
    targets = [(p["title"], t) for p in panels for t in p.get("targets", [])]
    tap.ok(all(t["datasource"] == {"type": "prometheus", "uid": "${datasource}"} and t["expr"] for _, t in targets)
           and all(len({t["refId"] for t in p["targets"]}) == len(p["targets"]) for p in panels if p["type"] != "row"),
           "targets: a data source, a name of its own")
    unknown = {name for _, t in targets for name in names_in(t["expr"])} - known
    tap.ok(not unknown, f"the dashboard names only what there is {unknown or ''}")
    wrapped = {"groups": [{"name": "board", "rules": [
        {"record": f"board:{i}", "expr": t["expr"].replace("$__rate_interval", "5m").replace("$job", "j").replace("$instance", "i")}
        for i, (_, t) in enumerate(targets)]}]}
    path = bench.program.path("board.yml")
    with open(path, "w", encoding="utf-8") as out:
        contract.yaml.safe_dump(wrapped, out)
    status, said = tool("check", "rules", path)
    tap.ok(status == 0 and len(targets) > 30, f"promtool reads its {len(targets)} expressions") or tap.note(said)


def documented(bench):
    """The scrape configuration of the documentation is one that Prometheus takes."""
    tap = bench.tap
    with open(os.path.join(product.ROOT, "docs", "OPERATIONS.md"), encoding="utf-8") as file:
        found = re.search(r"```yaml\n(.*?scrape_configs.*?)```", file.read(), re.S)
    config = contract.yaml.safe_load(found.group(1))
    job = config["scrape_configs"][0]
    token = bench.program.path("token")
    with open(token, "w", encoding="utf-8") as out:
        out.write(bench.tokens["all"])
    tap.ok(job["authorization"].keys() == {"type", "credentials_file"} and job["job_name"] == "receiptd",
           "scrape configuration: a token from a file, the job that the rules expect")
    job["authorization"]["credentials_file"] = token
    config["rule_files"] = [RULES]
    path = bench.program.path("prometheus.yml")
    with open(path, "w", encoding="utf-8") as out:
        contract.yaml.safe_dump(config, out)
    status, said = tool("check", "config", path)
    tap.ok(status == 0, "promtool check config") or tap.note(said)


def main():
    tap = product.Tap()
    database = rig.Server().start()
    bench = Bench(tap, database)
    try:
        bench.program.call("migrate")
        bench.token("all", "--scopes", "metrics")
        bench.token("messages", "--scopes", "messages")
        bench.token("harbor", "--scopes", "metrics", "--domains", "harbor.example")
        bench.write()
        tap.ok(bench.start(), "run: ready")
        ask = database.ask
        tap.ok(product.wait_until(lambda: ask("SELECT coalesce(sum(confirmed), 0) FROM receiptd.rollup WHERE grain = 2") == "30", 30, 0.2),
               "the log is stored")
        ask("INSERT INTO receiptd.gap (realm, source, generation, from_offset, to_offset, cause) "
            "SELECT id, 1, 1, 1000000000, 1000000001, 'a \"quoted\" \\ back' || chr(10) || 'line' FROM receiptd.realm")
        ask("INSERT INTO receiptd.quarantine_range (realm, source, generation, reason, block, from_offset, to_offset, "
            "last_offset, last_index, records) SELECT id, 1, 1, 'malformed', 0, 0, 1, 1, 0, 7 FROM receiptd.realm")
        time.sleep(1.1)
        access(bench)
        answer(bench)
        known = {re.sub(r"_bucket$", "", k.split("{")[0]) for k in numbers(bench)}
        with open(os.path.join(product.ROOT, "docs", "OPERATIONS.md"), encoding="utf-8") as file:
            lost = known - set(re.findall(r"`(\w+)`", file.read())) - {k for k in known if k.endswith(("_sum", "_count"))}
        tap.ok(not lost, f"each metric stands in the documentation {lost or ''}")
        bounded(bench)
        # A source that never fails has no state of failing to show, but the series is there.
        dashboard(bench, known | rules(bench, known))
        documented(bench)
        tap.ok(product.stop(bench.process, 30) == 0, "TERM: exit 0")
    finally:
        if bench.process and bench.process.poll() is None:
            product.stop(bench.process)
        bench.program.close()
        database.close()
    tap.done()


main()
