// SPDX-License-Identifier: Apache-2.0
#include "api/top_look.h"

#include <stdlib.h>

enum { SOURCES_MAX = 1000 };

static const struct top_window windows[TOP_WINDOWS] = {
	{.name = "15m", .span = 900 * USEC_PER_SEC},
	{.name = "1h", .span = 3600 * USEC_PER_SEC},
	{.name = "24h", .span = USEC_PER_DAY},
};

void top_look_free(struct top_look *look)
{
	if (look)
		arena_free(look->arena);
}

// --- sources ---

int top_source_trouble(const struct source_state *source)
{
	if (!source->live || text_is(source->state, "following"))
		return 0;
	return !source->state.p || text_is(source->state, "behind") ? 1 : 2;
}

static bool each_source(void *self, const struct source_state *source)
{
	struct top_look *look = self;
	if (look->source_count == SOURCES_MAX)
		return false;
	struct source_state *kept = &look->sources[look->source_count++];
	*kept = *source;
	kept->name = arena_text(look->arena, source->name);
	kept->dialect = arena_text(look->arena, source->dialect);
	kept->state = arena_text(look->arena, source->state);
	kept->note = arena_text(look->arena, source->note);
	kept->path = kept->realm = TEXT_NONE;
	look->totals.stanzas += source->stanzas;
	return true;
}

static int rank(const struct source_state *source)
{
	return source->live ? 3 - top_source_trouble(source) : 4;
}

static int by_trouble(const void *a, const void *b)
{
	const struct source_state *x = a, *y = b;
	return rank(x) != rank(y) ? rank(x) - rank(y) : text_compare(x->name, y->name);
}

static bool ask_sources(struct top_look *look, struct store *store, int32_t realm, struct err *err)
{
	look->sources = arena_alloc(look->arena, SOURCES_MAX * sizeof *look->sources);
	if (!store_sources(store, realm, look, each_source, err))
		return false;
	qsort(look->sources, look->source_count, sizeof *look->sources, by_trouble);
	return true;
}

// --- delivery ---

static bool take_bucket(void *self, const struct delivery_bucket *bucket)
{
	*(struct delivery_bucket *)self = *bucket;
	return true;
}

// The window ends with the instant that is looked at, so that "last" has the last message in it.
static bool ask_delivery(const struct top_look *look, struct store *store, int32_t realm,
			 usec_t span, usec_t t_expire, struct delivery_bucket *out, struct err *err)
{
	const struct metric_query query = {.realm = realm,
					   .since = look->at + 1 - span,
					   .until = look->at + 1,
					   .now = look->at,
					   .t_expire = t_expire,
					   .series = 1U << SERIES_DELIVER};
	return store_delivery(store, &query, out, take_bucket, err);
}

static bool ask_windows(struct top_look *look, struct store *store, int32_t realm, usec_t t_expire,
			struct err *err)
{
	struct delivery_bucket all = {0};
	for (size_t i = 0; i < TOP_WINDOWS; i++) {
		struct top_window *window = &look->windows[i];
		*window = windows[i];
		if (!store_honesty(store, realm, look->at + 1 - window->span, look->at + 1,
				   &look->honesty, err) ||
		    !ask_delivery(look, store, realm, window->span, t_expire, &window->delivery,
				  err))
			return false;
		window->gaps = look->honesty.open_gaps;
	}
	if (t_expire > 0 && !ask_delivery(look, store, realm, t_expire, t_expire, &all, err))
		return false;
	look->waiting = all.pending;
	return true;
}

// --- domains ---

static bool each_domain(void *self, const struct domain_delivery *domain)
{
	struct top_look *look = self;
	if (look->domain_count == TOP_DOMAINS)
		return false;
	struct domain_delivery *kept = &look->domains[look->domain_count++];
	*kept = *domain;
	kept->domain = arena_text(look->arena, domain->domain);
	return true;
}

static bool ask_domains(struct top_look *look, struct store *store, int32_t realm,
			const struct realm_settings *rules, struct err *err)
{
	struct string_list own = {0};
	for (size_t i = 0; i < rules->hosts.count; i++)
		string_list_add(&own, text_of(rules->hosts.items[i]));
	for (size_t i = 0; i < rules->muc_domains.count && rules->hosts.count; i++)
		string_list_add(&own, text_of(rules->muc_domains.items[i]));
	look->domains_since = look->at - USEC_PER_DAY;
	const struct domain_query query = {realm, look->domains_since, look->at, &own, TOP_DOMAINS};
	look->domains = arena_alloc(look->arena, TOP_DOMAINS * sizeof *look->domains);
	bool ok = store_worst_domains(store, &query, look, each_domain, err);
	string_list_free(&own);
	return ok;
}

// --- all of it ---

static bool ask_once(struct top_look *look, struct store *store, int32_t realm,
		     const struct realm_settings *rules, struct err *err)
{
	struct glance glance;
	if (!ask_windows(look, store, realm, rules->t_expire, err) ||
	    !store_glance(store, realm, look->at - rules->t_expire, &glance, err) ||
	    !store_settle_lag(store, realm, &look->settle, err) ||
	    !ask_sources(look, store, realm, err) || !ask_domains(look, store, realm, rules, err))
		return false;
	look->oldest_waiting = glance.oldest_waiting;
	look->totals.sent = glance.sent;
	look->totals.commit = look->honesty.commit;
	look->totals.at = usec_monotonic();
	return true;
}

// One snapshot: all figures, and what they stand on, are of one state of the data.
static bool ask_all(struct top_look *look, struct store *store, int32_t realm,
		    const struct realm_settings *rules, struct err *err)
{
	bool ok = store_snapshot(store, err) && ask_once(look, store, realm, rules, err);
	store_snapshot_end(store);
	return ok;
}

static bool find_time(struct top_asker *asker, int32_t realm, usec_t *at, struct err *err)
{
	struct honesty honesty;
	*at = usec_now();
	if (!asker->now.p || usec_parse(asker->now, at))
		return true;
	if (!store_honesty(asker->store, realm, USEC_NONE, USEC_NONE, &honesty, err))
		return false;
	if (honesty.newest != USEC_NONE)
		*at = honesty.newest;
	return true;
}

static double per_second(int64_t now, int64_t before, usec_t span)
{
	return span > 0 && now >= before ? (double)(now - before) * 1e6 / (double)span : -1;
}

// What was dropped and is read again makes totals smaller: then nothing is known.
static void find_rates(struct top_look *look, const struct top_totals *before)
{
	usec_t span = before->at ? look->totals.at - before->at : 0;
	look->commits = per_second(look->totals.commit, before->commit, span);
	look->messages = per_second(look->totals.sent, before->sent, span);
	look->stanzas = per_second(look->totals.stanzas, before->stanzas, span);
}

static bool fill(struct top_asker *asker, struct top_look *look, struct err *err)
{
	struct realm realm;
	struct realm_settings rules = {0};
	if (!store_realm_rules(asker->store, asker->realm, &realm, &rules, err))
		return false;
	bool ok = find_time(asker, realm.id, &look->at, err) &&
		  ask_all(look, asker->store, realm.id, &rules, err);
	realm_settings_free(&rules);
	return ok;
}

static bool be_connected(struct top_asker *asker, struct err *err)
{
	if (!asker->store)
		return store_open(asker->app, STORE_READ, &asker->store, err);
	if (asker->lost || !store_alive(asker->store))
		return store_reconnect(asker->store, err);
	return true;
}

bool top_ask(struct top_asker *asker, struct top_look **out, struct err *err)
{
	struct err why = {0};
	struct arena *arena = arena_new();
	struct top_look *look = arena_alloc(arena, sizeof *look);
	look->arena = arena;
	look->realm = arena_text(arena, text_of(asker->realm));
	bool ok = be_connected(asker, &why) && fill(asker, look, &why);
	asker->lost = !ok && why.kind == ERR_DATABASE;
	if (!ok) {
		top_look_free(look);
		return err_set(err, why.kind, "%s", why.text);
	}
	find_rates(look, &asker->before);
	asker->before = look->totals;
	*out = look;
	return true;
}

void top_asker_close(struct top_asker *asker)
{
	store_close(asker->store);
	asker->store = NULL;
}
