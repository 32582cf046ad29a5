// SPDX-License-Identifier: Apache-2.0
// GET /v1/reports: which reports there are. GET /v1/reports/{report}: the bytes of one, as they were made, whatever
// has become of its file. They may name people, so both are recorded (F192).
#include "api/http/handlers.h"

#include "api/http/list.h"
#include "api/report/period.h"
#include "api/report/report_json.h"

enum { P_SINCE, P_UNTIL, P_PERIOD, P_ZONE, P_REVISION, P_LIMIT, P_FORMAT, P_LIST_COUNT };
enum { P_ONE_REVISION, P_ONE_ZONE, P_ONE_COUNT };
enum { REVISION_MAX = 1000000 };

static const char *const revision_words[] = {"newest", "all", NULL};

static const struct param_spec list_specs[P_LIST_COUNT] = {
	[P_SINCE] = {"since", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_UNTIL] = {"until", PARAM_TIME, NULL, NULL, 0, 0, false, false},
	[P_PERIOD] = {"period", PARAM_WORD, NULL, period_words, 0, 0, false, false},
	[P_ZONE] = {"zone", PARAM_ZONE, NULL, NULL, 0, 0, false, false},
	[P_REVISION] = {"revisions", PARAM_WORD, "newest", revision_words, 0, 0, false, false},
	[P_LIMIT] = {"limit", PARAM_NUMBER, "100", NULL, 1, 1000, false, true},
	[P_FORMAT] = {"format", PARAM_WORD, NULL, table_format_names, 0, 0, false, true},
};
static const struct param_spec one_specs[P_ONE_COUNT] = {
	[P_ONE_REVISION] = {"revision", PARAM_NUMBER, NULL, NULL, 1, REVISION_MAX, false, false},
	[P_ONE_ZONE] = {"zone", PARAM_ZONE, NULL, NULL, 0, 0, false, false},
};

const struct param_table reports_params = {list_specs, P_LIST_COUNT};
const struct param_table report_params = {one_specs, P_ONE_COUNT};

// F134: they speak about the whole realm.
static bool is_limited(struct call *call)
{
	return call->token.domains.count > 0 &&
	       call_problem(call, 403, "This token is limited to domains.", NULL);
}

// ---- the list

static bool each_report(void *self, const struct stored_report *report)
{
	return list_put(self, stored_report_json(report));
}

static struct report_filter filter_of(struct call *call)
{
	const struct param *params = call->params;
	const struct param *period = &params[P_PERIOD];
	return (struct report_filter){
		.realm = call->db->realm.id,
		.period = period->given ? period_words[period->number] : NULL,
		.since = params[P_SINCE].number,
		.until = params[P_UNTIL].number,
		.zone = arena_zstr(call->request->arena, params[P_ZONE].text),
		.revision = params[P_REVISION].number == 0 ? 0 : -1,
		.limit = params[P_LIMIT].number + 1,
	};
}

bool handle_reports(struct call *call, struct err *err)
{
	struct list list;
	struct honesty honesty;
	struct zone *zone = call_zone(call, &call->params[P_ZONE]);
	if (!zone)
		return call_problem(call, 400, "There is no such time zone.", "zone");
	zone_free(zone);
	if (is_limited(call) ||
	    !call_range(call, call->params[P_SINCE].number, call->params[P_UNTIL].number))
		return true;
	if (!store_honesty(call->db->store, call->db->realm.id, USEC_NONE, USEC_NONE, &honesty,
			   err))
		return false;
	if (!list_begin(&list, call, &call->params[P_FORMAT], report_columns,
			call->params[P_LIMIT].number))
		return true;
	const struct report_filter filter = filter_of(call);
	if (!store_reports(call->db->store, &filter, call->request->arena, &list, each_report, err))
		return false;
	list_end(&list, &honesty, false, NULL);
	return true;
}

// ---- one of them

static const struct {
	const char *end, *format, *type;
} forms[] = {
	{".html", "html", "text/html; charset=utf-8"},
	{".json", "json", "application/json"},
	{".csv", "csv", "text/csv; charset=utf-8; header=present"},
};

enum { FORMS = sizeof forms / sizeof *forms };

// 2026-03-02.html, 2026-W10.json, 2026-03.csv. FORMS: it is none of these.
static size_t read_name(struct text part, struct report_key *key)
{
	enum period_kind kind;
	for (size_t i = 0; i < FORMS; i++) {
		size_t n = strlen(forms[i].end);
		if (part.n <= n || memcmp(part.p + part.n - n, forms[i].end, n) != 0)
			continue;
		if (!period_parse_name((struct text){part.p, part.n - n}, &kind, &key->day))
			break;
		key->period = period_words[kind];
		return i;
	}
	return FORMS;
}

// Its style is within it; it asks for nothing and runs nothing.
static void allow_own_style(struct reply *reply)
{
	reply_header(reply, "Content-Security-Policy",
		     TEXT("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
			  "form-action 'none'; frame-ancestors 'none'"));
}

static bool send_report(struct call *call, const struct report_key *key, size_t form,
			struct err *err)
{
	int revision;
	struct text content;
	if (!store_report_content(call->db->store, key, forms[form].format, call->request->arena,
				  &revision, &content, err))
		return false;
	if (!revision)
		return call_problem(call, 404, "There is no such report.", NULL);
	if (!content.p)
		return call_problem(call, 404, "That report is not kept any more.", NULL);
	call->reply->type = forms[form].type;
	buf_text(&call->reply->body, content);
	if (strcmp(forms[form].format, "html") == 0)
		allow_own_style(call->reply);
	call->rows = 1;
	return true;
}

bool handle_report(struct call *call, struct err *err)
{
	const struct settings *settings = call->service->app->settings;
	const char *wanted = arena_zstr(call->request->arena, call->params[P_ONE_ZONE].text);
	struct report_key key = {.realm = call->db->realm.id};
	size_t form = read_name(call->parts[0], &key);
	if (is_limited(call))
		return true;
	if (form == FORMS)
		return call_problem(call, 404, "There is no such report.", NULL);
	if (!wanted)
		wanted = settings->report_zone ? settings->report_zone : settings->zone;
	struct zone *zone = zone_open(wanted, NULL);
	if (!zone)
		return call_problem(call, 400, "There is no such time zone.", "zone");
	key.zone = zone_name(zone);
	if (call->params[P_ONE_REVISION].given)
		key.revision = (int)call->params[P_ONE_REVISION].number;
	bool fine = send_report(call, &key, form, err);
	zone_free(zone);
	return fine;
}
