// SPDX-License-Identifier: Apache-2.0
// What a report says, as one JSON document: everything that is shown in any form is in it. Each section is
// a function in one table.
#ifndef API_REPORT_CONTENT_H
#define API_REPORT_CONTENT_H

#include "api/report/ask.h"
#include "api/report/period.h"

struct content {
	struct inquiry inquiry;
	const struct period *period;
	const struct zone *zone;
	const char *zone_name;
	usec_t clock;               // by which a period is over
	struct privacy_key privacy; // for pseudonyms
	json_t *document;
	json_t *reasons, *notes; // of its status; owned by the document
	json_t *delivery;        // the answer with the buckets of the period; owned by content
	json_t *trend;           // the same of 28 days up to it
	json_t *read_trend;
};

typedef bool section_fn(struct content *content, struct err *err);

// On one snapshot. False: err. The document is the caller's in any case.
bool content_make(struct content *content, struct err *err);
void content_free(struct content *content);

// --- sections ---
section_fn section_metrics, section_series, section_comparison, section_trend; // metrics.c
section_fn section_domains, section_clients, section_users, section_failures;  // tables.c
section_fn section_unacknowledged, section_findings, section_gaps, section_quarantine,
	section_sources;                  // lists.c
section_fn section_restatements;          // restate.c
section_fn section_rules, section_status; // content.c

// --- what sections share ---

// The answer of a path over since..until; more is a query that begins with "&" or is empty. NULL: err.
json_t *content_ask(struct content *content, const char *path, usec_t since, usec_t until,
		    const char *more, struct err *err);
// The JID as the setting report_people wants it: as it is, a pseudonym, or null. Takes the value over.
json_t *content_person(const struct content *content, json_t *jid);
// Members of a JSON object that are people.
void content_hide(const struct content *content, json_t *row, const char *const *members);
// A reason why the report is incomplete, or a note; takes "more" (an object or NULL) over.
void content_say(json_t *list, const char *what, json_t *more);
// Copies those members of the row that are named, "a.b" as a member of an object.
json_t *content_reduced(const json_t *row, const char *const *names);

#endif
