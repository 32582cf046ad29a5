#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Reports under faults: late receipts (F164), killed, a full disk, two at once (F165), a gap (F166), days of 23 and 25
# hours and odd zones (F167), empty, future and first days (F168), the same figures as the API (F169) and after
# restarts (F171), files planted at its names (F197), a realm that would lead out of the folder (F198); delivered once by
# several, and again after a crash.
import concurrent.futures
import csv
import glob
import hashlib
import json
import os
import random
import re
import signal
import stat
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "oracle"), os.path.join(HERE, "..", "e2e")]
import product  # noqa: E402
import rig  # noqa: E402

DAY = "2026-03-29"  # Berlin loses an hour
RECEIPT = "<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>"
LONG = os.environ.get("RECEIPTD_LONG") == "1"
FORMATS = ("csv", "html", "json")


def message(at, number, sender="ada@harbor.example", receiver="ben@quay.example"):
    return {"ts": at, "feed": "log", "dir": "in", "session": sender + "/phone",
            "stanza": f"<message to='{receiver}' id='m{number}' type='chat'><body>b{number}</body>{RECEIPT}</message>"}


def receipt(at, number):
    return {"ts": at, "feed": "log", "dir": "in", "session": "ben@quay.example/desk",
            "stanza": f"<message to='ada@harbor.example/phone' id='r{number}' type='chat'>"
                      f"<received xmlns='urn:xmpp:receipts' id='m{number}'/></message>"}


def sample():
    """A message every ten minutes of four days; two of three are confirmed after seven seconds."""
    for i in range(4 * 144):
        day, minute = 28 + i // 144, i % 144 * 10
        date = f"2026-03-{day:02}"
        yield message(f"{date}T{minute // 60:02}:{minute % 60:02}:01.000Z", i)
        if i % 3:
            yield receipt(f"{date}T{minute // 60:02}:{minute % 60:02}:08.000Z", i)


class Bench:
    def __init__(self, tap):
        self.tap = tap
        self.product = product.Product(settings='zone = "UTC"\nlog_level = "warn"\nreport_at = ""', environment={"TZ": "UTC"})
        self.keeper = None

    def load(self, name, lines, *more):
        path = self.product.path(name)
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(line) + "\n" for line in lines)
        return self.product.call(*more, "import", path, check=False) == 0

    def keep(self):
        """A process that keeps the cluster running: one start for all commands of this file."""
        self.keeper = self.product.start("--set", "log_level=info", "serve")
        return product.wait_until(lambda: self.port() > 0, 60)

    def port(self):
        with open(self.product.log, encoding="utf-8", errors="replace") as log:
            found = re.search(r" listening .*port=(\d+)", log.read())
        return int(found.group(1)) if found else 0

    def report(self, *arguments, before=()):
        done = subprocess.run(self.product.command(*before, "report", *arguments), env=self.product.environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout.splitlines(), done.stderr

    def document(self, *arguments, **more):
        status, lines, error = self.report(*arguments, **more)
        if status not in (0, 3):
            raise RuntimeError(f"report {arguments}: {status} {error}")
        with open(next(line for line in lines if line.endswith(".json")), encoding="utf-8") as file:
            return json.load(file)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def whole(path):
    """Is it all of a file of its kind?"""
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    if path.endswith(".json"):
        return isinstance(json.loads(text), dict)
    return text.endswith("</html>\n" if path.endswith(".html") else "\r\n") and len(text) > 1000


# ---- F164

def late(bench):
    tap, out = bench.tap, bench.product.path("late")
    at = ("--day", DAY, "--out", out, "--now", "2026-03-30T00:00:00Z")
    status, first, error = bench.report(*at)
    tap.ok(status == 0 and first[0].endswith("revision 1, new") and len(first) == 4, f"F164: report at midnight {status} {error}")
    before = {path: digest(path) for path in first[1:]}
    status, again, _ = bench.report(*at)
    tap.ok(status == 0 and again[0].endswith("revision 1, unchanged") and again[1:] == first[1:]
           and before == {path: digest(path) for path in again[1:]}, "same input: same bytes, no new revision")
    bench.load("late.ndjson", [receipt(f"{DAY}T23:59:59.000Z", 144)])
    status, second, _ = bench.report(*at)
    document = bench.document(*at)
    changes = {change["figure"]: (change["old"], change["new"]) for change in document["changes"]["figures"]}
    tap.ok(second[0].endswith("revision 2, changed") and changes.get("delivery.confirmed") == (96, 97)
           and changes.get("delivery.pending") == (48, 47) and document["changes"]["of_revision"] == 1
           and "receipts_came_later" in document["changes"]["why"], f"a late receipt: revision 2 names what changed {changes}")
    tap.ok(before == {path: digest(path) for path in first[1:]}, "the first one stays as it was")
    tap.ok(document["status"]["complete_until"] is not None and document["status"]["final"] is False
           and document["status"]["complete"], "it states its watermark; not final is not incomplete")
    following = bench.document("--day", "2026-03-30", "--out", out, "--now", "2026-03-31T00:00:00Z")
    tap.ok(following["restatements"] == [], "a later report restates nothing that was reported anew")
    bench.load("later.ndjson", [receipt("2026-03-31T09:00:00.000Z", 147)])
    restated = bench.document("--day", "2026-03-31", "--out", out, "--now", "2026-04-01T00:00:00Z")["restatements"]
    tap.ok([item["day"] for item in restated] == [DAY] and restated[0]["revision"] == 2
           and {"figure": "delivery.confirmed", "old": 97, "new": 98} in restated[0]["figures"],
           f"what came later for an earlier day is restated: old, new, why {restated}")


# ---- F165

def killed(bench):
    tap, out = bench.tap, bench.product.path("killed")
    chance = random.Random(165)
    rounds, bad, ended, began = 60 if LONG else 10, [], 0, time.monotonic()
    bench.report("--day", "2026-03-28", "--out", bench.product.path("unharmed"), "--zone", "+09:00")
    whole_run = time.monotonic() - began  # the machine may be busy: the last part of it is where files are written
    for i in range(rounds):
        process = bench.product.start("report", "--day", "2026-03-28", "--out", out, "--lang", "zh" if i % 2 else "en")
        time.sleep(whole_run * chance.uniform(0.3, 1.3))
        ended += process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        bad += [path for path in glob.glob(out + "/*") if not path.endswith("index.json") and not path.endswith("index.html")
                and not whole(path)]
    tap.ok(not bad, f"F165: killed {rounds} times (ended before: {ended}): never a half file under its name {bad}")
    status, lines, error = bench.report("--day", "2026-03-28", "--out", out)
    tap.ok(status == 0 and all(whole(path) for path in lines[1:]), f"the next run ends what they began {status} {error}")
    revisions = {os.path.basename(path).split(".")[3] for path in glob.glob(out + "/default*")}
    left = [name for name in os.listdir(out) if name.endswith(".tmp")]
    tap.ok(len(glob.glob(out + "/default*")) == 3 * len(revisions), f"each revision has its three files {sorted(os.listdir(out))}")
    tap.ok(len(left) <= 3, f"of temporary files no more than those of one report are left {left}")
    os.unlink(lines[1])
    status, again, _ = bench.report("--day", "2026-03-28", "--out", out)
    tap.ok(status == 0 and again[0].endswith("unchanged") and whole(lines[1]), "a file that was lost comes back")


def full(bench):
    tap, out = bench.tap, bench.product.path("full")
    os.mkdir(out)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", out], capture_output=True, check=False)
    if mounted.returncode:
        return tap.ok(True, "F165: a full disk", skip="no tmpfs can be mounted here")
    try:
        status, _, error = bench.report("--day", "2026-03-30", "--zone", "+01:00", "--out", out)
        tap.ok(status == 6 and "No space left" in error and not [n for n in os.listdir(out) if not n.startswith(".")],
               f"F165: a full disk: exit 6, no file {status} {error}")
        subprocess.run(["mount", "-o", "remount,size=4m", out], check=True)
        status, lines, _ = bench.report("--day", "2026-03-30", "--zone", "+01:00", "--out", out)
        tap.ok(status == 0 and lines[0].endswith("revision 1, new") and all(map(whole, lines[1:])), "space returns: revision 1")
    finally:
        subprocess.run(["umount", out], check=False)


def two(bench):
    tap, out = bench.tap, bench.product.path("two")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: bench.report("--day", "2026-03-30", "--out", out, "--zone", "+02:00"), range(2)))
    words = sorted(lines[0].rsplit(", ", 1)[1] for _, lines, _ in runs)
    tap.ok([status for status, _, _ in runs] == [0, 0] and words == ["new", "unchanged"]
           and runs[0][1][1:] == runs[1][1][1:], f"F165: two at once: one makes it, the other finds it {words}")


# ---- F166

def gap(bench):
    tap = bench.tap
    log = os.path.join(product.ROOT, "tests/data/ejabberd/lossy/ejabberd.log.gz")
    other = ("--set", "realm=lossy")
    bench.product.call(*other, "import", "--zone", "UTC", log)
    status, lines, _ = bench.report("--day", "2026-11-22", before=other)
    with open(lines[3], encoding="utf-8") as file:
        document = json.load(file)
    with open(lines[2], encoding="utf-8") as file:
        html = file.read()
    body = re.sub(r"<[^>]*>", " ", html.split("<body>")[1]).strip()
    tap.ok(status == 3 and lines[0].startswith("INCOMPLETE: day 2026-11-22") and "gaps" in lines[0], f"F166: exit 3, said first {lines[:1]}")
    tap.ok(document["incomplete"] and document["gaps"]["n"] > 0 and document["gaps"]["items"][0]["cause"]
           and body.startswith("INCOMPLETE") and open(lines[3], encoding="utf-8").readline().startswith('{"incomplete":true'),
           "the page, JSON and CSV say so on their first line and list the gaps")
    with open(lines[1], encoding="utf-8") as file:
        tap.ok(list(csv.reader(file))[1] == ["incomplete", "true"], "CSV too")
    status, _, _ = bench.report("--day", "2026-11-21", before=other)
    tap.ok(status == 0, "a day without a gap is complete, final or not")


# ---- F167

def zones(bench):
    tap = bench.tap
    for zone, hours in (("Europe/Berlin", [24, 23, 24]), ("+14:00", [24] * 3), ("-12:00", [24] * 3),
                        ("Asia/Kathmandu", [24] * 3), ("Australia/Lord_Howe", [24] * 3)):
        days = [bench.document("--day", day, "--zone", zone) for day in ("2026-03-28", "2026-03-29", "2026-03-30")]
        tap.ok([day["report"]["hours"] for day in days] == hours, f"F167: {zone}: days of {hours} hours")
        ends = [(day["report"]["since"], day["report"]["until"]) for day in days]
        sums = [sum(row["sent"] for row in day["series"]["items"]) == day["delivery"]["sent"] for day in days]
        tap.ok(ends[0][1] == ends[1][0] and ends[1][1] == ends[2][0] and all(sums),
               f"{zone}: one ends where the next begins; hours add up {[day['delivery']['sent'] for day in days]}")
    week = bench.document("--day", "2026-03-29", "--week", "--zone", "Europe/Berlin")
    tap.ok(week["report"]["name"] == "2026-W13" and week["report"]["hours"] == 167.0
           and sum(row["sent"] for row in week["series"]["items"]) == week["delivery"]["sent"] > 0, "a week of 167 hours")
    month = bench.document("--day", "2026-03-15", "--month", "--zone", "Europe/Berlin")
    tap.ok(month["report"]["name"] == "2026-03" and month["report"]["hours"] == 743.0
           and month["series"]["bucket"] == "1d" and len(month["series"]["items"]) == 31, "a month of 743 hours")


# ---- F168

def odd_days(bench):
    tap = bench.tap
    empty = bench.document("--day", "2026-04-10")
    tap.ok(empty["delivery"]["sent"] == 0 and empty["delivery"]["rate"] is None and not empty["incomplete"]
           and [note["what"] for note in empty["status"]["notes"]] == ["input_ends"], "F168: an empty day: zero, no rate")
    status, _, error = bench.report("--day", "2026-04-10", "--now", "2026-04-09T23:59:59Z")
    tap.ok(status == 2 and "has not begun" in error, f"a future day: exit 2 {error}")
    status, lines, _ = bench.report("--day", "2026-03-31", "--now", "2026-03-31T12:00:00Z", "--zone", "-12:00")
    tap.ok(status == 2 or (status == 3 and "not_over" in lines[0]), "a day that is not over is incomplete")
    first = bench.document("--day", "2026-03-27")
    tap.ok(first["delivery"]["sent"] == 0 and [note["what"] for note in first["status"]["notes"]] == ["input_begins"],
           "the day before the first")
    for wrong in (["--day", "2026-02-30"], ["--day", "yesterday"], ["--zone", "Mars/Base"], ["--realm", "nowhere"], ["--lang", "xx"],
                  ["--bogus"], ["--day", "2026-03-28", "extra"], ["--week", "--month"], ["--now", "soon"]):
        status, _, error = bench.report(*wrong)
        tap.ok(status == 2 and error.startswith("receiptd: report: "), f"{' '.join(wrong)}: exit 2")


# ---- F169, F171

def same_figures(bench):
    tap = bench.tap
    try:
        import contract
    except ImportError as missing:
        return tap.ok(True, "F169", skip=str(missing))
    out = subprocess.run(bench.product.command("token", "add", "all", "--scopes", "metrics,messages,reports"), check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    client = contract.Client(bench.port(), out.stdout.strip())
    for zone in ("UTC", "Asia/Kathmandu"):
        document = bench.document("--day", DAY, "--zone", zone)
        said = []
        for path in ("delivery", "read", "funnel", "response", "typing"):
            window = f"since={document['report']['since']}&until={document['report']['until']}&tz={zone}"
            api = client.get(f"/v1/metrics/{path}?bucket=none&{window}").json()["totals"]
            said += [f"{path}.{name}: {document[path].get(name)}, the API {value}" for name, value in api.items()
                     if document[path].get(name) != value]
        tap.ok(not said, f"F169: {zone}: totals are those of the API {said[:3]}")
    served = client.get(f"/v1/reports/{DAY}.json")
    with open(glob.glob(bench.product.path(f"data/reports/default.{DAY}.UTC.r*.json"))[-1], "rb") as file:
        tap.ok(served.body == file.read(), "what is served is the file")
    client.judge(tap)
    documents = [bench.document("--day", DAY, "--out", bench.product.path(f"again{i}"), "--now", "2026-06-01T00:00:00Z") for i in range(3)]
    tap.ok(documents[0]["delivery"] == documents[1]["delivery"] == documents[2]["delivery"]
           and len({doc["report"]["revision"] for doc in documents}) == 1, "F171: another process says the same")


# ---- F196, F197, F198

def planted(bench):
    tap, out = bench.tap, bench.product.path("planted")
    os.mkdir(out)
    target = bench.product.path("precious")
    with open(target, "w", encoding="ascii") as file:
        file.write("precious\n")
    name = os.path.join(out, "default.2026-03-30.+03=3A00.r1.html")
    day = ("--day", "2026-03-30", "--zone", "+03:00", "--out", out)
    for what, make in (("a symbolic link", lambda: os.symlink(target, name)), ("a file", lambda: open(name, "w").close()),
                       ("a dangling link", lambda: os.symlink(target + "-not", name)), ("a pipe", lambda: os.mkfifo(name)),
                       ("a folder", lambda: os.mkdir(name))):
        make()
        status, _, error = bench.report(*day)
        tap.ok(status == 6 and "was not touched" in error and os.listdir(out) == [os.path.basename(name)], f"F197: {what}: exit 6 {error}")
        os.rmdir(name) if os.path.isdir(name) and not os.path.islink(name) else os.unlink(name)
    with open(target, encoding="ascii") as file:
        tap.ok(file.read() == "precious\n" and not os.path.exists(target + "-not"), "no link was followed")
    os.symlink(target, os.path.join(out, ".default.2026-03-30.+03=3A00.r1.html.tmp"))
    os.umask(0)
    status, lines, error = bench.report(*day)
    os.umask(0o022)
    with open(target, encoding="ascii") as file:
        tap.ok(status == 0 and file.read() == "precious\n", f"a link at a temporary name is not followed {error}")
    modes = {stat.S_IMODE(os.lstat(os.path.join(out, name)).st_mode) for name in os.listdir(out)}
    tap.ok(modes == {0o640} and all(stat.S_ISREG(os.lstat(path).st_mode) for path in lines[1:]), f"F196: 0640 with umask 0 {modes}")
    os.unlink(os.path.join(out, "index.html"))
    os.symlink(target, os.path.join(out, "index.html"))
    status, _, _ = bench.report(*day)
    with open(target, encoding="ascii") as file:
        tap.ok(status == 6 and file.read() == "precious\n", "nor one at the index")


def names(bench):
    tap, out = bench.tap, bench.product.path("in/here")
    os.makedirs(out)
    before = sorted(os.listdir(bench.product.path("in")))
    for realm in ("../../x", "a/b", "\r\nX: y", ".hidden", "x" * 60):
        more = ("--set", f"realm={realm}")
        bench.load("realm.ndjson", [message("2026-03-28T10:00:00.000Z", len(realm))], *more)
        status, lines, error = bench.report("--day", "2026-03-28", "--out", out, before=more)
        tap.ok(status == 0 and all(os.path.dirname(os.path.realpath(path)) == os.path.realpath(out) for path in lines[1:]),
               f"F198: realm {realm[:10]!r}: stays in its folder {error}")
    tap.ok(sorted(os.listdir(bench.product.path("in"))) == before and not [n for n in os.listdir(out) if "\n" in n or n.startswith("..")],
           "nothing beside it, no control character in a name")


# ---- delivery

class Hook:
    """Writes down that it was called, and ends when it may."""

    def __init__(self, it):
        self.calls_path, self.go = it.program.path("calls"), it.program.path("go")
        path = it.program.path("hook.sh")
        with open(path, "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\necho "$1" >>{self.calls_path}\nwhile [ ! -e {self.go} ]; do sleep 0.1; done\n')
        os.chmod(path, 0o755)
        with open(it.program.config, "a", encoding="utf-8") as config:
            config.write(f'report_hook = "{path}"\n')

    def calls(self):
        if not os.path.exists(self.calls_path):
            return 0
        with open(self.calls_path, encoding="ascii") as file:
            return len(file.readlines())

    def called(self, times):
        return product.wait_until(lambda: self.calls() >= times, 60)


def delivered_once(tap, it):
    hook, day = Hook(it), ("report", "--day", "2026-03-28")
    first = it.program.start(*day)
    tap.ok(hook.called(1), "a hook that takes its time has a report")
    status = it.program.call(*day, "--zone", "UTC", check=False)
    tap.ok(status in (0, 3) and hook.calls() == 1 and first.poll() is None,
           f"another process makes reports meanwhile, and does not deliver it: {status}, {hook.calls()} calls")
    first.send_signal(signal.SIGKILL)
    first.wait()
    it.program.call(*day, check=False)
    tap.ok(hook.calls() == 1, "killed over it: it waits as long as the hook could still run")
    left = it.server.ask("SELECT tries, done_at IS NULL, next_at > now() FROM receiptd.report_delivery")
    tap.ok(left == "0|t|t", f"and is still to be delivered: {left}")
    with open(hook.go, "w", encoding="ascii"):
        pass
    it.server.ask("UPDATE receiptd.report_delivery SET next_at = now() - interval '1 second'")
    it.program.call(*day, check=False)
    left = it.server.ask("SELECT tries, done_at IS NULL, next_at IS NULL FROM receiptd.report_delivery")
    tap.ok(hook.calls() == 2 and left == "1|f|t", f"then it is: {hook.calls()} calls, {left}")


def delivery(tap):
    server = rig.Server().start()
    try:
        with rig.Rig(server) as it:
            with open(it.log, "w", encoding="utf-8") as out:
                out.writelines(json.dumps(line) + "\n" for line in sample())
            os.makedirs(it.program.path("data"), exist_ok=True)
            it.program.call("import", it.log)
            delivered_once(tap, it)
    finally:
        server.close()


def main():
    tap = product.Tap()
    bench = Bench(tap)
    try:
        if not tap.ok(bench.load("sample.ndjson", sample()) and bench.keep(), "a sample is imported"):
            return bench.product.complain("cannot go on")
        for test in (late, killed, full, two, gap, zones, odd_days, same_figures, planted, names):
            test(bench)
        tap.ok(product.stop(bench.keeper, 30) == 0, "TERM: exit 0")
    finally:
        if bench.keeper and bench.keeper.poll() is None:
            product.stop(bench.keeper)
        bench.product.close()
    delivery(tap)
    return tap.done()


main()
