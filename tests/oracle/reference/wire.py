# SPDX-License-Identifier: Apache-2.0
"""How a hostile stanza travels: which lines of which logs show it, and when (for hostile.py)."""

from xml.sax.saxutils import quoteattr

import clock

START = clock.parse("2026-03-02T10:00:00Z")
SECOND = 1000000
HOME, AWAY = "sea.example", "quay.example"
ROOMS = "rooms.sea.example"
WRAP = "urn:xmpp:forward:0"


def bare(jid):
    return jid.partition("/")[0]


def domain(jid):
    return bare(jid).rpartition("@")[2]


def element(name, space, inner="", **attributes):
    text = "".join(f" {k.rstrip('_')}={quoteattr(v)}" for k, v in attributes.items()
                   if v is not None)
    return f"<{name} xmlns='{space}'{text}>{inner}</{name}>"


class Stanza:
    """One message element; the legs differ in addresses and in what a server adds."""

    def __init__(self, frm, to, inner, kind="chat", ident=""):
        self.frm, self.to, self.inner, self.kind, self.ident = frm, to, inner, kind, ident

    def text(self, frm=True, to=None, extra="", space=""):
        attributes = {"xmlns": space or None, "from": self.frm if frm else None,
                      "to": to or self.to, "type": self.kind or None,
                      "id": self.ident or None}
        head = "".join(f" {k}={quoteattr(v)}" for k, v in attributes.items() if v)
        return f"<message{head}>{self.inner}{extra}</message>"


class Wire:
    """Writes lines: loss, several feeds, clocks that differ, coarse stamps."""

    def __init__(self, rng, families):
        self.rng, self.on = rng, families
        self.lines, self.used = [], set()
        self.now = START
        self.step = SECOND if "crowded" in families else rng.choice((1, 1000, 1000, SECOND))
        self.loss = rng.choice((0, 0.05, 0.3)) if "loss" in families else 0
        self.skew = {feed: 0 for feed in ("c2s", "n2", "q", "dbg", "hook")}
        if "skew" in families:
            for feed in ("n2", "q", "dbg"):
                self.skew[feed] = rng.choice((0, -1500000, 3000000, -4900000, 7000000))

    def line(self, feed, way, text, session=None, at=0):
        if self.rng.random() < self.loss:
            return
        at = self.now + at + self.skew[feed]
        item = {"ts": self.stamp(at), "feed": feed, "dir": way}
        if session:
            item["session"] = session
        self.lines.append({**item, "stanza": text})
        if "feeds" in self.on and self.rng.random() < 0.25:
            late = self.now + self.skew["dbg"] + self.rng.choice((0, 1000, 900000))
            self.lines.append({**item, "feed": "dbg", "stanza": text,
                               "ts": self.stamp(late)})

    def stamp(self, at):
        """As the log's clock says it; without the families of ties no two are equal (T1b)."""
        at -= at % self.step
        while not self.on & {"ties", "crowded"} and at in self.used:
            at += 1
        self.used.add(at)
        return clock.text(at, 6)

    def carry(self, stanza, devices, sender_devices, stay=False, extra=""):
        """A stanza from a client: ingress, the servers, the devices, the carbons."""
        rng, hop = self.rng, self.rng.choice((0, 5000, 20000, 1200000))
        if "crowded" in self.on:
            hop = rng.choice((0, 0, 0, SECOND))
        here, there = domain(stanza.frm) == HOME, domain(stanza.to) == HOME
        in_feed = "n2" if "skew" in self.on and rng.random() < 0.5 else "c2s"
        if here:
            self.line(in_feed, "in", stanza.text(frm=rng.random() < 0.3), stanza.frm)
        elif rng.random() < 0.5:
            self.line("q", "in", stanza.text(), stanza.frm)
        self._servers(stanza, here, there, hop)
        if not stay:
            self._out(stanza, devices, there, hop, extra)
            if "carbons" in self.on:
                self._carbons(stanza, devices, sender_devices, hop)
        self.now += 0 if rng.random() < 0.2 else hop

    def _servers(self, stanza, here, there, hop):
        if here != there and "s2s" in self.on:
            way = "s2s-out" if here else "s2s-in"
            self.line("c2s", way, stanza.text(space="jabber:server"), at=hop // 2)
            if self.rng.random() < 0.4:
                other = "s2s-in" if here else "s2s-out"
                self.line("q", other, stanza.text(space="jabber:server"), at=hop // 2)
        if "hook" in self.on and self.rng.random() < 0.5:
            for _ in range(self.rng.choice((1, 2))):
                self.hook(stanza.text(space="jabber:client"), hop // 2)

    def hook(self, inner, at=0):
        text = element("forwarded", WRAP, inner)
        self.line("hook", "route", f"<message from='{HOME}' to='log.{HOME}' id='h'>{text}"
                  "</message>", at=at)

    def _out(self, stanza, devices, there, hop, extra):
        if not there and self.rng.random() < 0.6:
            return
        feed = "c2s" if there else "q"
        targets = [stanza.to] if "/" in stanza.to else devices
        for device in targets:
            if self.rng.random() < 0.8:
                named = self.rng.random() < 0.8
                to = device if not named or (
                    "<body" in stanza.inner and self.rng.random() < 0.3) else None
                self.line(feed, "out", stanza.text(to=to, extra=extra),
                          device if named else None, hop)

    def _carbons(self, stanza, devices, sender_devices, hop):
        if stanza.kind not in ("chat", ""):
            return
        for kind, owner, others in (("received", bare(stanza.to), devices),
                                    ("sent", bare(stanza.frm), sender_devices)):
            for device in others:
                if device in (stanza.to, stanza.frm) or domain(device) != HOME:
                    continue
                if self.rng.random() < 0.4:
                    self.carbon(kind, owner, device, stanza.text(), hop)

    def carbon(self, kind, owner, device, inner, at=0, delay=""):
        space = "urn:xmpp:carbons:" + self.rng.choice("2221")
        text = element(kind, space, element("forwarded", WRAP, delay + inner))
        self.line("c2s", "out", f"<message from='{owner}' to='{device}' type='chat'>{text}"
                  "</message>", device, at)

    def pass_time(self):
        rng = self.rng
        if "crowded" in self.on and rng.random() < 0.85:  # most of it within one second
            return
        self.now += rng.choice((0, 0, 1, 1000, 20000, 500000, SECOND, 3 * SECOND, 7 * SECOND,
                                30 * SECOND, 61 * SECOND, 100 * SECOND))
        if "long" in self.on and rng.random() < 0.06:
            self.now += rng.choice((3600, 3601, 7200, 86400, 7 * 86400, 31 * 86400)) * SECOND
