# SPDX-License-Identifier: Apache-2.0
"""Errors (PAIRING P11), AMP reports (K17), retractions and corrections (M8)."""

import collections

import jid
from acks import DELIVERED, DISPLAYED, rows_of, sent_by
from model import pieces
from rows import first_sightings, pick


class Error:
    """Sightings of one error."""

    def __init__(self, A, B, ref, condition, lines):
        self.A, self.B, self.ref, self.condition = A, B, ref, condition
        first = min(lines, key=lambda line: (line.t, line.order()))
        self.t, self.order = first.t, (first.t, first.order())


def collect(world):
    keys = collections.defaultdict(list)
    for line in world.lines:
        if line.p.error:
            keys[line.frm, world.party(line.to), line.p.id, line.p.error].append(line)
    errors = [Error(*key, part) for key, lines in keys.items()
              for part in pieces(lines, lambda line: line.t, world.w_ackdup)]
    return sorted(errors, key=lambda error: error.order)


def find_row(world, error):
    S, A = world.party(error.B), world.party(error.A)
    row = pick(world, rows_of(world, S, A, error.ref), error.t)
    if row is None and jid.is_domain(error.A):
        near = [r for r in sent_by(world, S, error.ref)
                if error.A in (jid.domain(r.R), jid.domain(r.S if not r.group else S))]
        row = pick(world, near, error.t)
    if row is None:
        room = [r for r in world.group_rows
                if r.real == S and r.R == jid.bare(error.A) and error.ref in r.own_ids]
        row = pick(world, room, error.t) if error.ref else None
    return row


def pair(world, errors):
    own_ids = {(world.party(line.frm), world.party(line.to), line.p.id) for line in world.lines
               if line.p.acks and line.p.id and line.leg != "mirror"}
    for error in errors:
        A, B = world.party(error.A), world.party(error.B)
        answered = [e for e in errors if e.ref == error.ref and e.order < error.order
                    and (world.party(e.A), world.party(e.B)) == (B, A)]
        row = find_row(world, error)
        if row:  # an error of a message is none about an error
            row.errors.append(error)
        elif answered and error.ref:
            world.finding("ERROR-LOOP", error.A, error.ref)
            world.counters["errors_orphan"] += 1
        elif error.ref and (B, A, error.ref) in own_ids:
            world.counters["acks_bounced"] += 1
        else:
            world.counters["errors_orphan"] += 1
            sent = sent_by(world, B, error.ref)
            if sent and not any(r.R == A for r in sent):
                world.finding("ERR-FORGED", error.A, error.ref)
    for row in world.rows + world.group_rows:  # AMP none counts as one (vector d23)
        world.counters["errors"] += bool(row.errors or row.amp_failed)


def after_delivery(world):
    """P11: an error after explicit delivery."""
    for row in world.rows:
        told = [ack.order[:2] for ack in row.acks if ack.kind in DELIVERED + DISPLAYED]
        for error in row.errors:
            if told and error.order > min(told):
                world.finding("ERR-AFTER-DELIVERY", error.A, error.ref)


def _amp_recipient(world, line):
    """Whom a server means: a user of its own, or of anybody the report's receiver wrote to."""
    try:
        to = jid.normal(line.p.amp_to or "")
    except jid.BadJid:
        return None
    if jid.is_domain(line.frm) and line.frm in (jid.domain(to), jid.domain(line.to)):
        return world.party(to)
    return None


def amp(world):
    """K17: id is the original's; paired, and sightings merged, like a domain's error."""
    keys = collections.defaultdict(list)
    for line in world.lines:
        if line.p.amp:
            keys[line.frm, line.to, line.p.id, line.p.amp, line.p.amp_to].append(line)
    for line in (min(part, key=lambda line: (line.t, line.order())) for lines in keys.values()
                 for part in pieces(lines, lambda line: line.t, world.w_ackdup)):
        S, A = world.party(line.to), world.party(line.frm)
        R = _amp_recipient(world, line) or A
        row = pick(world, rows_of(world, S, R, line.p.id), line.t)
        if row is None and jid.is_domain(R):
            near = [r for r in sent_by(world, S, line.p.id) if not r.group
                    and R in (jid.domain(r.R), jid.domain(r.S))]
            row = pick(world, near, line.t)
        if row:
            (row.amp_stored if line.p.amp == "stored" else row.amp_failed).append(
                (line.t, line.order()))


def edits(world):
    """M8 (1:1 only)"""
    for line, _ in first_sightings(world, "retract"):
        S, R = world.party(line.frm), world.party(line.to)
        row = pick(world, rows_of(world, S, R, line.p.retract), line.t)
        if row:
            row.retracted_at = min(line.t, row.retracted_at or line.t)
        elif not rows_of(world, S, R, line.p.retract) and rows_of(world, R, S, line.p.retract):
            world.finding("RETRACT-FOREIGN", line.frm, line.p.retract)
    for row in world.rows:
        for line in row.lines:
            ref = line.p.replace
            if ref is None or rows_of(world, row.S, row.R, ref):
                continue
            foreign = rows_of(world, row.R, row.S, ref)
            world.finding("CORR-FOREIGN" if foreign else "CORR-UNKNOWN", line.frm, ref)
