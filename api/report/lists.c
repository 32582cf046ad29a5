// SPDX-License-Identifier: Apache-2.0
// Lists: what is not answered, findings, gaps, quarantine, sources.
#include "api/report/content.h"

#include "api/report/severity.h"
#include "api/state_json.h"

#include <stdio.h>

enum { EXAMPLES = 3 };

bool section_unacknowledged(struct content *content, struct err *err)
{
	static const char *const kept[] = {"sent_at", "from", "to",  "id",
					   "verdict", "conv", "key", NULL};
	static const char *const people[] = {"from", "to", NULL};
	const struct period *period = content->period;
	int64_t open;
	JSON_AUTO *answer = content_ask(content, "/v1/unacknowledged", period->since, period->until,
					"&limit=20", err);
	if (!answer || !store_report_open(content->inquiry.db.store, content->inquiry.db.realm.id,
					  period->since, period->until, &open, err))
		return false;
	const json_t *totals = json_object_get(content->document, "delivery");
	json_t *section = json_object(), *oldest = json_array(), *row;
	size_t i;
	json_object_set_new(section, "at_end", json_integer(open));
	json_object_set(section, "pending", json_object_get(totals, "pending"));
	json_object_set(section, "expired", json_object_get(totals, "expired"));
	json_array_foreach(json_object_get(answer, "items"), i, row) {
		json_t *reduced = content_reduced(row, kept);
		content_hide(content, reduced, people);
		json_array_append_new(oldest, reduced);
	}
	json_object_set_new(section, "oldest", oldest);
	json_object_set_new(content->document, "unacknowledged", section);
	return true;
}

// ---- findings: counted by rule as they come, so their number costs no memory

struct tally {
	struct content *content;
	json_t *rules; // by name
};

static void add_to(json_t *object, const char *key, int64_t more)
{
	json_object_set_new(object, key,
			    json_integer(json_integer_value(json_object_get(object, key)) + more));
}

static json_t *rule_of(struct tally *tally, struct text rule)
{
	json_t *entry = json_object_getn(tally->rules, rule.p, rule.n);
	if (entry)
		return entry;
	entry = json_pack("{s:s, s:s%, s:i, s:i, s:[]}", "severity",
			  severity_names[severity_of(rule)], "rule", rule.p, rule.n, "findings", 0,
			  "count", 0, "examples");
	json_object_setn_new(tally->rules, rule.p, rule.n, entry);
	return entry;
}

static bool each_finding(void *self, const struct stored_finding *finding)
{
	static const char *const people[] = {"by", NULL};
	struct tally *tally = self;
	json_t *entry = rule_of(tally, finding->rule);
	add_to(entry, "findings", 1);
	add_to(entry, "count", finding->count);
	json_t *examples = json_object_get(entry, "examples");
	if (json_array_size(examples) < EXAMPLES) {
		json_t *example = finding_json(finding);
		content_hide(tally->content, example, people);
		json_object_del(example, "rule");
		json_array_append_new(examples, example);
	}
	return true;
}

// The most severe first, of these by name: store_findings gives them by name.
static json_t *by_severity(json_t *rules)
{
	json_t *items = json_array(), *entry;
	const char *name;
	for (int severity = 0; severity < SEVERITIES; severity++) {
		json_object_foreach(rules, name, entry) {
			const char *of = json_string_value(json_object_get(entry, "severity"));
			if (strcmp(of, severity_names[severity]) == 0)
				json_array_append(items, entry);
		}
	}
	return items;
}

bool section_findings(struct content *content, struct err *err)
{
	const struct realm_settings *rules = &content->inquiry.db.rules;
	JSON_AUTO *known = json_object();
	struct tally tally = {content, known};
	const struct finding_filter filter = {.realm = content->inquiry.db.realm.id,
					      .since = content->period->since,
					      .until = content->period->until,
					      .now = content->inquiry.now,
					      .t_expire = rules->t_expire,
					      .w_match = rules->w_match,
					      .t_composing_open = rules->t_composing_open};
	if (!store_findings(content->inquiry.db.store, &filter, &tally, each_finding, err))
		return false;
	json_object_set_new(content->document, "findings", by_severity(known));
	return true;
}

// ---- what is missing

bool section_gaps(struct content *content, struct err *err)
{
	JSON_AUTO *answer = content_ask(content, "/v1/gaps", content->period->since,
					content->period->until, "&limit=200", err);
	if (!answer)
		return false;
	json_t *section = json_object();
	json_object_set(section, "n", json_object_get(answer, "gaps"));
	json_object_set(section, "items", json_object_get(answer, "items"));
	json_object_set_new(content->document, "gaps", section);
	return true;
}

static void each_reason(void *self, struct text source, struct text reason, int64_t records)
{
	json_t *row = json_object(), *section = self;
	json_object_set_new(row, "source", json_text(source));
	json_object_set_new(row, "reason", json_text(reason));
	json_object_set_new(row, "records", json_integer(records));
	json_array_append_new(json_object_get(section, "items"), row);
	add_to(section, "records", records);
}

bool section_quarantine(struct content *content, struct err *err)
{
	const struct period *period = content->period;
	json_t *section = json_pack("{s:i, s:[]}", "records", 0, "items");
	json_object_set_new(content->document, "quarantine", section);
	return store_report_quarantine(content->inquiry.db.store, content->inquiry.db.realm.id,
				       period->since, period->until, section, each_reason, err);
}

// Paths of the server's files are no business of a reader of reports.
bool section_sources(struct content *content, struct err *err)
{
	static const char *const kept[] = {
		"name",     "dialect", "live",  "records",  "stanzas", "gaps", "quarantined",
		"first_at", "last_at", "state", "state_at", "note",    NULL};
	JSON_AUTO *answer = api_ask(&content->inquiry, err, "/v1/sources", "limit=%d", 1000);
	if (!answer)
		return false;
	json_t *items = json_array(), *row;
	size_t i;
	json_array_foreach(json_object_get(answer, "items"), i, row) {
		json_array_append_new(items, content_reduced(row, kept));
	}
	json_object_set_new(content->document, "sources", items);
	return true;
}
