#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Reports from beginning to end: every figure beside the same computed from exported rows by tests/oracle/metrics.py;
# HTML, JSON and CSV with the same numbers; the schedule of "run", which makes up for missed days; a hook, a mail that
# fails first; languages, pseudonyms; retention of reports; what is asked by HTTP.
import csv
import email
import email.policy
import hmac
import html.parser
import importlib.machinery
import importlib.util
import json
import os
import re
import stat
import subprocess
import sys
import time

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


def module(path):
    loader = importlib.machinery.SourceFileLoader("metrics_t", path)
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader("metrics_t", loader))
    loader.exec_module(made)
    return made


metrics_t = module(os.path.join(HERE, "metrics.t"))
if time.time() % 86400 > 86400 - 180:  # all of it on one day
    time.sleep(181)
NOW = int(time.time()) // 86400 * 86400 * SECOND  # of UTC, so that "run" has days to make up for
SINCE = NOW - 12 * DAY


class Data(html.parser.HTMLParser):
    """Numbers of a page, by their place in the document."""

    def __init__(self, text):
        super().__init__()
        self.values, self.scripts, self.links = {}, 0, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.scripts += tag == "script" or any(name.startswith("on") for name in attrs)
        self.links += [attrs[name] for name in ("src", "href") if name in attrs]
        if tag == "data" and attrs.get("data-figure"):
            self.values.setdefault(attrs["data-figure"], set()).add(attrs["value"])


def at(document, path):
    for name in path.split("."):
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


def leaves(node, path=""):
    if isinstance(node, (dict, list)):
        for name, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(child, f"{path}.{name}" if path else str(name))
    else:
        yield path, node


class Bench:
    def __init__(self, tap):
        self.tap = tap
        self.product = product.Product(environment={"TZ": "UTC"}, settings='zone = "UTC"\nlog_level = "warn"\nreport_at = ""')
        self.server = self.client = None

    def day(self, n):
        return stamp(NOW + n * DAY)[:10]

    def serve(self, *settings):
        open(self.product.log, "w").close()
        more = [word for setting in ("log_level=info", "port=0", *settings) for word in ("--set", setting)]
        self.server = self.product.start(*more, "run")
        return product.wait_until(self.listens, 60)

    def listens(self):
        with open(self.product.log, encoding="utf-8", errors="replace") as log:
            found = re.search(r" listening .*port=(\d+)", log.read())
        if found:
            token = self.client.token if self.client else None
            self.client = contract.Client(int(found.group(1)), token)
        return bool(found)

    def stop(self):
        return product.stop(self.server, 30)

    def report(self, *arguments, settings=()):
        more = [word for setting in settings for word in ("--set", setting)]
        done = subprocess.run(self.product.command(*more, "report", *arguments), env=self.product.environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout.splitlines(), done.stderr

    def document(self, *arguments, **more):
        status, lines, error = self.report(*arguments, **more)
        if status not in (0, 3):
            raise RuntimeError(f"report {arguments}: {status} {error}")
        with open(lines[3], encoding="utf-8") as file:
            return json.load(file)

    def program(self, name, text):
        path = self.product.path(name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path


def load(bench):
    traffic = metrics_t.Traffic(8)
    traffic.fill(SINCE, NOW, 900)
    path = bench.product.path("traffic.ndjson")
    traffic.write(path)
    return bench.product.call("import", path, check=False) == 0


# ---- figures

def oracle(bench):
    """Each total of each path, of a day, a week and a month, from rows that were exported."""
    rows = {}
    for what in ("messages", "typing"):
        with open(bench.product.export(what), encoding="utf-8") as file:
            rows[what] = [json.loads(line) for line in file]
    judge = metrics.Oracle(rows["messages"], rows["typing"], metrics_t.asks)
    for zone, kind, day in (("UTC", [], bench.day(-9)), ("Asia/Kathmandu", [], bench.day(-5)), ("Europe/Berlin", ["--week"], bench.day(-6)),
                            ("UTC", ["--month"], bench.day(-3))):
        document = bench.document("--day", day, "--zone", zone, *kind)
        since, until = usec(document["report"]["since"]), usec(document["report"]["until"])
        now, known = usec(document["report"]["evaluated_at"]), usec(document["status"]["complete_until"])
        said = []
        for path in metrics.PATHS:
            mine = judge.row(path, since, until, now, min(known, now), 5, (None, None))
            mine["final"] = judge.row(path, since, until, now, known, 5, (None, None))["final"]
            said += [f"{path}{text}" for text in metrics_t.differ(mine, document[path], 0.032)]
        bench.tap.ok(not said and document["delivery"]["sent"] > 50,
                     f"{document['report']['name']} {zone}: every figure as computed from rows {said[:3]}")
        open_at_end = sum(is_open(row, since, until) for row in rows["messages"])
        bench.tap.ok(document["unacknowledged"]["at_end"] == open_at_end,
                     f"unacknowledged at its end: {document['unacknowledged']['at_end']}, computed {open_at_end}")


def is_open(raw, since, until):
    """Sent in the interval, and when it ended neither confirmed nor failed."""
    row = metrics.Row(raw, metrics_t.asks)
    ended = row.sent_at + row.confirm_us if row.confirmed else usec(raw["failed_at"]) if row.failed else until
    return row.counted and row.requested and since <= row.sent_at < until <= ended


def three_forms(bench):
    tap = bench.tap
    status, lines, _ = bench.report("--day", bench.day(-9))
    texts = {}
    for path in lines[1:]:
        with open(path, encoding="utf-8", newline="") as file:
            texts[path.rsplit(".", 1)[1]] = file.read()
    document, page = json.loads(texts["json"]), Data(texts["html"])
    wrong = [f"{path}: {values}, JSON {at(document, path)}" for path, values in page.values.items()
             if {json.dumps(json.loads(value)) for value in values} != {json.dumps(at(document, path))}]
    tap.ok(status == 0 and len(page.values) > 120 and not wrong, f"{len(page.values)} numbers of the page are those of JSON {wrong[:3]}")
    shown = dict(row for row in csv.reader(texts["csv"].splitlines()))
    wrong = []
    for path, value in leaves(document):
        said = shown.get(path)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        good = said == "" if value is None else float(said) == value if number else said.removeprefix("'") == str(value).removeprefix("'") \
            if isinstance(value, str) else said == str(value).lower()
        wrong += [] if good else [f"{path}: {said!r}, JSON {value!r}"]
    tap.ok(not wrong and len(shown) - 1 == sum(1 for _ in leaves(document)), f"{len(shown)} lines of CSV are those of JSON {wrong[:3]}")
    tap.ok(page.scripts == 0 and page.links == [] and "http" not in re.sub(r"<(data|time)[^>]*>", "", texts["html"]).split("</style>")[1]
           .replace("http://", ""), "the page has no script and asks for nothing")
    for word in ("delivery.rate", "read.rate", "delivery.rate_upper", "delivery.coverage", "unacknowledged.at_end",
                 "delivery.time_to_deliver_ms.p95", "comparison.1.delivery.sent", "delivery.within.1h.count"):
        tap.ok(word in page.values, f"the page has {word}")


def same_as_api(bench):
    tap, document = bench.tap, bench.document("--day", bench.day(-4))
    window = f"since={document['report']['since']}&until={document['report']['until']}"
    for name, path in (("domains", "peers?order=worst&limit=15&"), ("clients", "clients?order=worst&limit=15&"),
                       ("users", "users?order=worst&limit=15&"), ("failures", "breakdown?by=condition&limit=50&")):
        answer = bench.client.get(f"/v1/metrics/{path}{window}").json()
        tap.ok(answer["items"] == document[name]["items"] and document[name]["own_days"], f"{name}: as the API, row by row")
    series = bench.client.get(f"/v1/metrics/delivery?bucket=1h&tz=UTC&{window}").json()["series"]
    tap.ok([row["confirmed"] for row in series] == [row["confirmed"] for row in document["series"]["items"]] and len(series) == 24,
           "hours as the API")
    findings = bench.client.get(f"/v1/findings?limit=10000&{window}").json()["items"]
    tap.ok(sum(entry["findings"] for entry in document["findings"]) == len(findings) > 0
           and {entry["rule"] for entry in document["findings"]} == {item["rule"] for item in findings}
           and all(1 <= len(entry["examples"]) <= 3 for entry in document["findings"]), "findings as the API, with examples")
    before = bench.document("--day", bench.day(-5))
    tap.ok([row["what"] for row in document["comparison"]] == ["this", "day_before", "week_before", "days_28"]
           and document["comparison"][1]["delivery"]["sent"] == before["delivery"]["sent"]
           and document["comparison"][0]["delivery"]["rate"] == document["delivery"]["rate"]
           and len(document["trend"]) == 28 and document["trend"][-1]["sent"] == document["delivery"]["sent"]
           and document["trend"][-2]["sent"] == before["delivery"]["sent"], "compared with the day before, the week before, 28 days")


# ---- by HTTP

def served(bench):
    tap, client, day = bench.tap, bench.client, bench.day(-9)
    items = client.get("/v1/reports?revisions=all").json()["items"]
    newest = client.get("/v1/reports?period=week").json()["items"]
    tap.ok(len(items) >= 5 and [item["period"] for item in newest] == ["week"] and newest[0]["zone"] == "Europe/Berlin"
           and client.get(f"/v1/reports?since={day}T00:00:00Z&until={day}T01:00:00Z").json()["items"] == [], "the list, by period and day")
    tap.ok(len(client.get("/v1/reports?format=ndjson&limit=2").lines()) == 2 and client.get("/v1/reports?format=csv&limit=2").rows()[0][0] == "name",
           "as NDJSON and CSV, cut to a limit")
    for form, kind in (("html", "text/html"), ("json", "application/json"), ("csv", "text/csv")):
        answer = client.get(f"/v1/reports/{day}.{form}")
        with open(bench.product.path(f"data/reports/default.{day}.UTC.r1.{form}"), "rb") as file:
            tap.ok(answer.status == 200 and answer.type() == kind and answer.body == file.read(), f"{day}.{form}: the file")
    page = client.get(f"/v1/reports/{day}.html")
    tap.ok("style-src 'unsafe-inline'" in page.headers["Content-Security-Policy"] and "script" not in page.headers["Content-Security-Policy"]
           and page.headers["Cache-Control"] == "no-store", "the page may use its own style and nothing else")
    for target, status in ((f"{day}.pdf", 404), ("2026-02-30.html", 404), ("1999-01-01.json", 404), (f"{day}.json?revision=7", 404),
                           (f"{day}.json?zone=Mars/Base", 400), (f"{day}.json?zone=Asia/Tokyo", 404)):
        tap.ok(client.get(f"/v1/reports/{target}").status == status, f"{target}: {status}")
    week = newest[0]["name"]
    tap.ok(client.get(f"/v1/reports/{week}.json?zone=Europe/Berlin&revision=1").json()["report"]["period"] == "week", f"{week}.json")
    asked = subprocess.run(bench.product.command("token", "add", "blind", "--scopes", "metrics,messages"), check=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
    tap.ok(client.get(f"/v1/reports/{day}.json", token=asked).status == 403, "without the scope: 403")


# ---- forms

def languages(bench):
    tap, day = bench.tap, bench.day(-8)
    status, lines, _ = bench.report("--day", day, "--lang", "zh")
    with open(lines[2], encoding="utf-8") as file:
        page = file.read()
    tap.ok(status == 0 and '<html lang="zh">' in page and "送达率" in page and "Delivery rate" not in page, "in Chinese")
    user = json.loads(open(lines[3], encoding="utf-8").read())["users"]["items"][0]["jid"]
    hidden = bench.document("--day", day, settings=["report_people=pseudonyms"])
    text = json.dumps(hidden)
    tap.ok(user not in text and re.fullmatch(r"p-[0-9a-f]{12}@.*", hidden["users"]["items"][0]["jid"])
           and not [name for name in metrics_t.USERS if name in text], "people under pseudonyms")
    with open(bench.product.path("data/privacy.key"), "rb") as file:
        key = bytes.fromhex(file.read().decode())
    names = {"p-" + hmac.new(key, b"report\0" + name.encode(), "sha256").hexdigest()[:12] + name[name.index("@"):] for name in metrics_t.USERS}
    tap.ok({row["jid"] for row in hidden["users"]["items"]} <= names, "made with the key that is not in the database (F189)")
    again = bench.document("--day", bench.day(-7), settings=["report_people=pseudonyms"])
    known = {row["jid"] for row in hidden["users"]["items"]} & {row["jid"] for row in again["users"]["items"]}
    tap.ok(len(known) > 2, "the same in all reports")
    nobody = bench.document("--day", bench.day(-6), settings=["report_people=none"])
    tap.ok(nobody["users"] is None and not [name for name in metrics_t.USERS if name in json.dumps(nobody)], "or nobody")


# ---- schedule, delivery

def scheduled(bench):
    """The newest report is of four days ago: the three days since then were missed."""
    tap = bench.tap
    got, mails = bench.product.path("got"), bench.product.path("mails")
    os.mkdir(mails)
    hook = bench.program("hook", f'#!/bin/sh\necho "$# $1 $RECEIPTD_REPORT $PGPASSWORD" >>{got}\n')
    mailer = bench.program("sendmail", f'#!/bin/sh\n[ -e {bench.product.path("broken")} ] && exit 75\n'
                                       f'echo "$@" >{mails}/arguments\ncat >{mails}/$$\n')
    open(bench.product.path("broken"), "w").close()
    bench.document("--day", bench.day(-4))
    bench.product.environment["PGPASSWORD"] = "canary"
    tap.ok(bench.serve('report_at=00:00', f"report_hook={hook}", f"report_sendmail={mailer}", "report_mail=ops@harbor.example",
                       "report_mail=owner@harbor.example", "report_mail_from=receiptd@harbor.example"), "run, with a schedule")
    days = [bench.day(-3), bench.day(-2), bench.day(-1)]

    def made():
        return {item["day"]: item for item in bench.client.get("/v1/reports?period=day&zone=UTC").json()["items"]}

    def told():
        return all(made().get(day, {}).get("deliveries") and all(d["tries"] for d in made()[day]["deliveries"]) for day in days)

    tap.ok(product.wait_until(told, 90, 0.5), f"the days that were missed are made up for {sorted(made())[-4:]}")
    deliveries = {d["way"]: d for d in made().get(days[0], {}).get("deliveries", [])}
    tap.ok(deliveries.get("hook", {}).get("done_at") and deliveries["mail"]["done_at"] is None and deliveries["mail"]["next_at"]
           and "status 75" in deliveries["mail"]["problem"], f"what failed waits and says why {deliveries.get('mail')}")
    with open(got, encoding="utf-8") as file:
        lines = file.read().splitlines()
    wanted = [f"1 {bench.product.path('data')}/reports/default.{day}.UTC.r1.html complete " for day in days]
    tap.ok(sorted(lines) == sorted(wanted), f"the hook got each path once, and no password {lines[:2]}")
    doctor = subprocess.run(bench.product.command("doctor"), env=bench.product.environment, text=True, capture_output=True, check=False)
    tap.ok(f"report of {days[0]}" in doctor.stdout and "status 75" in doctor.stdout, f"doctor says so {doctor.stdout[-300:]}")
    with open(bench.product.log, encoding="utf-8", errors="replace") as log:
        said = log.read().count("report-not-delivered")
    tap.ok(said == 3, f"each was said once {said}")
    tap.ok(bench.stop() == 0, "TERM: exit 0")
    os.unlink(bench.product.path("broken"))
    status, lines, _ = bench.report("--day", days[0], "--now", stamp(NOW + 20 * DAY), settings=[
        f"report_hook={hook}", f"report_sendmail={mailer}", "report_mail=ops@harbor.example", "report_mail_from=receiptd@harbor.example"])
    sent = [name for name in os.listdir(mails) if name != "arguments"]
    tap.ok(status == 0 and len(sent) >= 3, f"tried again, it goes {len(sent)}")
    with open(os.path.join(mails, sent[0]), "rb") as file:
        mail = email.message_from_binary_file(file, policy=email.policy.default)
    parts = list(mail.walk())
    tap.ok(mail["To"] == "ops@harbor.example" and mail["From"] == "receiptd@harbor.example" and "complete" in mail["Subject"]
           and parts[1].get_content_type() == "text/plain" and parts[2].get_filename().endswith(".html")
           and parts[2].get_content().endswith("</html>\n"), f"a mail with the page {mail['Subject']}")
    with open(os.path.join(mails, "arguments"), encoding="ascii") as file:
        tap.ok(file.read() == "-t -i\n", "sendmail -t: no address on its command line")


def kept(bench):
    tap, folder = bench.tap, bench.product.path("data/reports")
    with open(os.path.join(folder, "index.json"), encoding="utf-8") as file:
        index = json.load(file)
    with open(os.path.join(folder, "index.html"), encoding="utf-8") as file:
        page = Data(file.read())
    names = {f["name"] for item in index for f in item["files"]}
    tap.ok(names <= set(os.listdir(folder)) and set(page.links) == names, f"the index names {len(names)} files that are there")
    status, lines, _ = bench.report("--day", bench.day(-2), "--lang", "zh", settings=["keep_reports_size=500kB"])
    left = [name for name in os.listdir(folder) if not name.startswith("index")]
    size = sum(os.stat(os.path.join(folder, name)).st_size for name in left)
    tap.ok(status == 0 and size <= 500000 and os.path.basename(lines[1]) in left and len(left) < len(names),
           f"keep_reports_size: {len(left)} files of {size} bytes are left, the newest among them")
    with open(os.path.join(folder, "index.json"), encoding="utf-8") as file:
        rows = json.load(file)
    gone = [item for item in rows if not item["kept"]]
    tap.ok(len(rows) > len(index) and gone and all(f["sha256"] for f in gone[0]["files"]), "what went is still known, with its digests")
    again = bench.report("--day", gone[0]["day"], "--zone", gone[0]["zone"])
    tap.ok(again[0] == 0, "a report that went is no failure of the next")


def main():
    tap = product.Tap()
    bench = Bench(tap)
    try:
        if not tap.ok(load(bench) and bench.serve(), "a sample is imported"):
            return bench.product.complain("cannot go on")
        made = subprocess.run(bench.product.command("token", "add", "all", "--scopes", "metrics,messages,reports"), check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        bench.client.token = made.stdout.strip()
        for test in (oracle, three_forms, same_as_api, served, languages):
            test(bench)
        tap.ok(bench.stop() == 0, "TERM: exit 0")
        bench.client.judge(tap)
        scheduled(bench)
        kept(bench)
    finally:
        if bench.server and bench.server.poll() is None:
            product.stop(bench.server)
        bench.product.close()
    return tap.done()


main()
