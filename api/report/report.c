// SPDX-License-Identifier: Apache-2.0
#include "api/report/report.h"

#include "api/report/content.h"
#include "api/report/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct making {
	struct app *app;
	struct store *store;
	const struct report_request *request;
	struct report_result *result;
	struct content content;
	struct zone *zone;
	struct period period;
	struct arena *arena;
	int folder;
	json_t *figures;
	// The newest revision; revision 0: there is none.
	struct report_key last;
	json_t *last_figures;
	struct buf forms[REPORT_FORMATS];
	struct out_file files[REPORT_FORMATS];
};

// ---- settings

char *report_folder(const struct settings *settings)
{
	char *path = NULL;
	if (settings->report_dir)
		return xstrdup(settings->report_dir);
	if (asprintf(&path, "%s/reports", settings->data_dir) < 0)
		abort();
	return path;
}

const char *report_zone(const struct settings *settings)
{
	return settings->report_zone ? settings->report_zone : settings->zone;
}

// ---- what is asked for

static bool fix_period(struct making *it, struct err *err)
{
	const struct report_request *request = it->request;
	const char *zone = request->zone ? request->zone : report_zone(it->app->settings);
	it->zone = zone_open(zone, err);
	if (!it->zone)
		return false;
	it->period = period_of(request->kind, request->day, it->zone);
	period_name(&it->period, it->result->name);
	it->result->zone = xstrdup(zone_name(it->zone));
	if (it->period.since >= it->period.until)
		return err_set(err, ERR_USAGE, "there is no %s in %s", it->result->name,
			       it->result->zone);
	if (it->period.since > request->clock)
		return err_set(err, ERR_USAGE, "%s has not begun yet in %s", it->result->name,
			       it->result->zone);
	it->result->key = (struct report_key){
		.period = period_words[request->kind],
		.day = it->period.day,
		.zone = it->result->zone,
	};
	return true;
}

// ---- the last revision

static bool take_last(void *self, const struct stored_report *report)
{
	struct making *it = self;
	it->last = report->key;
	if (report->figures.p)
		it->last_figures = json_loadb(report->figures.p, report->figures.n, 0, NULL);
	return false;
}

static bool find_last(struct making *it, struct err *err)
{
	const struct report_filter filter = {
		.realm = it->result->key.realm,
		.period = it->result->key.period,
		.since = it->period.day,
		.until = it->period.day + USEC_PER_DAY,
		.zone = it->result->key.zone,
		.revision = 0,
		.limit = 1,
	};
	return store_reports(it->store, &filter, it->arena, it, take_last, err);
}

static bool make_content(struct making *it, struct err *err)
{
	struct content *content = &it->content;
	content->period = &it->period;
	content->zone = it->zone;
	content->zone_name = it->result->zone;
	content->clock = it->request->clock;
	if (!inquiry_open(&content->inquiry, it->app, it->store, it->request->now, err))
		return false;
	it->result->key.realm = content->inquiry.db.realm.id;
	return content_make(content, err);
}

static bool load_privacy(struct making *it, struct err *err)
{
	bool wanted = strcmp(it->app->settings->report_people, "pseudonyms") == 0;
	return !wanted || store_privacy(it->store, true, &it->content.privacy, err);
}

// Returns whether there is a new revision, and puts into the document which one and why.
static bool decide_revision(struct making *it)
{
	json_t *document = it->content.document, *head = json_object_get(document, "report");
	it->figures = figures_of(document);
	JSON_AUTO *changes =
		it->last_figures ? figures_compare(it->last_figures, it->figures) : NULL;
	it->result->changes = json_array_size(changes);
	it->result->is_new = it->last.revision == 0 || !changes || json_array_size(changes) > 0;
	it->result->key.revision = it->last.revision + (it->result->is_new ? 1 : 0);
	json_object_set_new(head, "revision", json_integer(it->result->key.revision));
	json_object_set_new(head, "made_at", json_usec(it->request->clock, 6));
	if (!changes)
		return it->result->is_new;
	json_t *why = json_object();
	json_object_set_new(why, "of_revision", json_integer(it->last.revision));
	json_object_set_new(why, "why", figures_why(changes));
	json_object_set(why, "figures", changes);
	json_object_set_new(document, "changes", why);
	return it->result->is_new;
}

// ---- files

static char *name_of(const struct making *it, const char *format)
{
	struct buf name = {0};
	file_name_part(&name, it->app->settings->realm);
	buf_printf(&name, ".%s.", it->result->name);
	file_name_part(&name, it->result->zone);
	buf_printf(&name, ".r%d.%s", it->result->key.revision, format);
	char *copy = xstrdup(name.data);
	buf_free(&name);
	return copy;
}

static void render(struct making *it)
{
	report_csv(&it->forms[0], it->content.document); // in the order of report_formats
	report_html(&it->forms[1], it->content.document, it->zone);
	report_json(&it->forms[2], it->content.document);
	for (size_t i = 0; i < REPORT_FORMATS; i++)
		it->files[i].bytes = buf_view(&it->forms[i]);
}

// The bytes that were stored with it: a lost file comes back as it was.
static bool recall(struct making *it, struct err *err)
{
	for (size_t i = 0; i < REPORT_FORMATS; i++) {
		int revision;
		if (!store_report_content(it->store, &it->result->key, report_formats[i], it->arena,
					  &revision, &it->files[i].bytes, err))
			return false;
	}
	return true;
}

static bool is_gone(const struct making *it) // by retention or an erasure: it stays so
{
	for (size_t i = 0; i < REPORT_FORMATS; i++) {
		if (!it->files[i].bytes.p)
			return true;
	}
	return false;
}

static void put_path(struct making *it, const char *folder, size_t i)
{
	if (asprintf(&it->result->paths[i], "%s/%s", folder, it->files[i].name) < 0)
		abort();
}

// ---- rows

static bool put_rows(struct making *it, struct err *err)
{
	const struct settings *settings = it->app->settings;
	const json_t *status = json_object_get(it->content.document, "status");
	char *figures = json_dumps(it->figures, JSON_COMPACT | JSON_REAL_PRECISION(15));
	struct stored_report report = {
		.key = it->result->key,
		.made_at = it->request->clock,
		.incomplete = it->result->incomplete,
		.final = json_is_true(json_object_get(status, "final")),
		.figures = text_of(figures),
		.file_count = REPORT_FORMATS,
	};
	if (!usec_parse(json_get_text(status, "complete_until"), &report.complete_until))
		report.complete_until = USEC_NONE;
	for (size_t i = 0; i < REPORT_FORMATS; i++)
		report.files[i] = (struct report_file){.format = text_of(report_formats[i]),
						       .name = text_of(it->files[i].name),
						       .content = it->files[i].bytes};
	if (settings->report_hook)
		report.sendings[report.sending_count++].way = text_of(report_ways[0]);
	if (settings->report_mail.count)
		report.sendings[report.sending_count++].way = text_of(report_ways[1]);
	bool fine = store_report_put(it->store, &report, err);
	free(figures);
	return fine;
}

// Bytes first, durable under other names; then the rows that vouch for them; then the names. Whoever is killed
// between leaves rows whose files the next run puts back, never a file that nobody vouches for (F165).
static bool store_it(struct making *it, struct err *err)
{
	bool is_new = decide_revision(it);
	for (size_t i = 0; i < REPORT_FORMATS; i++)
		it->files[i].name = name_of(it, report_formats[i]);
	if (is_new)
		render(it);
	else if (!recall(it, err))
		return false;
	if (is_gone(it))
		return true;
	return files_prepare(it->folder, it->files, REPORT_FORMATS, err) &&
	       (!is_new || put_rows(it, err)) &&
	       files_publish(it->folder, it->files, REPORT_FORMATS, err);
}

static void say_first_line(struct making *it)
{
	struct report_result *result = it->result;
	struct buf line = {0};
	const json_t *reasons =
		json_object_get(json_object_get(it->content.document, "status"), "reasons");
	size_t i;
	json_t *reason;
	buf_printf(&line, "%s: %s %s (%s), revision %d, %s",
		   result->incomplete ? "INCOMPLETE" : "complete", result->key.period, result->name,
		   result->zone, result->key.revision,
		   !result->is_new            ? "unchanged"
		   : result->key.revision > 1 ? "changed"
					      : "new");
	json_array_foreach(reasons, i, reason) {
		buf_printf(&line, "%s%s", i ? ", " : ": ",
			   json_string_value(json_object_get(reason, "what")));
	}
	result->first_line = xstrdup(line.data);
	buf_free(&line);
}

// ---- retention of reports

static void remove_file(void *self, struct text name)
{
	const struct making *it = self;
	unlinkat(it->folder, arena_zstr(it->arena, name), 0);
}

static bool keep_within(struct making *it, struct err *err)
{
	const struct settings *settings = it->app->settings;
	usec_t before = settings->keep_reports_days
				? it->request->clock - settings->keep_reports_days * USEC_PER_DAY
				: USEC_NONE;
	if (before == USEC_NONE && !settings->keep_reports_size)
		return true;
	return store_report_forget(it->store, it->result->key.realm, before,
				   settings->keep_reports_size, it, remove_file, err);
}

// ---- the seal

// The digests of the report are leaves of it. Whatever is in its way, the report is made (F203); who never made
// a key has not asked for seals.
static void seal_it(struct making *it)
{
	struct seal_result sealed;
	struct err why = {0};
	if (store_seal(it->app, it->store, NULL, usec_now(), &sealed, &why) || !sealed.in_use)
		return;
	it->result->is_unsigned = true;
	log_warn(it->app->log, "report-unsigned", LOG_S("why", why.text));
}

// ---- all of it

static bool make_locked(struct making *it, struct err *err)
{
	char *folder = it->request->folder ? xstrdup(it->request->folder)
					   : report_folder(it->app->settings);
	bool fine = load_privacy(it, err) && make_content(it, err) && find_last(it, err);
	if (fine) {
		it->result->incomplete =
			json_is_true(json_object_get(it->content.document, "incomplete"));
		it->folder = files_open(folder, err);
		fine = it->folder >= 0 && store_it(it, err);
	}
	if (fine) {
		for (size_t i = 0; i < REPORT_FORMATS; i++)
			put_path(it, folder, i);
		say_first_line(it);
		seal_it(it);
		fine = keep_within(it, err) &&
		       report_index(it->app, it->store, it->result->key.realm, it->folder, err);
	}
	free(folder);
	return fine;
}

static void end(struct making *it)
{
	files_drop(it->folder, it->files, REPORT_FORMATS);
	for (size_t i = 0; i < REPORT_FORMATS; i++)
		buf_free(&it->forms[i]);
	if (it->folder >= 0)
		close(it->folder);
	json_decref(it->figures);
	json_decref(it->last_figures);
	content_free(&it->content);
	inquiry_close(&it->content.inquiry);
	zone_free(it->zone);
	arena_free(it->arena);
}

bool report_make(struct app *app, struct store *store, const struct report_request *request,
		 struct report_result *result, struct err *err)
{
	struct making it = {.app = app,
			    .store = store,
			    .request = request,
			    .result = result,
			    .arena = arena_new(),
			    .folder = -1};
	*result = (struct report_result){0};
	bool fine = fix_period(&it, err) && store_report_wait(store, err);
	if (fine) {
		fine = make_locked(&it, err);
		store_report_unlock(store);
	}
	end(&it);
	return fine;
}

void report_result_free(struct report_result *result)
{
	free(result->zone);
	free(result->first_line);
	for (size_t i = 0; i < REPORT_FORMATS; i++)
		free(result->paths[i]);
	*result = (struct report_result){0};
}
