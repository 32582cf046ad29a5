// SPDX-License-Identifier: Apache-2.0
#include "ingest/pulse.h"

#include <string.h>

enum { OTHERS = 20 }; // fewer other lines say nothing

void pulse_begin(struct pulse *pulse, usec_t now)
{
	*pulse = (struct pulse){.stanza_at = now, .other_at = USEC_NONE};
}

void pulse_stanza(struct pulse *pulse, usec_t now)
{
	pulse_begin(pulse, now);
}

void pulse_ignored(struct pulse *pulse, const char *kind, usec_t now)
{
	static const char *const stanzas[] = {"iq", "presence", "stream element"};
	for (size_t i = 0; i < sizeof stanzas / sizeof *stanzas; i++) {
		if (!strcmp(kind, stanzas[i])) {
			pulse_begin(pulse, now);
			return;
		}
	}
	if (!pulse->others++)
		pulse->other_at = now;
}

bool pulse_is_silent(const struct pulse *pulse, usec_t now, usec_t patience)
{
	return pulse->others >= OTHERS && now - pulse->stanza_at >= patience &&
	       now - pulse->other_at >= patience / 2;
}
