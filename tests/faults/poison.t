#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F98: a record that the database refuses goes to quarantine with the SQLSTATE, all others are stored and
# the position moves on. F99: many of them. F100: when quarantine itself cannot be written, the source
# stops there. Two texts with one hash (DESIGN section 5) end the same way.
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

HEAD = {"feed": "c2s", "dir": "in", "session": "ada@a.example/phone"}
COUNT = 1000
# What the server does with a message whose id begins with "bad-": one of each SQLSTATE of F98, and a
# unique violation as a second writer beside the lane would cause it.
REFUSALS = ("22021", "22P05", "54000", "22003", "22008", "23505", "23514")
TRIGGER = """
CREATE FUNCTION receiptd.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.id LIKE 'bad-%' THEN
    RAISE EXCEPTION 'no' USING ERRCODE = substr(NEW.id, 5, 5);
  END IF;
  RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON receiptd.message FOR EACH ROW
EXECUTE FUNCTION receiptd.refuse()"""


def write(path, ids, first=0):
    with open(path, "a", encoding="utf-8") as out:
        for number, id in enumerate(ids, first):
            at = f"2026-03-02T12:{number // 60 % 60:02}:{number % 60:02}.{number // 3600:06}Z"
            xml = (f"<message xmlns='jabber:client' from='ada@a.example/phone' to='ben@b.example' "
                   f"type='chat' id='{id}'><body>{number}</body>"
                   "<request xmlns='urn:xmpp:receipts'/></message>")
            out.write(json.dumps({"ts": at, **HEAD, "stanza": xml}) + "\n")


def mixed():
    ids = [f"good-{i}" for i in range(COUNT)]
    for i, state in enumerate(REFUSALS):
        ids[100 * (i + 1)] = f"bad-{state}"
    return ids


def quarantined(it):
    return it.server.ask("SELECT string_agg(reason, ' ' ORDER BY reason) FROM receiptd.quarantine")


def rows(it):
    return int(it.server.ask("SELECT count(*) FROM receiptd.message"))


def one_of_each(tap, server):
    with rig.Rig(server) as it:
        server.ask(TRIGGER)
        write(it.log, mixed())
        status = it.program.call("import", it.log, check=False)
        tap.ok(status == 0, f"one of each SQLSTATE: exit status {status}")
        tap.ok(rows(it) == COUNT - len(REFUSALS), f"all others are stored: {rows(it)}")
        tap.ok(quarantined(it) == " ".join(sorted(REFUSALS)), f"with SQLSTATE: {quarantined(it)}")
        tap.ok(it.said("records-refused"), "the log says so")
        before = it.counters()
        it.program.call("import", it.log)
        write(it.log, ["later"], COUNT)
        it.program.call("import", it.log)
        tap.ok(rows(it) == COUNT - len(REFUSALS) + 1 and it.counters() != before,
               "the position moved on: what comes later is stored, nothing twice")
        tap.ok(it.server.ask("SELECT count(*) FROM receiptd.message WHERE resends > 0") == "0",
               "nothing is counted again")


def followed(tap, server):
    with rig.Rig(server, settings='flush_after = "50ms"') as it:
        server.ask(TRIGGER)
        with open(it.program.config, "a", encoding="utf-8") as config:
            config.write(f'source s {{\n\tpath = "{it.log}"\n\tdialect = "observations"\n}}\n')
        write(it.log, mixed())
        daemon = it.program.start("run")
        good = rig.product.wait_until(lambda: rows(it) >= COUNT - len(REFUSALS), 60, 0.3)
        write(it.log, ["bad-22021", "later"], COUNT)
        good = good and rig.product.wait_until(lambda: rows(it) > COUNT - len(REFUSALS), 60, 0.3)
        tap.ok(good, f"run: {rows(it)} rows, it goes on")
        tap.ok(len(quarantined(it).split()) == len(REFUSALS) + 1, f"run: {quarantined(it)}")
        tap.ok(rig.product.stop(daemon) == 0, "run: ends cleanly")


def all_bad(tap, server):
    """F99: nothing but refusals."""
    with rig.Rig(server) as it:
        server.ask(TRIGGER)
        count = 5000 if rig.LONG else 300
        write(it.log, [f"bad-22021-{i}" for i in range(count)] + ["good"])
        status = it.program.call("import", it.log, check=False)
        number = int(server.ask("SELECT count(*) FROM receiptd.quarantine"))
        tap.ok(status == 0 and number == count and rows(it) == 1,
               f"every record refused: status {status}, {number} in quarantine, {rows(it)} row")


def no_quarantine(tap, server):
    """F100: the mark does not pass what could be kept nowhere."""
    with rig.Rig(server) as it:
        server.ask(TRIGGER)
        server.ask("ALTER TABLE receiptd.quarantine ADD CONSTRAINT none CHECK (false)")
        write(it.log, ["good", "bad-22021", "last"])
        status = it.program.call("import", it.log, check=False)
        tap.ok(status == 70 and rows(it) == 0,
               f"quarantine cannot be written: exit status {status}, {rows(it)} rows")
        server.ask("ALTER TABLE receiptd.quarantine DROP CONSTRAINT none")
        it.program.call("import", it.log)
        tap.ok(rows(it) == 2 and quarantined(it) == "22021", "and then: the rest, once")


def collision(tap, server):
    with rig.Rig(server) as it:
        write(it.log, ["first"])
        it.program.call("import", it.log)
        server.ask("UPDATE receiptd.jid SET jid = 'eve@b.example' WHERE jid = 'ben@b.example'")
        other = it.program.path("other.log")
        write(other, ["second"], 10)
        with open(other, "a", encoding="utf-8") as out, open(it.log, encoding="utf-8") as log:
            line = log.readline().replace("ben@b.example", "kim@c.example")
            out.write(line.replace("first", "third"))
        status = it.program.call("import", other, check=False)
        tap.ok(status == 0 and quarantined(it) == "hash collision" and rows(it) == 2,
               f"two texts of one hash: status {status}, {quarantined(it)}, {rows(it)} rows")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        for test in (one_of_each, followed, all_bad, no_quarantine, collision):
            test(tap, server)
    finally:
        server.close()
    tap.done()


main()
