// SPDX-License-Identifier: Apache-2.0
// Signs of life of one log: is its server still logging stanzas? Whoever switches stanza logging off
// leaves the other lines, so a number without stanzas would look like silence of users (F51).
#ifndef INGEST_PULSE_H
#define INGEST_PULSE_H

#include "core/buf.h"
#include "core/ztime.h"

struct pulse {
	usec_t stanza_at; // when the last stanza of any kind was read; USEC_NONE: none yet
	usec_t other_at;  // when the first other line after it was read; USEC_NONE: none
	int64_t others;   // such lines since
};

void pulse_begin(struct pulse *pulse, usec_t now);
void pulse_stanza(struct pulse *pulse, usec_t now);
// A line that was passed over. Some kinds are stanzas too ("iq", "presence", "stream element").
void pulse_ignored(struct pulse *pulse, const char *kind, usec_t now);
// Many other lines, and no stanza for so long.
bool pulse_is_silent(const struct pulse *pulse, usec_t now, usec_t patience);

#endif
