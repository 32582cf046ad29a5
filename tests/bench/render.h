// SPDX-License-Identifier: Apache-2.0
// What the renderers of the dialects share (render.c, render_erlang.c, render_java.c).
#ifndef TESTS_BENCH_RENDER_H
#define TESTS_BENCH_RENDER_H

#include "core/map.h"
#include "tests/bench/bench.h"

#include <stdio.h>

struct render {
	FILE *out;
	struct feed *feed;
	struct map sessions;         // hash of the full JID -> its number, from 1
	uint64_t count;              // of them
	bool console, syslog, lager; // which of a family
};

typedef void render_fn(struct render *render, const struct event *event,
		       const struct observation *seen);

// *is_new: it was not seen before.
uint64_t render_session(struct render *render, struct text jid, bool *is_new);
const char *render_stamp(usec_t at, const char *format, char out[40]);
// The message; what clients write has no from.
void render_message(struct render *render, const struct event *event,
		    const struct observation *seen, char quote, bool from);
// Its start tag without "<message" and ">".
void render_tag(struct render *render, const struct observation *seen, char quote, bool from);
bool render_has_presence(const struct event *event); // every third message has one
bool render_has_iq(const struct event *event);       // every tenth

render_fn render_prosody, render_audit, render_debugger, render_chatlogs, render_ejabberd,
	render_tigase, render_observation, render_pattern;

#endif
