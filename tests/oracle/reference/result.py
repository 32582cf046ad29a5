# SPDX-License-Identifier: Apache-2.0
"""State, verdict, counters, metrics and the form of a vector (PAIRING S, F, section 9)."""

import clock
import jid
from acks import DELIVERED, DISPLAYED
from rows import redelivered

DELIVERED_ORDER = ("receipt", "marker", "x-event", "upto")
VIA = {"receipt": "receipt", "marker-received": "marker", "x-delivered": "x-event",
       "marker-displayed": "marker", "marker-acknowledged": "marker", "x-displayed": "x-event"}


def evidence(world, row):
    """P9, T4: the times of a row; minima."""
    delivered = [(a.t, DELIVERED_ORDER.index(VIA[a.kind]), VIA[a.kind])
                 for a in row.acks if a.kind in DELIVERED]
    row.direct_delivery = bool(delivered)
    delivered += [(t, 3, "upto") for t in row.upto_delivered]
    displayed = [(a.t, DELIVERED_ORDER.index(VIA[a.kind]), VIA[a.kind])
                 for a in row.acks if a.kind in DISPLAYED]
    displayed += [(t, 3, "upto") for t in row.upto_displayed]
    row.delivered_at, _, row.delivered_via = min(delivered, default=(None, 0, None))
    row.displayed_at, _, row.displayed_via = min(displayed, default=(None, 0, None))
    if row.displayed_at is not None and row.delivered_at is None:
        row.delivered_via = "implied"
    stored = [t for t, _ in row.amp_stored] + [a.t for a in row.acks if a.kind == "x-offline"]
    if not row.group:
        stored += [line.stamp for line in row.lines if redelivered(world, line, row.own)]
    row.stored_at = min(stored, default=None)
    failed = [(e.order, e.condition) for e in row.errors]
    failed += [(order, "amp") for order in row.amp_failed]
    (row.failed_at, _), row.error = min(failed, default=((None, None), None))


def verdict(world, row):
    """S2, S3, F2, F3"""
    row.state = next(name for name, there in (
        ("displayed", row.displayed_at is not None), ("delivered", row.delivered_at is not None),
        ("failed", row.failed_at is not None), ("routed", row.routed_at is not None),
        ("stored", row.stored_at is not None), ("accepted", row.accepted_at is not None),
        ("sent", True)) if there)
    asked = row.id and (row.receipt_asked or row.marker_asked
                        or row.xe_asked & {"delivered", "displayed"})
    if row.state in ("displayed", "delivered"):
        row.verdict = "confirmed"
    elif row.state == "failed":
        row.verdict = "failed"
    elif not asked or row.group:
        row.verdict = "unknown"
    else:
        row.verdict = "pending" if world.now - row.sent_at < world.t_expire else "expired"
    row.requested = bool(row.counted and row.id
                         and (row.receipt_asked or "delivered" in row.xe_asked))
    retracted = row.retracted_at is not None and (
        row.displayed_at is None or row.retracted_at < row.displayed_at)
    row.read_requested = bool(
        row.counted and row.id and (row.marker_asked or "displayed" in row.xe_asked)
        and row.klass != "correction" and row.verdict != "failed" and not retracted)


def response(world):
    """F6"""
    pairs = {}
    for row in world.rows:
        if row.klass in ("chat", "pm"):
            pairs.setdefault(frozenset((row.S, row.R)), []).append(row)
    for rows in pairs.values():
        rows.sort(key=lambda row: row.order)
        first = None
        for row in rows:
            if first is None or row.S != first.S:
                if first is not None and row.sent_at - first.sent_at <= world.t_infer:
                    first.response_ms = (row.sent_at - first.sent_at) // 1000
                first = row


def counters(world):
    count = world.counters
    rows = world.rows + world.group_rows
    count["rows"] = len(rows)
    count["skew_clamped"] = sum(
        any(t is not None and t < row.sent_at for t in (row.delivered_at, row.displayed_at))
        for row in rows)
    for row in rows:
        count["resends"] += row.resends
        if not row.counted:
            continue
        count["sent"] += 1
        if row.verdict in ("unknown", "failed"):
            count[row.verdict] += 1
        if row.requested:
            count["requested"] += 1
            if row.verdict in ("confirmed", "pending", "expired"):
                count[row.verdict] += 1
        if row.read_requested:
            count["read_requested"] += 1
            count["read"] += row.displayed_at is not None
            count["read_inferred"] += row.displayed_at is None and bool(row.inferred)
    return {name: n for name, n in count.items() if n}


def _spread(values):
    values = sorted(values)
    if not values:
        return None
    rank = {f"p{p}": values[-(-p * len(values) // 100) - 1] for p in (50, 90, 99)}
    return {"n": len(values), **rank, "max": values[-1]}


def metrics(world, count):
    """F2, F3, F7"""
    result = {}
    if count.get("requested"):
        result["delivery_rate"] = [count.get("confirmed", 0), count["requested"]]
    if count.get("read_requested"):
        result["read_rate"] = [count.get("read", 0), count["read_requested"]]
    ttd = [max(0, row.delivered_at - row.sent_at) // 1000 for row in world.rows
           if row.requested and row.direct_delivery and row.stored_at is None]
    ttr = [max(0, row.displayed_at - row.sent_at) // 1000 for row in world.rows
           if row.read_requested and row.displayed_at is not None]
    for name, values in (("ttd_ms", ttd), ("ttr_ms", ttr)):
        if values:
            result[name] = _spread(values)
    return result


def message(row):
    devices = {}
    for ack in row.acks:
        what = "delivered" if ack.kind in DELIVERED else (
            "displayed" if ack.kind in DISPLAYED else None)
        if what:
            times = devices.setdefault(ack.A, {})
            times[what] = min(ack.t, times.get(what, ack.t))
    inferred = min(row.inferred, default=None) if row.displayed_at is None else None
    times = {name: clock.text(getattr(row, name)) for name in (
        "sent_at", "composed_at", "accepted_at", "stored_at", "routed_at", "delivered_at",
        "displayed_at", "failed_at", "retracted_at")}
    fields = {"from": row.S, "to": row.R, "from_resource": row.from_resource, "nick": row.nick,
              "id": row.id, "n": row.n, "type": row.type, "class": row.klass,
              "state": row.state, "verdict": row.verdict, **times,
              "delivered_via": row.delivered_via, "displayed_via": row.displayed_via,
              "error": row.error, "corrects": row.corrects, "resends": row.resends or None,
              "response_ms": row.response_ms,
              "read_inferred_at": clock.text(inferred[0]) if inferred else None,
              "read_via": inferred[2] if inferred else None,
              "devices": {device: {k: clock.text(t) for k, t in sorted(at.items())}
                          for device, at in sorted(devices.items())},
              "readers": {who: clock.text(t) for who, t in sorted(row.readers.items())},
              "receivers": {who: clock.text(t) for who, t in sorted(row.receivers.items())}}
    return {name: value for name, value in fields.items() if value is not None and value != {}}
