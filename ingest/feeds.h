// SPDX-License-Identifier: Apache-2.0
// The feeds of the settings file: a spool for each, a component for those that are one, and the sink into
// which the HTTP server puts what is POSTed.
#ifndef INGEST_FEEDS_H
#define INGEST_FEEDS_H

#include "core/app.h"
#include "core/feed_sink.h"
#include "ingest/sources/component.h"

struct feeds;

// Opens the spools, adds a source for each to the settings, judges who is the authority (F68) and starts
// the components. app outlives the object. ERR_USAGE, ERR_STORAGE.
bool feeds_open(struct app *app, struct feeds **feeds, struct err *err);
// Components end; what is in the spools is stored by the next run.
void feeds_close(struct feeds *feeds);

const struct feed_sink *feeds_sink(struct feeds *feeds);
// False: the source is not what a component feeds.
bool feeds_component(struct feeds *feeds, const char *source, struct component_state *state);
// Its other end was heard in the last seconds: a component is online, a webhook was sent something, if
// only an empty delivery. Else what it shows is complete up to then, and no further.
bool feeds_heard(struct feeds *feeds, const char *source);
// How far the newest time that its sender gave was ahead of this machine's clock (F73). Behind says less: it
// may have sent what it had kept. 0: not known.
usec_t feeds_ahead(struct feeds *feeds, const char *source);
// Begins new segments where that was asked for (SPOOL_LEAVE).
void feeds_leave_segments(struct feeds *feeds);
// No spool of some feed can be written any more: the daemon ends with ERR_STORAGE (F62).
bool feeds_broken(struct feeds *feeds, struct err *err);

#endif
