# SPDX-License-Identifier: Apache-2.0
"""Rooms, displayed synchronisation, AMP, known facts, junk (for hostile.py)."""

from traffic_hostile import MARKERS, RECEIPTS, STATES, Users
from wire import HOME, ROOMS, SECOND, Stanza, bare, domain, element

SID, MDS = "urn:xmpp:sid:0", "urn:xmpp:mds:displayed:0"


class Crowd(Users):
    def __init__(self, wire, users):
        super().__init__(wire, users)
        self.posts, self.room_acks, self.rooms = [], [], [f"deck@{ROOMS}", f"bar@{ROOMS}"]

    def nick(self, account):
        return account[0].upper() + account[1:3]

    # --- rooms ---

    def post(self, room, account, inner, ident, shown=None, extra=""):
        """An upload and its mirrors; either may be missing."""
        device = self.device(account)
        upload = Stanza(device, room, inner, "groupchat", ident)
        seen = self.pick(("both", "both", "mirror", "upload"))
        if seen != "mirror" and domain(account) == HOME:
            self.wire.line("c2s", "in", upload.text(frm=False), device)
        self.wire.now += self.pick((0, 10000, 200000))
        if seen == "upload":
            return
        mirror = Stanza(f"{room}/{self.nick(account)}", "", inner, "groupchat", shown or ident)
        for other in self.accounts:
            for target in self.devices[other][:1]:
                if self.chance(0.6):
                    way = "out" if domain(other) == HOME else "s2s-out"
                    self.wire.line("c2s", way, mirror.text(to=target, extra=extra),
                                   target if way == "out" else None)
                    self.wire.now += self.pick((0, 0, 1000))

    def room(self):
        room, account = self.pick(self.rooms), self.pick(self.accounts)
        if self.posts and self.chance(0.45):
            return self.room_ack()
        if "states" in self.on and self.chance(0.2):
            inner = element(self.pick(("composing", "active", "gone")), STATES)
            return self.post(room, account, inner, self.fresh("g"))
        self.count += 1
        ident, sid, shown, extra = self.fresh("g"), "", None, ""
        inner = f"<body>{self.body()}</body>" + (
            element("request", RECEIPTS) if self.chance(0.2) else "")
        if self.chance(0.5):
            sid = f"sid{self.count}"
            extra = element("stanza-id", SID, by=room, id=sid)
        if not ident:
            shown = f"srv{self.count}"
        self.posts.append((room, account, shown or ident, sid))
        self.post(room, account, inner, ident, shown, extra)
        return None

    def room_ack(self):
        room, author, ident, sid = self.recent(self.posts)
        account = author if self.chance(0.1) else self.pick(self.accounts)
        ref = self.pick((sid or ident, sid or ident, ident, "ghost"))
        inner = element("received", RECEIPTS, id=ref) if self.chance(0.25) else \
            element("displayed", MARKERS, id=ref)
        if "gcaddr" in self.on and self.chance(0.1):
            stanza = Stanza(self.device(account), f"{room}/{self.nick(author)}",
                            element("received", RECEIPTS, id=ident), "chat", self.fresh("g"))
            self.wire.line("c2s", "in", stanza.text(frm=False), stanza.frm)
            return
        self.post(room, account, inner, self.fresh("g"))

    def private(self):
        """M7: two legs of a private message, or of the ack to one."""
        S, R = self.two()
        room, ident = self.pick(self.rooms), self.fresh("p")
        inner = f"<body>{self.body()}</body>" + self.asks()
        pm = getattr(self, "pms", [])
        if pm and self.chance(0.5):
            room, R, S, ref = self.recent(pm)
            inner = self.element_of(ref)
        else:
            self.pms = [*pm, (room, S, R, ident)]
        device, target = self.device(S), self.device(R)
        if self.chance(0.8):
            leg = Stanza(device, f"{room}/{self.nick(R)}", inner, "chat", ident)
            self.wire.line("c2s", "in", leg.text(frm=False), device)
        self.wire.now += self.pick((0, 20000))
        if self.chance(0.8):
            leg = Stanza(f"{room}/{self.nick(S)}", target, inner, "chat", ident)
            self.wire.line("c2s", "out", leg.text(), target)

    # --- servers ---

    def mds_event(self):
        marked = [m for m in self.sent if getattr(m, "sid", None)]
        if not marked:
            return self.message()
        old = self.recent(marked)
        account = bare(old.to)
        if account not in self.devices or domain(account) != HOME:
            return None
        shown = element("displayed", MDS, element("stanza-id", SID, by=account, id=old.sid))
        if self.chance(0.5):
            device = self.device(account)
            self.wire.line("c2s", "in", Stanza(device, bare(old.frm), shown, "chat",
                                               self.fresh("d")).text(frm=False), device)
        else:
            device = self.device(account)
            by = account if self.chance(0.7) else self.device(self.pick(self.accounts))
            inner = f"<items node='{MDS}'><item id='{bare(old.frm)}'>{shown}</item></items>"
            event = element("event", "http://jabber.org/protocol/pubsub#event", inner)
            self.wire.line("c2s", "out", Stanza(by, device, event, "headline", "pe").text(),
                           device)
        return None

    def amp(self):
        if not self.sent:
            return self.message()
        old = self.recent(self.sent)
        value = self.pick(("stored", "none"))
        rule = f"<rule action='alert' condition='deliver' value='{value}'/>"
        inner = element("amp", "http://jabber.org/protocol/amp", rule, status="alert",
                        from_=old.frm, to=old.to)
        by = self.pick((domain(old.frm), domain(old.to)))
        self.wire.line("c2s", "out", Stanza(by, old.frm, inner, "", old.ident).text(), old.frm)
        return None

    def fact(self):
        A, B = self.two()
        device = self.device(A)
        kind = self.rng.randrange(5)
        if kind == 0:
            items = "".join(f"<item jid='{o}' subscription='{self.pick(('both', 'to', 'from'))}'/>"
                            for o in self.accounts if o != A and self.chance(0.7))
            query = element("query", "jabber:iq:roster", items)
            self.wire.line("c2s", "out", f"<iq type='result' id='r' to='{device}'>{query}</iq>",
                           device)
        elif kind == 1:
            query = element("query", "jabber:iq:roster",
                            f"<item jid='{B}' subscription='{self.pick(('both', 'none'))}'/>")
            self.wire.line("c2s", "out", f"<iq type='set' id='r' to='{device}'>{query}</iq>",
                           device)
        elif kind == 2:
            name = self.pick(("block", "block", "unblock"))
            item = f"<item jid='{self.pick((B, domain(B)))}'/>"
            if name == "unblock" and self.chance(0.3):
                item = ""
            self.wire.line("c2s", "in", "<iq type='set' id='b'>"
                           + element(name, "urn:xmpp:blocking", item) + "</iq>", device)
        else:
            self.caps(device, B, kind)

    def caps(self, device, other, kind):
        feature = "<feature var='urn:xmpp:receipts'/>" if self.chance(0.7) else ""
        if kind == 3:
            query = element("query", "http://jabber.org/protocol/disco#info", feature,
                            node="http://c.example/x#v1" if feature else None)
            self.wire.line("c2s", "in", f"<iq type='result' id='d' to='{other}/p'>{query}</iq>",
                           device)
        else:
            c = element("c", "http://jabber.org/protocol/caps", node="http://c.example/x",
                        ver=self.pick(("v1", "v2")), hash="sha-1")
            self.wire.line("c2s", "in", f"<presence>{c}</presence>", device)

    def archive(self):
        """E4"""
        if not self.sent:
            return self.message()
        old = self.recent(self.sent)
        account = bare(old.to)
        if account in self.devices:
            device = self.device(account)
            inner = element("forwarded", "urn:xmpp:forward:0", old.text())
            self.wire.line("c2s", "out", f"<message from='{account}' to='{device}' id='a'>"
                           + element("result", "urn:xmpp:mam:2", inner, id="9") + "</message>",
                           device)
        return None

    # --- single stanzas that break rules ---

    def edge(self):
        S, R = self.two()
        past = self.stamp(self.wire.now - 60 * SECOND)
        ahead = self.stamp(self.wire.now + self.pick((2, 5, 90)) * SECOND)
        extra = self.pick((
            element("stanza-id", SID, by=self.pick((S, R)), id="z"),
            element("stanza-id", SID, by=R, id="z1") + element("stanza-id", SID, by=R, id="z2"),
            element("delay", "urn:xmpp:delay", stamp=ahead),
            element("delay", "urn:xmpp:delay", stamp=past, from_=domain(S)),
            element("no-copy", "urn:xmpp:hints"), element("no-store", "urn:xmpp:hints"),
            element("private", "urn:xmpp:carbons:2")))
        return self.message(extra, (S, R))

    def junk(self):
        S, R = self.two()
        device = self.device(S)
        text = self.pick((
            "<message to='b@x' id='1'><body>x</message>", "<foo/>", "<message/>",
            f"<message to='@{HOME}' id='j'><body>x</body></message>",
            f"<message xmlns='urn:other' to='{R}'><body>x</body></message>",
            f"<iq type='get' id='q' to='{R}'/>", "<presence/>",
            f"<message to='{R}/' id='j'><body>x</body></message>",
            f"<message to='{R}' id='j{self.count}'><privilege xmlns='urn:xmpp:privilege:2'/>"
            "</message>"))
        self.count += 1
        self.wire.line("c2s", "in", text, device if self.chance(0.8) else None)
