#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Histories that are legal and unkind: very much of one thing in one place. Each writes files of NDJSON
observations, in the order in which they are to be imported, and says by arithmetic of its own what must
come out: counters, findings by rule, and single numbers by SQL.

Shares no code with the product and keeps nothing in memory that grows with the size."""

import datetime
import os

SECOND = 1000000
DAY = 86400 * SECOND
START = 1772445600 * SECOND  # 2026-03-02T10:00:00Z
RECEIPTS, MARKERS = "urn:xmpp:receipts", "urn:xmpp:chat-markers:0"
ADA, BEN = "ada@a.example", "ben@b.example"
MUC = "rooms.b.example"


class Case:
    """What a history must come to."""

    def __init__(self, folder):
        self.folder, self.files, self.lines = folder, [], 0
        self.counters, self.findings, self.sql = {}, {}, []
        self.settings = ""

    def file(self, name):
        self.files.append(os.path.join(self.folder, name))
        return Writer(self, self.files[-1])


class Writer:
    def __init__(self, case, path):
        self.case, self.out = case, open(path, "w", encoding="ascii")
        self.second, self.text = None, ""

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.out.close()

    def put(self, at, dir, session, stanza):
        second, rest = divmod(at, SECOND)
        if second != self.second:
            self.second = second
            moment = datetime.datetime.fromtimestamp(second, datetime.timezone.utc)
            self.text = moment.strftime("%Y-%m-%dT%H:%M:%S")
        who = f'"session":"{session}",' if session else ""
        self.out.write(f'{{"ts":"{self.text}.{rest:06}Z","feed":"c2s","dir":"{dir}",{who}'
                       f'"stanza":"{stanza}"}}\n')
        self.case.lines += 1


def stanza(sender, to, id, inside, type="chat"):
    own = f" id='{id}'" if id else ""
    return f"<message from='{sender}' to='{to}' type='{type}'{own}>{inside}</message>"


def asking(text):
    return (f"<body>{text}</body><request xmlns='{RECEIPTS}'/>"
            f"<markable xmlns='{MARKERS}'/>")


def receipt(ref):
    return f"<received xmlns='{RECEIPTS}' id='{ref}'/>"


def displayed(ref):
    return f"<displayed xmlns='{MARKERS}' id='{ref}'/>"


def conversation(folder, count):
    """One conversation inside the horizon of P8: a receipt for six of seven messages, a marker for the
    last of each hundred. The markers of the first half come in a file of their own, after the rest; and
    at the very end a tablet marks old messages, the newest first."""
    case, step = Case(folder), 2 * SECOND
    half, mark = count // 2, lambda i: i % 100 == 99
    end = START + count * step

    def marker(out, i):
        out.put(START + i * step + 800000, "in", f"{BEN}/pc",
                stanza(f"{BEN}/pc", ADA, f"k{i}", displayed(f"m{i}")))

    with case.file("talk") as out:
        for i in range(count):
            at = START + i * step
            out.put(at, "in", f"{ADA}/phone", stanza(f"{ADA}/phone", BEN, f"m{i}", asking(i)))
            if i % 7 != 3:
                out.put(at + 500000, "in", f"{BEN}/pc",
                        stanza(f"{BEN}/pc", ADA, f"r{i}", receipt(f"m{i}")))
            if mark(i) and i >= half:
                marker(out, i)
    with case.file("late") as out:
        for i in filter(mark, range(half)):
            marker(out, i)
        old = [i for i in range(half) if i % 10 == 5]
        for place, i in enumerate(reversed(old)):
            out.put(end + place * 1000, "in", f"{BEN}/tablet",
                    stanza(f"{BEN}/tablet", ADA, f"t{i}", displayed(f"m{i}")))
    receipts = sum(i % 7 != 3 for i in range(count))
    last = count // 100 * 100 - 1
    beyond = sum(i % 7 != 3 for i in range(last + 1, count))
    case.counters = {
        "rows": count, "sent": count, "requested": count, "read_requested": count,
        "read": last + 1, "confirmed": last + 1 + beyond, "pending": count - last - 1 - beyond,
        "acks": receipts + count // 100 + len(old)}
    case.findings = {"MARK-BACKWARD": len(old) - 1}
    waits = sum((i - i % 100 + 99 - i) * step + 800000 for i in range(last + 1))
    case.sql.append(("SELECT sum(extract(epoch FROM displayed_at - sent_at) * 1000000)::int8"
                     " FROM receiptd.message", waits, "times to read"))
    return case


def late_marks(folder, count):
    """Nothing is read for days; then a device marks the oldest message again and again."""
    case, step = Case(folder), SECOND
    with case.file("late") as out:
        for i in range(count):
            out.put(START + i * step, "in", f"{ADA}/phone",
                    stanza(f"{ADA}/phone", BEN, f"m{i}", asking(i)))
        for i in range(count):
            at = START + count * step + i * step
            out.put(at, "in", f"{BEN}/pc", stanza(f"{BEN}/pc", ADA, f"k{i}", displayed("m9")))
    case.counters = {
        "rows": count, "sent": count, "requested": count, "read_requested": count, "read": 10,
        "confirmed": 10, "pending": count - 10, "acks": count, "acks_dup": count - 1}
    case.findings = {"ACK-DUP": 1}
    return case


def room(folder, count, messages):
    """Each message is shown to so many occupants; all of them mark it, every second one receives it."""
    case, place = Case(folder), f"lobby@{MUC}"
    case.settings = f'muc_domains = {{ "{MUC}" }}'
    write = (f"<body>all</body><request xmlns='{RECEIPTS}'/><markable xmlns='{MARKERS}'/>")
    with case.file("room") as out:
        for m in range(messages):
            at = START + m * 600 * SECOND
            out.put(at, "in", f"{ADA}/phone",
                    stanza(f"{ADA}/phone", place, f"g{m}", write, "groupchat"))
            for i in range(count):
                to = f"u{i}@b.example/app"
                out.put(at + 1000 + i, "out", to,
                        stanza(f"{place}/Ada", to, f"g{m}", write, "groupchat"))
            for i in range(count):
                who = f"u{i}@b.example/app"
                kinds = [displayed(f"g{m}")] + [receipt(f"g{m}")] * (i % 2)
                for k, ack in enumerate(kinds):
                    then = at + SECOND + 10000 * i + 100 * k
                    out.put(then, "in", who, stanza(who, place, f"a{m}-{i}-{k}", ack, "groupchat"))
                    out.put(then + 10, "out", f"{ADA}/phone",
                            stanza(f"{place}/nick{i}", f"{ADA}/phone", f"a{m}-{i}-{k}", ack,
                                   "groupchat"))
    acks = messages * (count + count // 2)
    case.counters = {"rows": messages, "acks_group": acks}
    case.findings = {"RCPT-GROUPCHAT": messages}
    case.sql.append(("SELECT count(*) FROM receiptd.ack WHERE class = 0 AND leg = 2", acks,
                     "acks of occupants"))
    return case


def acks(folder, count):
    """One message, acknowledged again and again: half of it by one device, each time with another own
    id, half by as many devices."""
    case = Case(folder)
    with case.file("acks") as out:
        out.put(START, "in", f"{ADA}/phone", stanza(f"{ADA}/phone", BEN, "m", asking("hello")))
        for i in range(count):
            who = f"{BEN}/pc" if i % 2 else f"{BEN}/device{i}"
            at = START + SECOND + i * 100000
            out.put(at, "in", who, stanza(who, ADA, f"r{i}", receipt("m")))
            out.put(at + 5, "out", f"{ADA}/phone", stanza(who, f"{ADA}/phone", f"r{i}", receipt("m")))
    case.counters = {"rows": 1, "sent": 1, "requested": 1, "read_requested": 1, "confirmed": 1,
                     "acks": count, "acks_dup": count // 2 - 1}
    case.findings = {"ACK-DUP": 1}
    return case


def orphans(folder, count, messages):
    """Acks of ids that nobody sent, among messages that somebody did; then the message of one of them is
    found, sent before it."""
    case = Case(folder)
    lucky = count // 3
    with case.file("orphans") as out:
        for i in range(messages):
            out.put(START + i * 1000, "in", f"{ADA}/phone",
                    stanza(f"{ADA}/phone", f"u{i % 997}@b.example", f"m{i}", asking(i)))
        for i in range(count):
            who = f"u{i % 997}@b.example/pc"
            out.put(START + DAY + i * 50000, "in", who, stanza(who, ADA, f"r{i}", receipt(f"x{i}")))
    with case.file("found") as out:
        out.put(START + DAY, "in", f"{ADA}/phone",
                stanza(f"{ADA}/phone", f"u{lucky % 997}@b.example", f"x{lucky}", asking("at last")))
    case.counters = {
        "rows": messages + 1, "sent": messages + 1, "requested": messages + 1,
        "read_requested": messages + 1, "confirmed": 1, "pending": messages, "acks": 1,
        "acks_orphan": count - 1}
    case.findings = {"ACK-UNKNOWN-ID": count - 1}
    case.sql.append((f"SELECT count(*) FROM receiptd.message WHERE id = 'x{lucky}' AND"
                     f" delivered_at - sent_at = {lucky} * interval '50 ms'", 1,
                     "the one that was found"))
    return case


def peer(folder, count):
    """Ben's server first, then what Ada's server saw of the same messages and receipts a week long:
    earlier at its end of the line, and around midnight on another day."""
    case = Case(folder)
    step, shift = 7 * DAY // count, 400000
    start = START - START % DAY

    def views(i):
        return start + i * step + 200000, f"u{i % 50}@a.example", f"v{i % 53}@b.example"

    with case.file("ours") as out:
        for i in range(count):
            at, ada, ben = views(i)
            message, answer = asking(i), receipt(f"m{i}")
            out.put(at, "s2s-in", "", stanza(f"{ada}/phone", ben, f"m{i}", message))
            out.put(at + 1000, "out", f"{ben}/pc", stanza(f"{ada}/phone", f"{ben}/pc", f"m{i}", message))
            out.put(at + 50000, "in", f"{ben}/pc", stanza(f"{ben}/pc", ada, f"r{i}", answer))
            out.put(at + 51000, "s2s-out", "", stanza(f"{ben}/pc", ada, f"r{i}", answer))
    with case.file("theirs") as out:
        for i in range(count):
            at, ada, ben = views(i)
            message, answer = asking(i), receipt(f"m{i}")
            out.put(at - shift, "in", f"{ada}/phone", stanza(f"{ada}/phone", ben, f"m{i}", message))
            out.put(at - shift + 1000, "s2s-out", "", stanza(f"{ada}/phone", ben, f"m{i}", message))
            out.put(at + 90000, "s2s-in", "", stanza(f"{ben}/pc", ada, f"r{i}", answer))
            out.put(at + 91000, "out", f"{ada}/phone", stanza(f"{ben}/pc", f"{ada}/phone", f"r{i}", answer))
    case.counters = {"rows": count, "sent": count, "requested": count, "read_requested": count,
                     "confirmed": count, "acks": count}
    case.sql.append((f"SELECT sum(extract(epoch FROM sent_at) * 1000000 - {start})::int8"
                     " FROM receiptd.message",
                     sum(views(i)[0] - shift - start for i in range(count)), "times of sending"))
    case.sql.append(("SELECT count(*) FROM receiptd.message WHERE delivered_at - sent_at ="
                     " interval '450 ms'", count, "times to deliver"))
    return case


def reuse(folder, count):
    """One id for everything that is ever said (F123), each time answered."""
    case, step = Case(folder), 10 * SECOND
    with case.file("reuse") as out:
        for i in range(count):
            at = START + i * step
            out.put(at, "in", f"{ADA}/phone", stanza(f"{ADA}/phone", BEN, "1", asking(i)))
            out.put(at + SECOND, "in", f"{BEN}/pc", stanza(f"{BEN}/pc", ADA, f"r{i}", receipt("1")))
    case.counters = {"rows": count, "sent": count, "requested": count, "read_requested": count,
                     "confirmed": count, "acks": count}
    case.findings = {"ID-REUSE": 1}
    case.sql.append(("SELECT count(DISTINCT n) FROM receiptd.message WHERE"
                     " delivered_at - sent_at = interval '1 s'", count, "numbers and answers"))
    return case


def untracked(folder, count):
    """A client that gives no ids at all, and whose texts are sometimes the same."""
    case, step = Case(folder), 7 * SECOND
    with case.file("untracked") as out:
        for i in range(count):
            at = START + i * step
            out.put(at, "in", f"{ADA}/phone",
                    stanza(f"{ADA}/phone", BEN, "", f"<body>{i % 3 and i}</body>"))
            out.put(at + 1000, "out", f"{BEN}/pc",
                    stanza(f"{ADA}/phone", f"{BEN}/pc", "", f"<body>{i % 3 and i}</body>"))
    case.counters = {"rows": count, "sent": count, "unknown": count}
    case.findings = {"MSG-NO-ID": 1}
    return case
