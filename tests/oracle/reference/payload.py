# SPDX-License-Identifier: Apache-2.0
"""Events in one message (PAIRING K). Match (namespace, local name) only (K0)."""

STANZA = {"jabber:client", "jabber:server", "jabber:component:accept",
          "jabber:component:connect", ""}
STATES = ("active", "composing", "paused", "inactive", "gone")
NS_STATES = "http://jabber.org/protocol/chatstates"
NS_RECEIPTS = "urn:xmpp:receipts"
NS_MARKERS = "urn:xmpp:chat-markers:0"
NS_EVENT = "jabber:x:event"
NS_MDS = "urn:xmpp:mds:displayed:0"
NS_SID = "urn:xmpp:sid:0"
NS_AMP = "http://jabber.org/protocol/amp"
NS_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
RETRACT = ("urn:xmpp:message-retract:1", "urn:xmpp:message-retract:0")
CODES = {"404": "item-not-found", "503": "service-unavailable", "502": "service-unavailable",
         "510": "service-unavailable", "403": "forbidden", "401": "not-authorized",
         "402": "not-authorized", "406": "not-acceptable", "400": "bad-request",
         "405": "not-allowed", "407": "registration-required", "408": "remote-server-timeout",
         "504": "remote-server-timeout", "409": "conflict", "500": "internal-server-error",
         "501": "feature-not-implemented", "302": "redirect"}


def name(node):
    """(namespace, local name)"""
    if node.tag.startswith("{"):
        namespace, _, local = node.tag[1:].partition("}")
        return namespace, local
    return "", node.tag


def children(node, namespace, local):
    wanted = (namespace, local)
    return [child for child in node if name(child) == wanted]


def all_text(node):
    return "".join(node.itertext())


def _dropped(char):
    code = ord(char)
    return (char.isspace() or code < 0x20 or 0x7f <= code <= 0x9f
            or 0x2400 <= code <= 0x2421 or code == 0xfffd)


def _folded(text):
    return "".join(c for c in text if not _dropped(c))


class Ack:
    """One K3, K5 or K8 element."""

    def __init__(self, kind, ref):
        self.kind, self.ref = kind, ref


class Payload:
    """All events of one message element, in document order."""

    def __init__(self, node):
        self.node = node
        self.id = node.get("id") or ""
        self.type = node.get("type", "normal")
        if self.type not in ("chat", "groupchat", "headline", "error"):
            self.type = "normal"
        self.error = None
        self.acks, self.states, self.mds, self.stanza_ids = [], [], [], []
        self.digest, self.origin_id, self.thread = (), None, None
        self.content = self.has_payload = self.encrypted = False
        self.receipt_asked = self.marker_asked = False
        self.receipt_void = self.marker_void = False
        self.xe_asked = set()
        self.replace = self.retract = self.reaction = self.reply = None
        self.amp, self.amp_to = None, None
        self.hints, self.private = set(), False
        self.no_id_received = False
        self.legacy = False
        if self.type == "error":
            self._read_error()  # E6: one event and nothing else
        else:
            self._read()

    def _read_error(self):
        self.error = "undefined-condition"
        for child in self.node:
            if name(child)[1] != "error":
                continue
            named = [name(c)[1] for c in child
                     if name(c)[0] == NS_ERRORS and name(c)[1] != "text"]
            self.error = named[0] if named else CODES.get(child.get("code"), self.error)
            return

    def _stanza_ns(self, node):  # K0
        return name(node)[0] in STANZA or name(node)[0] == name(self.node)[0]

    def _read(self):
        node = self.node
        for child in node:
            self._one(child)
        self._content()
        acked = bool(self.acks) or bool(self.xe_states)
        if acked:  # P7: K2 and K4 beside an ack are void
            self.receipt_void, self.receipt_asked = self.receipt_asked, False
            self.marker_void, self.marker_asked = self.marker_asked, False
        self._decide()

    xe_states = ()  # K8 composing and cancel: chat states (P10)

    def _one(self, child):
        space, local = name(child)
        if space == NS_RECEIPTS and local == "request":
            self.receipt_asked = True
        elif space == NS_RECEIPTS and local == "received":
            ref = child.get("id")
            if ref is None:  # K3: the 0184 1.0 form
                self.no_id_received = True
                ref = self.id
            self.acks.append(Ack("receipt", ref))
        elif space == NS_MARKERS:
            self._marker(local, child)
        elif space == NS_STATES and local in STATES:
            self.states.append(local)
        elif space == NS_EVENT and local == "x":
            self._x_event(child)
        elif space == "urn:xmpp:message-correct:0" and local == "replace":
            self.replace = child.get("id") or ""
        elif space in RETRACT and local == "retract":
            self.retract = child.get("id") or ""
        elif space == "urn:xmpp:fasten:0" and local == "apply-to":
            if any(name(c)[0] in RETRACT and name(c)[1] == "retract" for c in child):
                self.retract = child.get("id") or ""
        elif space == "urn:xmpp:reactions:0" and local == "reactions":
            self.reaction = child.get("id") or ""
        elif space == "urn:xmpp:reply:0" and local == "reply":
            self.reply = child.get("id") or ""
        elif space == NS_SID and local == "origin-id":
            self.origin_id = child.get("id")
        elif space == NS_SID and local == "stanza-id":
            self.stanza_ids.append((child.get("by") or "", child.get("id") or ""))
        elif space == NS_AMP and local == "amp" and child.get("status") is not None:
            self._amp(child)
        elif space == NS_MDS and local == "displayed":
            self.mds += [(s.get("by") or "", s.get("id") or "")
                         for s in children(child, NS_SID, "stanza-id")]
        elif space == "urn:xmpp:hints":
            self.hints.add(local)
        elif space == "urn:xmpp:carbons:2" and local == "private":
            self.private = True
        elif local == "thread" and self._stanza_ns(child):
            self.thread = child.text or ""

    def _marker(self, local, child):
        if local == "markable":
            self.marker_asked = True
        elif local in ("displayed", "received", "acknowledged"):
            self.acks.append(Ack("marker-" + local, child.get("id") or ""))
            self.legacy = self.legacy or local != "displayed"

    def _x_event(self, child):
        kinds = [local for local in ("offline", "delivered", "displayed", "composing")
                 if children(child, NS_EVENT, local)]
        ids = children(child, NS_EVENT, "id")
        if not ids:
            self.xe_asked |= set(kinds)
            self.xe_request = self.xe_request or bool(kinds)
            return
        ref = ids[0].text or ""
        self.acks += [Ack("x-" + kind, ref) for kind in kinds if kind != "composing"]
        if "composing" in kinds:
            self.xe_states = (*self.xe_states, ("composing", ref))
        elif not kinds:
            self.xe_states = (*self.xe_states, ("cancel", ref))

    xe_request = False

    def _amp(self, child):
        self.amp = ""
        self.amp_to = child.get("to")
        for rule in children(child, NS_AMP, "rule"):
            if rule.get("condition") == "deliver" and rule.get("value") in ("stored", "none"):
                self.amp = rule.get("value")

    def _content(self):
        """K1, without the requests: collects the texts of the digest."""
        bodies = [all_text(c) for c in self.node if name(c)[1] == "body" and self._stanza_ns(c)]
        bodies = [body for body in bodies if body]
        texts, upkeep, encrypted = [], False, False
        for child in self.node:
            space, local = name(child)
            if local == "encrypted" and space in (
                    "eu.siacs.conversations.axolotl", "urn:xmpp:omemo:1", "urn:xmpp:omemo:2"):
                payload = children(child, space, "payload")
                texts += [all_text(p).strip() for p in payload]
                upkeep = upkeep or not payload
                encrypted = encrypted or bool(payload)
                self.encrypted = True
            elif (space, local) in (("jabber:x:encrypted", "x"),
                                    ("urn:xmpp:openpgp:0", "openpgp")):
                texts.append(all_text(child).strip())
                self.encrypted = encrypted = True
            elif (space, local) in (("jabber:x:oob", "x"), ("urn:xmpp:sfs:0", "file-sharing")):
                texts.append(all_text(child))
        self.upkeep = upkeep and not encrypted
        counted = [] if self.upkeep or self._is_fallback() else bodies
        self.has_payload = bool(counted or texts)
        self.digest = tuple(sorted(_folded(text) for text in counted + texts))

    def _is_fallback(self):
        """The body of a reaction or retraction that is wholly fallback (0428 2.2)."""
        if self.reaction is None and self.retract is None:
            return False
        for fallback in children(self.node, "urn:xmpp:fallback:0", "fallback"):
            parts = [c for c in fallback if name(c)[1] in ("body", "subject")]
            if not parts or any(name(c)[1] == "body" and c.get("start") is None for c in parts):
                return True
        return False

    def _decide(self):
        if self.upkeep:  # key upkeep: body and requests beside it do not count
            self.receipt_asked = self.marker_asked = self.xe_request = False
            self.receipt_void = self.marker_void = False
            self.xe_asked = set()
        asked = self.receipt_asked or self.marker_asked or self.xe_request
        self.content = (self.has_payload or asked) and self.retract is None and self.amp is None

    @property
    def signature(self):
        """P12: content of a room stanza: digest, acks, states."""
        return (self.digest, tuple((a.kind, a.ref) for a in self.acks), tuple(self.states))
