// SPDX-License-Identifier: Apache-2.0
#include "ingest/look.h"

#include "ingest/markup.h"
#include "ingest/sources/decode.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 256 << 10, DETECT_HEAD = 64 << 10 };

static void count_one(struct look_count *counts, const char *what, uint64_t offset)
{
	size_t i = 0;
	while (i < LOOK_KINDS - 1 && counts[i].what && strcmp(counts[i].what, what) != 0)
		i++;
	if (!counts[i].what) {
		counts[i].what = what;
		counts[i].first = offset;
	}
	counts[i].count++;
}

static void note(struct string_list *list, struct text item)
{
	if (item.n && list->count < LOOK_NAMED && !string_list_has(list, item))
		string_list_add(list, item);
}

static int64_t key_of(struct text text)
{
	uint64_t hash = UINT64_C(1469598103934665603);
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 29; // the map takes the low bits
	return (int64_t)hash;
}

static void note_session(struct look *look, struct text session)
{
	static char present;
	void **place = map_put(&look->session_set, key_of(session));
	note(&look->hosts, jid_domain_of(session));
	if (*place)
		return;
	*place = &present;
	look->sessions++;
	note(&look->session_names, session);
}

static void note_rooms(struct look *look, const struct record *record)
{
	struct text tag = markup_first(record->xml);
	struct text from = tag_attr(tag, "from"), to = tag_attr(tag, "to");
	if (!tag.p || !record->xml.p)
		return;
	if (text_is(tag_name(tag), "iq")) { // dialects let through answers of conference services
		if (from.p && memmem(record->xml.p, record->xml.n, "conference", 10) &&
		    !memchr(from.p, '@', from.n) && text_is(tag_attr(tag, "type"), "result"))
			note(&look->muc_domains, from);
		return;
	}
	if (!text_is(tag_attr(tag, "type"), "groupchat"))
		return;
	bool to_occupant = jid_is_full(to) && jid_is_full(from);
	if (to_occupant && !text_same(jid_domain_of(from), jid_domain_of(to)))
		note(&look->muc_domains, jid_domain_of(from));
}

static void note_time(struct look *look, const struct record *record)
{
	look->odd_time += record->at_odd;
	if (record->at == USEC_NONE) {
		look->no_time++;
		return;
	}
	if (look->first == USEC_NONE || record->at < look->first)
		look->first = record->at;
	if (look->last == USEC_NONE || record->at > look->last)
		look->last = record->at;
}

static void on_record(void *self, const struct record *record)
{
	struct look *look = self;
	struct text name = record->xml.p ? tag_name(markup_first(record->xml)) : TEXT_NONE;
	switch (record->kind) {
	case RECORD_STANZA:
		note_rooms(look, record);
		if (text_is(name, "iq") || text_is(name, "presence")) { // for facts only
			count_one(look->ignored, text_is(name, "iq") ? "iq" : "presence",
				  record->offset);
			break;
		}
		look->stanzas[record->dir]++;
		note_time(look, record);
		if (record->session.p)
			note_session(look, record->session);
		else if (record->dir == DIR_IN || record->dir == DIR_OUT)
			look->no_session++;
		break;
	case RECORD_GAP:
		count_one(look->gaps, record->reason, record->offset);
		break;
	case RECORD_QUARANTINE:
		count_one(look->unread, record->reason, record->offset);
		break;
	}
}

// Sessions that were bound but sent nothing: "s:..." -> JID, in some dialects behind a letter.
static void on_remember(void *self, struct text key, struct text value)
{
	if (!text_starts(key, "s:") || !value.n || value.p[0] == '?' || value.p[0] == '@')
		return; // '?' and '@': a stream whose session is not known
	if (value.p[0] == '+' || value.p[0] == '-')
		value = (struct text){value.p + 1, value.n - 1};
	if (jid_is_full(value))
		note_session(self, value);
}

static void on_ignored(void *self, const char *kind)
{
	struct look *look = self;
	count_one(look->ignored, kind, 0);
}

static bool not_recognised(const char *path, struct text head, const struct look *look,
			   struct err *err)
{
	char names[512] = "";
	size_t used = 0;
	for (size_t i = 0; dialect_types[i] && used < sizeof names; i++) {
		int n = snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
				 dialect_types[i]->name);
		used += n > 0 ? (size_t)n : 0;
	}
	const char *why = look->why;
	if (!head.n)
		why = "the file is empty";
	else if (text_starts(head, "\xff\xfe") || text_starts(head, "\xfe\xff"))
		why = "encoding not supported: UTF-16"; // F34
	return err_set(err, ERR_INPUT, "%s: not recognised: %s (known dialects: %s)", path, why,
		       names);
}

static bool choose(const char *path, const struct look_options *options, struct text head,
		   struct look *look, struct err *err)
{
	const struct dialect_type *found = dialect_detect(head, &look->certainty, &look->why);
	if (!options->dialect) {
		look->dialect = found;
		return found ? true : not_recognised(path, head, look, err);
	}
	look->dialect = dialect_by_name(text_of(options->dialect));
	if (!look->dialect)
		return err_set(err, ERR_USAGE, "unknown dialect \"%s\"", options->dialect);
	look->certainty = look->dialect->score(head, &look->why);
	return true;
}

// Fills the buffer unless the file ends. *damaged: nothing more can be read, err says why.
static size_t fill(struct decoder *decoder, char *buffer, size_t size, bool *damaged,
		   struct err *err)
{
	size_t have = 0;
	while (have < size && !*damaged) {
		long n = decode_read(decoder, buffer + have, size - have, err);
		*damaged = n < 0;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return have;
}

static bool read_all(struct decoder *decoder, struct dialect *dialect, struct text first,
		     const struct look_options *options, struct look *look, struct err *err)
{
	char *buffer = xcalloc(CHUNK, 1);
	bool damaged = false;
	while (first.n) {
		look->dialect->bytes(dialect, look->bytes, first);
		look->bytes += first.n;
		first = (struct text){buffer, 0};
		if (options->limit && look->bytes >= options->limit)
			break;
		first.n = fill(decoder, buffer, CHUNK, &damaged, err);
		look->whole = !first.n && !damaged;
	}
	look->dialect->end(dialect, look->whole);
	free(buffer);
	return !damaged;
}

static bool look_through(const char *path, const struct look_options *options,
			 struct decoder *decoder, char *buffer, struct look *look, struct err *err)
{
	bool damaged = false;
	size_t head = fill(decoder, buffer, DETECT_HEAD, &damaged, err);
	if ((damaged && !head) || !choose(path, options, (struct text){buffer, head}, look, err))
		return false;
	const struct dialect_sink sink = {look, on_record, on_remember, on_ignored};
	const struct dialect_options how = {.zone = look->zone,
					    .year = options->year,
					    .modified = decode_modified(decoder),
					    .rules = options->rules,
					    .format = options->format,
					    .path = path};
	struct dialect *dialect = look->dialect->open(&how, &sink);
	// F21: what comes before a damage is good; an import stores it and tells the rest as a gap.
	look->damaged =
		!read_all(decoder, dialect, (struct text){buffer, head}, options, look, err) ||
		damaged;
	look->dialect->close(dialect);
	return !look->damaged;
}

// A domain with sessions is a host and no room service, whatever was addressed there.
static void remove_hosts(struct look *look)
{
	struct string_list kept = {0};
	for (size_t i = 0; i < look->muc_domains.count; i++) {
		struct text domain = text_of(look->muc_domains.items[i]);
		if (!string_list_has(&look->hosts, domain))
			string_list_add(&kept, domain);
	}
	string_list_free(&look->muc_domains);
	look->muc_domains = kept;
}

bool look_at(const char *path, const struct look_options *options, struct look *look,
	     struct err *err)
{
	*look = (struct look){.first = USEC_NONE, .last = USEC_NONE};
	look->zone_assumed = !options->zone;
	look->zone = zone_open(options->zone, err);
	if (!look->zone)
		return false;
	struct decoder *decoder = decode_open(path, err);
	if (!decoder)
		return false;
	char *buffer = xcalloc(DETECT_HEAD, 1);
	look->compressed = decode_is_compressed(decoder);
	bool ok = look_through(path, options, decoder, buffer, look, err);
	remove_hosts(look);
	free(buffer);
	decode_close(decoder);
	return ok;
}

void look_free(struct look *look)
{
	zone_free(look->zone);
	map_free(&look->session_set);
	string_list_free(&look->session_names);
	string_list_free(&look->hosts);
	string_list_free(&look->muc_domains);
	*look = (struct look){0};
}
