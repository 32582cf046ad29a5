#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# receiptd erase: nothing readable is left in any file of the data folder, counts stay, check finds nothing (F187);
# killed at any moment it completes when repeated (F188); nobody can try guesses (F189); what is read later does
# not bring the person back; legal holds; bodies that are not to be stored are nowhere (F195); reports and seals that are
# being made meanwhile.
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402
import rig  # noqa: E402

LONG = bool(os.environ.get("RECEIPTD_LONG"))
PROGRAM = os.path.join(os.environ.get("BUILD", "build"), "receiptd")
WHO, BOB, CAROL, ROOM = "zcanaryjid@a.example", "bob@a.example", "carol@a.example", "room@muc.a.example"
DAY = "2026-11-20"
# What is the person's own, whatever others say of its messages in rooms.
NAMES = (b"zcanaryjid", b"zcanaryphone", b"zcanarynick", b"zcanarybody", b"zcanary0 zzbody", b"zcanary99")
# Every text of the person has "zcanary" in it; those of others never do.


class Traffic:
    def __init__(self, prefix="", rounds=20):
        self.lines, self.now = [], 0
        for i in range(rounds):
            for f, fr, to, tr in ((WHO, "zcanaryphone", BOB, "desk"), (BOB, "desk", WHO, "zcanaryphone"),
                                  (BOB, "desk", CAROL, "home")):
                self.chat(f"{f}/{fr}", f"{to}/{tr}", ("zcanary" if WHO in (f, to) else "") + prefix + str(i), i % 2)
            self.room(prefix, i)
        roster = (f"<iq xmlns='jabber:client' to='{BOB}/desk' type='result' id='r{prefix}'><query xmlns='jabber:iq:roster'>"
                  f"<item jid='{WHO}' subscription='both'/><item jid='{CAROL}' subscription='both'/></query></iq>")
        self.add("out", f"{BOB}/desk", roster)
        self.add("in", f"{WHO}/zcanaryphone", f"<presence from='{WHO}/zcanaryphone'><c xmlns='http://jabber.org/protocol/caps'"
                 " node='http://x.example' ver='v1' hash='sha-1'/></presence>")
        self.add("in", f"{WHO}/zcanaryphone", f"<message from='{WHO}/zcanaryphone' to='{BOB}' id='zcanarybad{prefix}'>"
                 "<body>zcanarybody, damaged</bod></message>")
        self.add("in", f"{WHO}/zcanaryphone", f"<message from='{WHO}/zcanaryphone' to='{BOB}' type='error'"
                 f" id='zcanary{prefix}3'><error><zcanarycondition/></error></message>")

    def add(self, way, session, stanza):
        self.now += 1
        stamp = f"{DAY}T10:{self.now // 60 % 60:02d}:{self.now % 60:02d}.{self.now * 7 % 1000:03d}Z"
        self.lines.append(json.dumps({"ts": stamp, "dir": way, "session": session, "stanza": stanza}))

    def chat(self, f, to, name, read):
        stanza = (f"<message xmlns='jabber:client' from='{f}' to='{to.split('/')[0]}' id='{name}' type='chat'><body>{name} zzbody"
                  "</body><request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>"
                  "<active xmlns='http://jabber.org/protocol/chatstates'/></message>")
        self.add("in", f, stanza)
        self.add("out", to, stanza)
        ack = (f"<message xmlns='jabber:client' from='{to}' to='{f}' id='{name}ack'><received xmlns='urn:xmpp:receipts'"
               f" id='{name}'/></message>")
        self.add("in", to, ack)
        self.add("out", f, ack)
        if read:
            self.add("in", to, f"<message xmlns='jabber:client' from='{to}' to='{f}' id='{name}mark'><displayed"
                     f" xmlns='urn:xmpp:chat-markers:0' id='{name}'/><composing"
                     " xmlns='http://jabber.org/protocol/chatstates'/></message>")

    def room(self, prefix, i):
        members = ((f"{WHO}/zcanaryphone", "zcanarynick", "zcanarygroup"), (f"{BOB}/desk", "bobby", "group"))
        for n, (who, nick, word) in enumerate(members):
            other, onick, oword = members[1 - n]
            # Markers of others name ids of rooms' messages, whoever wrote those (docs/PRIVACY.md).
            name = f"id-{n}-{prefix}{i}" if prefix else f"{word}{i}"
            inner = f"id='{name}' type='groupchat'><body>{word} {i}</body><markable xmlns='urn:xmpp:chat-markers:0'/>"
            self.add("in", who, f"<message from='{who}' to='{ROOM}' {inner}</message>")
            for reader, _, _ in members:
                self.add("out", reader, f"<message from='{ROOM}/{nick}' to='{reader}' {inner}</message>")
            mark = (f"id='{oword}mark{prefix}{i}' type='groupchat'><displayed xmlns='urn:xmpp:chat-markers:0'"
                    f" id='{name}'/></message>")
            self.add("in", other, f"<message from='{other}' to='{ROOM}' {mark}")
            self.add("out", f"{BOB}/desk", f"<message from='{ROOM}/{onick}' to='{BOB}/desk' {mark}")

    def write(self, path, skip=0):
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join(self.lines[skip:]) + "\n")


class Place:
    def __init__(self, *sets):
        self.folder = tempfile.mkdtemp(prefix="receiptd-erase-")
        os.chmod(self.folder, 0o755)
        self.data, self.sets, self.said = os.path.join(self.folder, "data"), list(sets), b""

    def command(self, *arguments):
        sets = [f"data_dir={self.data}", "muc_domains=muc.a.example", "database_wait=60s", "zone=UTC", *self.sets]
        return [PROGRAM, "--log-level", "warn", *[flag for one in sets for flag in ("--set", one)], *arguments]

    def run(self, *arguments, status=0):
        done = subprocess.run(self.command(*arguments), capture_output=True, check=False)
        self.said += done.stdout if arguments[0] != "export" else b""
        self.said += done.stderr
        if status is not None and done.returncode != status:
            raise RuntimeError(f"{arguments}: {done.returncode}: {done.stdout.decode()}{done.stderr.decode()}")
        return done.stdout.decode()

    def counts(self):
        counters = json.loads(self.run("export", "counters", "--now", "last"))
        return {name: n for name, n in counters.items() if name not in ("suppressed", "unparsable")}

    def sql(self, *statements):
        """While nothing else uses the cluster: by a program that only serves it."""
        process = subprocess.Popen(self.command("--set", "port=0", "serve"), stderr=subprocess.DEVNULL)
        run = os.path.join(self.data, "run")
        environment = {**os.environ, "PGHOST": run, "PGUSER": "receiptd", "PGDATABASE": "receiptd"}
        owner = os.stat(os.path.join(self.data, "pg"))
        user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}

        def psql(statement, check=True):
            return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", "SET search_path = receiptd", "-c", statement],
                                  env=environment, capture_output=True, check=check, cwd="/", **user)

        try:
            # There is a socket before connections are accepted.
            product.wait_until(lambda: psql("SELECT 1", check=False).returncode == 0, 60)
            return [psql(one).stdout.decode().strip() for one in statements]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def holders(folder, word=b"zcanary"):
    """Files below a folder that hold the word, as text or as UTF-16, in any case."""
    found = []
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                with open(os.path.join(base, name), "rb") as file:
                    if word in file.read().lower():
                        found.append(os.path.relpath(os.path.join(base, name), folder))
            except OSError:
                pass
    return sorted(found)


def table(said):
    return sorted(line for line in said.splitlines() if line and line.split()[0].isidentifier() and line.split()[-1].isdigit())


def erasing(tap, place):
    traffic = Traffic()
    traffic.write(place.data + ".log")
    place.run("import", place.data + ".log")
    place.run("report", "--day", DAY, status=None)
    reports = os.path.join(place.data, "reports")
    with open(os.path.join(reports, ".default.day.r9.html.tmp"), "wb") as file:
        file.write(WHO.encode())
    with open(os.path.join(reports, "mine.txt"), "wb") as file:
        file.write(b"zCANARYjid@a.example"[1:])
    def listed_files():
        with open(os.path.join(reports, "index.html"), encoding="utf-8") as file:
            return file.read().count(f'href="default.{DAY}')
    tap.ok(listed_files() == 3 and any("reports/" in name for name in holders(place.data)), "a report names the person, and the index the report")
    place.run("seal", "--new-key")
    place.sql("UPDATE batch SET at = date_trunc('day', now(), 'UTC') - interval '1 hour'")
    place.run("seal")
    before, messages = place.counts(), place.run("export", "messages", "--now", "last")
    metrics = place.run("export", "metrics", "--now", "last")
    tap.ok("zcanaryphone" in messages and holders(place.data), "the person is there")
    person = place.run("export", "person", "--jid", WHO).splitlines()
    tables = {json.loads(line)["table"] for line in person}
    tap.ok(tables >= {"message", "ack", "chat_state", "typing", "known", "quarantine", "finding", "jid"}
           and "zcanary0 zzbody" in "".join(person), "export person: all tables, bodies too")
    other = place.run("export", "messages", "--pseudonymise", "--now", "last")
    again = place.run("export", "messages", "--pseudonymise", "--now", "last")
    tap.ok(len(other.splitlines()) == len(messages.splitlines()) and "zcanary" not in other and "bob" not in other
           and other != again, "export --pseudonymise: no name, and another one each time")
    guesses = {hashlib.new(h, WHO.encode()).hexdigest()[:16] for h in ("md5", "sha1", "sha256")}
    tap.ok(not any(guess in other for guess in guesses), "and none is a plain hash of a name (F189)")

    place.run("hold", "add", "--jid", WHO, "--until", "2099-01-01", "--reason", "case 7")
    said = place.run("erase", "--jid", WHO, status=3)
    tap.ok("case 7" in said and place.counts() == before, "under legal hold: exit 3, nothing is erased")
    place.sets.append("keep_days=1")
    place.sets.append("keep_bodies_days=1")
    said = place.run("retention", status=3)
    tap.ok("legal hold" in said and place.counts() == before
           and "zcanary0 zzbody" in place.run("export", "person", "--jid", WHO), "nor does retention take the day or its bodies (F170)")
    del place.sets[-2:]
    place.run("hold", "remove", "--jid", WHO)

    dry = place.run("erase", "--jid", WHO, "--dry-run")
    tap.ok(place.run("export", "messages", "--now", "last") == messages, "dry run changes nothing")
    said = place.run("erase", "--jid", WHO.upper(), "--reason", "asked for it")
    tap.ok(table(said) == table(dry) and len(table(said)) >= 9, "the erasure says what the dry run said")
    left = [name for name in os.listdir(reports) if name.endswith((".csv", ".json", ".tmp")) and not name.startswith("index")]
    tap.ok(listed_files() == 0 and not [name for name in left if "zcanary" in open(os.path.join(reports, name), encoding="utf-8").read()],
           "files of the report that name the person are gone, temporary ones too, and the index names none of them")
    tap.ok(os.path.exists(os.path.join(reports, "mine.txt")), "what is no report stays")
    tap.ok(place.counts() == before and place.run("export", "metrics", "--now", "last") == metrics, "counts and metrics stay")
    after = place.run("export", "messages", "--now", "last")
    tap.ok("zcanary" not in after and len(after.splitlines()) == len(messages.splitlines()) and "carol" in after,
           "every message is there, without the person")
    said = place.run("check")
    tap.ok(said.startswith("equal") and "erased persons" in said, "check: no difference, and it says what it left out")
    verified = subprocess.run(place.command("verify"), capture_output=True, check=False)
    tap.ok(verified.returncode == 0 and b"1 seal" in verified.stdout, "F187: what was sealed before still verifies")
    tap.note("" if verified.returncode == 0 else (verified.stdout + verified.stderr).decode()[:2000])
    place.run("erase", "--scrub")
    left = holders(place.data)
    tap.ok(not left, "F187: no file of the data folder names the person")
    for name in left:
        tap.note(name)
    listed = place.run("erase", "--list")
    tap.ok("asked for it" in listed and "zcanary" not in listed and "not scrubbed" not in listed, "it is on record, without the person")
    said = place.run("erase", "--jid", WHO)
    tap.ok("nothing is stored" in said and place.run("erase", "--list") == listed, "F188: once more: nothing, exit 0")
    place.run("erase", "--jid", "nobody@a.example")
    tap.ok(True, "F188: somebody unknown: exit 0")
    coming_back(tap, place, traffic, before)
    guessing(tap, place)
    allowed(tap, place)


def coming_back(tap, place, traffic, before):
    traffic.write(place.data + "-2.log", skip=1)  # another file of the same traffic
    Traffic("new").write(place.data + "-3.log")
    place.run("import", "--source", "another", place.data + "-2.log")
    tap.ok(place.counts() == before, "the same traffic from another file: counts stay")
    place.run("import", place.data + "-3.log")
    now, all_counters = place.counts(), json.loads(place.run("export", "counters", "--now", "last"))
    tap.ok(now["sent"] == before["sent"] + 20 and all_counters["suppressed"] > 300,
           "new traffic: of others it is stored, of the person it is counted")
    tap.ok(not holders(place.data), "nothing of the person came back, in no file")
    tap.ok(place.run("check").startswith("equal"), "check: no difference")
    place.run("reprocess", "--since", f"{DAY}T00:00:00Z", "--until", f"{DAY}T23:59:59Z", status=None)
    tap.ok(not any(holders(place.data, word) for word in NAMES), "nor by reprocess")
    key = os.path.join(place.data, "privacy.key")
    os.rename(key, key + ".away")
    with open(place.data + "-4.log", "w", encoding="utf-8") as out:
        out.write(traffic.lines[0].replace("zcanary0", "zcanary99") + "\n")
    place.run("import", place.data + "-4.log", status=2)
    tap.ok(not any(holders(place.data, word) for word in NAMES), "without the privacy key nothing is read in: exit 2")
    os.rename(key + ".away", key)
    tap.ok(os.stat(key).st_mode & 0o777 == 0o600, "the key is readable by its owner alone")


# F189: what is left must not answer guesses, not even with all that the database holds.
def guessing(tap, place):
    texts, = place.sql("SELECT jid FROM jid UNION ALL SELECT encode(who, 'hex') FROM suppressed"
                       " UNION ALL SELECT encode(who, 'hex') FROM erasure UNION ALL SELECT coalesce(id, '') FROM message")
    guesses = [WHO, "zcanary0", "zcanary0 zzbody", "zcanaryphone", "zcanarynick", f"{ROOM}/zcanarynick"]
    hashes = {hashlib.new(name, guess.encode()).hexdigest()[:16] for guess in guesses for name in ("md5", "sha1", "sha256")}
    tap.ok("erased:" in texts and not any(one in texts for one in hashes), "F189: no plain hash of what was erased")


# Somebody may come back: on record, with a name, and what was erased stays erased.
def allowed(tap, place):
    before = json.loads(place.run("export", "counters", "--now", "last"))
    place.run("erase", "--allow", "--jid", WHO, "--scrub", status=2)
    tap.ok("nothing was changed" in place.run("erase", "--allow", "--jid", WHO, "--dry-run"), "allow: a dry run")
    said = place.run("erase", "--allow", "--jid", WHO, "--reason", "came back")
    after = place.run("erase", "--list")
    tap.ok("may come back" in said and after.count("(may come back)") == 1 and "came back" in after and "zcanary" not in after,
           "allow: it is on record, without the person")
    tap.ok("not on the list" in place.run("erase", "--allow", "--jid", WHO), "allow: once")
    Traffic("again").write(place.data + "-5.log")
    place.run("import", place.data + "-5.log")
    rows = [json.loads(row) for row in place.run("export", "messages", "--now", "last").splitlines()]
    mine = [row for row in rows if WHO in (row["from"], row.get("to"))]
    new = [row for row in mine if "again" in row["id"]]
    counters = json.loads(place.run("export", "counters", "--now", "last"))
    tap.ok(len(new) >= 40 and counters["suppressed"] == before["suppressed"], f"{len(new)} messages of the person are stored, none is suppressed")
    tap.ok(all(row["id"].startswith("erased:") for row in mine if "again" not in row["id"]), "what was erased stays erased, and nothing joins it")
    readers = {row["from"] for row in rows if row["type"] == "groupchat"}
    tap.ok(WHO in readers, "in rooms too")
    tap.ok(place.run("check").startswith("equal"), "check: no difference")
    _, key = place.sql("UPDATE batch SET at = date_trunc('day', now(), 'UTC') - interval '1 hour'", "SELECT to_hex(conv) || '/' || to_hex(key) FROM message WHERE id = 'zcanaryagain1' LIMIT 1")
    place.run("seal")
    said = place.run("verify")
    slip = place.run("seal", "--proof", key)
    tap.ok("as sealed" in said and WHO in slip, "what is stored since is sealed with a salt of its own, and can be proven")
    place.sql("UPDATE message SET from_resource = 'x' WHERE id = 'zcanaryagain1'")
    said = place.run("verify", status=3)
    tap.ok("message " in said and "the row was changed" in said, "and what is personal in it is compared again")
    place.run("erase", "--jid", WHO, "--scrub")
    left = [name for name in holders(place.data) if any(word in open(os.path.join(place.data, name), "rb").read().lower() for word in NAMES)]
    tap.ok(not left, "erased once more: no file names the person")
    for name in left:
        tap.note(name)


# F188: at every moment either nothing or all of it is done, and the next run completes it.
def killing(tap, place):
    Traffic().write(place.data + ".log")
    place.run("import", place.data + ".log")
    before, chance = place.counts(), random.Random(os.environ.get("RECEIPTD_SEED", "7"))
    mixed = 0
    for _ in range(40 if LONG else 6):
        process = subprocess.Popen(place.command("erase", "--jid", WHO, "--scrub"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.05, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        rows = place.run("export", "messages", "--now", "last").splitlines()
        mixed += sum("zcanary" in row for row in rows) not in (0, 80)
    tap.ok(not mixed, "F188: killed at any moment: all or nothing")
    place.run("erase", "--jid", WHO, "--scrub")
    tap.ok(not holders(place.data) and place.counts() == before, "and the next one completes it")


# F195: bodies are nowhere when they are not to be stored.
def hiding(tap, mode):
    place = Place(f"bodies={mode}")
    try:
        Traffic(rounds=3).write(place.data + ".log")
        place.run("import", place.data + ".log")
        left = holders(place.data, b" zzbody")
        tap.ok(not left and not holders(place.data, b"zcanarybody"), f"F195: bodies = {mode}: in no file, quarantine too")
        for name in left:
            tap.note(name)
        if mode == "hmac":
            key, bodies = place.sql("SELECT encode(pairing_key, 'hex') FROM instance",
                                    "SELECT string_agg(DISTINCT body, ' ') FROM message WHERE body IS NOT NULL")
            tap.ok(bodies.startswith("hmac:") and key and os.path.exists(os.path.join(place.data, "privacy.key")),
                   "F189: made with a key that is not in the database")
    finally:
        place.close()


# --- while others write what they have read ---

class Waiter:
    """A command whose output is kept."""

    def __init__(self, it, *arguments):
        self.process = subprocess.Popen(it.program.command(*arguments), env=it.program.environment, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def ends(self, seconds):
        return product.wait_until(lambda: self.process.poll() is not None, seconds)

    def status(self):
        said = self.process.communicate(timeout=120)[0]
        return self.process.returncode, said[-300:]


def held(it, lock):
    """A table lock that somebody waits for."""
    return product.wait_until(lambda: it.server.ask(
        f"SELECT count(*) FROM pg_locks WHERE relation = '{lock}'::regclass AND NOT granted") == "1", 60)


def load(it):
    """Somebody who is named, and batches that a seal is due for."""
    it.generate(60, "--start", f"{DAY}T10:00:00Z", format="observations")
    os.makedirs(it.program.path("data"), exist_ok=True)
    it.program.call("import", it.log)
    it.server.ask("UPDATE receiptd.batch SET at = at - interval '1 day'")
    return it.server.ask("SELECT j.jid FROM receiptd.message AS m JOIN receiptd.jid AS j ON j.id = m.from_jid GROUP BY 1"
                         " ORDER BY count(*) DESC, 1 LIMIT 1")


def while_reporting(tap, server):
    with rig.Rig(server, settings='report_people = "names"\n') as it:
        who = load(it)
        lock = server.transaction("LOCK TABLE receiptd.report IN SHARE ROW EXCLUSIVE MODE")
        product.wait_until(lambda: server.ask("SELECT count(*) FROM pg_locks WHERE relation = 'receiptd.report'::regclass") != "0", 30)
        report = Waiter(it, "report", "--day", DAY)
        tap.ok(held(it, "receiptd.report"), "a report has its content, and its rows are not stored yet")
        erase = Waiter(it, "erase", "--jid", who)
        tap.ok(not erase.ends(4), "an erasure waits for it")
        lock.communicate(b"COMMIT;")
        done = report.status(), erase.status()
        tap.ok(done[0][0] in (0, 3) and done[1][0] == 0, f"and both end {[status for status, _ in done]}")
        named = server.ask(f"SELECT count(*) FROM receiptd.report_file WHERE position(convert_to('{who}', 'UTF8') IN content) > 0")
        tap.ok(named == "0" and not holders(it.program.path("data/reports"), who.encode()),
               f"no row and no file of the report names the person: {named}")


def while_sealing(tap, server):
    with rig.Rig(server) as it:
        who = load(it)
        jid = server.ask(f"SELECT id FROM receiptd.jid WHERE jid = '{who}'")
        it.program.call("seal", "--new-key")
        lock = server.transaction("LOCK TABLE receiptd.seal IN SHARE MODE")
        product.wait_until(lambda: server.ask("SELECT count(*) FROM pg_locks WHERE relation = 'receiptd.seal'::regclass") != "0", 30)
        seal = Waiter(it, "seal")
        tap.ok(held(it, "receiptd.seal"), "a seal has made salts, and has not committed them")
        erase = Waiter(it, "erase", "--jid", who)
        tap.ok(not erase.ends(4), "an erasure waits for it")
        lock.communicate(b"COMMIT;")
        done = seal.status(), erase.status()
        tap.ok([status for status, _ in done] == [0, 0], f"and both end {[status for status, _ in done]}")
        salts = server.ask(f"SELECT count(*) FROM receiptd.jid_salt WHERE jid = {jid}")
        tap.ok(salts == "0" and server.ask("SELECT count(*) FROM receiptd.jid_salt") != "0", f"no salt opens what was sealed of it: {salts}")
        status, said = Waiter(it, "verify").status()
        tap.ok(status == 0, f"what was sealed verifies: {status} {said.strip()}")


def the_other_way(tap, server):
    """An erasure that waits for the lanes has its turn already; it must not wait for who waits for it."""
    with rig.Rig(server, settings='report_people = "names"\n') as it:
        who = load(it)
        it.program.call("seal", "--new-key")
        lane = server.transaction("SELECT FROM receiptd.lane FOR UPDATE")
        product.wait_until(lambda: server.ask("SELECT count(*) FROM pg_locks WHERE relation = 'receiptd.lane'::regclass") != "0", 30)
        erase = Waiter(it, "erase", "--jid", who)
        product.wait_until(lambda: server.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") == "2", 60)
        report, seal = Waiter(it, "report", "--day", DAY), Waiter(it, "seal").status()
        tap.ok(seal[0] == 4 and "erasing" in seal[1], f"no seal while somebody is being erased: exit {seal[0]}")
        tap.ok(not report.ends(2), "and no report: it waits")
        lane.communicate(b"COMMIT;")
        done = erase.status(), report.status()
        tap.ok(done[0][0] == 0 and done[1][0] in (0, 3), f"and both end {[status for status, _ in done]}")
        named = server.ask(f"SELECT count(*) FROM receiptd.report_file WHERE position(convert_to('{who}', 'UTF8') IN content) > 0")
        tap.ok(named == "0" and Waiter(it, "verify").status()[0] == 0, f"the report does not name the person, and all verifies: {named}")


def meanwhile(tap):
    server = rig.Server().start()
    try:
        for test in (while_reporting, while_sealing, the_other_way):
            test(tap, server)
    finally:
        server.close()


def main():
    tap = product.Tap()
    place = Place()
    try:
        erasing(tap, place)
    finally:
        place.close()
    place = Place()
    try:
        killing(tap, place)
    finally:
        place.close()
    for mode in ("none", "hmac"):
        hiding(tap, mode)
    meanwhile(tap)
    tap.done()


main()
