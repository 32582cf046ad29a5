// SPDX-License-Identifier: Apache-2.0
// What a component gives to its spool, one read of the socket at a time.
#include "ingest/markup.h"
#include "ingest/sources/component_internal.h"
#include "ingest/stanza.h"

#include <stdlib.h>

void component_batch_add(struct component *component, struct spool_item item)
{
	struct component_batch *batch = &component->batch;

	if (batch->count == batch->cap) {
		batch->cap = batch->cap ? batch->cap * 2 : 64;
		batch->items = xrealloc(batch->items, batch->cap * sizeof *batch->items);
	}
	item.xml = arena_text(batch->arena, item.xml);
	item.reason = arena_text(batch->arena, item.reason);
	batch->items[batch->count++] = item;
}

// --- what is kept (F70) ---

struct inner {
	struct text xml;  // from the stanza that is held on
	struct text name; // absent: none is held
};

// The stanza in <forwarded/> or <route/>: the first tags say it (E5).
static struct inner inner_of(struct text xml)
{
	struct markup markup = {0};

	for (int tags = 0; tags < 8; tags++) {
		enum markup_step step = markup_next(&markup, xml);
		if (step != MARKUP_OPEN && step != MARKUP_EMPTY && step != MARKUP_CLOSE)
			break;
		struct text name = tag_name(markup_tag(&markup, xml));
		bool stanza = text_is(name, "message") || text_is(name, "iq") ||
			      text_is(name, "presence");
		if (tags > 0 && step != MARKUP_CLOSE && stanza)
			return (struct inner){{xml.p + markup.tag, xml.n - markup.tag}, name};
	}
	return (struct inner){TEXT_NONE, TEXT_NONE};
}

static bool holds(struct text text, const char *what)
{
	return text_after(text, what).p != NULL;
}

static bool is_fact(const struct component *component, struct text name, struct text xml)
{
	if (text_is(name, "iq") && (stanza_maybe_private(component->options.rules, xml) ||
				    holds(xml, "urn:xmpp:mds:displayed:0")))
		return true;
	return stanza_maybe_known(xml);
}

// A stanza that is held counts as what it is; iq and presence for the component itself are no evidence.
static enum component_count count_of(const struct component *component, struct text xml)
{
	struct text name = tag_name(markup_first(xml));
	struct inner inner = {TEXT_NONE, TEXT_NONE};

	if (!text_is(name, "iq") && !text_is(name, "presence"))
		inner = inner_of(xml);
	if (inner.name.p)
		name = inner.name;
	if (!text_is(name, "iq") && !text_is(name, "presence"))
		return COMPONENT_MESSAGES;
	if (inner.name.p && is_fact(component, name, inner.xml))
		return COMPONENT_FACTS;
	return text_is(name, "iq") ? COMPONENT_IQ : COMPONENT_PRESENCE;
}

// Times grow within a feed, unless the clock was set back (F45).
static usec_t next_at(struct component_batch *batch)
{
	usec_t now = usec_now();
	bool close = batch->last_at != USEC_NONE && batch->last_at >= now &&
		     batch->last_at - now < USEC_PER_SEC;
	batch->last_at = close ? batch->last_at + 1 : now;
	return batch->last_at;
}

enum component_count component_batch_stanza(struct component *component, struct text xml)
{
	enum component_count kind = count_of(component, xml);

	component->batch.counts[kind]++;
	if (kind == COMPONENT_MESSAGES || kind == COMPONENT_FACTS)
		component_batch_add(component, (struct spool_item){.kind = SPOOL_STANZA,
								   .at = next_at(&component->batch),
								   .dir = DIR_ROUTE, // E5
								   .xml = xml});
	return kind;
}

// From the newest stanza, also of a process before this one, to now. A break right after another begins
// where that one ended. Who was never connected misses nothing yet.
void component_batch_gap(struct component *component)
{
	usec_t since = spool_last_at(component->options.spool), now = next_at(&component->batch);

	if (component->listened != USEC_NONE && component->listened > since) // USEC_NONE is least
		since = component->listened;
	component->listened = now;
	if (since == USEC_NONE)
		return;
	component->batch.counts[COMPONENT_GAPS]++;
	component_batch_add(component,
			    (struct spool_item){.kind = SPOOL_GAP,
						.at = now > since ? now : since,
						.dir = DIR_ROUTE,
						.reason = TEXT("component stream was down"),
						.lost = -1,
						.since = since});
}

// --- storing ---

static void is_stored(struct component *component)
{
	struct component_batch *batch = &component->batch;

	pthread_mutex_lock(&component->lock);
	for (size_t i = 0; i < COMPONENT_COUNTS; i++)
		component->state.counts[i] += batch->counts[i];
	pthread_mutex_unlock(&component->lock);
	memset(batch->counts, 0, sizeof batch->counts);
	batch->count = 0;
	arena_reset(batch->arena);
}

static void is_full(struct component *component, usec_t pause)
{
	component_say(component, "full", "the spool is full: nothing is read until there is room");
	component_warn(component, "spool-full", "the spool has reached its limit", pause,
		       "nothing is read, so the server waits; if it gives up, that is a gap");
}

static void has_failed(struct component *component, const char *error, usec_t pause)
{
	component_say(component, "full", error);
	component_warn(component, "spool-failed", error, pause,
		       "nothing is read until it can be stored");
}

bool component_batch_store(struct component *component)
{
	struct component_batch *batch = &component->batch;
	const struct component_options *options = &component->options;
	usec_t pause = options->full_pause;
	bool waited = false;

	while (batch->count) {
		struct err err = {0};
		enum spool_result result =
			spool_put(options->spool, batch->items, batch->count, &err);
		if (result == SPOOL_DONE)
			break;
		waited = true;
		if (result == SPOOL_FULL) {
			is_full(component, options->full_pause);
			pause = options->full_pause;
		} else {
			has_failed(component, err.text, pause);
			pause = pause * 2 > options->backoff_most ? options->backoff_most
								  : pause * 2;
		}
		if (!component_rest(component, pause))
			return false;
	}
	is_stored(component);
	if (waited)
		component_say(component, "online", "");
	return true;
}
