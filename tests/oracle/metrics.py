# SPDX-License-Identifier: Apache-2.0
"""Figures of /v1/metrics/ computed a second time, from rows of "receiptd export messages" and "export typing" and
nothing else, by the words of PAIRING section 7 and docs/METRICS.md. What a message asked for is in no row: whoever
made the traffic tells ("asks", a function of a row that gives a set of "delivery" and "reading")."""

import bisect
import datetime
import math

SECOND = 10**6
DAY = 86400 * SECOND
HORIZONS = {"10s": 10 * SECOND, "1m": 60 * SECOND, "1h": 3600 * SECOND, "24h": DAY, "7d": 7 * DAY}
POINTS = {"p50": 50, "p90": 90, "p95": 95, "p99": 99, "max": 100}
T_EXPIRE, T_INFER = 7 * DAY, DAY
WIDTHS = {"15m": 900 * SECOND, "1h": 3600 * SECOND}
FOREVER = math.inf
BANDS = [0] + [64 << i for i in range(24)]  # ms
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def usec(text):
    """RFC 3339 to microseconds, without a float on the way."""
    delta = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH
    return (delta.days * 86400 + delta.seconds) * SECOND + delta.microseconds


def stamp(at):
    return (EPOCH + datetime.timedelta(microseconds=at)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def buckets(since, until, width, zone):
    """Starts and ends. 15m and 1h are those of UTC, 1d is a civil day of the zone."""
    cuts, at = [since], since
    while width != "none":
        if width == "1d":
            day = (EPOCH + datetime.timedelta(microseconds=at)).astimezone(zone).date()
            start = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), zone)
            at = round((start.astimezone(datetime.timezone.utc) - EPOCH) / datetime.timedelta(microseconds=1))
        else:
            at = at // WIDTHS[width] * WIDTHS[width] + WIDTHS[width]
        if at >= until:
            break
        cuts.append(at)
    return list(zip(cuts, cuts[1:] + [until]))


class Row:
    """What one message counts as."""

    def __init__(self, row, asks):
        at = {name: usec(row[name]) if row.get(name) else None for name in
              ("sent_at", "accepted_at", "stored_at", "routed_at", "delivered_at", "displayed_at", "retracted_at")}
        self.sent_at, self.from_domain, self.to_domain = at["sent_at"], domain(row["from"]), domain(row["to"])
        self.counted = row["class"] in ("chat", "pm", "correction")
        asked = asks(row) if row["id"] else set()
        self.confirmed, self.failed = row["state"] in ("delivered", "displayed"), row["state"] == "failed"
        self.requested, self.stored = "delivery" in asked, at["stored_at"] is not None
        self.displayed = at["displayed_at"] is not None
        unread = at["retracted_at"] is not None and not (self.displayed and at["displayed_at"] <= at["retracted_at"])
        self.read_requested = ("reading" in asked and row["class"] != "correction" and not self.failed and not unread)
        self.unknown = not self.confirmed and not self.failed and not asked
        self.upto = row.get("displayed_via") == "upto"
        self.inferred = row.get("read_inferred_at") is not None
        self.routed = at["routed_at"] is not None or self.confirmed
        self.accepted = self.routed or self.stored or at["accepted_at"] is not None
        self.retracted, self.resends = at["retracted_at"] is not None, row.get("resends", 0)
        self.direct = row.get("delivered_via") in ("receipt", "marker", "x-event")
        self.deliver = after(self.sent_at, at["delivered_at"]) if self.direct else None
        times = [t for t in (at["delivered_at"], at["displayed_at"]) if t is not None]
        self.confirm_us = min(times) - self.sent_at if self.confirmed else None
        self.read_us = at["displayed_at"] - self.sent_at if self.displayed else None
        self.read = after(self.sent_at, at["displayed_at"])
        self.response = row.get("response_ms")

    def expected(self):
        """Milliseconds; for ever when it was not confirmed."""
        if self.deliver is not None:
            return self.deliver
        return max(self.confirm_us, 0) // 1000 if self.confirmed else FOREVER


def domain(jid):
    return jid.partition("/")[0].rpartition("@")[2]


def after(since, until):
    return None if until is None else max(until - since, 0) // 1000


def latency(values):
    values = sorted(v for v in values if v is not None)
    n = len(values)
    out = {"n": n}
    for name, percent in POINTS.items():
        out[name] = values[-(-n * percent // 100) - 1] if n else None
    return out


def expected(values):
    out = latency(values)
    out["beyond"] = next((name for name in POINTS if out[name] == FOREVER), None)
    out["answered"] = sum(v != FOREVER for v in values)
    return {name: None if value == FOREVER else value for name, value in out.items()}


def bands(values):
    """Of 0, 64, 128 ms and so on, each up to the next one."""
    out = {str(start): 0 for start in BANDS}
    for value in values:
        if value != FOREVER:
            out[str(BANDS[bisect.bisect_right(BANDS, value) - 1])] += 1
    return out


def wilson(part, whole):
    """The two roots of (p - part/whole)^2 = z^2 p (1 - p) / whole: the interval by its definition."""
    z2 = 1.959963984540054**2
    a, b, c = 1 + z2 / whole, -(2 * part / whole + z2 / whole), (part / whole)**2
    root = math.sqrt(max(b * b - 4 * a * c, 0))
    return {"low": max((-b - root) / (2 * a), 0), "high": min((-b + root) / (2 * a), 1)}


class Rates:
    """Rates of one row of an answer."""

    def __init__(self, min_count):
        self.min_count, self.suppressed = min_count, []

    def put(self, out, name, part, whole, prefix=""):
        good = whole >= self.min_count and whole > 0
        if whole and not good:
            self.suppressed.append(prefix + name)
        out[name] = part / whole if good else None
        out[name + "_wilson"] = wilson(part, whole) if good else {"low": None, "high": None}


def within(rates, times, whole, end, known):
    out = {}
    for name, horizon in HORIZONS.items():
        mature = known is not None and end <= known - horizon
        part = sum(t is not None and t <= horizon for t in times)
        out[name] = {"count": part, "mature": mature}
        rates.put(out[name], "rate", part, whole if mature else 0, f"within.{name}.")
    return out


def delivery(rows, end, now, known, min_count):
    rates = Rates(min_count)
    asked = [r for r in rows if r.requested]
    opened = [r for r in asked if not r.confirmed and not r.failed]
    reading = [r for r in rows if r.read_requested]
    out = {"sent": len(rows), "requested": len(asked), "confirmed": sum(r.confirmed for r in asked),
           "failed": sum(r.failed for r in asked), "pending": sum(r.sent_at > now - T_EXPIRE for r in opened),
           "expired": sum(r.sent_at <= now - T_EXPIRE for r in opened), "unknown": sum(r.unknown for r in rows),
           "failed_all": sum(r.failed for r in rows), "stored": sum(r.stored for r in rows),
           "resends": sum(r.resends for r in rows), "coverage_numerator": len(asked),
           "coverage_denominator": len(rows)}
    rates.put(out, "rate", out["confirmed"], len(asked))
    rates.put(out, "rate_lower", out["confirmed"], len(asked))
    rates.put(out, "rate_upper", out["confirmed"] + out["pending"], len(asked))
    rates.put(out, "coverage", len(asked), len(rows))
    out["within"] = within(rates, [r.confirm_us for r in asked], len(asked), end, known)
    out["time_to_deliver_ms"] = latency(r.deliver for r in asked if not r.stored)
    out["time_to_deliver_stored_ms"] = latency(r.deliver for r in asked if r.stored)
    out["time_to_deliver_expected_ms"] = expected([r.expected() for r in asked])
    out["time_to_deliver_bands"] = bands(r.expected() for r in asked)
    out["read"] = {"requested": len(reading), "confirmed": sum(r.displayed for r in reading),
                   "time_to_read_ms": latency(r.read for r in reading if r.displayed)}
    rates.put(out["read"], "rate", out["read"]["confirmed"], len(reading), "read.")
    return {**out, "suppressed": rates.suppressed}


def read(rows, end, now, known, min_count):
    rates = Rates(min_count)
    asked = [r for r in rows if r.read_requested]
    done = [r for r in asked if r.displayed]
    opened = [r for r in asked if not r.displayed]
    out = {"sent": len(rows), "requested": len(asked), "read": len(done),
           "read_direct": sum(not r.upto for r in done), "read_upto": sum(r.upto for r in done),
           "inferred": sum(r.inferred for r in opened), "pending": sum(r.sent_at > now - T_EXPIRE for r in opened),
           "expired": sum(r.sent_at <= now - T_EXPIRE for r in opened), "coverage_numerator": len(asked),
           "coverage_denominator": len(rows)}
    for name, part in (("rate", out["read"]), ("rate_lower", out["read"]), ("rate_upper", out["read"] + out["pending"]),
                       ("rate_direct", out["read_direct"]), ("rate_upto", out["read_upto"]),
                       ("rate_inferred", out["inferred"]), ("rate_read_or_inferred", out["read"] + out["inferred"])):
        rates.put(out, name, part, len(asked))
    rates.put(out, "coverage", len(asked), len(rows))
    out["within"] = within(rates, [r.read_us for r in asked], len(asked), end, known)
    out["time_to_read_ms"] = latency(r.read for r in done)
    out["time_to_read_direct_ms"] = latency(r.read for r in done if not r.upto)
    out["time_to_read_upto_ms"] = latency(r.read for r in done if r.upto)
    out["time_to_read_expected_ms"] = expected([r.read if r.displayed else FOREVER for r in asked])
    return {**out, "suppressed": rates.suppressed}


def funnel(rows, end, now, known, min_count):
    rates = Rates(min_count)
    out = {"sent": len(rows), "delivered": sum(r.confirmed for r in rows),
           "requested": sum(r.requested for r in rows)}
    for name in ("accepted", "stored", "routed", "displayed", "failed", "retracted", "unknown", "read_requested"):
        out[name] = sum(getattr(r, name) for r in rows)
    for name in ("accepted", "routed", "delivered", "displayed"):
        rates.put(out, name + "_of_sent", out[name], len(rows))
    return {**out, "suppressed": rates.suppressed}


def response(rows, end, now, known, min_count):
    times = [r.response for r in rows if r.response is not None]
    return {"sent": len(rows), "answered": len(times), "response_ms": latency(times)}


class Interval:
    """Of "export typing"."""

    def __init__(self, row):
        self.sent_at, self.from_domain, self.to_domain = usec(row["start"]), domain(row["from"]), domain(row["to"])
        self.counted, self.ms, self.ended_by = True, row["ms"], row["ended_by"]


def typing(rows, end, now, known, min_count):
    out = {f"ended_by_{how}": sum(r.ended_by == how for r in rows) for how in ("content", "state", "cap")}
    return {"intervals": len(rows), **out, "typing_ms": latency(r.ms for r in rows)}


# Path: its figures, and how long after its end a bucket is final.
PATHS = {"delivery": (delivery, T_EXPIRE), "read": (read, T_EXPIRE), "funnel": (funnel, T_EXPIRE),
         "response": (response, T_INFER), "typing": (typing, 300 * SECOND)}


class Oracle:
    def __init__(self, messages, intervals, asks):
        self.rows = sorted((r for r in (Row(row, asks) for row in messages) if r.counted), key=lambda r: r.sent_at)
        self.typing = sorted((Interval(row) for row in intervals), key=lambda r: r.sent_at)

    def choose(self, path, since, until, from_domain, to_domain):
        rows = self.typing if path == "typing" else self.rows
        times = [r.sent_at for r in rows]
        return [r for r in rows[bisect.bisect_left(times, since):bisect.bisect_left(times, until)]
                if from_domain in (None, r.from_domain) and to_domain in (None, r.to_domain)]

    def row(self, path, start, end, now, known, min_count, domains=(None, None)):
        """One row of an answer. known: how far everything has been read."""
        figures, ripens = PATHS[path]
        rows = self.choose(path, start, end, *domains)
        return {"start": stamp(start), "end": stamp(end), "final": known is not None and end <= known - ripens,
                **figures(rows, end, now, known, min_count)}
