# SPDX-License-Identifier: Apache-2.0
"""What all parts share: the settings, the counters, the findings, and the lines."""

import collections

import clock

SECOND = 1000000
DAY = 86400 * SECOND
DEFAULTS = {"w_skew": 5, "w_resend": 3600, "w_noid": 5, "w_ackdup": 60, "w_state": 2,
            "w_match": 30 * 86400, "w_upto": 7 * 86400, "t_expire": 7 * 86400,
            "t_infer": 86400, "t_typing": 120, "t_composing_open": 300}


class World:
    """One set of observations and what it comes to (the batch principle)."""

    def __init__(self, vector):
        config = vector.get("config") or {}
        for name, seconds in DEFAULTS.items():
            setattr(self, name, int(config.get(name, seconds) * SECOND))
        self.content_digest = config.get("content_digest", True)
        self.muc = {d.lower() for d in config.get("muc_domains", [])}
        self.wrappers = {feed: {d.lower() for d in ([of] if isinstance(of, str) else of)}
                         for feed, of in (config.get("wrapper_feeds") or {}).items()}
        times = [clock.parse(line["ts"]) for line in vector["input"]]
        self.now = clock.parse(config["now"]) if config.get("now") else max(times, default=0)
        self.counters = collections.Counter()
        self.found = set()
        self.lines = []      # effective message lines (E)
        self.stanzas = []    # iq and presence lines, for K18 and K19
        self.archive = []    # (device, inner id, ts), E4
        self.rows = []       # 1:1 rows (M1)
        self.group_rows = []  # M6
        self.typing = []

    def finding(self, rule, by, ref):
        self.found.add((rule, by or "", ref or ""))

    def is_room(self, jid):
        return jid.partition("/")[0].rpartition("@")[2] in self.muc

    def party(self, jid):
        """M1 with M7: the bare JID, but an occupant of a configured room stays full."""
        return jid if "/" in jid and self.is_room(jid) else jid.partition("/")[0]


class Line:
    """One effective stanza: what is left of an observation after E."""

    def __init__(self, **fields):
        self.ts = self.feed = self.dir = self.session = self.xml = None
        self.source = self.device = self.frm = self.to = self.leg = None
        self.stamp = self.stamp_from = None
        self.future = False  # a stamp that T2 ignores
        self.delays = []
        self.__dict__.update(fields)

    @property
    def ingress(self):
        return self.dir in ("in", "s2s-in", "comp-in")

    @property
    def e(self):
        """M3: the delay stamp if valid, else ts."""
        return self.ts if self.stamp is None else self.stamp

    @property
    def t(self):
        """T3: the stamp on delayed egress lines, else ts."""
        return self.ts if self.ingress or self.stamp is None else self.stamp

    def order(self):
        """T1: ties of one instant."""
        rank = 0 if self.p.content else 1 if self.p.acks else 2
        return (not self.ingress, rank, self.xml.encode(), (self.session or "").encode())


def pieces(items, at, gap):
    """Sorted by time and cut where the gap is exceeded."""
    result = []
    for item in sorted(items, key=at):
        if result and at(item) - at(result[-1][-1]) <= gap:
            result[-1].append(item)
        else:
            result.append([item])
    return result
