// SPDX-License-Identifier: Apache-2.0
// A report from beginning to end: content, comparison with the last revision, three forms, files, rows.
#ifndef API_REPORT_REPORT_H
#define API_REPORT_REPORT_H

#include "api/report/files.h"
#include "api/report/period.h"
#include "store/store.h"

struct report_request {
	enum period_kind kind;
	usec_t day;         // any civil day of the period
	const char *zone;   // NULL: of the settings
	usec_t now;         // evaluation time (pending or expired)
	usec_t clock;       // by which a period is over, or in the future
	const char *folder; // NULL: of the settings
};

struct report_result {
	struct report_key key; // zone lives as long as the result
	bool is_new;           // false: nothing had changed, the revision is the last one
	bool incomplete;
	bool is_unsigned; // the seal could not be made (F203)
	char name[PERIOD_NAME];
	char *zone; // owned, as the three below
	char *first_line;
	char *paths[REPORT_FORMATS];
	size_t changes; // from the revision before
};

// store: for writing. The realm is that of the settings. An incomplete report is none of the failures.
// ERR_USAGE: future day, no such day, zone or realm. ERR_STORAGE: a file. ERR_DATABASE: also when somebody else
// is making reports, or erasing, for longer than a minute.
bool report_make(struct app *app, struct store *store, const struct report_request *request,
		 struct report_result *result, struct err *err);
void report_result_free(struct report_result *result);

// The three forms of a document (render.c, html.c); appended.
void report_json(struct buf *out, const json_t *document);
void report_csv(struct buf *out, const json_t *document);
void report_html(struct buf *out, const json_t *document, const struct zone *zone);

// index.html and index.json of the folder (index.c).
// The same after something was taken out of the folder, of the realm of the settings.
bool report_index_anew(struct app *app, struct store *store, struct err *err);
bool report_index(struct app *app, struct store *store, int32_t realm, int folder, struct err *err);

// Settings with what is left out filled in; the caller's.
char *report_folder(const struct settings *settings);
const char *report_zone(const struct settings *settings);

#endif
