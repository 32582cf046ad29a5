#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seals: a row changed, added, removed or moved behind the product's back is named (F182), in the access log too
# (F193); a head or its signature altered is refused by openssl and ssh-keygen alone (F183); a chain made anew and
# days cut off are found by a head that was kept (F184); what comes late is an amendment (F185); proofs of
# single messages are checked by the script of docs/VERIFY.md (F186); keys that are missing, open to others,
# exchanged (F203, F196); retention leaves what is not sealed (F170).
import datetime
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

DAY = 86400


def said(it, *arguments):
    """Exit status, and what it printed."""
    done = subprocess.run(it.direct.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return done.returncode, done.stdout


def ago(days):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z")


def a_day_passes(it):
    """What was committed and read today was yesterday."""
    it.server.ask("UPDATE receiptd.batch SET at = least(at, date_trunc('day', now(), 'UTC') - interval '1 minute')")


def fill(it):
    it.generate(600, "--start", ago(3), "--gap-ms", "300000")
    it.direct.call("import", it.log)
    it.server.ask("SET search_path = receiptd; INSERT INTO access_log (id, token, route, filter, bodies)"
                  " SELECT g, 'me', '/v1/messages', 'participant=anna@a.example', false FROM generate_series(-3, 3) AS g;"
                  " INSERT INTO gap (realm, source, generation, from_offset, to_offset, cause, commit)"
                  " SELECT 1, 1, 1, g, g + 1, 'test', 1 FROM generate_series(1, 5) AS g")
    a_day_passes(it)


def sealed(tap, it):
    status, text = said(it, "seal")
    tap.ok(status == 3 and "--new-key" in text, f"without a key nothing is sealed (F203): {status} {text.strip()}")
    status, text = said(it, "seal", "--new-key")
    key = it.direct.path("data/seal.key")
    tap.ok(status == 0 and os.stat(key).st_mode & 0o777 == 0o600, f"a key of mode 0600: {text.strip()}")
    os.chmod(key, 0o640)
    status, text = said(it, "seal")
    tap.ok(status == 2 and "0640" in text, f"a key that others can read is refused (F196): {status}")
    os.chmod(key, 0o600)
    status, text = said(it, "seal")
    tap.ok(status == 0 and text.startswith("1 seals made"), f"sealed: {text.strip()}")
    leaves = it.server.ask("SELECT leaves FROM receiptd.seal")
    rows = it.server.ask("SELECT (SELECT count(*) FROM receiptd.message) + (SELECT count(*) FROM receiptd.ack)"
                         " + (SELECT count(*) FROM receiptd.finding) + (SELECT count(*) FROM receiptd.gap)"
                         " + (SELECT count(*) FROM receiptd.access_log)")
    tap.ok(leaves == rows, f"a leaf for every row: {leaves} of {rows}")
    status, text = said(it, "verify")
    tap.ok(status == 0 and f"{rows} rows compared" in text, f"verify: {status} {text.strip()}")
    status, text = said(it, "seal")
    tap.ok(status == 0 and "nothing to seal" in text, f"nothing new, no seal: {text.strip()}")


# Of each table: a column that is public, one that is personal (both may be the same), a row of the day, its move.
TABLES = {
    "message": ("state = (state + 1) % 7", "id = coalesce(id, '') || 'x'", "n = n + 100, key = key + 1", "sent_at = sent_at + interval '1 day'"),
    "ack": ("via = via + 1", "own_id = coalesce(own_id, '') || 'x'", "position = position + 1", "seen_at = seen_at - interval '1 day'"),
    "finding": ("n = n + 1", "ref = ref || 'x'", "element = element + 1", "conv = conv + 1"),
    "gap": ("cause = 'other'", "lost = 7", "from_offset = from_offset + 1000", "source = source + 1"),
    "access_log": ("bodies = NOT bodies", "filter = 'participant=ben@a.example'", "id = id + 1000", "at = at - interval '1 day'"),
}


def tampered(tap, it, table, how, *queries):
    """The queries, then verify must name the table; then all is as it was."""
    server = it.server
    for query in queries:
        server.ask(f"SET search_path = receiptd; {query}")
    status, text = said(it, "verify")
    named = [line for line in text.splitlines() if line.startswith("seal 1 of ") and f" {table} " in line]
    tap.ok(status == 3 and named, f"{table} {how}: {named[0] if named else text.strip()} (exit {status})")
    server.ask(f"DELETE FROM receiptd.{table}; INSERT INTO receiptd.{table} SELECT * FROM kept.{table}")


def tampering(tap, it):
    server = it.server
    server.ask("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept")
    for table in [*TABLES, "jid", "jid_salt", "seal_leaf"]:
        server.ask(f"CREATE TABLE kept.{table} AS SELECT * FROM receiptd.{table}")
    for table, (public, personal, other, move) in TABLES.items():
        one = f"SELECT * FROM {table} WHERE NOT (SELECT false) LIMIT 1"
        where = f"WHERE ctid = (SELECT ctid FROM {table} ORDER BY tableoid, ctid LIMIT 1) AND tableoid = (SELECT tableoid FROM {table} ORDER BY tableoid, ctid LIMIT 1)"
        tampered(tap, it, table, "changed", f"UPDATE {table} SET {public} {where}")
        tampered(tap, it, table, "changed, what is personal", f"UPDATE {table} SET {personal} {where}")
        tampered(tap, it, table, "removed", f"DELETE FROM {table} {where}")
        tampered(tap, it, table, "moved", f"UPDATE {table} SET {move} {where}")
        tampered(tap, it, table, "added", f"CREATE TEMP TABLE made AS {one}; UPDATE made SET {other}; INSERT INTO {table} SELECT * FROM made")
    tampered(tap, it, "message", "with a body changed", "UPDATE message SET body = 'something else' WHERE (conv, sent_at, key, n) = (SELECT conv, sent_at, key, n FROM message WHERE body IS NOT NULL LIMIT 1)")
    server.ask("UPDATE receiptd.jid SET jid = 'x' || jid WHERE id = (SELECT from_jid FROM receiptd.message LIMIT 1)")
    status, text = said(it, "verify")
    tap.ok(status == 3 and " message " in text, f"the name of somebody changed (exit {status})")
    server.ask("DELETE FROM receiptd.jid; INSERT INTO receiptd.jid SELECT * FROM kept.jid")
    server.ask("DELETE FROM receiptd.jid_salt WHERE jid = (SELECT from_jid FROM receiptd.message LIMIT 1)")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "a salt is gone" in text, f"a salt removed without an erasure (exit {status})")
    server.ask("DELETE FROM receiptd.jid_salt; INSERT INTO receiptd.jid_salt SELECT * FROM kept.jid_salt")
    server.ask("UPDATE receiptd.seal_leaf SET data = set_byte(data, 40, get_byte(data, 40) # 1) WHERE kind = 1")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "signed root" in text, f"a stored leaf changed (exit {status})")
    server.ask("DELETE FROM receiptd.seal_leaf; INSERT INTO receiptd.seal_leaf SELECT * FROM kept.seal_leaf")
    status, text = said(it, "verify")
    tap.ok(status == 0, f"all as it was: {status} {text.strip()}")


# --- heads ---

def tool(*command, given=None):
    with open(given, "rb") if given else open(os.devnull, "rb") as source:
        return subprocess.run(command, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0


def is_signed(folder, name):
    """By openssl and by ssh-keygen, without the product."""
    path = os.path.join(folder, name)
    pem = next(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".pem"))
    return (tool("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", pem, "-in", path + ".head", "-sigfile",
                 path + ".sig"),
            tool("ssh-keygen", "-Y", "verify", "-f", os.path.join(folder, "allowed_signers"), "-I", "receiptd", "-n",
                 "receiptd-seal", "-s", path + ".sshsig", given=path + ".head"))


def flipped(folder, file, at):
    """A copy of the folder in which one bit of a file is another."""
    copy = folder + ".flipped"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    with open(os.path.join(copy, file), "r+b") as out:
        out.seek(at)
        byte = out.read(1)[0]
        out.seek(at)
        out.write(bytes([byte ^ 1]))
    return is_signed(copy, "000001")


def signatures(tap, it):
    folder = it.direct.path("data/seals")
    modes = {os.stat(os.path.join(folder, f)).st_mode & 0o777 for f in os.listdir(folder)}
    tap.ok(modes == {0o640}, f"files of mode 0640: {[oct(m) for m in modes]}")
    tap.ok(is_signed(folder, "000001") == (True, True), "openssl and ssh-keygen say that the head is signed")
    with open(os.path.join(folder, "000001.head"), "rb") as file:
        head = file.read()
    places = [head.index(line) + len(line) - 1 for line in head.splitlines()] + [len(head) - 1]
    wrong = [at for at in places if flipped(folder, "000001.head", at) != (False, False)]
    tap.ok(not wrong and len(places) == 15, f"one bit of any of {len(places)} lines: refused by both (F183) {wrong}")
    wrong = [at for at in (0, 31, 32, 63) if flipped(folder, "000001.sig", at)[0]]
    tap.ok(not wrong, f"one bit of the signature: refused by openssl (F183) {wrong}")
    size = os.path.getsize(os.path.join(folder, "000001.sshsig"))
    wrong = [at for at in (35, size // 2, size - 45) if flipped(folder, "000001.sshsig", at)[1]]
    tap.ok(not wrong, f"one bit of the signature for ssh: refused by ssh-keygen (F183) {wrong}")
    it.server.ask("UPDATE receiptd.seal SET head = set_byte(head, 400, get_byte(head, 400) # 1)")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "seal 1" in text, f"a head changed in the database: exit {status}")
    it.server.ask("UPDATE receiptd.seal SET head = set_byte(head, 400, get_byte(head, 400) # 1)")


# --- a chain ---

def chain(tap, it):
    """The log in two parts, the second one after the first is sealed: late receipts, moves, new rows."""
    server = it.server
    it.generate(600, "--start", ago(3), "--gap-ms", "300000")
    records = it.records()
    with open(it.log, "wb") as log:
        log.write(b"".join(records[:len(records) * 2 // 3]))
    it.direct.call("--set", "flush_events=400", "import", it.log)
    it.direct.call("seal", "--new-key")
    # Batches of three days, the last of which is not over.
    server.ask("UPDATE receiptd.batch SET at = date_trunc('day', now(), 'UTC') - interval '1 hour'"
               " - CASE WHEN commit <= 2 THEN interval '2 days' WHEN commit <= 4 THEN interval '1 day' ELSE '-2 hours' END")
    status, text = said(it, "seal")
    tap.ok(status == 0 and text.startswith("2 seals made"), f"one seal a day: {text.strip()}")
    a_day_passes(it)
    status, text = said(it, "seal")
    tap.ok(status == 0 and "the newest is 3" in text, f"and the next one: {text.strip()}")
    roots = server.ask("SELECT string_agg(encode(root, 'hex'), ' ' ORDER BY number) FROM receiptd.seal")
    status, text = said(it, "verify")
    tap.ok(status == 0 and " 0 not sealed yet" in text, f"a chain of three: {status} {text.strip()}")
    server.ask("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept; CREATE TABLE kept.message AS SELECT * FROM receiptd.message")
    with open(it.log, "wb") as log:
        log.write(b"".join(records))
    it.direct.call("import", it.log)
    changed = server.ask("SELECT count(*) FROM receiptd.message WHERE (conv, sent_at, key, n) IN (SELECT conv, sent_at,"
                         " key, n FROM kept.message) AND commit > (SELECT max(upto_commit) FROM receiptd.seal)")
    status, text = said(it, "verify")
    tap.ok(status == 0 and int(changed) > 3, f"{changed} sealed rows changed by what came late: {status} {text.strip()}")
    a_day_passes(it)
    status, text = said(it, "seal")
    again = server.ask("SELECT string_agg(encode(root, 'hex'), ' ' ORDER BY number) FROM receiptd.seal WHERE number < 4")
    tap.ok(status == 0 and "the newest is 4" in text and again == roots,
           f"they are amendments of the next seal, the old roots stay (F185): {text.strip()}")
    status, text = said(it, "verify")
    tap.ok(status == 0 and " 0 not sealed yet" in text, f"verify after it (F185): {status} {text.strip()}")
    one = ("(SELECT conv, sent_at, key, n FROM receiptd.message WHERE (conv, sent_at, key, n) IN (SELECT conv, sent_at, key, n"
           " FROM kept.message) AND commit > (SELECT max(upto_commit) FROM receiptd.seal WHERE number = 3) LIMIT 1)")
    server.ask(f"CREATE TABLE kept.one AS SELECT * FROM receiptd.message WHERE (conv, sent_at, key, n) = {one};"
               " DELETE FROM receiptd.message USING kept.one AS o WHERE (message.conv, message.sent_at, message.key, message.n)"
               " = (o.conv, o.sent_at, o.key, o.n); INSERT INTO receiptd.message SELECT m.* FROM kept.message AS m, kept.one"
               " AS o WHERE (m.conv, m.sent_at, m.key, m.n) = (o.conv, o.sent_at, o.key, o.n)")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "put back" in text, f"a row as it was before its amendment: exit {status}")
    server.ask("DELETE FROM receiptd.message USING kept.one AS o WHERE (message.conv, message.sent_at, message.key, message.n)"
               " = (o.conv, o.sent_at, o.key, o.n); INSERT INTO receiptd.message SELECT * FROM kept.one")


def forged(tap, it):
    """Somebody with the database, without the key (F184)."""
    server = it.server
    folder = it.direct.path("data/seals")
    kept = it.direct.path("kept.head")
    shutil.copy(os.path.join(folder, "000004.head"), kept)
    server.ask("CREATE TABLE kept.seal AS SELECT * FROM receiptd.seal; CREATE TABLE kept.seal_leaf AS SELECT * FROM receiptd.seal_leaf")
    away = ("--set", f"seal_dir={it.direct.path('elsewhere')}")
    server.ask("DELETE FROM receiptd.seal WHERE number = 4; DELETE FROM receiptd.seal_leaf WHERE number = 4")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "cut off" in text, f"the last seal removed: the folder knows it: exit {status}")
    status, text = said(it, *away, "verify")
    tap.ok(status == 0, f"without the folder nobody can see it: exit {status}")
    status, text = said(it, *away, "verify", "--head", kept)
    tap.ok(status == 3 and "cut off" in text, f"the last seal removed: the head that was kept knows it (F184): exit {status}")
    server.ask("DELETE FROM receiptd.seal; DELETE FROM receiptd.seal_leaf;"
               " UPDATE receiptd.message SET state = 0 WHERE (conv, sent_at, key, n) = (SELECT conv, sent_at, key, n FROM kept.one)")
    other = (*away, "--set", f"seal_key={it.direct.path('other.key')}")
    it.direct.call(*other, "seal", "--new-key")
    it.direct.call(*other, "seal")
    status, text = said(it, *other, "verify")
    tap.ok(status == 0, f"all made anew with another key: by itself it is whole: exit {status} {text.strip()}")
    status, text = said(it, *other, "verify", "--head", kept)
    tap.ok(status == 3, f"the head that was kept tells (F184): exit {status}")
    status, text = said(it, *away, "verify")
    tap.ok(status == 3 and "signing key" in text, f"who has the true key knows: exit {status}")
    pem = next(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".pem"))
    status, text = said(it, *other, "verify", "--key", pem)
    tap.ok(status == 3 and "key that was given" in text, f"who has its public half too: exit {status}")
    server.ask("DELETE FROM receiptd.seal; DELETE FROM receiptd.seal_leaf; INSERT INTO receiptd.seal SELECT * FROM kept.seal;"
               " INSERT INTO receiptd.seal_leaf SELECT * FROM kept.seal_leaf; DELETE FROM receiptd.message USING kept.one AS o"
               " WHERE (message.conv, message.sent_at, message.key, message.n) = (o.conv, o.sent_at, o.key, o.n);"
               " INSERT INTO receiptd.message SELECT * FROM kept.one")
    server.ask("UPDATE receiptd.seal_state SET upto = (SELECT max(upto_commit) FROM receiptd.seal)")
    status, text = said(it, "verify", "--head", kept)
    tap.ok(status == 0, f"all as it was: exit {status} {text.strip()}")


# --- proofs ---

def script(number=1):
    """Exactly the text of the documentation."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "VERIFY.md"), encoding="utf-8") as doc:
        return doc.read().split("```python\n")[number].split("```")[0]


def proves(code, folder, slip):
    """Whether the script takes the slip for good."""
    path = os.path.join(folder, "slip.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(slip, out)
    return subprocess.run([sys.executable, "-c", code, path], cwd=folder, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def takes(it, slip, *more):
    path = it.direct.path("slip.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(slip, out)
    return said(it, "--set", "database=postgresql://nowhere.invalid/", "verify", "--proof", path, *more)


def proofs(tap, it):
    code = script()
    folder = it.direct.path("proofs")
    os.makedirs(folder)
    tap.ok(len(code.splitlines()) <= 40 and "receiptd" not in code.split("import", 1)[1].split("\n")[0],
           f"the script of docs/VERIFY.md has {len(code.splitlines())} lines")
    rows = it.server.ask("SELECT to_hex(conv) || '/' || to_hex(key) FROM receiptd.message WHERE n = 1 ORDER BY conv, key").split()
    rows = rows[::7] if rig.LONG else rows[::7][:8]
    slips = []
    for row in rows:
        status, text = said(it, "seal", "--proof", row)
        slips.append(json.loads(text) if status == 0 else None)
        if status:
            tap.note(text)
    good = [slip is not None and proves(code, folder, slip) for slip in slips]
    tap.ok(all(good) and len(good) > 5, f"{sum(good)} of {len(good)} proofs are good (F186)")
    tap.ok(tool("ssh-keygen", "-Y", "verify", "-f", it.direct.path("data/seals/allowed_signers"), "-I", "receiptd", "-n",
                "receiptd-seal", "-s", os.path.join(folder, "slip.sshsig"), given=os.path.join(folder, "slip.head")),
           "the head that the script writes is signed")
    status, text = takes(it, slips[0])
    tap.ok(status == 0 and "proven: leaf" in text, f"receiptd verify --proof, without a database: {text.splitlines()[-1]}")
    bodies = it.server.ask("SELECT DISTINCT body FROM receiptd.message WHERE length(body) > 11 AND strpos(body, E'\\n') = 0").splitlines()
    told = json.dumps(slips)
    shown = [b for b in bodies if b in told or b.encode().hex() in told]
    tap.ok(bodies and not shown, f"no body is in a proof {shown[:3]}")
    other = next(s for s in slips if s["head"] != slips[0]["head"]) if len({s["head"] for s in slips}) > 1 else None
    bad = {"wrong index": {"index": slips[0]["index"] ^ 1}, "index of another": {"index": next(s["index"] for s in slips if s["index"] != slips[0]["index"])},
           "path of another": {"path": slips[1]["path"]}, "columns of another": {"columns": slips[1]["columns"]},
           "names exchanged": {"people": slips[0]["people"][::-1]}, "another salt": {"salt": slips[1]["salt"]},
           "short path": {"path": slips[0]["path"][:-1]}, "long path": {"path": slips[0]["path"] + slips[0]["path"][:1]},
           "another number of the kind": {"flags": slips[0]["flags"] ^ 2}}
    state = [[n, "0006" if n == "state" and v != "0006" else "0005" if n == "state" else v] for n, v in slips[0]["columns"]]
    bad["another state"] = {"columns": state}
    renamed = [{**slips[0]["people"][0], "jid": "mallory@a.example"}, slips[0]["people"][1]]
    bad["another name"] = {"people": renamed}
    if other:
        bad["head of another day"] = {k: other[k] for k in ("head", "signature", "ssh_signature", "leaves")}
    for what, change in bad.items():
        slip = {**slips[0], **change}
        tap.ok(not proves(code, folder, slip) and takes(it, slip)[0] == 3, f"{what}: refused by both (F186)")
    tap.ok(other is not None, "there were proofs of several days")
    head = {**slips[0], "head": slips[0]["head"].replace("time: 20", "time: 19")}
    tap.ok(takes(it, head)[0] == 3, "another head: refused, its signature is wrong")


def consistency(tap, it):
    """That one head goes on from another, checked by the second script and by the program (F184)."""
    code, folder = script(2), it.direct.path("proofs")
    pairs = [(a, b) for b in range(2, 7) for a in range(1, b)]
    made = {pair: said(it, "seal", "--consistency", "%d/%d" % pair) for pair in pairs}
    proof = {pair: json.loads(text) for pair, (status, text) in made.items() if status == 0}
    good = [pair for pair in proof if proves(code, folder, proof[pair])]
    both = [pair for pair in good[::4] if takes(it, proof[pair])[0] == 0]
    tap.ok(good == pairs and len(both) == 4, f"{len(good)} consistency proofs are good, {len(code.splitlines())} lines of script")
    tap.ok(tool("ssh-keygen", "-Y", "verify", "-f", it.direct.path("data/seals/allowed_signers"), "-I", "receiptd", "-n",
                "receiptd-seal", "-s", os.path.join(folder, "newer.sshsig"), given=os.path.join(folder, "newer.head")),
           "the newer head that the script writes is signed")
    one, other = proof[3, 6], proof[2, 6]
    step = one["extended"][0]
    bad = {"an older head that is another": {"older": other["older"]}, "exchanged": {"older": one["newer"], "newer": one["older"]},
           "another newer head": {"newer": proof[3, 5]["newer"]}, "a path of another": {"extended": other["extended"]},
           "another included": {"included": other["included"]}, "a bit of a path": {"extended": [("0" if step[0] != "0" else "1") + step[1:]] + one["extended"][1:]},
           "no path": {"extended": []}, "a longer one": {"included": one["included"] + one["included"][:1]}}
    for what, change in bad.items():
        slip = {**one, **change}
        tap.ok(not proves(code, folder, slip) and takes(it, slip)[0] == 3, f"consistency, {what}: refused by both (F184)")
    statuses = [said(it, "seal", "--consistency", text)[0] for text in ("6/3", "3", "a/b", "0/2", "3/99")]
    tap.ok(statuses == [2, 2, 2, 2, 5], f"numbers that are none, or of no seals: {statuses}")


# --- what goes as it should ---

def rotated(tap, it):
    folder = it.direct.path("data/seals")
    status, text = said(it, "seal", "--new-key")
    tap.ok(status == 0 and "introduces" in text, f"a second key waits: {text.strip()}")
    numbers = []
    for _ in range(2):
        it.server.ask("INSERT INTO receiptd.access_log (id, token, route, filter, bodies) VALUES"
                      " ((random() * 1e9)::int8, 'me', '/v1/messages', '', false)")
        status, text = said(it, "seal")
        numbers.append(text.strip())
    keys = it.server.ask("SELECT count(DISTINCT substring(convert_from(head, 'UTF8') FROM E'\nkey: ([^\n]*)')) FROM receiptd.seal")
    status, text = said(it, "verify")
    tap.ok(status == 0 and keys == "2", f"rotated: {numbers} verify {status} {text.strip()} (F203)")
    names = sorted(f[:6] for f in os.listdir(folder) if f.endswith(".head"))
    signed = [tool("ssh-keygen", "-Y", "verify", "-f", os.path.join(folder, "allowed_signers"), "-I", "receiptd", "-n",
                   "receiptd-seal", "-s", os.path.join(folder, n + ".sshsig"), given=os.path.join(folder, n + ".head"))
              for n in names]
    tap.ok(all(signed) and len(signed) == 6, f"old heads are good with the old key: {signed} (F203)")
    shutil.copy(it.direct.path("data/seal.key"), it.direct.path("kept.key"))
    os.unlink(it.direct.path("data/seal.key"))
    it.direct.call("seal", "--new-key")
    it.server.ask("INSERT INTO receiptd.access_log (id, token, route, filter, bodies) VALUES (77, 'me', '/v1/messages', '', false)")
    status, text = said(it, "seal")
    tap.ok(status == 3 and "not the one" in text, f"a key that was not introduced is refused: exit {status}")
    os.replace(it.direct.path("kept.key"), it.direct.path("data/seal.key"))
    with open(it.direct.path("file"), "w", encoding="ascii"):
        pass
    status, text = said(it, "--set", f"seal_dir={it.direct.path('file')}/x", "seal")
    count = it.server.ask("SELECT count(*) FROM receiptd.seal")
    tap.ok(status == 6 and count == "6", f"no room for the head: exit {status}, nothing sealed (F203)")
    status, text = said(it, "seal")
    tap.ok(status == 0 and said(it, "verify")[0] == 0, f"with room again: {text.strip()}")


def reported(tap, it):
    """A report is sealed with the same night; without a key it is made all the same (F203)."""
    day = ago(2)[:10]
    leaves = "SELECT coalesce(sum(entries), 0) FROM receiptd.seal_leaf WHERE kind IN (9, 10)"
    status, text = said(it, "report", "--day", day)
    tap.ok(status in (0, 3) and "unsigned" not in text and it.server.ask(leaves) == "4",
           f"a report and its three files are leaves: exit {status}")
    status, text = said(it, "verify")
    tap.ok(status == 0, f"verify after it: exit {status} {text.strip()}")
    it.server.ask("UPDATE receiptd.report_file SET sha256 = sha256(sha256) WHERE format = 'csv'")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "report_file realm 1, of day" in text, f"a digest altered (F183): exit {status}")
    it.server.ask("UPDATE receiptd.report_file SET sha256 = sha256(content) WHERE format = 'csv'")
    os.rename(it.direct.path("data/seal.key"), it.direct.path("kept.key"))
    status, text = said(it, "report", "--day", ago(3)[:10])
    tap.ok(status == 3 and "unsigned" in text and text.count("/reports/") == 3,
           f"without the key the report is made, and says that it is unsigned: exit {status} (F203)")
    os.replace(it.direct.path("kept.key"), it.direct.path("data/seal.key"))
    it.direct.call("seal")
    tap.ok(it.server.ask(leaves) == "8" and said(it, "verify")[0] == 0, "it is sealed once the key is back (F203)")


def erased(tap, it):
    """As an erasure does it: the salts go first."""
    server = it.server
    server.ask("SET search_path = receiptd; CREATE TABLE kept.who AS SELECT from_jid AS id FROM message WHERE class = 0 LIMIT 1;"
               " SELECT seal_keep(array_agg(id)) FROM kept.who; UPDATE message SET body = NULL, tie = NULL, id = 'erased:1',"
               " from_resource = NULL FROM kept.who AS w WHERE w.id IN (from_jid, to_jid); UPDATE jid SET jid = 'erased:2' FROM"
               " kept.who AS w WHERE jid.id = w.id; UPDATE access_log SET filter = 'erased' WHERE id = 77")
    status, text = said(it, "verify")
    tap.ok(status == 0, f"a person erased: verify {status} {text.strip()} (F187)")
    tap.ok(server.ask("SELECT count(*) FROM receiptd.jid_salt AS s JOIN kept.who AS w ON w.id = s.jid") == "0"
           and server.ask("SELECT salt IS NULL FROM receiptd.access_log WHERE id = 77") == "t",
           "the salts are gone (F189)")
    a_day_passes(it)
    it.direct.call("seal")
    status, text = said(it, "verify")
    tap.ok(status == 0, f"after the next seal: {status} {text.strip()}")
    row = server.ask("SELECT to_hex(conv) || '/' || to_hex(key) FROM receiptd.message AS m JOIN kept.who AS w ON w.id = m.from_jid LIMIT 1")
    status, text = said(it, "seal", "--proof", row)
    tap.ok(status == 5 and "erased" in text, f"no proof of an erased person's message: exit {status}")
    server.ask("UPDATE receiptd.message SET state = (state + 1) % 7 WHERE (conv, sent_at, key, n) = (SELECT conv, sent_at, key, n"
               " FROM receiptd.message AS m JOIN kept.who AS w ON w.id = m.from_jid LIMIT 1)")
    status, text = said(it, "verify")
    tap.ok(status == 3, f"its state is compared all the same: exit {status}")
    server.ask("DELETE FROM receiptd.seal_lost WHERE what = 2")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "seal_lost" in text, f"the record of the erasure removed: exit {status}")


def recorded(tap, it):
    """The record of an erasure is a leaf like any other (F187)."""
    server = it.server
    who = server.ask("SELECT jid FROM receiptd.jid WHERE strpos(jid, '@') > 0 AND strpos(jid, '/') = 0 ORDER BY id LIMIT 1")
    it.direct.call("erase", "--jid", who, "--reason", "asked for it")
    it.direct.call("erase", "--jid", who, "--allow")
    a_day_passes(it)
    it.direct.call("seal")
    leaves = server.ask("SELECT sum(entries) FROM receiptd.seal_leaf WHERE kind = 11")
    status, text = said(it, "verify")
    tap.ok(leaves == "2" and status == 0, f"an erasure, and that somebody may come back, are leaves: {leaves}, verify {status} {text.strip()}")
    it.direct.call("erase", "--scrub")
    status, text = said(it, "verify")
    tap.ok(status == 0, f"that it was scrubbed is no part of it: verify {status} {text.strip()}")
    server.ask("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept; CREATE TABLE kept.erasure AS SELECT * FROM receiptd.erasure")
    for how, query in {"reason": "UPDATE erasure SET reason = 'other' WHERE what = 'erase'", "by": "UPDATE erasure SET by = by || 'x'",
                       "who": "UPDATE erasure SET who = sha256(who)", "tables": "UPDATE erasure SET tables = '{}' WHERE what = 'erase'",
                       "removed": "DELETE FROM erasure WHERE what = 'erase'", "moved": "UPDATE erasure SET at = at - interval '1 day'",
                       "added": "INSERT INTO erasure (id, what, at, by, who, tables) SELECT e.id + 1, e.what, e.at, e.by, e.who, '{}'"
                                " FROM erasure AS e LIMIT 1"}.items():
        server.ask(f"SET search_path = receiptd; {query}")
        status, text = said(it, "verify")
        tap.ok(status == 3 and "erasure id " in text, f"the record of an erasure, {how}: exit {status} (F182)")
        server.ask("DELETE FROM receiptd.erasure; INSERT INTO receiptd.erasure SELECT * FROM kept.erasure")
    status, text = said(it, "verify")
    tap.ok(status == 0, f"all as it was: {status} {text.strip()}")


def retained(tap, it):
    """Days go when they are sealed, and verify stays at 0 (F170); so do bodies, and what is read again."""
    rules = ("--set", "w_match=1s", "--set", "t_expire=1s")
    it.generate(400, "--start", ago(5), "--gap-ms", "400000")
    it.direct.call(*rules, "import", it.log)
    it.direct.call("seal", "--new-key")
    a_day_passes(it)
    it.direct.call("seal")
    more = it.direct.path("more.log")
    subprocess.run([sys.executable, os.path.join(rig.ORACLE, "generate.py"), "--format", "prosody", "--out", more, "--manifest",
                    it.direct.path("m2"), "--seed", "9", "--records", "60", "--start", ago(5), "--gap-ms", "60000"], check=True,
                   stderr=subprocess.DEVNULL)
    it.direct.call(*rules, "import", more)
    status, text = said(it, *rules, "--set", "keep_days=1", "retention", "--dry-run")
    kept = [line for line in text.splitlines() if "not sealed" in line]
    tap.ok(status == 3 and kept, f"a day with rows that are not sealed is kept (F170): {kept}")
    status, text = said(it, *rules, "--set", "keep_bodies_days=2", "retention")
    status, text = said(it, "verify")
    tap.ok(status == 0 and it.server.ask("SELECT count(*) > 0 FROM receiptd.seal_lost WHERE what = 1") == "t",
           f"bodies taken out: verify {status} {text.strip()}")
    a_day_passes(it)
    it.direct.call("seal")
    status, text = said(it, *rules, "--set", "keep_days=3", "retention")
    gone = text.count("dropped")
    status, text = said(it, "verify")
    tap.ok(status == 0 and gone >= 1, f"{gone} sealed days dropped: verify {status} {text.strip()}")
    a_day_passes(it)
    it.direct.call("seal")
    status, text = said(it, "verify")
    tap.ok(status == 0, f"and after the next seal: {status} {text.strip()}")
    it.server.ask("DELETE FROM receiptd.dropped_day WHERE day = (SELECT min(day) FROM receiptd.dropped_day)")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "dropped_day" in text, f"the record of it removed: exit {status}")


def read_again(tap, it):
    it.generate(300, "--start", ago(3), "--gap-ms", "300000")
    it.direct.call("import", it.log)
    it.direct.call("seal", "--new-key")
    a_day_passes(it)
    it.direct.call("seal")
    it.direct.call("reprocess", "--since", ago(9))
    status, text = said(it, "verify")
    tap.ok(status == 0, f"all read again: verify {status} {text.strip()}")
    a_day_passes(it)
    it.direct.call("seal")
    status, text = said(it, "verify")
    gone = it.server.ask("SELECT count(*) FROM receiptd.seal_gone")
    tap.ok(status == 0 and int(gone) > 100, f"and sealed again, {gone} rows on record as gone: {status} {text.strip()}")
    it.server.ask("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept; CREATE TABLE kept.gone AS"
                  " SELECT * FROM receiptd.seal_gone WHERE ctid = (SELECT min(ctid) FROM receiptd.seal_gone)")
    it.server.ask("DELETE FROM receiptd.seal_gone WHERE ctid = (SELECT min(ctid) FROM receiptd.seal_gone)")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "seal_gone" in text, f"a record of it removed: exit {status}")
    it.server.ask("INSERT INTO receiptd.seal_gone SELECT * FROM kept.gone")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with rig.Rig(server, seed=7) as it:
            fill(it)
            sealed(tap, it)
            tampering(tap, it)
            signatures(tap, it)
        with rig.Rig(server, seed=8) as it:
            chain(tap, it)
            forged(tap, it)
            proofs(tap, it)
            rotated(tap, it)
            consistency(tap, it)
            reported(tap, it)
            erased(tap, it)
        with rig.Rig(server, seed=9) as it:
            retained(tap, it)
        with rig.Rig(server, seed=10) as it:
            read_again(tap, it)
            recorded(tap, it)
    finally:
        server.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
