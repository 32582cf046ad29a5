#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes vector files without results: dense random sequences of messages, receipts and chat states,
over days, of devices whose ingress is seen, of others whose egress is, of rooms. Any order, any
batches and both paths must come to the same (the batch principle)."""

import argparse
import json
import os
import random
import sys
from datetime import datetime, timedelta, timezone

CS = "http://jabber.org/protocol/chatstates"
STATES = ("active", "composing", "composing", "paused", "inactive", "gone")
ROOM = "r@rooms.sea.example"
START = datetime(2026, 3, 2, 10, tzinfo=timezone.utc)
USERS = {"ann@sea.example": ("x", "y"), "bo@sea.example": ("p",), "cy@hill.example": ("m",)}


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.lines = []
        self.sent = []
        self.at = START
        self.number = 0

    def step(self):
        wait = self.rng.choice((0.3, 0.9, 1.5, 1.9, 2.1, 3, 10, 30, 100, 200, 400, 4000, 50000,
                                86000, 100000, 260000))
        if self.rng.random() < 0.6:
            wait = min(wait, 10)
        self.at += timedelta(microseconds=int(wait * 1e6) + self.rng.randrange(1000))

    def line(self, seconds, direction, session, stanza):
        at = self.at + timedelta(seconds=seconds, microseconds=len(self.lines))
        line = {"ts": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "feed": "c2s", "dir": direction,
                "stanza": stanza}
        if session:
            line["session"] = session
        self.lines.append(line)

    # One stanza: its ingress when the sender is ours, its egress a little or much later.
    def stanza(self, sender, to, children, kind="chat", ident=True):
        self.number += 1
        ident = f" id='s{self.number}'" if ident else ""
        late = self.rng.choice((0.02, 0.02, 0.02, 1.1, 4))
        if sender.split("/")[0].endswith("@sea.example") and self.rng.random() < 0.85:
            self.line(0, "in", sender, f"<message to='{to}'{ident} type='{kind}'>{children}</message>")
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            if to.split("/")[0].endswith("@sea.example"):
                device = self.rng.choice(USERS[to.split("/")[0]])
                self.line(late, "out", to.split("/")[0] + "/" + device,
                          f"<message from='{sender}' to='{to}'{ident} type='{kind}'>{children}</message>")
        return f"s{self.number}"

    def state(self):
        return f"<{self.rng.choice(STATES)} xmlns='{CS}'/>"

    def pair(self):
        a, b = self.rng.sample(sorted(USERS), 2)
        return a, a + "/" + self.rng.choice(USERS[a]), b

    def content(self):
        account, device, peer = self.pair()
        children = f"<body>b{self.number}</body>"
        if self.rng.random() < 0.6:
            children += "<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>"
        if self.rng.random() < 0.5:
            children += self.state()
        mine = [s for s in self.sent if s[0] == peer and s[1] == account]
        if mine and self.rng.random() < 0.2:
            children += f"<reply xmlns='urn:xmpp:reply:0' id='{self.rng.choice(mine)[2]}'/>"
        number = self.number + 1
        if self.rng.random() < 0.5:
            children += f"<stanza-id xmlns='urn:xmpp:sid:0' by='{peer}' id='a{number}'/>"
        kind = self.rng.choice(("chat", "chat", "chat", "headline"))
        self.sent.append((account, peer, self.stanza(device, peer, children, kind)))

    def receipt(self):
        if not self.sent:
            return
        account, peer, ident = self.rng.choice(self.sent[-8:])
        what = self.rng.choice((f"<received xmlns='urn:xmpp:receipts' id='{ident}'/>",) * 4 +
                               (f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{ident}'/>",
                                f"<reactions xmlns='urn:xmpp:reactions:0' id='{ident}'/>"))
        self.stanza(peer + "/" + self.rng.choice(USERS[peer]), account, what)

    def mds(self):
        if not self.sent:
            return
        _, peer, ident = self.rng.choice(self.sent[-12:])
        self.line(0, "out", peer + "/" + USERS[peer][0],
                  f"<message from='{peer}' to='{peer}/{USERS[peer][0]}' type='headline'>"
                  "<event xmlns='http://jabber.org/protocol/pubsub#event'>"
                  "<items node='urn:xmpp:mds:displayed:0'><item id='x'>"
                  "<displayed xmlns='urn:xmpp:mds:displayed:0'>"
                  f"<stanza-id xmlns='urn:xmpp:sid:0' by='{peer}' id='a{ident[1:]}'/>"
                  "</displayed></item></items></event></message>")

    def lone_state(self):
        _, device, peer = self.pair()
        self.stanza(device, peer, self.state(), ident=False)

    def room_state(self):
        account = self.rng.choice(("ann@sea.example", "bo@sea.example"))
        state, nick = self.state(), account[:2]
        self.number += 1
        ident = f" id='r{self.number}'" if self.rng.random() < 0.8 else ""
        if self.rng.random() < 0.7:
            self.line(0, "in", account + "/" + USERS[account][0],
                      f"<message to='{ROOM}'{ident} type='groupchat'>{state}</message>")
        for _ in range(self.rng.choice((0, 1, 2))):
            self.line(0.05, "out", "ann@sea.example/x",
                      f"<message from='{ROOM}/{nick}' to='ann@sea.example/x' id='r{self.number}'"
                      f" type='groupchat'>{state}</message>")

    def make(self, count, mds):
        actions = (self.content,) * 5 + (self.receipt,) * 4 + (self.mds,) * mds + \
            (self.lone_state,) * 7 + (self.room_state,) * 2
        while len(self.lines) < count:
            self.step()
            self.rng.choice(actions)()
        return self.lines


def make(seed, count, mds):
    now = START + timedelta(days=60)
    return {"name": f"seq-{seed}", "about": "random sequences", "rules": [],
            "order_independent": True,
            "config": {"muc_domains": ["rooms.sea.example"],
                       "now": now.strftime("%Y-%m-%dT%H:%M:%SZ")},
            "input": Maker(random.Random(seed)).make(count, mds), "expected": {}}


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--lines", type=int, default=60)
    parser.add_argument("--mds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    options = parser.parse_args(argv)
    for seed in range(options.seed, options.seed + options.count):
        with open(os.path.join(options.folder, f"seq-{seed}.json"), "w", encoding="utf-8") as out:
            json.dump(make(seed, options.lines, options.mds), out, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main(sys.argv[1:])
