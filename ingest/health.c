// SPDX-License-Identifier: Apache-2.0
#include "ingest/health.h"

#include <stdio.h>

#define AHEAD (60 * USEC_PER_SEC)

struct view { // of one source
	const struct source_setting *setting;
	size_t files, open, behind, silent;
	const char *trouble;
	usec_t oldest, newest; // when its files were last written
	usec_t unread_since;
	bool fed; // by a component
	struct component_state component;
	bool ahead;         // F73
	char ahead_by[128]; // the same in words
};

// Of a component its connection counts first: while that is down nothing comes.
static const char *state_of_feed(const struct view *view, const char **note)
{
	static const struct {
		const char *word, *state;
	} states[] = {{"connecting", "waiting"},
		      {"waiting", "waiting"},
		      {"refused", "refused"},
		      {"full", "full"}};
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (strcmp(view->component.word, states[i].word) == 0) {
			*note = view->component.detail;
			return states[i].state;
		}
	}
	return NULL;
}

// F73. Delays are differences of the sender's own times, so they are right all the same.
static void look_at_clock(struct view *view, usec_t ahead)
{
	view->ahead = ahead > AHEAD;
	snprintf(view->ahead_by, sizeof view->ahead_by,
		 "its clock is %lld s ahead of this machine's: one of the two is wrong",
		 (long long)(ahead / USEC_PER_SEC));
}

static void look(struct view *view, const struct tail *tail, usec_t now, usec_t patience)
{
	const struct stream *stream = tail_stream(tail);
	usec_t written = tail_written_at(tail);

	if (tail_trouble(tail))
		view->trouble = tail_trouble(tail);
	if (written != USEC_NONE) {
		view->files++;
		view->oldest = view->oldest == USEC_NONE || written < view->oldest ? written
										   : view->oldest;
		view->newest = view->newest == USEC_NONE || written > view->newest ? written
										   : view->newest;
	}
	view->open += tail_is_followed(tail);
	if (!stream)
		return;
	view->silent += stream_is_silent(stream, now, patience);
	if (!stream_is_behind(stream))
		return;
	view->behind++;
	usec_t read_to = stream_last_at(stream);
	if (read_to != USEC_NONE &&
	    (view->unread_since == USEC_NONE || read_to < view->unread_since))
		view->unread_since = read_to;
}

// In order of weight: the first that holds is said.
static const char *state_of(const struct view *view, const char **note)
{
	*note = NULL;
	const char *feed = view->fed ? state_of_feed(view, note) : NULL;
	const struct {
		bool holds;
		const char *state, *note;
	} table[] = {
		{feed != NULL, feed, *note},
		{view->fed && !view->files, "following", "connected, nothing came yet"},
		{!view->files, "waiting", "there is no such file"},
		{view->trouble != NULL, "failing", view->trouble},
		{view->silent > 0, "silent",
		 "the server logs other lines and no stanzas: was stanza logging switched off?"},
		{view->behind > 0, "behind", NULL},
		{view->ahead, "following", view->ahead_by},
		{!view->open, "waiting", "nothing in it yet"},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (table[i].holds) {
			*note = table[i].note;
			return table[i].state;
		}
	}
	*note = NULL;
	return "following";
}

// Rotated files are kept about as long as the oldest one that is still there is old.
static usec_t gone_at(const struct view *view, usec_t now)
{
	if (view->unread_since == USEC_NONE || view->files < 2)
		return USEC_NONE;
	return view->unread_since + (now - view->oldest);
}

bool health_write(struct app *app, struct feeds *feeds, struct store *store, int32_t realm,
		  struct tail *const *tails, size_t count, struct err *err)
{
	const struct settings *settings = app->settings;
	usec_t now = usec_now();

	for (size_t i = 0; i < settings->source_count; i++) {
		const struct source_setting *setting = &settings->sources[i];
		struct view view = {.setting = setting,
				    .oldest = USEC_NONE,
				    .newest = USEC_NONE,
				    .unread_since = USEC_NONE};
		look_at_clock(&view, feeds_ahead(feeds, setting->name));
		view.fed = feeds_component(feeds, setting->name, &view.component);
		for (size_t k = 0; k < count; k++)
			if (tail_setting(tails[k]) == setting)
				look(&view, tails[k], now, settings->silence);
		struct source_health health = {.name = setting->name,
					       .dialect = setting->dialect ? setting->dialect : "",
					       .path = setting->path,
					       .gone_at = gone_at(&view, now)};
		health.state = state_of(&view, &health.note);
		if (!store_source_health(store, realm, &health, err))
			return false;
	}
	return true;
}
