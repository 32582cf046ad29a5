// SPDX-License-Identifier: Apache-2.0
#include "api/http/gzip.h"

#include "core/arena.h"

#include <stdlib.h>
#include <strings.h>
#include <zlib.h>

// ---- what the client takes

// The part before the first such character, which goes with it.
static struct text take(struct text *rest, char end)
{
	const char *at = memchr(rest->p, end, rest->n);
	size_t n = at ? (size_t)(at - rest->p) : rest->n;
	struct text part = {rest->p, n};
	n += at ? 1 : 0;
	*rest = (struct text){rest->p + n, rest->n - n};
	return text_trim(part);
}

// "q=0", "q=0.", "q=0.000"
static bool is_zero(struct text parameter)
{
	if (parameter.n < 3 || strncasecmp(parameter.p, "q=", 2) != 0)
		return false;
	for (size_t i = 2; i < parameter.n; i++) {
		if (parameter.p[i] != '0' && parameter.p[i] != '.')
			return false;
	}
	return true;
}

bool gzip_accepted(struct text accept_encoding)
{
	struct text rest = accept_encoding;
	while (rest.p && rest.n > 0) {
		struct text coding = take(&rest, ',');
		struct text name = take(&coding, ';');
		if (name.n == 4 && strncasecmp(name.p, "gzip", 4) == 0)
			return !is_zero(text_trim(coding));
	}
	return false;
}

// ---- compressing

struct gzip {
	z_stream stream;
};

enum { GZIP_WINDOW = 15 + 16 /* with the header of gzip */, GZIP_MEMORY = 8, ROOM = 16 * 1024 };

// Speed before size: it is the processor that others wait for.
struct gzip *gzip_new(void)
{
	struct gzip *gzip = xcalloc(1, sizeof *gzip);
	if (deflateInit2(&gzip->stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); // as all allocations here
	return gzip;
}

void gzip_free(struct gzip *gzip)
{
	if (!gzip)
		return;
	deflateEnd(&gzip->stream);
	free(gzip);
}

void gzip_add(struct gzip *gzip, struct text bytes, enum gzip_end end, struct buf *to)
{
	static const int modes[] = {
		[GZIP_MORE] = Z_NO_FLUSH, [GZIP_FLUSH] = Z_SYNC_FLUSH, [GZIP_END] = Z_FINISH};
	z_stream *stream = &gzip->stream;
	stream->next_in = (z_const Bytef *)(uintptr_t)bytes.p;
	stream->avail_in = (uInt)bytes.n;
	do {
		buf_reserve(to, ROOM);
		stream->next_out = (Bytef *)to->data + to->len;
		stream->avail_out = ROOM;
		deflate(stream, modes[end]);
		to->len += ROOM - stream->avail_out;
	} while (stream->avail_out == 0);
	if (to->data)
		to->data[to->len] = '\0';
}
