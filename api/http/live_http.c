// SPDX-License-Identifier: Apache-2.0
// A request from the bytes of its head, which head.h has found good, and an answer as bytes.
#include "api/http/live_parts.h"

#include "api/http/refusal.h"

#include <stdlib.h>
#include <strings.h>

static bool take_line(struct text *rest, struct text *line)
{
	const char *end = memmem(rest->p, rest->n, "\r\n", 2);
	if (!end)
		return false;
	size_t n = (size_t)(end - rest->p);
	*line = (struct text){rest->p, n};
	*rest = (struct text){end + 2, rest->n - n - 2};
	return true;
}

static void take_field(struct request *request, struct text name, struct text value)
{
	const struct {
		const char *name;
		struct text *to;
	} wanted[] = {
		{"Authorization", &request->authorization},
		{"Accept", &request->accept},
		{"Origin", &request->origin},
		{"Host", &request->host},
		{"Last-Event-ID", &request->last_event},
	};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		if (name.n == strlen(wanted[i].name) &&
		    strncasecmp(name.p, wanted[i].name, name.n) == 0 && !wanted[i].to->p)
			*wanted[i].to = value;
	}
	if (name.n == 15 && strncasecmp(name.p, "X-Forwarded-For", 15) == 0)
		request->forwarded = value;
	if (name.n == 13 && strncasecmp(name.p, "Authorization", 13) == 0)
		request->authorizations++;
	if (name.n == 17 && strncasecmp(name.p, "Transfer-Encoding", 17) == 0)
		request->has_body = true;
	if (name.n == 14 && strncasecmp(name.p, "Content-Length", 14) == 0) // 15 digits at most
		request->length = strtoull(value.p, NULL, 10);
}

void live_request(struct text head, struct arena *arena, struct request *request)
{
	struct text line = TEXT(""), target;
	take_line(&head, &line);
	const char *blank = memchr(line.p, ' ', line.n);
	size_t n = (size_t)(blank - line.p);
	*request = (struct request){.method = {line.p, n}, .arena = arena};
	target = (struct text){blank + 1, line.n - n - 1 - strlen(" HTTP/1.1")};
	const char *mark = memchr(target.p, '?', target.n);
	request->path = (struct text){target.p, mark ? (size_t)(mark - target.p) : target.n};
	request->query = mark ? (struct text){mark + 1, target.n - request->path.n - 1} : TEXT("");
	while (take_line(&head, &line) && line.n > 0) {
		const char *colon = memchr(line.p, ':', line.n);
		size_t length = (size_t)(colon - line.p);
		take_field(request, (struct text){line.p, length},
			   text_trim((struct text){colon + 1, line.n - length - 1}));
	}
	request->has_body |= request->length > 0;
	request_id_make(request->id);
}

static void write_head(struct buf *out, const struct reply *reply)
{
	buf_printf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nConnection: close\r\n",
		   reply->status, status_phrase(reply->status), reply->type);
	for (size_t i = 0; i < reply->header_count; i++)
		buf_printf(out, "%s: %s\r\n", reply->headers[i].name, reply->headers[i].value);
}

void live_reply(struct buf *out, struct reply *reply)
{
	write_head(out, reply);
	buf_printf(out, "Content-Length: %zu\r\n\r\n", reply->body.len);
	buf_text(out, buf_view(&reply->body));
}

// No length and no chunks: it ends when the connection does. Proxies are asked not to collect it.
void live_stream_head(struct buf *out, const struct reply *reply)
{
	write_head(out, reply);
	buf_zstr(out, "X-Accel-Buffering: no\r\n\r\nretry: 3000\n\n");
}
