// SPDX-License-Identifier: Apache-2.0
#include "api/report/content.h"

#include "core/embedded.h"

#include <sodium.h>
#include <stdio.h>

enum { PSEUDONYM = 6 }; // bytes

json_t *content_ask(struct content *content, const char *path, usec_t since, usec_t until,
		    const char *more, struct err *err)
{
	char from[USEC_TEXT], to[USEC_TEXT];
	usec_format(since, 6, from);
	usec_format(until, 6, to);
	return api_ask(&content->inquiry, err, path, "since=%s&until=%s%s", from, to, more);
}

void content_say(json_t *list, const char *what, json_t *more)
{
	json_t *said = json_object();
	json_object_set_new(said, "what", json_string(what));
	if (more)
		json_object_update(said, more);
	json_decref(more);
	json_array_append_new(list, said);
}

json_t *content_reduced(const json_t *row, const char *const *names)
{
	json_t *reduced = json_object();
	for (; *names; names++) {
		const char *dot = strchr(*names, '.');
		if (!dot) {
			json_object_set(reduced, *names, json_object_get(row, *names));
			continue;
		}
		size_t n = (size_t)(dot - *names);
		const json_t *inner = json_object_getn(row, *names, n);
		json_t *place = json_object_getn(reduced, *names, n);
		if (!place) {
			place = json_object();
			json_object_setn_new(reduced, *names, n, place);
		}
		json_object_set(place, dot + 1, json_object_get(inner, dot + 1));
	}
	return reduced;
}

// ---- people

// With the key that is not in the database: who has a report and a copy of that can try no names (F189).
static json_t *pseudonym(const struct content *content, const json_t *jid)
{
	struct text text = {json_string_value(jid), json_string_length(jid)};
	const char *slash = memchr(text.p, '/', text.n);
	struct text bare = {text.p, slash ? (size_t)(slash - text.p) : text.n};
	const char *at = memchr(bare.p, '@', bare.n);
	if (!at) // a server
		return json_stringn(bare.p, bare.n);
	unsigned char print[32];
	char name[2 * PSEUDONYM + 1];
	privacy_print(&content->privacy, "report", bare, print);
	sodium_bin2hex(name, sizeof name, print, PSEUDONYM);
	int domain = (int)(bare.n - (size_t)(at - bare.p));
	return json_sprintf("p-%s%.*s", name, domain, at);
}

json_t *content_person(const struct content *content, json_t *jid)
{
	const char *mode = content->inquiry.app->settings->report_people;
	if (!json_is_string(jid) || strcmp(mode, "names") == 0)
		return jid;
	json_t *shown = strcmp(mode, "none") == 0 ? json_null() : pseudonym(content, jid);
	json_decref(jid);
	return shown;
}

void content_hide(const struct content *content, json_t *row, const char *const *members)
{
	for (; *members; members++) {
		json_t *value = json_object_get(row, *members);
		if (value)
			json_object_set_new(row, *members,
					    content_person(content, json_incref(value)));
	}
}

// ---- what the figures depend on

static json_t *schema_version(void)
{
	const char *name =
		migration_file_count ? migration_files[migration_file_count - 1].name : "";
	return json_stringn(name, strcspn(name, "_"));
}

bool section_rules(struct content *content, struct err *err)
{
	(void)err;
	json_t *versions = json_object();
	json_object_set_new(versions, "receiptd", json_string(RECEIPTD_VERSION));
	json_object_set_new(versions, "schema", schema_version());
	json_object_set_new(content->document, "versions", versions);
	json_object_set_new(content->document, "rules",
			    realm_settings_to_json(&content->inquiry.db.rules));
	return true;
}

// ---- may its figures be believed?

static usec_t time_member(const json_t *object, const char *key)
{
	usec_t at;
	return usec_parse(json_get_text(object, key), &at) ? at : USEC_NONE;
}

// Followed sources that were not read up to the end of the period.
static void say_unread(struct content *content, usec_t complete_until)
{
	size_t i;
	json_t *source, *names = json_array();
	json_array_foreach(json_object_get(content->document, "sources"), i, source) {
		const char *state = json_string_value(json_object_get(source, "state"));
		if (state && strcmp(state, "following") != 0)
			json_array_append(names, json_object_get(source, "name"));
	}
	json_t *more = json_object();
	json_object_set_new(more, "complete_until", json_usec(complete_until, 6));
	json_object_set_new(more, "sources", names);
	content_say(content->reasons, "unread_input", more);
}

static void say_reasons(struct content *content, const struct unread *unread, usec_t complete_until,
			int64_t gaps)
{
	usec_t until = content->period->until;
	json_t *reasons = content->reasons;
	if (until > content->clock)
		content_say(reasons, "not_over", json_pack("{s:o}", "until", json_usec(until, 6)));
	if (gaps > 0)
		content_say(reasons, "gaps", json_pack("{s:I}", "n", (json_int_t)gaps));
	if (unread->again > 0)
		content_say(reasons, "read_again",
			    json_pack("{s:I}", "n", (json_int_t)unread->again));
	if (unread->unfinished > 0)
		content_say(reasons, "unfinished_import",
			    json_pack("{s:I}", "n", (json_int_t)unread->unfinished));
	if (unread->followed > 0 && (complete_until == USEC_NONE || complete_until < until))
		say_unread(content, complete_until);
}

static void say_notes(struct content *content, const struct unread *unread, usec_t complete_until)
{
	const struct period *period = content->period;
	if (unread->first_at == USEC_NONE)
		content_say(content->notes, "nothing_read", NULL);
	else if (unread->first_at > period->since)
		content_say(content->notes, "input_begins",
			    json_pack("{s:o}", "at", json_usec(unread->first_at, 6)));
	if (!unread->followed && complete_until != USEC_NONE && complete_until < period->until)
		content_say(content->notes, "input_ends",
			    json_pack("{s:o}", "at", json_usec(complete_until, 6)));
}

// A gap or unread input makes it incomplete; that rates may still change never does (F166).
bool section_status(struct content *content, struct err *err)
{
	const struct period *period = content->period;
	struct store *store = content->inquiry.db.store;
	struct unread unread;
	usec_t complete_until = time_member(content->delivery, "complete_until");
	if (!store_report_unread(store, content->inquiry.db.realm.id, period->since, period->until,
				 &unread, err))
		return false;
	say_reasons(content, &unread, complete_until,
		    json_integer_value(json_object_get(content->delivery, "gaps")));
	say_notes(content, &unread, complete_until);
	json_t *status = json_object_get(content->document, "status");
	bool complete = json_array_size(content->reasons) == 0;
	json_object_set_new(content->document, "incomplete", json_boolean(!complete));
	json_object_set_new(status, "complete", json_boolean(complete));
	json_object_set(status, "final", json_object_get(content->delivery, "final"));
	json_object_set_new(status, "final_at",
			    json_usec(period->until + content->inquiry.db.rules.t_expire, 6));
	json_object_set(status, "complete_until",
			json_object_get(content->delivery, "complete_until"));
	json_object_set(status, "commit", json_object_get(content->delivery, "commit"));
	return true;
}

// ---- the document

static void put_head(struct content *content)
{
	const struct period *period = content->period;
	char name[PERIOD_NAME], day[USEC_TEXT];
	json_t *head = json_object(), *status = json_object();
	usec_format(period->day, 0, day);
	day[10] = '\0';
	json_object_set_new(content->document, "incomplete", json_null()); // its first line says it
	json_object_set_new(head, "realm", json_string(content->inquiry.app->settings->realm));
	json_object_set_new(head, "period", json_string(period_words[period->kind]));
	json_object_set_new(head, "name", json_string(period_name(period, name)));
	json_object_set_new(head, "day", json_string(day));
	json_object_set_new(head, "zone", json_string(content->zone_name));
	json_object_set_new(head, "since", json_usec(period->since, 6));
	json_object_set_new(head, "until", json_usec(period->until, 6));
	json_object_set_new(head, "hours",
			    json_real((double)(period->until - period->since) /
				      (3600.0 * (double)USEC_PER_SEC)));
	json_object_set_new(head, "language",
			    json_string(content->inquiry.app->settings->report_language));
	json_object_set_new(head, "evaluated_at", json_usec(content->inquiry.now, 6));
	json_object_set_new(content->document, "report", head);
	content->reasons = json_array();
	content->notes = json_array();
	json_object_set_new(status, "complete", json_null());
	json_object_set_new(status, "reasons", content->reasons);
	json_object_set_new(status, "notes", content->notes);
	json_object_set_new(content->document, "status", status);
	json_object_set_new(content->document, "changes", json_null()); // its place is here
}

bool content_make(struct content *content, struct err *err)
{
	static section_fn *const sections[] = {
		section_metrics,  section_series,       section_comparison,
		section_trend,    section_domains,      section_clients,
		section_users,    section_failures,     section_unacknowledged,
		section_findings, section_gaps,         section_quarantine,
		section_sources,  section_restatements, section_rules,
		section_status,
	};
	struct store *store = content->inquiry.db.store;
	content->document = json_object();
	put_head(content);
	struct inquiry *inquiry = &content->inquiry;
	struct settle_lag lag; // the same for all sections: of one snapshot
	bool fine = store_hold_snapshot(store, err) &&
		    store_settle_lag(store, inquiry->db.realm.id, &lag, err);
	inquiry->db.lag = fine ? &lag : NULL;
	for (size_t i = 0; fine && i < sizeof sections / sizeof *sections; i++)
		fine = sections[i](content, err);
	inquiry->db.lag = NULL;
	store_release_snapshot(store);
	return fine;
}

void content_free(struct content *content)
{
	json_decref(content->document);
	json_decref(content->delivery);
	json_decref(content->trend);
	json_decref(content->read_trend);
}
