# SPDX-License-Identifier: Apache-2.0
"""Users of a server under test: slixmpp clients that send what they are told, answer only when they are told
to, and keep what they saw. Nothing here knows which server it is."""

import asyncio
import logging
from xml.sax.saxutils import escape, quoteattr

logging.getLogger("slixmpp").setLevel(logging.CRITICAL)  # first: it has something to say when it is imported
import slixmpp  # noqa: E402
from slixmpp.xmlstream.handler import Callback  # noqa: E402
from slixmpp.xmlstream.matcher import MatchXPath  # noqa: E402

CLIENT = "{jabber:client}"
RECEIPTS, MARKERS = "urn:xmpp:receipts", "urn:xmpp:chat-markers:0"
STATES = "http://jabber.org/protocol/chatstates"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


class Seen:
    """One message as a client got it; of a carbon the message inside."""

    def __init__(self, xml):
        self.wrapped = None
        for kind in ("sent", "received"):
            inner = xml.find(f"{{urn:xmpp:carbons:2}}{kind}/{{urn:xmpp:forward:0}}forwarded/{CLIENT}message")
            if inner is not None:
                xml, self.wrapped = inner, kind
        self.sender, self.to = xml.get("from"), xml.get("to")
        self.id, self.type = xml.get("id"), xml.get("type", "normal")
        self.body = xml.findtext(f"{CLIENT}body")
        self.received = [e.get("id") for e in xml.findall(f"{{{RECEIPTS}}}received")]
        self.displayed = [e.get("id") for e in xml.findall(f"{{{MARKERS}}}displayed")]
        self.asks = xml.find(f"{{{RECEIPTS}}}request") is not None
        self.delayed = xml.find("{urn:xmpp:delay}delay") is not None
        error = xml.find(f"{CLIENT}error")
        self.error = None if error is None else next(
            (e.tag[len(STANZAS):] for e in error if e.tag.startswith(STANZAS) and e.tag != STANZAS + "text"), "?")

    def __repr__(self):
        return f"<{self.type} {self.id} from {self.sender} received={self.received} error={self.error}>"


class Sent:
    """One message with a body that a client wrote."""

    def __init__(self, sender, to, ident, kind, receipt, markable):
        self.sender, self.to, self.id, self.type = sender, to, ident, kind
        self.receipt, self.markable = receipt, markable


class Client(slixmpp.ClientXMPP):
    """A connection. No TLS: it goes over loopback, and the server is thrown away."""

    def __init__(self, jid, password, on_message, resumes):
        super().__init__(jid, password)
        if resumes:
            self.register_plugin("xep_0198")
        self.ready = asyncio.Event()
        self.gone = asyncio.Event()
        self.there = asyncio.Event()  # its own presence came back
        self.add_event_handler("session_start", lambda _: self.ready.set())
        self.add_event_handler("session_resumed", lambda _: self.ready.set())
        self.add_event_handler("disconnected", lambda _: self.gone.set())
        self.register_handler(Callback("own presence", MatchXPath(f"{CLIENT}presence"),
                                       lambda stanza: stanza["from"] == jid and self.there.set()))
        self.register_handler(Callback("all messages", MatchXPath(f"{CLIENT}message"),
                                       lambda stanza: on_message(stanza.xml)))


class User:
    """One device. answers: ids are confirmed by a receipt as they come. resumes: its stream can be resumed
    (XEP-0198)."""

    def __init__(self, address, jid, password="secret", carbons=False, answers=False, resumes=False):
        self.address, self.jid, self.password = address, jid, password
        self.bare = jid.split("/")[0]
        self.carbons, self.answers, self.resumes = carbons, answers, resumes
        self.seen, self.sent, self.client = [], [], None
        self.numbers = 0

    async def online(self, priority=0, presence=True):
        self.client = Client(self.jid, self.password, self.on_message, self.resumes)
        await self.connect()
        if self.carbons:
            self.raw("<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
        if presence:
            self.raw(f"<presence><priority>{priority}</priority></presence>")
            await asyncio.wait_for(self.client.there.wait(), 20)  # it deals with one thing after the other
        await asyncio.sleep(0.15)  # ejabberd's log bears 500 lines a second, what is beyond it drops

    async def connect(self):
        self.client.ready.clear()
        self.client.connect(self.address, use_ssl=False, force_starttls=False, disable_starttls=True)
        await asyncio.wait_for(self.client.ready.wait(), 10)

    async def lose_connection(self):
        """As a phone does in a tunnel; connect() resumes."""
        self.client.gone.clear()
        self.client.transport.abort()
        await asyncio.wait_for(self.client.gone.wait(), 20)

    async def offline(self):
        self.client.disconnect()
        await asyncio.wait_for(self.client.gone.wait(), 20)
        self.client = None

    def dropped(self):
        """The server has gone: forget the connection."""
        self.client.abort()
        self.client = None

    def raw(self, xml):
        self.client.send_raw(xml)

    def fresh_id(self, what):
        self.numbers += 1
        return f"{what}-{self.jid.replace('@', '-').replace('/', '-')}-{self.numbers}"

    def message(self, to, inside, ident=None, kind="chat"):
        of_id = f" id={quoteattr(ident)}" if ident else ""
        self.raw(f"<message to={quoteattr(to)} type='{kind}'{of_id}>{inside}</message>")

    def say(self, to, text, receipt=True, markable=False, kind="chat", ident=None, more=""):
        ident = ident or self.fresh_id("m")
        inside = f"<body>{escape(text)}</body>{more}"
        inside += f"<request xmlns='{RECEIPTS}'/>" if receipt else ""
        inside += f"<markable xmlns='{MARKERS}'/>" if markable else ""
        self.sent.append(Sent(self.jid, to, ident, kind, receipt, markable))
        self.message(to, inside, ident, kind)
        return ident

    def receipt(self, to, ref):
        self.message(to, f"<received xmlns='{RECEIPTS}' id={quoteattr(ref)}/>", self.fresh_id("r"))

    def displayed(self, to, ref):
        self.message(to, f"<displayed xmlns='{MARKERS}' id={quoteattr(ref)}/>", self.fresh_id("d"))

    def state(self, to, state):
        self.message(to, f"<{state} xmlns='{STATES}'/>", self.fresh_id("s"))

    def join(self, room, nick):
        self.raw(f"<presence to={quoteattr(room + '/' + nick)}><x xmlns='http://jabber.org/protocol/muc'>"
                 "<history maxstanzas='0'/></x></presence>")

    def on_message(self, xml):
        message = Seen(xml)
        self.seen.append(message)
        if self.answers and message.asks and message.body and not message.wrapped and message.type != "error":
            self.receipt(message.sender, message.id)

    async def until(self, what, seconds=20):
        """Waits for a message that fits."""
        for _ in range(int(seconds / 0.02)):
            for message in self.seen:
                if what(message):
                    return message
            await asyncio.sleep(0.02)
        raise TimeoutError(f"{self.jid} waits in vain; saw {self.seen[-5:]}")

    async def gets(self, ident, **options):
        return await self.until(lambda m: m.id == ident and m.type != "error", **options)

    async def gets_receipt(self, ref, **options):
        return await self.until(lambda m: ref in m.received, **options)

    async def gets_error(self, ref, **options):
        return await self.until(lambda m: m.error and m.id == ref, **options)
