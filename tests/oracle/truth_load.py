# SPDX-License-Identifier: Apache-2.0
"""What clients themselves say they sent, received and acknowledged, from the two kinds of captures,
in one form."""

import gzip
import json
import os


def bare(jid):
    return jid.partition("/")[0]


def party(jid):
    """As the product must show it: without resource, in lower case."""
    return bare(jid).lower()


class Sent:
    """One message with a body that a client gave to its socket."""

    def __init__(self, at, sender, to, id, type, digest, label):
        self.at, self.sender, self.to, self.id = at, sender, to, id or ""
        self.type, self.digest, self.label = type, digest, label
        self.read = True       # the server is known to have read it
        self.arrived = []      # (device, time it reached the sender's account): receipts
        self.delivered = []    # (client, time): copies that reached a client of the recipient

    def key(self):
        return party(self.sender), party(self.to), self.id


class Answer:
    """Evidence of delivery as its sender wrote it: receipt, legacy marker, x-event."""

    def __init__(self, at, device, to, ref):
        self.at, self.device, self.to, self.ref = at, device, to, ref

    def key(self):
        return party(self.to), party(self.device), self.ref


class Truth:
    def __init__(self, step):
        self.step = step          # of the log's clock, seconds
        self.sent, self.answers = [], []
        self.other = set()        # keys of sends without a body: some make rows too


def read_lines(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def either(path):
    return path if os.path.exists(path) else path + ".gz"


# --- Openfire ---

def openfire_refs(message):
    kinds = message["kinds"]
    if "error" in kinds:
        return
    if "receipt-received" in kinds:
        yield message.get("receipt_id") or message.get("id")
    if "marker-received" in kinds:
        yield message.get("marker_id")
    if "event-delivered" in kinds:
        yield message.get("event_id")


def openfire_gaps(folder, events):
    """(jid, id, time) of sends that the server's audit log does not have."""
    with open(os.path.join(folder, "audit-gaps.json"), encoding="utf-8") as file:
        lines = json.load(file)["sent_lines_without_audit_entry"]
    lost = [events[line - 1] for line in lines]
    return {(e["jid"], e["m"].get("id"), e["t"]) for e in lost}


def is_plain(message, kind):
    kinds = message["kinds"]
    return kind in kinds and "error" not in kinds and not any("carbon" in k for k in kinds)


def openfire_send(truth, event, gaps):
    message, sender = event["m"], event["jid"]
    if "@" not in sender:  # a component speaks for its users
        sender = message["from"]
    to = message.get("to") or bare(sender)
    for ref in openfire_refs(message):
        if ref:
            truth.answers.append(Answer(event["t"], sender, to, ref))
    if not is_plain(message, "body"):
        truth.other.add((party(sender), party(to), message.get("id") or ""))
        return
    sent = Sent(event["t"], sender, to, message.get("id"), message.get("type"),
                message.get("body_sha1"), event.get("note"))
    sent.read = (event["jid"], message.get("id"), event["t"]) not in gaps
    truth.sent.append(sent)


def openfire_recv(by_key, event):
    message = event["m"]
    client = event["jid"] if "@" in event["jid"] else message.get("to") or event["jid"]
    if is_plain(message, "receipt-received") and message.get("receipt_id"):
        for sent in by_key.get((party(client), party(message["from"]),
                                message["receipt_id"]), ()):
            if sent.at <= event["t"]:
                sent.arrived.append((message["from"], event["t"]))
    if is_plain(message, "body") and client == event["jid"]:  # routed is about clients (T4)
        for sent in by_key.get((party(message["from"]), party(client),
                                message.get("id") or ""), ()):
            if sent.digest == message.get("body_sha1"):
                sent.delivered.append((client, event["t"]))


def index(truth):
    by_key = {}
    for sent in truth.sent:
        by_key.setdefault(sent.key(), []).append(sent)
    return by_key


def load_openfire(folder):
    truth = Truth(0.001)
    events = read_lines(either(os.path.join(folder, "truth-events.jsonl")))
    gaps = openfire_gaps(folder, events)
    for event in events:
        if event["ev"] == "send":
            openfire_send(truth, event, gaps)
    by_key = index(truth)
    for event in events:
        if event["ev"] == "recv":
            openfire_recv(by_key, event)
    return truth


# --- Prosody ---

def prosody_refs(event):
    for ref in event.get("ack") or ():
        yield ref or event.get("id")
    if (event.get("marker") or ("",))[0] == "received":
        yield event["marker"][1]
    mark = event.get("event22")
    if mark and mark["has_id"] and "delivered" in mark["flags"]:
        yield mark["id"]


def prosody_sent(truth, event):
    to = event.get("to") or bare(event["c"])
    for ref in prosody_refs(event):
        if ref:
            truth.answers.append(Answer(event["t"], event["c"], to, ref))
    if not event.get("body"):
        truth.other.add((party(event["c"]), party(to), event.get("id") or ""))
        return
    sent = Sent(event["t"], event["c"], to, event.get("id"), event.get("type"),
                event["body"]["sha"], event["label"])
    sent.read = event["label"] in ("to_offline", "no_such_user")
    sent.uid = event["uid"]
    truth.sent.append(sent)


def prosody_receipts(event):
    """The ids that this stanza acknowledges, if it can be told from it alone."""
    return [ref or event.get("id") for ref in event.get("ack") or ()
            if ref or event["label"] != "receipt_without_id"]


def prosody_recv(by_uid, answers, event):
    sent = by_uid.get(event.get("uid"))
    if sent:
        sent.read = True
        if not event.get("wrapped") and bare(event["c"]) == bare(sent.to) and \
                not event.get("error"):
            sent.delivered.append((event["c"], event["t"]))
    answer = answers.get(event.get("uid"))
    if not answer or event.get("wrapped") or event.get("error"):
        return
    for sent in by_uid.values():
        if sent.key() == (party(event["c"]), party(answer["c"]), sent.id) and \
                sent.id in prosody_receipts(answer) and sent.at <= answer["t"]:
            sent.arrived.append((answer["c"], event["t"]))


def load_prosody(folder, step=1.0):
    truth = Truth(step)
    place = os.path.join(folder, "truth")
    events = read_lines(either(os.path.join(place if os.path.isdir(place) else folder,
                                            "events.ndjson")))
    sends = [event for event in events if event["ev"] == "sent"]
    for event in sends:
        prosody_sent(truth, event)
    by_uid = {sent.uid: sent for sent in truth.sent}
    answers = {event["uid"]: event for event in sends if prosody_receipts(event)}
    for event in events:
        if event["ev"] == "recv":
            prosody_recv(by_uid, answers, event)
    return truth


def load_ejabberd(folder):
    """The same clients wrote these."""
    return load_prosody(folder, 0.000001)


LOADERS = {"openfire": load_openfire, "prosody": load_prosody, "ejabberd": load_ejabberd}
