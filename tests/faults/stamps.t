#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F44: what receiptd writes itself is no source. F47, F48: stamps that name no instant, or another one than they
# seem to, are read, flagged and make no time that never was.
import datetime
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

NEVER = "times of an hour that came twice or never"
FORWARD = "the log's clock went forward: another zone, or it was set"
BACK = "the log's clock went back: another zone, or it was set"


def line(stamp, user, way, xml):
    return f"{stamp} {user}\tdebug\t{way}: {xml}\n"


def bound(stamp, connection, jid):
    return f"{stamp} {connection}\tdebug\tResource bound: {jid}\n"


def message(number, way, stamp, more="<request xmlns='urn:xmpp:receipts'/>"):
    """One that ada sends and ben gets."""
    ends = "from='ada@f.example/x' " if way == "SEND" else ""
    user = "c2sb" if way == "SEND" else "c2sa"
    return line(stamp, user, way, f"<message {ends}to='ben@f.example/y' id='m{number}' type='chat'>"
                f"<body>hello {number}</body>{more}</message>")


def receipt(number, stamp):
    return line(stamp, "c2sb", "RECV", f"<message to='ada@f.example/x' id='r{number}' type='chat'>"
                f"<received xmlns='urn:xmpp:receipts' id='m{number}'/></message>")


def sessions(stamp):
    return bound(stamp, "c2sa", "ada@f.example/x") + bound(stamp, "c2sb", "ben@f.example/y")


def read(it, text, zone, modified=None):
    """Imports a log without zone and, mostly, year; its messages by id, and its gaps."""
    path = it.program.path("prosody.log")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    if modified:
        os.utime(path, (modified, modified))
    it.program.call("import", "--dialect", "prosody", "--zone", zone, path)
    with open(it.direct.export("messages"), encoding="utf-8") as rows:
        messages = {row["id"]: row for row in map(json.loads, rows)}
    return messages, it.server.ask("SELECT cause FROM receiptd.gap ORDER BY 1").splitlines()


def own_files(tap, server):
    for name, pattern in (("log", "stderr*"), ("data", "data/*/*.log"), ("link", "own")):
        with rig.Rig(server) as it:
            os.symlink("stderr.log", it.program.path("own"))
            os.makedirs(it.program.path("data/x"), exist_ok=True)
            with open(it.program.path("data/x/y.log"), "w", encoding="ascii") as out:
                out.write("a line\n")
            with open(it.program.config, "a", encoding="utf-8") as config:
                config.write(f'source own {{\n\tpath = "{it.program.path(pattern)}"\n}}\n')
            process = it.program.start("run")
            try:
                status = process.wait(30)
            except rig.subprocess.TimeoutExpired:
                process.kill()
                status = process.wait()
            tap.ok(status == 2 and it.said("source own: path"),
                   f"F44: a pattern that matches a file of receiptd's own ({name}) is refused, status {status}")


def new_year(tap, server):
    with rig.Rig(server) as it:
        text = sessions("Dec 31 23:59:50") + message(1, "RECV", "Dec 31 23:59:58")
        text += message(1, "SEND", "Dec 31 23:59:59") + receipt(1, "Dec 31 23:59:60")
        text += message(2, "RECV", "Jan 01 00:00:01") + receipt(2, "Jan 01 00:00:03")
        rows, gaps = read(it, text, "UTC", 1483236000)  # 2017-01-01 02:00: there was a leap second before it
        tap.ok(len(rows) == 2 and rows["m1"]["sent_at"].startswith("2016-12-31T23:59:58")
               and rows["m2"]["sent_at"].startswith("2017-01-01T00:00:01"),
               "F47: stamps without year over New Year have the years of their neighbours")
        tap.ok(rows["m1"]["delivered_at"].startswith("2017-01-01T00:00:00"),
               "F47: a leap second is the second after it")
        tap.ok(not gaps, "F47: neither is flagged: nothing about them is unsure")


def hour_that_is_not(tap, server):
    with rig.Rig(server) as it:
        day = "2026-03-29T"
        text = sessions(day + "01:59:00") + message(1, "RECV", day + "01:59:58")
        text += message(2, "RECV", day + "02:30:00") + receipt(2, day + "02:30:02")
        text += message(3, "RECV", day + "03:30:00") + receipt(3, day + "03:30:02")
        rows, gaps = read(it, text, "Europe/Berlin")
        tap.ok(len(rows) == 3 and rows["m2"]["sent_at"].startswith("2026-03-29T01:30:00"),
               "F47: a reading that does not exist is stored, moved by the hour that is missing")
        tap.ok(gaps == [NEVER], f"F47: and flagged: {gaps}")


def hour_twice(tap, server):
    with rig.Rig(server) as it:
        day = "2026-10-25T"
        text = sessions(day + "01:59:00") + message(1, "RECV", day + "02:59:58")
        text += receipt(1, day + "02:00:02") + message(2, "RECV", day + "02:10:00")
        text += receipt(2, day + "02:10:01") + message(3, "RECV", day + "03:00:00")
        rows, gaps = read(it, text, "Europe/Berlin")
        tap.ok(rows["m1"]["sent_at"].startswith("2026-10-25T00:59:58")
               and rows["m1"]["delivered_at"].startswith("2026-10-25T01:00:02")
               and rows["m2"]["sent_at"].startswith("2026-10-25T01:10:00"),
               "F46: the second pass of an hour is told by the step back: four seconds, not minus an hour")
        tap.ok(gaps == [NEVER], f"F46: and the hour is flagged: {gaps}")


def other_zone(tap, server):
    with rig.Rig(server) as it:
        day = "2026-06-10T"
        text = sessions(day + "12:00:00") + message(1, "RECV", day + "12:00:00") + receipt(1, day + "12:00:03")
        text += message(2, "RECV", day + "12:00:05")
        text += sessions(day + "11:01:00") + receipt(2, day + "11:01:05")  # a restart with another TZ
        text += message(3, "RECV", day + "11:02:00") + receipt(3, day + "11:02:04")
        rows, gaps = read(it, text, "UTC")
        tap.ok(gaps == [BACK], f"F48: a clock that goes back by an hour is flagged: {gaps}")
        tap.ok(len(rows) == 3 and rows["m1"]["delivered_at"] and rows["m3"]["delivered_at"],
               "F48: what lies on one side of it is as it is")
        tap.ok(not rows["m2"].get("delivered_at"), "F48: a delay across it is not counted")


def clock_forward(tap, server):
    """Stamps of UTC, then of a zone that is two hours ahead, of a server that logs now."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def stamp(seconds):
        return (now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")

    with rig.Rig(server) as it:
        text = sessions(stamp(-3600)) + message(1, "RECV", stamp(-3600)) + receipt(1, stamp(-3597))
        text += message(2, "RECV", stamp(-60)) + receipt(2, stamp(-57))  # an hour of silence
        text += message(4, "RECV", stamp(-56))  # answered after it
        text += sessions(stamp(7140)) + receipt(4, stamp(7141))
        text += message(3, "RECV", stamp(7200)) + receipt(3, stamp(7203))
        rows, gaps = read(it, text, "UTC")
        tap.ok(gaps == [FORWARD], f"F48: a clock that goes forward by two hours is flagged, silence is not: {gaps}")
        tap.ok(len(rows) == 4 and all(row["delivered_at"] for row in rows.values()),
               "F48: what lies on one side of it is as it is")
        counted = ("SELECT sum(r.confirmed), sum(r.confirmed_1m), sum(r.confirmed_7d), (SELECT sum(n) FROM"
                   " receiptd.rollup_latency AS l, unnest(l.counts) AS n WHERE l.grain = 1 AND l.metric = 1)"
                   " FROM receiptd.rollup AS r WHERE r.grain = 1")
        tap.ok(it.server.ask(counted) == "4|3|3|3",
               f"F48: a message delivered over it counts as delivered, its delay does not: {it.server.ask(counted)}")
        tap.ok(it.program.call("check", check=False) == 0, "F48: check finds the same")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        for test in (own_files, new_year, hour_that_is_not, hour_twice, other_zone, clock_forward):
            test(tap, server)
    finally:
        server.close()
    tap.done()


main()
