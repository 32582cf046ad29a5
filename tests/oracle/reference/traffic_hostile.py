# SPDX-License-Identifier: Apache-2.0
"""What hostile users do: one method a family (for hostile.py)."""

import clock
from wire import AWAY, HOME, SECOND, Stanza, bare, domain, element

RECEIPTS, MARKERS = "urn:xmpp:receipts", "urn:xmpp:chat-markers:0"
STATES = "http://jabber.org/protocol/chatstates"
BODIES = ("a", "a", "b", "c", "d e", "ok")


class Users:
    """Accounts and what has been sent so far; the families choose from it."""

    def __init__(self, wire, users):
        self.wire, self.rng, self.on = wire, wire.rng, wire.on
        names = ("ada", "ben", "cleo", "dora", "emil", "fay")[:users]
        self.accounts = [f"{n}@{AWAY if i == 2 else HOME}" for i, n in enumerate(names)]
        self.devices = {a: [f"{a}/{r}" for r in ("p", "t", "W")[:self.rng.choice((1, 2, 2, 3))]]
                        for a in self.accounts}
        self.sent, self.acks, self.errors, self.count = [], [], [], 0

    def chance(self, share):
        return self.rng.random() < share

    def pick(self, items):
        return self.rng.choice(items)

    def two(self):
        return self.rng.sample(self.accounts, 2)

    def device(self, account):
        return self.pick(self.devices[account])

    def recent(self, items):
        return items[max(0, len(items) - 1 - int(self.rng.expovariate(0.25)))]

    def fresh(self, prefix):
        self.count += 1
        if "noid" in self.on and self.chance(0.1):
            return ""
        if "reuse" in self.on and self.chance(0.5):
            return self.pick("12345")
        return f"{prefix}{self.count}"

    def stamp(self, at):
        return clock.text(at, self.pick((0, 3, 3)) if at % SECOND == 0 else 6).replace(".Z", "Z")

    def carry(self, stanza, **options):
        self.wire.carry(stanza, self.devices.get(bare(stanza.to), []),
                        self.devices.get(bare(stanza.frm), []), **options)

    # --- content ---

    def asks(self):
        text = ""
        if self.chance(0.6):
            text += element("request", RECEIPTS)
        if self.chance(0.5):
            text += element("markable", MARKERS)
        if "xevents" in self.on and self.chance(0.4):
            kinds = [k for k in ("offline", "delivered", "displayed", "composing")
                     if self.chance(0.5)]
            text += element("x", "jabber:x:event", "".join(f"<{k}/>" for k in kinds))
        return text

    def message(self, extra="", pair=None, body=None):
        S, R = pair or self.two()
        if "self" in self.on and self.chance(0.05):
            R = S
        if "service" in self.on and self.chance(0.05):
            R = domain(R)
        inner = f"<body>{body or self.body()}</body>" + self.asks() + extra
        if "thread" in self.on and self.chance(0.4):
            inner += f"<thread>{self.pick('xy')}</thread>"
        if "origin" in self.on and self.chance(0.5):
            inner += element("origin-id", "urn:xmpp:sid:0", id=f"o{self.count + 1}")
        to = self.device(R) if R in self.devices and self.chance(0.3) else R
        kind = self.pick(("chat", "chat", "chat", "", "normal", "headline")) \
            if "types" in self.on else "chat"
        stanza = Stanza(self.device(S), to, inner, kind, self.fresh("m"))
        stanza.at = self.wire.now
        self.sent.append(stanza)
        extra = ""
        if "mds" in self.on or "sid" in self.on:
            self.count += 1
            stanza.sid = f"s{self.count}"
            extra = element("stanza-id", "urn:xmpp:sid:0", by=R, id=stanza.sid)
        away = "offline" in self.on and self.chance(0.2)
        self.carry(stanza, stay=away, extra=extra)
        if away:
            self.later = getattr(self, "later", []) + [stanza]

    def body(self):
        return self.pick(BODIES) if "reuse" in self.on or "noid" in self.on else f"b{self.count}"

    def offline(self):
        """A stored message reaches its recipient, stamped."""
        if not getattr(self, "later", None):
            return self.message()
        stanza = self.later.pop(0)
        at = stanza.at + self.pick((0, 50000, SECOND))
        by = self.pick((domain(stanza.to), domain(stanza.to), None, bare(stanza.to), HOME))
        delay = element("delay", "urn:xmpp:delay", from_=by, stamp=self.stamp(at))
        for device in self.devices.get(bare(stanza.to), [])[:2]:
            if "/" not in stanza.to or device == stanza.to:
                self.wire.line("c2s", "out", stanza.text(extra=delay), device)
        return None

    def resend(self):
        if not self.sent:
            return self.message()
        old = self.recent(self.sent)
        extra = ""
        if self.chance(0.4):
            at = old.at if self.chance(0.8) else old.at - 40 * 86400 * SECOND
            extra = element("delay", "urn:xmpp:delay", stamp=self.stamp(at))
        again = Stanza(old.frm, old.to, old.inner + extra, old.kind, old.ident)
        self.carry(again, stay=self.chance(0.4))
        return None

    # --- acks ---

    def ack(self):
        """A right one: by a device of the recipient, to a device of the sender."""
        if not self.sent:
            return self.message()
        message = self.recent(self.sent)
        A, B = bare(message.to), bare(message.frm)
        if A in self.devices:
            self.give(self.device(A), self.pick((message.frm, message.frm, B)), message.ident)
        return None

    def element_of(self, ref):
        kinds = [element("received", RECEIPTS, id=ref), element("displayed", MARKERS, id=ref)]
        if "legacy" in self.on:
            kinds += [element("received", MARKERS, id=ref),
                      element("acknowledged", MARKERS, id=ref)]
        if "xevents" in self.on and (ref or "emptyx" in self.on):
            events = ("delivered", "displayed", "offline") + (
                ("composing", "") if "xstates" in self.on else ())
            event = self.pick(events)
            inner = (f"<{event}/>" if event else "") + f"<id>{ref}</id>"
            kinds += [element("x", "jabber:x:event", inner)] * 2
        return self.pick(kinds)

    def give(self, frm, to, ref, ident=None):
        parts = [self.element_of(ref)]
        if self.chance(0.1):
            parts.append(self.element_of(ref))
        if "several" in self.on and self.sent and self.chance(0.2):
            parts.append(self.element_of(self.recent(self.sent).ident))
        events = [p for p in parts if "jabber:x:event" in p]
        if "twox" not in self.on:
            parts = [p for p in parts if p not in events[1:]]
        inner = "".join(parts)
        if "thread" in self.on and self.chance(0.2):
            inner += f"<thread>{self.pick('xy')}</thread>"
        if "bodies" in self.on and self.chance(0.15):
            inner += f"<body>{self.body()}</body>"
        if "bodies" in self.on and self.chance(0.1):
            inner += element("request", RECEIPTS)
        ident = self.fresh("k") if ident is None else ident
        stanza = Stanza(frm, to, inner, self.pick(("chat", "chat", "")), ident)
        self.acks.append(stanza)
        if "lateack" in self.on and self.chance(0.15):
            at = self.wire.now - self.pick((SECOND, 30 * SECOND))
            delay = element("delay", "urn:xmpp:delay", from_=HOME, stamp=self.stamp(at))
            self.wire.line("c2s", "out", stanza.text(extra=delay), self.session(to))
        else:
            self.carry(stanza)

    def session(self, to):
        return to if "/" in to else self.devices.get(to, [to + "/p"])[0]

    def ack_again(self):
        if not self.acks:
            return self.ack()
        old = self.recent(self.acks)
        ident = self.pick((old.ident, old.ident + "x", ""))
        self.carry(Stanza(old.frm, old.to, old.inner, old.kind, ident))
        return None

    def foul_ack(self):
        """Forged, self, of an ack, unknown, by a domain, without id."""
        if not self.sent:
            return self.message()
        message = self.recent(self.sent)
        A, B = self.two()
        ref = self.pick((message.ident, message.ident, "ghost",
                         self.recent(self.acks).ident if self.acks else "none"))
        kind = self.rng.randrange(6)
        if kind == 0:
            return self.give(self.device(A), self.device(B), ref)
        if kind == 1:
            return self.give(self.device(A), message.frm, ref)
        if kind == 2:  # an own device
            S = bare(message.frm)
            return self.give(self.device(S), self.pick((message.frm, message.to)), ref)
        if kind == 3 and self.acks:  # of an ack
            ack = self.recent(self.acks)
            if bare(ack.to) in self.devices:
                return self.give(self.device(bare(ack.to)), ack.frm, ack.ident)
        if kind == 4:
            by = self.pick((HOME, AWAY, domain(message.to)))
            stanza = Stanza(by, message.frm, self.element_of(ref), "chat", self.fresh("k"))
            self.wire.line("c2s", self.pick(("out", "s2s-in", "comp-in")), stanza.text())
            return None
        if bare(message.to) in self.devices:
            text = element("received", RECEIPTS)
            self.carry(Stanza(self.device(bare(message.to)), message.frm, text, "chat", ref))
        return None

    # --- errors ---

    def error(self):
        if not self.sent:
            return self.message()
        pool = self.sent + (self.acks if self.chance(0.3) else [])
        old = self.recent(pool)
        frm, to, ref = bare(old.to), old.frm, old.ident
        kind = self.rng.randrange(10)
        if kind in (0, 1):
            frm = self.pick((HOME, AWAY, domain(old.to), domain(old.frm)))
        elif kind == 2 and frm in self.devices:
            frm = self.device(frm)
        elif kind == 3:
            frm = self.device(self.pick(self.accounts))
        elif kind == 4:
            to = self.device(self.pick(self.accounts))
        elif kind in (5, 6) and self.errors:  # an answer to an error
            last = self.recent(self.errors)
            frm, to, ref = last.to, last.frm, last.ident
        if not ref:
            return None  # nothing to answer
        condition = self.pick(("service-unavailable", "service-unavailable", "item-not-found"))
        inner = element("error", "", f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>",
                        type="cancel").replace(" xmlns=''", "")
        if self.chance(0.1):
            inner = "<error code='404'/>"
        stanza = Stanza(frm, to, inner, "error", ref)
        self.errors.append(stanza)
        for _ in range(self.pick((1, 1, 2))):
            if "/" in frm and frm in sum(self.devices.values(), []) and self.chance(0.5):
                self.carry(stanza)
            else:
                self.wire.line("c2s", self.pick(("out", "out", "s2s-in")), stanza.text(),
                               self.session(to) if self.chance(0.7) else None)
        return None

    # --- edits and states ---

    def edit(self):
        if not self.sent:
            return self.message()
        old = self.recent(self.sent)
        pair = (bare(old.frm), bare(old.to))
        if self.chance(0.3):
            pair = (pair[1], pair[0])
        if pair[0] not in self.devices:
            return self.message()
        ref = old.ident if old.ident and self.chance(0.85) else "nope"
        kind = self.rng.randrange(4)
        if kind == 0:
            return self.message(element("replace", "urn:xmpp:message-correct:0", id=ref), pair)
        if kind == 1:
            return self.message(element("reply", "urn:xmpp:reply:0", id=ref), pair)
        inner = element("retract", "urn:xmpp:message-retract:1", id=ref)
        if kind == 2:
            inner = element("reactions", "urn:xmpp:reactions:0", "<reaction>+1</reaction>", id=ref)
            if self.chance(0.3):
                inner += "<body>+1</body>" + element(
                    "fallback", "urn:xmpp:fallback:0", "<body/>")
        self.carry(Stanza(self.device(pair[0]), pair[1], inner, "chat", self.fresh("e")))
        return None

    def state(self):
        S, R = self.two()
        state = self.pick(("active", "composing", "composing", "paused", "inactive", "gone"))
        inner = element(state, STATES)
        if self.chance(0.3):
            return self.message(inner if self.chance(0.2) else element("active", STATES), (S, R))
        if self.chance(0.05):
            inner += element("paused", STATES)
        if self.chance(0.1):
            inner += element("store", "urn:xmpp:hints")
        to = self.device(R) if self.chance(0.5) else R
        self.carry(Stanza(self.device(S), to, inner,
                          "chat" if self.chance(0.9) else "normal", self.fresh("c")))
        return None

    def forged_carbon(self):
        S, R = self.two()
        device = self.device(R)
        inner = Stanza(self.device(S), self.pick((R, device, S)), f"<body>f{self.count}</body>",
                       "chat", self.fresh("f")).text()
        owner = self.pick((self.device(S), S, R))
        self.wire.carbon(self.pick(("sent", "received")), owner, device, inner)
