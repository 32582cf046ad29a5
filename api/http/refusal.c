// SPDX-License-Identifier: Apache-2.0
#include "api/http/refusal.h"

#include "api/http/reply.h"

#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>

void request_id_make(char out[17])
{
	unsigned char random[8];
	randombytes_buf(random, sizeof random);
	sodium_bin2hex(out, 17, random, sizeof random);
}

static void write_all(struct buf *out, const struct reply *reply, const char *id)
{
	buf_printf(out,
		   "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		   "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
		   "Request-Id: %s\r\nConnection: close\r\n",
		   reply->status, status_phrase(reply->status), reply->type, reply->body.len, id);
	for (size_t i = 0; i < reply->header_count; i++)
		buf_printf(out, "%s: %s\r\n", reply->headers[i].name, reply->headers[i].value);
	buf_zstr(out, "\r\n");
	buf_text(out, buf_view(&reply->body));
}

void refusal_send(int fd, int status, const char *detail, struct log *log)
{
	char id[REQUEST_ID];
	struct reply reply;
	struct buf out = {0};
	struct arena *arena = arena_new();
	request_id_make(id);
	reply_begin(&reply, arena);
	reply_problem(&reply, status, detail, TEXT_NONE, id);
	write_all(&out, &reply, id);
	if (send(fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		status = 0; // gone; the line below says that nothing was answered
	log_info(log, "request", LOG_S("request", id), LOG_I("status", status),
		 LOG_S("refused", detail));
	buf_free(&out);
	reply_free(&reply);
	arena_free(arena);
}
