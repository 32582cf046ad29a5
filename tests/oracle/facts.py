# SPDX-License-Identifier: Apache-2.0
"""What the product must say of a script: rows and counters, from the script's own objects."""

import datetime

MS, SECOND = 1000, 1000 * 1000
W_SKEW, W_UPTO, T_INFER = 5 * SECOND, 7 * 86400 * SECOND, 86400 * SECOND
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def text(at):
    """Microseconds since 1970 -> RFC 3339."""
    if at is None:
        return None
    return (EPOCH + datetime.timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def when(line):
    return line.stamp + line.ordinal


def earliest(lines):
    return min(map(when, lines)) if lines else None


class Row:
    def __init__(self, message):
        self.m = message
        self.sent = earliest(message.ingress)
        self.to = message.to.partition("/")[0]
        self.key = (message.sender.user.bare, self.to, message.id)
        self.failed = earliest(message.errors)
        self.routed = earliest(message.routed)
        self.delivered = self.upto = self.direct = None
        self.devices = {}
        for name, acks in (("delivered", message.receipts), ("displayed", message.markers)):
            for ack in acks:
                self._device(ack, name)
        self.delivered = self._first("delivered")
        self.direct = self._first("displayed")

    def _device(self, ack, name):
        entry = self.devices.setdefault(ack.session.jid, {})
        at = earliest(ack.lines)
        entry[name] = min(entry.get(name, at), at)

    def _first(self, name):
        return min((d[name] for d in self.devices.values() if name in d), default=None)

    @property
    def displayed(self):
        return min((t for t in (self.direct, self.upto) if t is not None), default=None)

    def confirmed(self):
        return self.delivered is not None or self.displayed is not None

    def is_requested(self):
        return self.m.id is not None and self.m.requested

    def is_read_requested(self):
        failed = self.failed is not None and not self.confirmed()
        return self.m.id is not None and self.m.markable and not failed


def mark_up_to(rows):
    """PAIRING P8 over all conversations: a marker also marks what was sent before its message."""
    pairs = {}
    for row in rows:
        pairs.setdefault(row.key[:2], []).append(row)
    for conversation in pairs.values():
        conversation.sort(key=lambda row: row.sent)
        marks = [(earliest(ack.lines), target) for target in conversation
                 for ack in target.m.markers]
        for at, target in sorted(marks, key=lambda mark: mark[0]):
            _mark(conversation, at, target)


def _mark(conversation, at, target):
    for row in conversation:
        if row.sent > target.sent:
            return
        if row is target or row.upto is not None or row.sent < target.sent - W_UPTO:
            continue
        if row.failed is not None or row.routed is None or row.routed > at + W_SKEW:
            continue
        row.upto = at


def number_incarnations(rows):
    groups = {}
    for row in sorted(rows, key=lambda row: row.sent):
        groups.setdefault(row.key, []).append(row)
    for group in groups.values():
        for n, row in enumerate(group, 1):
            row.n = n


def state(row):
    for name, there in (("displayed", row.displayed), ("delivered", row.delivered),
                        ("failed", row.failed), ("routed", row.routed)):
        if there is not None:
            return name
    return "accepted" if row.m.egress else "sent"


def verdict(row):
    if row.confirmed():
        return "confirmed"
    if row.failed is not None:
        return "failed"
    asked = row.m.id is not None and (row.m.requested or row.m.markable)
    return "waiting" if asked else "unknown"


def delivered_via(row):
    if row.delivered is not None:
        return "receipt"
    return "implied" if row.displayed is not None else None


def displayed_via(row):
    if row.displayed is None:
        return None
    return "marker" if row.direct == row.displayed else "upto"


def times(row):
    fields = {"sent_at": row.sent, "routed_at": row.routed, "delivered_at": row.delivered,
              "displayed_at": row.displayed, "failed_at": row.failed}
    return {name: text(at) for name, at in fields.items() if at is not None}


def manifest_row(row):
    devices = {jid: {what: text(at) for what, at in entry.items()}
               for jid, entry in row.devices.items()}
    result = {
        "kind": "message", "number": row.m.number,
        "from": row.key[0], "from_resource": row.m.sender.resource, "to": row.to, "id": row.m.id,
        "n": row.n, "type": row.m.stanza.attrs.get("type") or "normal", "class": "chat",
        "requested": row.is_requested(), "state": state(row), "verdict": verdict(row),
        "delivered_via": delivered_via(row), "displayed_via": displayed_via(row),
        "error": "service-unavailable" if row.failed is not None else None,
        "resends": len(row.m.ingress) - 1, "devices": devices,
        **times(row)}
    return {name: value for name, value in result.items() if value not in (None, {})}


def inferred(asked, rows, world):
    """PAIRING F4: asked, delivered, not displayed, and the reader was seen to type or write (I1, I2)."""
    signs = {}
    for row in rows:
        signs.setdefault(row.key[:2], []).append(row.sent)
    for sender, to, line in world.states:
        signs.setdefault((sender, to), []).append(when(line))
    for row in asked:
        if row.displayed is None and row.delivered is not None:
            back = signs.get((row.key[1], row.key[0]), ())
            if any(row.delivered <= at <= row.sent + T_INFER for at in back):
                yield row


def counters(rows, world, unparsable):
    requested = [row for row in rows if row.is_requested()]
    asked = [row for row in rows if row.is_read_requested()]
    acks = [acks for row in rows for acks in (row.m.receipts, row.m.markers)]
    dups = sum(len(list_) - len({a.session for a in list_}) for list_ in acks)
    count = {
        "rows": len(rows), "sent": len(rows), "requested": len(requested),
        "confirmed": sum(row.confirmed() for row in requested),
        "waiting": sum(verdict(row) == "waiting" for row in requested),
        "unknown": sum(verdict(row) == "unknown" for row in rows),
        "failed": sum(verdict(row) == "failed" for row in rows),
        "read_requested": len(asked),
        "read": sum(row.displayed is not None for row in asked),
        "read_inferred": len(list(inferred(asked, rows, world))),
        "resends": sum(len(row.m.ingress) - 1 for row in rows),
        "acks": sum(map(len, acks)), "acks_dup": dups,
        "acks_forged": world.forged, "acks_orphan": world.orphans,
        "errors": sum(bool(row.m.errors) for row in rows),
        "carbons": world.carbon_lines, "unparsable": unparsable}
    return {name: value for name, value in count.items() if value}


def manifest(world, unparsable):
    """Yields the manifest's records (dicts) for a finished world."""
    rows = [Row(message) for message in world.messages]
    number_incarnations(rows)
    mark_up_to(rows)
    rows.sort(key=lambda row: row.sent)
    for row in rows:
        yield manifest_row(row)
    yield {"kind": "totals", "counters": counters(rows, world, unparsable)}
