# SPDX-License-Identifier: Apache-2.0
"""Addresses (PAIRING J1-J5). A normalised JID is a plain string."""


class BadJid(ValueError):
    """J5: not an address; the line is skipped."""


def _lower(text):  # J3: simple mapping only, one code point to one
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def normal(text):
    """J1-J5: the normalised form, or BadJid."""
    address, slash, resource = text.partition("/")
    local, at, host = address.partition("@")
    if not at:
        local, host = "", address
    if host.endswith("."):
        host = host[:-1]
    if not host or (at and not local) or (slash and not resource) or "@" in host:
        raise BadJid(text)
    if any(c.isspace() for c in local + host):
        raise BadJid(text)
    if any(len(part.encode()) > 1023 for part in (local, host, resource)):
        raise BadJid(text)
    return _lower(local) + at + _lower(host) + slash + resource


def bare(jid):
    return jid.partition("/")[0]


def resource(jid):
    return jid.partition("/")[2]


def domain(jid):
    return bare(jid).rpartition("@")[2]


def local(jid):
    return bare(jid).rpartition("@")[0]


def is_full(jid):
    return "/" in jid


def is_domain(jid):
    """A bare domain: neither localpart nor resource."""
    return "/" not in jid and "@" not in jid
