// SPDX-License-Identifier: Apache-2.0
// One JSON object a line, the input fields of PAIRING 9: ts, feed, dir, session (optional), stanza.
// For hooks, for exchange and for the vectors. Times are exact, so no ordinals (T1b).
#include "core/json.h"
#include "ingest/dialects/table.h"
#include "ingest/lines.h"

#include <stdlib.h>

enum { LINE_LIMIT = 4 << 20 };

struct dialect {
	struct dialect_sink sink;
	struct lines lines;
};

static json_t *object_of(struct text line)
{
	json_t *value = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	if (value && !json_is_object(value)) {
		json_decref(value);
		return NULL;
	}
	return value;
}

static const char *fill(struct record *record, const json_t *object)
{
	struct text ts = json_get_text(object, "ts");
	const json_t *session = json_object_get(object, "session");
	record->xml = json_get_text(object, "stanza");
	record->feed = json_get_text(object, "feed");
	record->session = json_get_text(object, "session");
	if (!ts.p || !usec_parse(ts, &record->at))
		return "\"ts\" is not a time with zone";
	if (!direction_parse(json_get_text(object, "dir"), &record->dir))
		return "\"dir\" is not a direction";
	if (!record->xml.p)
		return "\"stanza\" is missing";
	if (session && !json_is_null(session) && !json_is_string(session))
		return "\"session\" is not text";
	return NULL;
}

static const char *reason_of(const struct line *line, bool object)
{
	if (line->kind == LINE_LONG || line->kind == LINE_REST)
		return "line longer than the limit";
	if (object)
		return NULL;
	return line->kind == LINE_CUT ? "unterminated at end of file" : "not a JSON object";
}

static bool is_blank(struct text text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != ' ' && text.p[i] != '\t' && text.p[i] != '\r')
			return false;
	return true;
}

static void on_line(void *self, const struct line *line)
{
	struct dialect *d = self;
	struct record record = {
		.kind = RECORD_GAP,
		.at = USEC_NONE,
		.dir = DIR_ROUTE,
		.offset = line->offset,
		.length = line->length > UINT32_MAX ? UINT32_MAX : (uint32_t)line->length,
		.reason = "hole of NUL bytes",
		.lost = -1,
	};
	if (line->kind != LINE_HOLE && line->kind != LINE_REST && is_blank(line->text))
		return;
	JSON_AUTO *object = line->kind == LINE_HOLE ? NULL : object_of(line->text);
	if (line->kind != LINE_HOLE) {
		record.reason = reason_of(line, object != NULL);
		if (!record.reason)
			record.reason = fill(&record, object);
		record.kind = record.reason ? RECORD_QUARANTINE : RECORD_STANZA;
		if (record.reason)
			record.xml = line->text;
	}
	d->sink.record(d->sink.self, &record);
}

static struct dialect *observations_open(const struct dialect_options *options,
					 const struct dialect_sink *sink)
{
	struct dialect *d = xcalloc(1, sizeof *d);
	(void)options;
	d->sink = *sink;
	lines_init(&d->lines, LINE_LIMIT, d, on_line);
	return d;
}

static void observations_close(struct dialect *d)
{
	lines_free(&d->lines);
	free(d);
}

static void observations_recall(struct dialect *d, struct text key, struct text value)
{
	(void)d;
	(void)key;
	(void)value;
}

static void observations_bytes(struct dialect *d, uint64_t offset, struct text data)
{
	lines_feed(&d->lines, offset, data);
}

static void observations_end(struct dialect *d, bool final)
{
	if (final)
		lines_finish(&d->lines);
}

static uint64_t observations_low_water(const struct dialect *d)
{
	return lines_low_water(&d->lines);
}

static struct text first_line(struct text head)
{
	while (head.n && strchr(" \t\r\n", head.p[0]))
		head = (struct text){head.p + 1, head.n - 1};
	const char *end = head.n ? memchr(head.p, '\n', head.n) : NULL;
	return end ? (struct text){head.p, (size_t)(end - head.p)} : head;
}

static int observations_score(struct text head, const char **why)
{
	*why = "no observations: the first line is not a JSON object";
	if (text_starts(head, "\xef\xbb\xbf"))
		head = (struct text){head.p + 3, head.n - 3};
	struct text line = first_line(head);
	if (!line.n || line.p[0] != '{')
		return 0;
	JSON_AUTO *object = object_of(line);
	if (!object)
		return 0;
	if (!json_object_get(object, "stanza") || !json_object_get(object, "ts")) {
		*why = "lines of JSON, but without the fields ts, dir and stanza of observations";
		return 20;
	}
	*why = "lines of JSON with the fields ts, dir and stanza";
	return 98;
}

const struct dialect_type observations_dialect = {
	.name = "observations",
	.title = "observations, one JSON object a line",
	.precision = 1,
	.flush_allowance = 2 * USEC_PER_SEC,
	.score = observations_score,
	.open = observations_open,
	.recall = observations_recall,
	.bytes = observations_bytes,
	.end = observations_end,
	.low_water = observations_low_water,
	.close = observations_close,
};
