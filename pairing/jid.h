// SPDX-License-Identifier: Apache-2.0
// Addresses (PAIRING J1..J5, M1, M7).
#ifndef PAIRING_JID_H
#define PAIRING_JID_H

#include "core/arena.h"
#include "core/settings.h"

struct jid {
	struct text full;  // normalised: local@domain/resource, parts that are there
	struct text bare;  // normalised: a prefix of full
	struct text local; // absent for a domain
	struct text domain;
	struct text resource; // absent for a bare JID; exact octets (J4)
	bool erased;          // its lines are counted and not stored: jid_read() says it
};

// Splits and normalises. False: bad (J5). Text lives in arena.
bool jid_parse(struct text text, struct arena *arena, struct jid *jid);

// Of a localpart or domain, or of a part of one (J2, J3). False: white space or bad UTF-8.
bool jid_lower(struct text in, struct arena *arena, struct text *out);

// M1, M7: who a message key is about: the bare JID, or the full occupant JID on a configured MUC domain.
struct text jid_party(const struct jid *jid, const struct realm_settings *rules);
bool jid_is_muc(const struct jid *jid, const struct realm_settings *rules);

// Of a normalised JID: what stands before, and (absent: none) after the first slash.
struct text jid_without_resource(struct text jid);
struct text jid_resource(struct text jid);

// A text that stands for somebody who was erased: no address of a server or a client is one (RFC 7622 has no
// colon in a localpart), so lines that claim to be are not stored either.
bool jid_is_pseudonym(struct text jid);

// The domain part of a normalised party.
struct text party_domain(struct text party);

#endif
