# SPDX-License-Identifier: Apache-2.0
"""From an observation to an effective stanza (PAIRING E1-E6)."""

import xml.etree.ElementTree as ElementTree

import clock
import jid
from model import Line
from payload import STANZA, Payload, children, name

FORWARD = "urn:xmpp:forward:0"
CARBONS = ("urn:xmpp:carbons:2", "urn:xmpp:carbons:1")


class Skip(Exception):
    """The line counts under this name and nothing else."""


def read_all(world, observations):
    for item in observations:
        try:
            _read(world, item)
        except Skip as why:
            world.counters[str(why)] += 1
        except jid.BadJid:
            world.counters["bad_jid"] += 1


def _parse(text):
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Skip("unparsable")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError:
        raise Skip("unparsable") from None


def _read(world, item):
    node = _parse(item["stanza"])
    session = item.get("session") or None
    line = Line(ts=clock.parse(item["ts"]), feed=item["feed"], dir=item["dir"],
                session=jid.normal(session) if session else None, xml=item["stanza"])
    if item["feed"] in world.wrappers:
        node = _unwrap_feed(world, line, node)
    _stanza(world, line, node)


def _root(node, inherited=()):
    space, local = name(node)
    if local not in ("message", "iq", "presence") or (
            space not in STANZA and space not in inherited):
        raise Skip("ignored")
    return local


def _unwrap_feed(world, line, node):
    """E5: outer must be from exactly one of the trusted domains."""
    is_route = name(node)[1] == "route"
    if not is_route:
        _root(node)
    sender = node.get("from")
    if line.dir == "in" and line.session:
        sender = line.session
    if not sender:
        raise Skip("no_sender")
    sender = jid.normal(sender)
    if sender not in world.wrappers[line.feed]:
        world.finding("WRAP-UNTRUSTED", sender, "")
        raise Skip("wrapper_rejected")
    holders = [node] if is_route else children(node, FORWARD, "forwarded")
    inner = [c for holder in holders for c in holder
             if name(c)[1] in ("message", "iq", "presence")]
    if not inner:
        raise Skip("ignored")
    line.dir, line.session = "route", None
    return inner[0]


def _addresses(line, node):
    """E2"""
    frm, to = node.get("from"), node.get("to")
    if line.dir == "in":
        frm = line.session or frm
        if not frm:
            raise Skip("no_sender")
        frm = jid.normal(frm)
        to = jid.normal(to) if to else jid.bare(frm)
    elif line.dir == "out":
        to = to or line.session
        if not to:
            raise Skip("ignored")  # "drop"; section 9: `ignored` E1/E2
        to = jid.normal(to)
        frm = jid.normal(frm) if frm else jid.bare(to)
    else:
        if not frm or not to:
            raise Skip("no_sender")
        frm, to = jid.normal(frm), jid.normal(to)
    line.frm, line.to = frm, to
    line.device = None if line.ingress else line.session or to


def _stanza(world, line, node):
    kind = _root(node, (FORWARD,) if line.dir == "route" else ())
    try:
        _addresses(line, node)
    except (Skip, jid.BadJid):
        if kind != "message":  # iq and presence only feed facts (E1)
            return
        raise
    line.kind, line.node = kind, node
    if kind != "message":
        world.stanzas.append(line)
        return
    delays = []
    own = not jid.is_full(line.frm) and line.frm == jid.bare(line.to)
    if node.get("type") != "error" or own:  # Prosody gives a carbon of an error its type
        node, delays = _carbon(world, line, node)
    if node.get("type") != "error":  # E6
        _side_tracks(world, line, node)
    line.node = node
    line.p = Payload(node)
    _delays(world, line, delays + list(node))
    world.lines.append(line)


def _carbon(world, line, node):
    """E3: the inner message of a valid carbon replaces the stanza."""
    for child in node:
        space, local = name(child)
        if space not in CARBONS or local not in ("sent", "received"):
            continue
        for forwarded in children(child, FORWARD, "forwarded"):
            inner = [c for c in forwarded if name(c)[1] == "message"]
            if inner:
                _open_carbon(world, line, local, inner[0])
                return inner[0], [c for c in forwarded if c is not inner[0]]
    return node, []


def _open_carbon(world, line, kind, inner):
    account, device = line.frm, line.to
    frm, to = inner.get("from"), inner.get("to")
    frm = jid.normal(frm) if frm else account if kind == "sent" else None
    to = jid.normal(to) if to else jid.bare(frm) if frm else account
    mine = frm if kind == "sent" else to
    if jid.is_full(account) or account != jid.bare(device) or jid.bare(mine) != account:
        world.finding("CARBON-FORGED", line.frm, inner.get("id"))
        raise Skip("carbons_forged")
    world.counters["carbons"] += 1
    if children(inner, "urn:xmpp:carbons:2", "private"):
        world.finding("CARBON-PRIVATE", jid.domain(account), inner.get("id"))
    line.source = "carbon-" + kind
    line.frm, line.to, line.device = frm or account, to, device


def _archived_key(world, line, inner):
    """The message that was given out: one id may be another sender's too."""
    try:
        S, R = (world.party(jid.normal(inner.get(name) or jid.bare(line.device)))
                for name in ("from", "to"))
    except jid.BadJid:
        return None
    return S, R, inner.get("id") or ""


def _side_tracks(world, line, node):
    """E4 and E5: archive, delegation, pubsub, a user's forward."""
    for child in node:
        space, local = name(child)
        if local == "result" and space.startswith("urn:xmpp:mam:"):
            for forwarded in children(child, FORWARD, "forwarded"):
                for inner in forwarded:
                    if name(inner)[1] == "message" and line.device:
                        key = _archived_key(world, line, inner)
                        world.archive.append((line.device, key, line.ts))
            raise Skip("archive")
        if local == "privilege" and space.startswith("urn:xmpp:privilege:"):
            raise Skip("delegated")
        if (space, local) == ("http://jabber.org/protocol/pubsub#event", "event"):
            line.kind, line.node = "pubsub", node
            world.stanzas.append(line)
            raise Skip("pubsub")
    if children(node, FORWARD, "forwarded"):
        world.counters["forwards"] += 1


def _delays(world, line, nodes):
    """T2: future stamps are ignored, of several the earliest counts."""
    for node in nodes:
        if name(node) not in (("urn:xmpp:delay", "delay"), ("jabber:x:delay", "x")):
            continue
        stamp = clock.parse(node.get("stamp"))
        by = node.get("from")
        try:
            by = jid.normal(by) if by else None
        except jid.BadJid:
            by = "?"
        if stamp is None:
            continue
        line.delays.append((stamp, by))
        if stamp > line.ts + world.w_skew:
            line.future = True
        elif line.stamp is None or stamp < line.stamp:
            line.stamp, line.stamp_from = stamp, by
