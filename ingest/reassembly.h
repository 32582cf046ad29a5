// SPDX-License-Identifier: Apache-2.0
// Socket reads -> stanzas. Some logs (ejabberd, the XML debugger) print what one read gave: any part
// of a stanza, or several. Each connection and direction has its own half stanza here.
//
// A stanza's position is that of the read that completed it: positions then grow in the order in
// which stanzas come out, whatever connections do to each other, and a restart that reads again from
// reassembly_low_water() finds every stanza at the same position. Elements that are not message, iq or
// presence (SASL, stream management) are dropped here: they may hold a password.
#ifndef INGEST_REASSEMBLY_H
#define INGEST_REASSEMBLY_H

#include "ingest/dialect.h"

enum { REASSEMBLY_STANZA_MAX = 1 << 20 };

struct reassembly;

struct reassembly_sink {
	void *self;
	// RECORD_STANZA, or RECORD_QUARANTINE (raw absent: half a stanza may hold a password, only its
	// length is told). Texts are valid during the call only.
	void (*record)(void *self, const struct record *record);
};

struct reassembly *reassembly_new(const struct reassembly_sink *sink);
void reassembly_free(struct reassembly *reassembly);

void reassembly_read(struct reassembly *reassembly, const struct record *read);
// The connection ended, or bytes of it are known to be missing.
void reassembly_closed(struct reassembly *reassembly, const struct record *closed);
// Offset of the oldest read that is not used up; UINT64_MAX when nothing is held.
uint64_t reassembly_low_water(const struct reassembly *reassembly);

#endif
