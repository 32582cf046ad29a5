// SPDX-License-Identifier: Apache-2.0
#include "api/http/reply.h"

#include "api/http/gzip.h"

#include <stdio.h>
#include <strings.h>

void reply_begin(struct reply *reply, struct arena *arena)
{
	*reply = (struct reply){.status = 200, .type = "text/plain; charset=utf-8", .arena = arena};
}

void reply_free(struct reply *reply)
{
	buf_free(&reply->body);
	if (reply->producer.run)
		reply->producer.free(reply->producer.self);
	reply->producer = (struct producer){0};
}

void reply_reset(struct reply *reply)
{
	struct arena *arena = reply->arena;
	reply_free(reply);
	reply_begin(reply, arena);
}

void reply_header(struct reply *reply, const char *name, struct text value)
{
	if (reply->header_count == REPLY_HEADERS || !value.p)
		return;
	char *copy = arena_zstr(reply->arena, value);
	for (char *c = copy; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	reply->headers[reply->header_count++] = (struct reply_header){name, copy};
}

bool reply_has(const struct reply *reply, const char *name)
{
	for (size_t i = 0; i < reply->header_count; i++) {
		if (strcmp(reply->headers[i].name, name) == 0)
			return true;
	}
	return false;
}

static const struct phrase {
	int status;
	const char *words;
} phrases[] = {
	{200, "OK"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{421, "Misdirected Request"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{503, "Service Unavailable"},
	{505, "HTTP Version Not Supported"},
	{500, "Internal Server Error"},
};

const char *status_phrase(int status)
{
	size_t last = sizeof phrases / sizeof *phrases - 1;
	for (size_t i = 0; i < last; i++) {
		if (phrases[i].status == status)
			return phrases[i].words;
	}
	return phrases[last].words;
}

void reply_compress(struct reply *reply, struct text accept_encoding)
{
	struct text body = reply->fixed.p ? reply->fixed : buf_view(&reply->body);
	if (!gzip_accepted(accept_encoding))
		return;
	if (reply->producer.run && reply->producer.compress)
		reply_header(reply, "Content-Encoding", TEXT("gzip"));
	if (reply->producer.run || body.n < GZIP_WORTH)
		return;
	struct buf packed = {0};
	struct gzip *gzip = gzip_new();
	gzip_add(gzip, body, GZIP_END, &packed);
	gzip_free(gzip);
	buf_free(&reply->body);
	reply->fixed = TEXT_NONE;
	reply->body = packed;
	reply_header(reply, "Content-Encoding", TEXT("gzip"));
}

void reply_json(struct reply *reply, const json_t *value)
{
	reply->type = "application/json";
	table_json(&reply->body, value);
	buf_char(&reply->body, '\n');
}

void reply_problem(struct reply *reply, int status, const char *detail, struct text parameter,
		   const char *request_id)
{
	reply_reset(reply);
	JSON_AUTO *problem = json_object();
	json_object_set_new(problem, "type", json_string("about:blank"));
	json_object_set_new(problem, "title", json_string(status_phrase(status)));
	json_object_set_new(problem, "status", json_integer(status));
	json_object_set_new(problem, "detail", json_text(text_of(detail)));
	json_put_text(problem, "parameter", parameter);
	json_object_set_new(problem, "request_id", json_string(request_id));
	reply_json(reply, problem);
	reply->status = status;
	reply->type = "application/problem+json";
	if (status == 503 || status == 429)
		reply_header(reply, "Retry-After", status == 503 ? TEXT("2") : TEXT("60"));
	if (status == 401)
		reply_header(reply, "WWW-Authenticate", TEXT("Bearer realm=\"receiptd\""));
}

void reply_retry(struct reply *reply, int seconds)
{
	for (size_t i = 0; i < reply->header_count; i++) {
		struct text value = arena_printf(reply->arena, "%d", seconds);
		if (strcmp(reply->headers[i].name, "Retry-After") == 0)
			reply->headers[i].value = arena_zstr(reply->arena, value);
	}
}

// ---- forms

static bool same_word(struct text a, const char *b)
{
	return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

static bool range_format(struct text range, enum table_format *format)
{
	static const struct {
		const char *range;
		enum table_format format;
	} known[] = {
		{"*/*", TABLE_JSON},
		{"application/*", TABLE_JSON},
		{"application/json", TABLE_JSON},
		{"application/x-ndjson", TABLE_NDJSON},
		{"application/ndjson", TABLE_NDJSON},
		{"text/csv", TABLE_CSV},
		{"text/*", TABLE_CSV},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (same_word(range, known[i].range)) {
			*format = known[i].format;
			return true;
		}
	}
	return false;
}

// The first media range that we know; q values do not change the order of what clients send.
bool reply_format(int64_t format_word, struct text accept, enum table_format *format)
{
	*format = TABLE_JSON;
	if (format_word >= 0) {
		*format = (enum table_format)format_word;
		return true;
	}
	if (text_trim(accept).n == 0)
		return true;
	while (accept.n > 0) {
		const char *comma = memchr(accept.p, ',', accept.n);
		size_t n = comma ? (size_t)(comma - accept.p) : accept.n;
		const char *parameters = memchr(accept.p, ';', n);
		size_t length = parameters ? (size_t)(parameters - accept.p) : n;
		if (range_format(text_trim((struct text){accept.p, length}), format))
			return true;
		n += comma ? 1 : 0;
		accept = (struct text){accept.p + n, accept.n - n};
	}
	return false;
}

// ---- honesty

void honesty_members(json_t *object, const struct honesty *honesty, bool final)
{
	json_object_set_new(object, "complete_until", json_usec(honesty->complete_until, 6));
	json_object_set_new(object, "final", json_boolean(final));
	json_object_set_new(object, "gaps", json_integer(honesty->open_gaps));
	json_object_set_new(object, "commit", json_integer(honesty->commit));
}

static void number_header(struct reply *reply, const char *name, int64_t value)
{
	char text[24];
	snprintf(text, sizeof text, "%lld", (long long)value);
	reply_header(reply, name, text_of(text));
}

void honesty_headers(struct reply *reply, const struct honesty *honesty, bool final)
{
	char at[USEC_TEXT];
	bool known = honesty->complete_until != USEC_NONE;
	reply_header(reply, "Receiptd-Complete-Until",
		     known ? text_of(usec_format(honesty->complete_until, 6, at)) : TEXT("none"));
	reply_header(reply, "Receiptd-Final", final ? TEXT("true") : TEXT("false"));
	number_header(reply, "Receiptd-Gaps", honesty->open_gaps);
	number_header(reply, "Receiptd-Commit", honesty->commit);
}
