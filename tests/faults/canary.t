#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Servers write what clients log in with into their logs (F195, and what is no stanza is never kept): every log
# here that holds such lines, and made-up ones with known passwords, is read as every dialect that there is, then
# the whole database is searched for each of them, as text and as bytes. RECEIPTD_CORPUS: a folder with more logs.
import base64
import glob
import gzip
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

ROOT = rig.product.ROOT
SECRET = "canary-Zx81-pass"
PLAIN = base64.b64encode(b"\0ada\0" + SECRET.encode()).decode()
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
# What bears a secret, whole and damaged; each is put into the lines of each dialect.
PIECES = (
    f"<auth xmlns='{SASL}' mechanism='PLAIN'>{PLAIN}</auth>",
    f"<auth xmlns='{SASL}' mechanism='PLAIN'>{PLAIN}",
    f"{PLAIN}</auth>",
    f"<response xmlns='{SASL}'>{PLAIN}</response>",
    f"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>{PLAIN}</initial-response>",
    f"<handshake>{SECRET}</handshake>",
    f"<iq type='set' id='1'><query xmlns='jabber:iq:auth'><username>a</username><password>{SECRET}</password>"
    "</query></iq>",
    f"<iq type='set' id='2'><query xmlns='jabber:iq:register'><password>{SECRET}</password>",
    f"<iq type='set' id='3'><query xmlns='jabber:iq:auth'><digest>{SECRET}</digest></query><bad></iq>",
    f"<iq type='set' id='4'><x xmlns='jabber:x:data'><field var='password'><value>{SECRET}</value></field></y></iq>",
)
OPENFIRE = '<packet xmlns="http://www.jivesoftware.org" streamID="s1" status="auth" timestamp="Nov 22, 2026 10:00:00:001 AM">'


def made_up():
    """Name and bytes: a log of each dialect in which every line holds one of the pieces."""
    good = "<message to='b@a.example' id='m' type='chat'><body>hello</body></message>"
    prosody, console, syslog, audit, lines, reads = "", "", "", '<jive xmlns="http://www.jivesoftware.org">', "", ""
    for piece in (*PIECES, good):
        for word in ("RECV", "SEND"):
            prosody += f"2026-11-22T11:06:21+0000 c2s55e9fb51b820\tdebug\t{word}: {piece}\n"
            console += f"c2s55e9fb51b820         debug\t{word}: {piece}\n"
            syslog += f"Nov 22 11:06:21 host prosody[7]: c2s55e9fb51b820: {word}: {piece}\n"
        audit += f"{OPENFIRE}{piece}</packet>"
        quoted = piece.replace('"', '\\"')
        lines += f'{{"ts":"2026-11-22T11:06:21Z","dir":"in","session":"a@a.example/x","stanza":"{quoted}"}}\n'
        lines += f'{{"ts":"yesterday","dir":"in","stanza":"{quoted}"}}\n{piece}\n'
        reads += f"C2S - RECV - ( 2082649893): {piece}\n"
    for name, text in (("prosody", prosody), ("console", console), ("syslog", syslog), ("audit", audit),
                       ("observations", lines), ("nohup", reads)):
        yield name, text.encode()


def real():
    folders = [os.path.join(ROOT, "tests", "data"), os.environ.get("RECEIPTD_CORPUS", "")]
    for folder in filter(None, folders):
        for path in sorted(glob.glob(folder + "/**/*", recursive=True)):
            if os.path.isfile(path) and re.search(r"(\.log|nohup\.out)(\.gz)?$", path):
                with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
                    yield path, file.read()


def canaries(log):
    """What clients and servers said while logging in, and what is in it."""
    found = set()
    for payload in re.findall(rb"<(?:auth|response|challenge|success|initial-response)\b[^<>]*>([^<\s]{4,})<", log):
        found.add(payload)
        try:
            found.update(part for part in base64.b64decode(payload, validate=True).split(b"\0")[2:] if len(part) > 5)
        except ValueError:
            pass
    found.update(re.findall(rb"<(?:password|digest|handshake)>([^<\s]{6,})<", log))
    return found


def dialects(it):
    """As many as explain knows."""
    with open(it.program.path("help"), "wb") as out:
        it.program.call("explain", "--help", out=out)
    with open(it.program.path("help"), encoding="utf-8") as text:
        return re.findall(r"^  ([a-z-]+) +\S", text.read().split("Dialects:\n")[1].split("\n\n")[0], re.M)


def dump(server):
    """Every row of every table as text, bytes as they are and as hex."""
    tables = server.ask("SELECT string_agg(format('%I.%I', schemaname, tablename), ' ') FROM pg_tables"
                        " WHERE schemaname = 'receiptd'").split()
    text = "".join(server.ask(f"SELECT t::text FROM {table} AS t") for table in tables)
    raw = server.ask("SELECT encode(raw, 'escape') FROM receiptd.quarantine")
    return len(tables), (text + raw).encode()


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with rig.Rig(server) as it:
            known, wanted = dialects(it), {SECRET.encode(), PLAIN.encode()}
            logs = list(made_up())
            for path, log in real():
                words = canaries(log)
                wanted |= words
                if words:
                    logs.append((path, log))
            for name, log in logs:
                for dialect in known:
                    # One more byte for each: what was read as another dialect would not be read again.
                    path = it.program.path(f"{os.path.basename(name)}-{dialect}.log")
                    with open(path, "wb") as file:
                        file.write(log + b"\n" * known.index(dialect))
                    server.ask("DELETE FROM receiptd.lane_mark; DELETE FROM receiptd.generation", check=False)
                    it.program.call("import", "--dialect", dialect, path, check=False)
            count, text = dump(server)
            tap.ok(count > 20 and b"hello" in text, f"{len(logs)} logs read as {len(known)} dialects, {count} tables")
            tap.ok(int(server.ask("SELECT count(*) FROM receiptd.quarantine")) > 10, "some of it is in quarantine")
            there = sorted(word for word in wanted if word in text or word.hex().encode() in text)
            tap.ok(not there, f"none of {len(wanted)} passwords and payloads is in the database")
            for word in there[:8]:
                tap.note(word.decode("utf-8", "replace"))
            with open(it.program.log, "rb") as said:
                log = said.read()
            tap.ok(not any(word in log for word in wanted), "nor in the program's own log")
    finally:
        server.close()
    tap.done()


main()
