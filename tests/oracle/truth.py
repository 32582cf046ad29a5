#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares exported rows with what clients themselves say (ground truth of a capture).

Every 1:1 message with a body must be there once, with the sender's full JID; every receipt that
reached the sender must be paired with the right message, on the right device, at the right time.
Where one sender used one id for several messages a receipt is ambiguous: counted apart.
"""

import argparse
import sys

import check
import truth_load
from truth_load import bare, party

SLACK = 0.050   # between a client's socket and the server's log, seconds
FAR = 1.0       # a row this far off is another message


class Result:
    def __init__(self):
        self.counts, self.bad = {}, []

    def count(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1

    def fail(self, name, text):
        self.count(name)
        self.bad.append(f"{name}: {text}")


def seconds(text):
    return check.usec(text) / 1e6


class Comparison:
    def __init__(self, truth, rows):
        self.truth, self.result = truth, Result()
        self.limit = truth.step + SLACK
        self.rows = {}
        for row in rows:
            self.rows.setdefault(self.row_key(row), []).append(row)
        self.used = set()
        self.answers = {}
        for answer in truth.answers:
            self.answers.setdefault(answer.key(), []).append(answer)
        self.uses = {}
        for sent in truth.sent:
            self.uses.setdefault(sent.key(), []).append(sent)

    @staticmethod
    def row_key(row):
        return party(row["from"]), party(row["to"]), row.get("id") or ""

    # --- messages ---

    def run(self):
        for sent in self.truth.sent:
            if sent.type != "groupchat":
                self.message(sent)
        self.leftovers()
        return self.result

    def message(self, sent):
        self.result.count("messages")
        first = self.first_of_resends(sent)
        row = self.find(first)
        if row is None:
            if sent.read:
                self.result.fail("missing", self.name(sent))
            else:
                self.result.count("not read by the server")
            return
        resource = row.get("from_resource")
        if row["from"] + ("/" + resource if resource else "") != sent.sender:
            self.result.fail("wrong sender", f"{self.name(sent)}: {row.get('from_resource')!r}")
        self.lag("sent", sent, seconds(row["sent_at"]) - first.at)
        if self.ambiguous(sent):
            self.result.count("ambiguous")
        elif "/" not in row["to"]:  # a private message's acks come from the other leg
            self.receipts(sent, row)
            self.routed(sent, row)

    def first_of_resends(self, sent):
        """The same text under the same id within an hour is one message sent again (M3); without
        an id within 5 s (M4)."""
        span = 3600 if sent.id else 5
        same = sorted((s.at for s in self.uses[sent.key()] if s.digest == sent.digest),
                      reverse=True)
        first = sent.at
        for at in same:
            if at <= first and first - at <= span:
                first = at
        return next(s for s in self.uses[sent.key()] if s.at == first)

    def ambiguous(self, sent):
        return len(self.uses[sent.key()]) > 1 or not sent.id

    def find(self, sent):
        near = [row for row in self.rows.get(sent.key(), ())
                if abs(seconds(row["sent_at"]) - sent.at) <= self.truth.step + FAR]
        if not near:
            return None
        near.sort(key=lambda row: abs(seconds(row["sent_at"]) - sent.at))
        row = next((row for row in near if id(row) not in self.used), near[0])
        self.used.add(id(row))
        return row

    def lag(self, what, sent, lag):
        late = abs(lag) - self.limit
        if late > FAR:
            self.result.fail(f"{what} at a wrong time", f"{self.name(sent)}: {lag:+.3f} s")
        elif late > 0:
            self.result.count(f"{what} times beyond the limit")

    # --- receipts ---

    def receipts(self, sent, row):
        devices = row.get("devices") or {}
        for device in {device for device, _ in sent.arrived}:
            self.result.count("receipts")
            got = (devices.get(device) or {}).get("delivered")
            if not got:
                self.result.fail("receipt not paired", f"{self.name(sent)} by {device}")
                continue
            written = [a.at for a in self.answers.get((*sent.key(),), ()) if a.device == device]
            lag = min((seconds(got) - at for at in written), key=abs, default=FAR * 9)
            self.lag("receipt", sent, lag)
            if seconds(got) > min(t for d, t in sent.arrived if d == device) + self.limit:
                self.result.fail("receipt later than it arrived", self.name(sent))

    def routed(self, sent, row):
        """Direction: what reached a client of the recipient must be seen as sent to it."""
        if not sent.delivered or party(sent.to) == party(sent.sender):
            return
        self.result.count("delivered")
        if row.get("routed_at"):
            self.result.count("routed")

    # --- what nobody sent ---

    def leftovers(self):
        for key, rows in self.rows.items():
            for row in rows:
                if id(row) in self.used or row["class"] in ("group", "pm-mirror"):
                    continue
                self.leftover(key, row)

    def leftover(self, key, row):
        if key in self.truth.other or bare(row["from"]) not in self.senders():
            self.result.count("rows without a body or from elsewhere")
        else:
            self.result.fail("unexpected", check.show(row))

    def senders(self):
        return {bare(sent.sender) for sent in self.truth.sent}

    @staticmethod
    def name(sent):
        return f"{sent.sender} -> {sent.to} id={sent.id!r} at {sent.at:.3f} ({sent.label})"


def bars_of_losses(result):
    """Where lines are missing much is not there, but what is there is true."""
    count = result.counts.get
    for name in ("wrong sender", "unexpected"):
        yield not count(name, 0), f"{name}: {count(name, 0)}"
    missing, sent = count("missing", 0), count("messages", 0)
    yield missing * 2 < sent, f"missing: {missing} of {sent}"


def bars_of_routes(result):
    """Where no line says what was written to a client: all but its direction."""
    return [bar for bar in bars(result) if "direction" not in bar[1]]


def bars(result):
    """(passed, text) for each bar of the comparison."""
    count = result.counts.get
    failures = ("missing", "wrong sender", "unexpected", "receipt not paired",
                "receipt later than it arrived", "sent at a wrong time", "receipt at a wrong time")
    for name in failures:
        yield not count(name, 0), f"{name}: {count(name, 0)}"
    for what, total in (("sent", "messages"), ("receipt", "receipts")):
        beyond, all_ = count(f"{what} times beyond the limit", 0), count(total, 0)
        # A busy client hands a stanza over late now and then; small captures may have two such.
        yield beyond <= max(2, all_ * 0.02), f"{what} times beyond the limit: {beyond} of {all_}"
    routed, delivered = count("routed", 0), count("delivered", 0)
    yield routed >= delivered * 0.994, f"receives with the right direction: {routed} of {delivered}"


def compare(kind, folder, messages):
    truth = truth_load.LOADERS[kind](folder)
    return Comparison(truth, check.read_ndjson(messages)).run()


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(truth_load.LOADERS))
    parser.add_argument("folder", help="a capture with its truth files")
    parser.add_argument("messages", help="output of: export messages")
    options = parser.parse_args(argv)
    result = compare(options.kind, options.folder, options.messages)
    for text in result.bad:
        print(text)
    for name in sorted(result.counts):
        print(f"{name}: {result.counts[name]}")
    good = [passed for passed, _ in bars(result)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
