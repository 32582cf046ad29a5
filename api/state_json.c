// SPDX-License-Identifier: Apache-2.0
#include "api/state_json.h"

const char *const finding_columns[] = {"rule", "by", "ref", "first_at", "last_at", "count", NULL};
const char *const gap_columns[] = {"source",      "cause",     "from_at", "to_at", "found_at",
				   "from_offset", "to_offset", "lost",    NULL};
const char *const source_columns[] = {"name",        "dialect",  "path",    "realm",       "live",
				      "generations", "records",  "stanzas", "quarantined", "gaps",
				      "first_at",    "last_at",  "seen_at", "read_bytes",  "size",
				      "state",       "state_at", "note",    "gone_at",     NULL};
const char *const quarantine_columns[] = {"source", "reason", "at",      "found_at",
					  "offset", "length", "records", NULL};

static void put_number(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

json_t *finding_json(const struct stored_finding *finding)
{
	json_t *row = json_object();
	json_object_set_new(row, "rule", json_text(finding->rule));
	json_object_set_new(row, "by", json_text(finding->by.p ? finding->by : TEXT("")));
	json_object_set_new(row, "ref", json_text(finding->ref.p ? finding->ref : TEXT("")));
	json_put_usec(row, "first_at", finding->first_at, 6);
	json_put_usec(row, "last_at", finding->last_at, 6);
	put_number(row, "count", finding->count);
	return row;
}

json_t *gap_json(const struct stored_gap *gap)
{
	json_t *row = json_object();
	json_put_text(row, "source", gap->source);
	json_put_text(row, "cause", gap->cause);
	json_put_usec(row, "from_at", gap->from_at, 6);
	json_put_usec(row, "to_at", gap->to_at, 6);
	json_put_usec(row, "found_at", gap->found_at, 6);
	put_number(row, "from_offset", gap->from_offset);
	put_number(row, "to_offset", gap->to_offset);
	if (gap->lost >= 0)
		put_number(row, "lost", gap->lost);
	return row;
}

json_t *source_json(const struct source_state *source)
{
	json_t *row = json_object();
	json_put_text(row, "name", source->name);
	json_put_text(row, "dialect", source->dialect);
	json_put_text(row, "path", source->path);
	json_put_text(row, "realm", source->realm);
	json_object_set_new(row, "live", json_boolean(source->live));
	put_number(row, "generations", source->generations);
	put_number(row, "records", source->records);
	put_number(row, "stanzas", source->stanzas);
	put_number(row, "quarantined", source->quarantined);
	put_number(row, "gaps", source->gaps);
	json_put_usec(row, "first_at", source->first_at, 6);
	json_put_usec(row, "last_at", source->last_at, 6);
	json_put_usec(row, "seen_at", source->seen_at, 6);
	put_number(row, "read_bytes", (int64_t)source->read_bytes);
	put_number(row, "size", (int64_t)source->size);
	json_put_text(row, "state", source->state);
	json_put_usec(row, "state_at", source->state_at, 6);
	json_put_text(row, "note", source->note);
	json_put_usec(row, "gone_at", source->gone_at, 6);
	return row;
}

json_t *quarantine_json(const struct stored_quarantine *record)
{
	json_t *row = json_object();
	json_put_text(row, "source", record->source);
	json_put_text(row, "reason", record->reason);
	json_put_usec(row, "at", record->at, 6);
	json_put_usec(row, "found_at", record->found_at, 6);
	put_number(row, "offset", record->offset);
	put_number(row, "length", record->length);
	put_number(row, "records", record->records);
	return row;
}
