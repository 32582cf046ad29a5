#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seventeen days of a made-up server as NDJSON observations: what the pictures of the README show. Same
seed, same traffic. Days have a rhythm; one server is away for an evening; one client seldom answers.

    scene.py >traffic.ndjson
"""

import datetime
import json
import random
import sys

NOW = datetime.datetime(2026, 3, 20, 14, 5, tzinfo=datetime.timezone.utc)
DAYS, A_DAY = 17, 1500
HOME, ROOM = "harbor.example", "tea@rooms.harbor.example"
NAMES = ("ada ben cleo dan eve finn greta hugo ines jon kira lars mona nils olga pia quin rosa sven tara ugo vera will xenia "
         "yara zoe amir bela chen dora emil fay").split()
# domain, share of the recipients, how long its receipts take (s), share that refuses or never answers
DOMAINS = (("harbor.example", 55, 0.12, 0.006), ("quay.example", 22, 0.5, 0.012), ("ferry.example", 14, 0.9, 0.02), ("mole.example", 9, 2.2, 0.09))
# node, name, share, answers
CLIENTS = (("https://gull.example", "Gull 3.2", 46, 0.995), ("https://tern.example", "Tern", 30, 0.99),
           ("https://plover.example", "Plover Web", 16, 0.97), ("https://auk.example", "Auk Lite", 8, 0.72))
AWAY = (NOW.replace(day=18, hour=20, minute=40), NOW.replace(day=18, hour=23, minute=25))
TEXTS = ("Are you coming along?", "In ten minutes.", "The minutes are in the folder.", "Thanks!", "Can you look at the invoice of the pilot boat?",
         "Yes, at half past.", "On my way", "Who takes the late shift tomorrow?", "I do.", "好的，明天见", "The crane is free from three.", "👍")
RHYTHM = (1, 1, 1, 1, 1, 2, 4, 8, 12, 13, 12, 11, 10, 11, 12, 12, 11, 10, 9, 9, 8, 6, 4, 2)


class Scene:
    def __init__(self):
        self.random = random.Random(20260320)
        self.lines = []
        self.number = 0
        self.client = {}
        self.read_until = {}  # who reads, reads in order

    def pick(self, rows, weight):
        return self.random.choices(rows, [row[weight] for row in rows])[0]

    def see(self, at, direction, session, stanza):
        if at < NOW:
            line = {"ts": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "feed": "harbor", "dir": direction, "stanza": stanza}
            self.lines.append((at, {**line, "session": session} if session else line))

    def soon(self, at, seconds):
        return at + datetime.timedelta(seconds=seconds)

    def took(self, usual):
        return usual * self.random.lognormvariate(0, 0.9)

    def introduce(self, device, at):
        node, name, _, _ = self.client[device]
        self.see(at, "in", device, f"<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='{node}' ver='v1'/></presence>")
        self.see(self.soon(at, 1), "in", device, f"<iq type='result' id='d' to='{HOME}'><query xmlns='http://jabber.org/protocol/disco#info' node='{node}#v1'>"
                 f"<identity category='client' type='phone' name='{name}'/><feature var='urn:xmpp:receipts'/></query></iq>")

    def device(self, name, domain):
        device = f"{name}@{domain}/{'phone' if sum(map(ord, name)) % 3 else 'desk'}"
        if device not in self.client:
            self.client[device] = self.pick(CLIENTS, 2)
            self.introduce(device, NOW - datetime.timedelta(days=DAYS))
        return device

    def passed(self, at, sender, receiver, stanza, local):
        """A stanza on its way: read from one side, written to the other."""
        self.see(at, "in" if sender.split("@")[1].startswith(HOME) else "s2s-in", sender if sender.split("@")[1].startswith(HOME) else None, stanza)
        self.see(self.soon(at, 0.02), "out" if local else "s2s-out", receiver if local else None, stanza)

    def answer(self, at, sender, receiver, number, kind):
        name, space = ("displayed", "urn:xmpp:chat-markers:0") if kind == "read" else ("received", "urn:xmpp:receipts")
        self.passed(at, receiver, sender, f"<message from='{receiver}' to='{sender}' id='{kind[0]}{number}' type='chat'><{name} xmlns='{space}' id='m{number}'/></message>",
                    sender.split("@")[1].startswith(HOME))

    def refuse(self, at, sender, receiver, number, condition):
        self.see(at, "out", sender, f"<message from='{receiver.split('/')[0]}' to='{sender}' id='m{number}' type='error'><error type='cancel'>"
                 f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")

    def message(self, at, sender, receiver, domain):
        self.number += 1
        number, local = self.number, domain[0] == HOME
        asks = self.random.random() < 0.86
        request = "<request xmlns='urn:xmpp:receipts'/>" if asks else ""
        markable = "<markable xmlns='urn:xmpp:chat-markers:0'/>" if asks and self.random.random() < 0.6 else ""
        self.passed(at, sender, receiver, f"<message from='{sender}' to='{receiver.split('/')[0]}' id='m{number}' type='chat'>"
                    f"<body>{self.random.choice(TEXTS)}</body>{request}{markable}</message>", local)
        if domain[0] == "ferry.example" and AWAY[0] < at < AWAY[1]:
            self.refuse(self.soon(at, 30), sender, receiver, number, "remote-server-timeout")
        elif self.random.random() < domain[3]:
            if self.random.random() < 0.6:
                self.refuse(self.soon(at, 0.3), sender, receiver, number, self.random.choice(("service-unavailable", "item-not-found", "policy-violation")))
        elif asks and self.random.random() < self.client[receiver][3]:
            waits = self.random.random()
            delay = self.took(domain[2]) if waits > 0.012 else self.took(2400)
            self.answer(self.soon(at, delay + 0.03), sender, receiver, number, "delivered")
            if markable and self.random.random() < 0.8:
                pair = (sender, receiver)
                self.read_until[pair] = max(self.soon(at, delay + self.took(25)), self.soon(self.read_until.get(pair, at), 0.4))
                self.answer(self.read_until[pair], sender, receiver, number, "read")

    def said_in_room(self, at, name):
        self.number += 1
        sender = self.device(name, HOME)
        body = f"type='groupchat' id='g{self.number}'><body>{self.random.choice(TEXTS)}</body></message>"
        self.see(at, "in", sender, f"<message from='{sender}' to='{ROOM}' {body}")
        for other in NAMES[:4]:
            device = self.device(other, HOME)
            self.see(self.soon(at, 0.05), "out", device, f"<message from='{ROOM}/{name.title()}' to='{device}' {body}")

    def talk(self, at):
        a = self.device(self.random.choice(NAMES), HOME)
        domain = self.pick(DOMAINS, 1)
        b = self.device(self.random.choice([name for name in NAMES if not a.startswith(name)]), domain[0])
        for turn in range(self.random.randint(1, 6)):
            if turn % 2 and domain[0] == HOME:
                self.message(at, b, a, domain)
            else:
                self.message(at, a, b, domain)
            at = self.soon(at, self.random.uniform(4, 70))

    def odd(self, day):
        """What breaks the rules, a little every day."""
        mallory = f"mallory@{HOME}/x"
        for _ in range(self.random.randint(1, 4)):
            at = self.soon(day, self.random.uniform(30000, 70000))
            self.see(at, "in", mallory, f"<message to='ada@{HOME}' id='f{self.random.randint(1, 99)}' type='chat'><received xmlns='urn:xmpp:receipts' id='m{max(1, self.number - 20)}'/></message>")
        for _ in range(self.random.randint(3, 9)):
            self.see(self.soon(day, self.random.uniform(25000, 80000)), "in", self.device("hugo", HOME),
                     f"<message to='ines@{HOME}' type='chat'><body>{self.random.choice(TEXTS)}</body><request xmlns='urn:xmpp:receipts'/></message>")

    def make(self):
        first = (NOW - datetime.timedelta(days=DAYS)).replace(hour=0, minute=0)
        for i in range(DAYS + 1):
            day = first + datetime.timedelta(days=i)
            amount = A_DAY * (0.45 if day.weekday() > 4 else 1) * self.random.uniform(0.92, 1.08)
            for hour, share in enumerate(RHYTHM):
                for _ in range(round(amount / 3.5 * share / sum(RHYTHM))):
                    self.talk(self.soon(day, 3600 * (hour + self.random.random())))
            for _ in range(20):
                self.said_in_room(self.soon(day, self.random.uniform(28000, 75000)), self.random.choice(NAMES[:4]))
            self.odd(day)
        return [line for _, line in sorted(self.lines, key=lambda seen: seen[0])]


if __name__ == "__main__":
    for made in Scene().make():
        sys.stdout.write(json.dumps(made, ensure_ascii=False) + "\n")
