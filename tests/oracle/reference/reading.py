# SPDX-License-Identifier: Apache-2.0
"""Inferred reading (PAIRING I1-I4, K18)."""

import jid
from payload import NS_MDS, NS_SID, name
from rows import first_sightings, pick

VIA = ("mds", "reaction", "reply", "state", "content")  # I4: equal times in this order


def _note(row, at, via):
    row.inferred.append((at, VIA.index(via), via))


def infer(world, pairs):
    for row in world.rows:
        if row.delivered_at is not None:
            _by_state(world, row, pairs)
            _by_content(world, row)
    _by_name(world)
    for account, by, ident, at in _mds(world):
        _by_mds(world, account, by, ident, at)


def _in_time(world, row, at):
    return at >= row.delivered_at and at - row.sent_at <= world.t_infer


def _by_state(world, row, pairs):
    """I1: standalone active, composing or paused from R to S."""
    for (device, peer), states in pairs.items():
        if peer == row.S and world.party(device) == row.R:
            for state in states:
                if state.standalone and state.state in ("active", "composing", "paused") and (
                        _in_time(world, row, state.t)):
                    _note(row, state.t, "state")


def _by_content(world, row):
    """I2: any other content from R to S."""
    for other in world.rows:
        if other is not row and (other.S, other.R) == (row.R, row.S) and (
                _in_time(world, row, other.sent_at)):
            _note(row, other.sent_at, "content")


def _by_name(world):
    """I2: a reaction or a reply names the message, by id or origin-id (M2)."""
    for via in ("reaction", "reply"):
        for line, ref in first_sightings(world, via):
            S, R = world.party(line.to), world.party(line.frm)
            row = pick(world, [r for r in world.rows if (r.S, r.R) == (S, R)
                               and (r.id == ref or ref in r.origin_ids)], line.t)
            if row:
                _note(row, line.t, via)


def _mds(world):
    """K18: (account, by, stanza-id, t)"""
    for line in world.lines:
        if line.dir == "in" and line.source is None:
            for by, ident in line.p.mds:
                yield jid.bare(line.frm), by, ident, line.t
    for line in world.stanzas:
        event = line.kind == "pubsub" and line.frm == jid.bare(line.to)
        publish = (line.kind == "iq" and line.dir == "in" and line.node.get("type") == "set"
                   and line.to == jid.bare(line.frm))
        if not event and not publish:
            continue
        for displayed in _displayed(line.node):
            for child in displayed:
                if name(child) == (NS_SID, "stanza-id"):
                    yield (jid.bare(line.frm), child.get("by") or "", child.get("id") or "",
                           line.t)


def _displayed(node):
    """The displayed elements in items or publish of the node."""
    for holder in node.iter():
        if name(holder)[1] in ("items", "publish") and holder.get("node") == NS_MDS:
            for inner in holder.iter():
                if name(inner) == (NS_MDS, "displayed"):
                    yield inner


def _trusted(row):
    """M6: stanza-ids on out/route lines and received carbons, by = bare R."""
    return {ident for line in row.lines
            if line.dir in ("out", "route") or line.source == "carbon-received"
            for by, ident in line.p.stanza_ids if by.lower() == jid.bare(row.R)}


def _by_mds(world, account, by, ident, at):
    """I3: that row and all S to R rows up to it."""
    if by.lower() != account or not ident:
        return
    for marked in world.rows:
        if marked.R == account and ident in _trusted(marked):
            for row in world.rows:
                if (row.S, row.R) == (marked.S, marked.R) and (
                        row is marked or
                        marked.sent_at - world.w_upto <= row.sent_at <= marked.sent_at):
                    _note(row, at, "mds")
