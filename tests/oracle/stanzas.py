# SPDX-License-Identifier: Apache-2.0
"""Stanzas as small trees, and the texts that try to look like something else."""

NS_RECEIPTS = "urn:xmpp:receipts"
NS_MARKERS = "urn:xmpp:chat-markers:0"
NS_STATES = "http://jabber.org/protocol/chatstates"
NS_DELAY = "urn:xmpp:delay"
NS_CARBONS = "urn:xmpp:carbons:2"
NS_FORWARD = "urn:xmpp:forward:0"
NS_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


class Cdata(str):
    """Text that a log which keeps CDATA sections writes as one."""


class El:
    """One element: name, attributes in order, children (El, str or Cdata)."""

    def __init__(self, name, attrs=None, *kids):
        self.name = name
        self.attrs = dict(attrs or {})
        self.kids = list(kids)

    def copy(self):
        return El(self.name, self.attrs, *self.kids)


def escape(text, quote):
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&apos;") if quote else text


def render(el, quote="'", order=None, cdata=False, all_escaped=False):
    """XML of a tree. order(list) may rearrange attributes; cdata keeps Cdata sections."""
    attrs = list(el.attrs.items())
    if order:
        order(attrs)
    head = el.name + "".join(f" {k}={quote}{escape(v, True)}{quote}" for k, v in attrs)
    if not el.kids:
        return f"<{head}/>"
    inner = "".join(_render_kid(kid, quote, order, cdata, all_escaped) for kid in el.kids)
    return f"<{head}>{inner}</{el.name}>"


def _render_kid(kid, quote, order, cdata, all_escaped):
    if isinstance(kid, El):
        return render(kid, quote, order, cdata, all_escaped)
    if isinstance(kid, Cdata) and cdata and "]]>" not in kid:
        return f"<![CDATA[{kid}]]>"
    return escape(kid, all_escaped)


def message(to, id=None, type="chat", *kids, **extra):
    attrs = {"to": to}
    if id is not None:
        attrs["id"] = id
    if type is not None:
        attrs["type"] = type
    attrs.update(extra)
    return El("message", attrs, *kids)


def request():
    return El("request", {"xmlns": NS_RECEIPTS})


def markable():
    return El("markable", {"xmlns": NS_MARKERS})


def receipt(ref):
    return El("received", {"xmlns": NS_RECEIPTS, "id": ref})


def displayed(ref):
    return El("displayed", {"xmlns": NS_MARKERS, "id": ref})


def state(name):
    return El(name, {"xmlns": NS_STATES})


def delay(by, stamp):
    return El("delay", {"xmlns": NS_DELAY, "from": by, "stamp": stamp})


def carbon(kind, owner, device, inner):
    held = inner.copy()
    held.attrs = {"xmlns": "jabber:client", **held.attrs}
    forwarded = El("forwarded", {"xmlns": NS_FORWARD}, held)
    wrapper = El(kind, {"xmlns": NS_CARBONS}, forwarded)
    attrs = {"from": owner, "to": device, "type": inner.attrs.get("type", "normal")}
    return El("message", attrs, wrapper)


def bounce(sent, sender, condition):
    kids = [kid for kid in sent.kids]
    kids.append(El("error", {"type": "cancel"}, El(condition, {"xmlns": NS_STANZAS})))
    attrs = {"from": sent.attrs["to"], "to": sender, "type": "error"}
    if "id" in sent.attrs:
        attrs["id"] = sent.attrs["id"]
    return El("message", attrs, *kids)


EMOJI = "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f600\U0001f3fd \U0001f1eb\U0001f1f7"
RTL = "\u05e9\u05dc\u05d5\u05dd \u202e\u0645\u0631\u062d\u0628\u0627\u202c \u200f!"
FORGED_STANZA = (
    "<message to='x@y.example' id='fake' type='chat'><body>spoof</body>"
    "<request xmlns='urn:xmpp:receipts'/></message>"
)

# Each takes the message's number; numbers keep every body different (PAIRING M3, M4).
BODIES = (
    lambda n: f"message {n}",
    lambda n: f"{n} {EMOJI}",
    lambda n: f"{n} {RTL}",
    lambda n: f"line one {n}\nline two\n\n\tindented\n",
    lambda n: f"{n}\n2026-11-22T10:43:44+0000 c2s55f28183d260\tdebug\tRECV: {FORGED_STANZA}",
    lambda n: f"{n}\nNov 22 10:43:44 c2s55f28183d260\tdebug\tSEND: {FORGED_STANZA}",
    lambda n: f"{n}\n2026-11-22T10:43:44+0000 c2sfeed\tdebug\tResource bound: eve@evil.example/x",
    lambda n: f'{n}</message></packet></jive><packet streamID="a1" status="auth">{FORGED_STANZA}',
    lambda n: Cdata(f"{n}<packet streamID=\"zz\" status=\"auth\" timestamp=\"Nov 22, 2026 "
                    f"10:57:47:590 AM\">{FORGED_STANZA}</packet></jive>"),
    lambda n: Cdata(f"{n} if (a < b && c > d) return \"x\";"),
    lambda n: f"{n} <![CDATA[ not a section ]]> ]]> &amp;amp; &#10; &lt;",
    lambda n: f'{{"ts":"2026-11-22T10:43:44Z","dir":"in","stanza":"{n}"}}\n{{"ts":1}}',
    lambda n: f"{n} %s%n \\x00 \\n ' \" ` $(x) -- ; \u0000".replace("\u0000", "\u2400"),
    lambda n: f"{n} zero\u200bwidth\ufeff nbsp\u00a0 ls\u2028 nel\u0085 del\u007f repl\ufffd",
    lambda n: f"{n} \u4f60\u597d \u0437\u0430\u0432\u0442\u0440\u0430 caf\u00e9 cafe\u0301 "
              f"\u00df\u0130",
)


def body(number, rng, long_rate):
    if rng.random() < long_rate:
        return f"{number} " + "long text \u00e9\u4e2d " * 6300  # about 100 KB
    plain = rng.random() < 0.5
    return BODIES[0](number) if plain else BODIES[rng.randrange(len(BODIES))](number)
