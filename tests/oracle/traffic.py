# SPDX-License-Identifier: Apache-2.0
"""A script of chat traffic: who says what when, and what must come of it.

World.run() yields emissions in time order: ("line", Line), ("login", Session), ("logout", Session),
("bad", Line). A writer stamps every Line; the expectations (facts.py) are made from the script and
those stamps, never by reading the log again.
"""

import heapq
import itertools

import stanzas as st

MS = 1000
SECOND = 1000 * MS

RESOURCES = ("phone", "laptop", "Gajim.03AA772", "web/2", "t\u00e9l\u00e9phone", "tab let", "PHONE")
NAMES = ("ada", "ben", "cleo", "dan", "eva", "finn", "gus", "hana", "ivan", "juri", "kim", "lea",
         "\u0142ukasz", "nil.s", "o_o", "pia-2")
RATES = {"forge": 0.02, "orphan": 0.02, "resend": 0.03, "noid": 0.03, "ghost": 0.03, "reuse": 0.02,
         "samid": 0.02, "bad": 0.0, "long": 0.002, "away": 0.02, "spoof": 0.1, "upper": 0.05,
         "carbons": 0.5, "dupack": 0.03, "oddid": 0.05, "states": 0.2}


class Session:
    def __init__(self, user, resource, carbons):
        self.user, self.resource, self.carbons = user, resource, carbons
        self.jid = f"{user.bare}/{resource}"
        self.online = False
        self.name = None  # the log's name of the connection: the writer's business


class User:
    def __init__(self, local, host):
        self.bare, self.host = f"{local}@{host}", host
        self.sessions, self.waiting = [], []
        self.counter = None  # clients that count their ids collide with others (PAIRING M1)

    def online(self):
        return [s for s in self.sessions if s.online]


class Line:
    """One stanza at one place of the log. stamp and ordinal are filled in by the writer."""

    def __init__(self, at, direction, session, stanza):
        self.at, self.dir, self.session, self.stanza = at, direction, session, stanza
        self.stamp = self.ordinal = None


class Message:
    def __init__(self, sender, peer, to, id, number):
        self.sender, self.peer, self.to, self.id, self.number = sender, peer, to, id, number
        self.stanza = None
        self.requested = self.markable = False
        self.ingress, self.egress, self.routed = [], [], []
        self.receipts, self.markers, self.errors = [], [], []
        self.busy_until = 0


class Ack:
    def __init__(self, session, own_id):
        self.session, self.own_id, self.lines = session, own_id, []


class World:
    def __init__(self, rng, messages, start, hosts=("sea.example", "hill.example"), users=12,
                 gap=50 * MS, rates=None):
        self.rng, self.left, self.now, self.gap = rng, messages, start, gap
        self.rates = {**RATES, **(rates or {})}
        self.queue, self.order = [], itertools.count()
        self.out, self.messages, self.states = [], [], []
        self.forged = self.orphans = self.carbon_lines = self.bad = 0
        self.numbers = itertools.count(1)
        self.users = [User(NAMES[i % len(NAMES)] + (str(i) if i >= len(NAMES) else ""),
                           hosts[i % len(hosts)]) for i in range(users)]
        for user in self.users:
            user.counter = itertools.count(1) if rng.random() < 0.25 else None
            for resource in rng.sample(RESOURCES, rng.choice((1, 1, 2, 3))):
                user.sessions.append(Session(user, resource, self.chance("carbons")))

    # --- clockwork ---

    def chance(self, name):
        return self.rng.random() < self.rates[name]

    def after(self, low_ms, high_ms, action, *args):
        at = self.now + self.rng.randint(low_ms * MS, high_ms * MS)
        heapq.heappush(self.queue, (at, next(self.order), action, args))
        return at

    def run(self):
        for user in self.users:
            for session in user.sessions:
                self.after(0, 500, self.login, session)
        self.after(600, 700, self.next_message)
        while self.queue:
            at, _, action, args = heapq.heappop(self.queue)
            self.now = max(self.now + 1, at)
            action(*args)
            yield from self.out
            self.out = []

    def line(self, direction, session, stanza, kind="line"):
        line = Line(self.now, direction, session, stanza)
        self.out.append((kind, line))
        return line

    def next_message(self):
        if self.left <= 0:
            return
        self.left -= 1
        self.pick_action()
        half = self.gap // (2 * MS)
        self.after(half, max(half, 3 * half), self.next_message)

    # --- sessions ---

    def login(self, session):
        if session.online:
            return
        session.online = True
        self.out.append(("login", session))
        waiting, session.user.waiting = session.user.waiting, []
        for message, stored in waiting:
            self.after(2, 9, self.redeliver, message, session, stored)

    def logout(self, user):
        for session in user.online():
            session.online = False
            self.out.append(("logout", session))
            self.after(3000, 20000, self.login, session)

    # --- sending ---

    def pick_action(self):
        senders = [s for u in self.users for s in u.online()]
        if len({s.user for s in senders}) < 4:
            self.after(200, 400, self.pick_action)
            return
        sender = self.rng.choice(senders)
        if self.chance("away"):
            self.logout(self.rng.choice([u for u in self.users if u is not sender.user]))
        if self.chance("bad"):
            self.send_bad(sender)
        if self.chance("reuse") and self.send_again_same_id():
            return
        peer = self.rng.choice([u for u in self.users if u is not sender.user])
        id = self.make_id(sender.user)
        self.send(sender, peer, id)
        if id is not None and self.chance("samid"):
            others = [u for u in self.users if u not in (sender.user, peer)]
            self.send(sender, self.rng.choice(others), id)

    def make_id(self, user):
        number = next(self.numbers)
        if self.chance("noid"):
            return None
        if user.counter:
            return str(next(user.counter))
        if self.chance("oddid"):
            return self.rng.choice((f"a&b<c>'q'\"{number}", f"  sp ace {number}",
                                    f"\u5b57-{number}", f"{number}" + "x" * 120))
        return f"m-{number}"

    def send_again_same_id(self):
        old = [m for m in self.messages[-200:] if m.id and not m.errors and m.sender.online
               and m.busy_until and m.busy_until < self.now and m.routed
               and not any(m is w for w, _ in m.peer.waiting)]
        if not old:
            return False
        first = self.rng.choice(old)
        if any(m is not first and m.id == first.id and m.sender.user is first.sender.user
               for m in self.messages):
            return False
        self.send(first.sender, first.peer, first.id)
        return True

    def send(self, sender, peer, id):
        number = next(self.numbers)
        ghost = id is not None and self.chance("ghost")
        targets = peer.online()
        to = f"ghost-{number}@{peer.host}" if ghost else peer.bare
        if not ghost and targets and self.rng.random() < 0.4:
            to = self.rng.choice(targets).jid
        message = Message(sender, peer, to, id, number)
        message.requested = self.rng.random() < 0.7
        message.markable = self.rng.random() < 0.5
        message.stanza = self.content(message)
        self.messages.append(message)
        self.ingress(message)
        if ghost:
            self.after(1, 20, self.refuse, message)
            return
        if id is not None and self.chance("resend"):
            message.busy_until = self.after(5000, 100000, self.resend, message) + SECOND
        self.after(1, 4, self.deliver, message)
        self.molest(message)

    def content(self, message):
        kids = [kid for kid in (
            st.El("body", None, st.body(message.number, self.rng, self.rates["long"])),
            st.request() if message.requested else None,
            st.markable() if message.markable else None,
            st.state("active") if self.chance("states") else None) if kid is not None]
        if self.rng.random() < 0.5:
            kids.reverse()
        type = self.rng.choice(("chat", "chat", "chat", "normal", None))
        return st.message(message.to, message.id, type, *kids)

    def ingress(self, message):
        stanza = message.stanza.copy()
        if self.chance("upper"):
            bare, slash, resource = stanza.attrs["to"].partition("/")
            stanza.attrs["to"] = bare.upper() + slash + resource
        if self.chance("spoof"):
            stanza.attrs["from"] = self.rng.choice(self.users).bare + "/spoof"
        message.ingress.append(self.line("in", message.sender, stanza))

    def resend(self, message):
        if message.sender.online:
            self.ingress(message)
            self.after(1, 4, self.deliver, message)

    def served(self, message):
        """The stanza as the server passes it on: the true from, the address prepared."""
        stanza = message.stanza.copy()
        stanza.attrs["from"] = message.sender.jid
        return stanza

    # --- delivering ---

    def deliver(self, message):
        self.carbons("sent", message, message.sender.user, (message.sender,))
        targets = message.peer.online()
        if not targets:
            if not any(m is message for m, _ in message.peer.waiting):
                message.peer.waiting.append((message, self.now))
            return
        exact = [s for s in targets if s.jid == message.to]
        target = (exact or targets)[0]
        self.hand_over(message, target, self.served(message))
        self.carbons("received", message, message.peer, (target,))

    def redeliver(self, message, session, stored):
        if not session.online:
            message.peer.waiting.append((message, stored))
            return
        stanza = self.served(message)
        stanza.kids.append(("delay", message.peer.host, stored))
        self.hand_over(message, session, stanza)

    def hand_over(self, message, target, stanza):
        line = self.line("out", target, stanza)
        message.egress.append(line)
        message.routed.append(line)
        self.answer(message, target)

    def carbons(self, kind, message, user, but):
        if message.stanza.attrs.get("type") != "chat":
            return
        for session in user.online():
            if session.carbons and session not in but:
                inner = self.served(message)
                copy = st.carbon(kind, user.bare, session.jid, inner)
                line = self.line("out", session, copy)
                self.carbon_lines += 1
                message.egress.append(line)
                if kind == "received":
                    message.routed.append(line)

    def refuse(self, message):
        error = st.bounce(message.stanza, message.sender.jid, "service-unavailable")
        message.errors.append(self.line("out", message.sender, error))

    # --- answering ---

    def answer(self, message, device):
        message.busy_until = max(message.busy_until, self.now + 1)
        if message.id is None:
            return
        if message.requested and self.rng.random() < 0.85:
            self.plan(message, 30, 3000, message.receipts, st.receipt, device)
            if self.chance("dupack"):
                self.plan(message, 3100, 5000, message.receipts, st.receipt, device)
        if message.markable and self.rng.random() < 0.6:
            self.plan(message, 800, 60000, message.markers, st.displayed, device)

    def plan(self, message, low, high, acks, make, device):
        at = self.after(low, high, self.acknowledge, message, acks, make, device)
        message.busy_until = max(message.busy_until, at + SECOND)

    def acknowledge(self, message, acks, make, device):
        if not device.online:
            return
        ack = Ack(device, f"a-{next(self.numbers)}")
        acks.append(ack)
        stanza = st.message(message.sender.jid, ack.own_id, "chat", make(message.id))
        self.pass_on(ack.lines, device, message.sender, stanza)

    def pass_on(self, lines, device, to, stanza):
        lines.append(self.line("in", device, stanza))
        if to.online:
            copy = stanza.copy()
            copy.attrs["from"] = device.jid
            lines.append(self.line("out", to, copy))

    # --- what must change nothing ---

    def molest(self, message):
        if self.chance("states"):
            typing = self.line("in", message.sender, st.message(message.to, None, "chat",
                                                                st.state("composing")))
            self.states.append((message.sender.user.bare, message.to.partition("/")[0], typing))
        if message.id is not None and self.chance("forge"):
            self.after(100, 2000, self.forge, message)
        if self.chance("orphan"):
            self.after(100, 2000, self.orphan, message)

    def forge(self, message):
        known = {m.peer for m in self.messages if m.id == message.id}
        known |= {m.sender.user for m in self.messages if m.id == message.id}
        if message.id.isdigit():  # a liar who counts may come to use this id himself (P6)
            known |= {u for u in self.users if u.counter}
        liars = [s for u in self.users if u not in known for s in u.online()]
        if not liars:
            return
        self.forged += 1
        make = self.rng.choice((st.receipt, st.displayed))
        stanza = st.message(message.sender.jid, f"f-{next(self.numbers)}", "chat", make(message.id))
        self.pass_on([], self.rng.choice(liars), message.sender, stanza)

    def orphan(self, message):
        device = next(iter(message.peer.online()), None)
        if not device:
            return
        self.orphans += 1
        stanza = st.message(message.sender.jid, f"o-{next(self.numbers)}", "chat",
                            st.receipt(f"never-sent-{next(self.numbers)}"))
        self.pass_on([], device, message.sender, stanza)

    def send_bad(self, sender):
        self.bad += 1
        kids = [st.El("body", None, f"bad {next(self.numbers)}")]
        self.line("in", sender, st.message("nobody@sea.example", "bad", "chat", *kids), "bad")
