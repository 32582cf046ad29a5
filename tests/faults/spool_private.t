#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Feeds and privacy: where bodies are not stored they are nowhere in the data folder while the database is away, and what was
# sent is stored all the same (F195); an erasure while the daemon runs takes the segments with it that name the person, and
# without one says what is left (F187); what the person sends later is counted and not stored; no delivery is lost or twice.
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import feeds  # noqa: E402
import rig  # noqa: E402

WHO, BOB, CAROL = "zcanaryjid@a.example", "bob@a.example", "carol@a.example"
FAST = "flush_after = 200ms\n"


def line(number, sender, to, word):
    stanza = (f"<message to='{to}' id='{word}{number}' type='chat'><body>{word} zzbody {number}</body>"
              "<request xmlns='urn:xmpp:receipts'/></message>")
    return json.dumps({"ts": f"2026-11-20T10:{number // 60:02d}:{number % 60:02d}.000001Z", "dir": "in", "session": f"{sender}/phone",
                       "stanza": stanza}).encode()


def talk(begin, count):
    """Half of it of the person, half of others."""
    return [line(n, *((WHO, BOB, "zcanary") if n % 2 else (BOB, CAROL, "other"))) for n in range(begin, begin + count)]


def holders(folder, *words):
    found = []
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                with open(os.path.join(base, name), "rb") as file:
                    text = file.read()
            except OSError:  # it was just swept away
                continue
            found += [os.path.relpath(os.path.join(base, name), folder) for word in words if word in text.lower()]
    return sorted(found)


def said(it, *arguments):
    done = subprocess.run(it.program.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def spool(it):
    folder = it.program.path("data/spool/web")
    return sorted(name for name in os.listdir(folder) if name.endswith((".spool", ".key", "leave")))


def hidden(tap, server, mode):
    with feeds.FeedRig(server, settings=FAST + f'bodies = "{mode}"\n') as it:
        process = it.run()
        held = server.transaction("LOCK TABLE receiptd.lane")
        status, answer, _ = it.post(b"\n".join([*talk(0, 20), b"zcanary <not an item zzbody"]), "one")
        left = holders(it.program.path("data"), b"zcanary", b"zzbody")
        tap.ok(status == 200 and answer["accepted"] == 20 and not left, f"bodies = {mode}: durable, and no file shows a body (F195) {left}")
        modes = {os.stat(it.program.path(f"data/spool/web/{name}")).st_mode & 0o777 for name in spool(it)}
        tap.ok(modes == {0o600} and any(name.endswith(".key") for name in spool(it)), f"segment and key are the owner's alone: {spool(it)}")
        process.kill()
        process.wait()
        held.communicate(b"ROLLBACK;")
        process = it.run()
        stored = it.wait_rows(20)
        tap.ok(stored and it.rows() == 20, f"bodies = {mode}: after a kill all of it is stored: {it.rows()} of 20")
        it.post(b"\n".join(talk(0, 20)), "one")
        it.post(b"\n".join(talk(20, 10)), "two")
        stored = it.wait_rows(30)
        left = holders(it.program.path("data"), b"zcanary", b"zzbody")
        tap.ok(stored and it.rows() == 30 and not left, f"bodies = {mode}: once, and nothing readable is left {left}")
        status, text = said(it, "erase", "--jid", WHO)
        tap.ok(status == 0 and len(spool(it)) == 2, f"erased while it runs: exit {status}, segments that may name it are gone: {spool(it)}")
        tap.note(text if status else "")
        rig.product.stop(process)


def erased(tap, server):
    with feeds.FeedRig(server, settings=FAST) as it:
        process = it.run()
        it.post(b"\n".join(talk(0, 40)), "one")
        it.wait_rows(40)
        tap.ok(holders(it.program.path("data"), b"zcanaryjid"), "bodies = full: the segment names the person")
        status, text = said(it, "erase", "--jid", WHO, "--dry-run")
        tap.ok(status == 0 and "would go" in text and len(spool(it)) == 1, "dry run: it is named and stays")
        status, text = said(it, "erase", "--jid", WHO)
        left = holders(it.program.path("data"), b"zcanary")
        tap.ok(status == 0 and "stored and removed" in text and not left, f"erased while the daemon runs: no file names the person (F187) {left}")
        tap.note(text if status else "")
        status, _, _ = it.post(b"\n".join(talk(40, 40)), "two")
        it.wait_rows(60)
        names = server.ask("SELECT count(*) FROM receiptd.message WHERE body LIKE 'zcanary%' OR id LIKE 'zcanary%'")
        tap.ok(status == 200 and it.rows() == 60 and names == "0", f"goes on: of others {it.rows() - 40} of 20, of the person nothing is stored")
        status, _, _ = it.post(b"\n".join(talk(40, 40)), "two")
        again = it.post(b"\n".join(talk(0, 40)), "one")[1]
        tap.ok(again["duplicates"] == 40 and it.rows() == 60, "deliveries of segments that are gone are known")
        rig.product.stop(process)
        # What came last names the person, and nobody is there to store it.
        status, text = said(it, "erase", "--jid", WHO)
        tap.ok(status == 3 and "start receiptd run" in text, f"without the daemon: exit {status}, and it says what is left")
        process = it.run()
        gone = rig.product.wait_until(lambda: not holders(it.program.path("data/spool"), b"zcanary"), 20, 0.3)
        tap.ok(gone and it.rows() == 60 and "leave" not in spool(it), f"started again it goes at once: {spool(it)}")
        rig.product.stop(process)


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        for mode in ("none", "hmac") if rig.LONG else ("none",):
            hidden(tap, server, mode)
        erased(tap, server)
    finally:
        server.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
