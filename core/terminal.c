// SPDX-License-Identifier: Apache-2.0
#include "core/terminal.h"

#include "core/arena.h"
#include "core/buf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct terminal {
	int fd;
	unsigned char held[2]; // the beginning of a character that may have to be shown
	size_t count;
	struct buf out;
};

static void show(struct terminal *it, unsigned code)
{
	buf_printf(&it->out, "\\u%04x", code);
}

static void give_held(struct terminal *it)
{
	buf_add(&it->out, it->held, it->count);
	it->count = 0;
}

// C2 80 to C2 9F are C1; E2 80 AA to AE and E2 81 A6 to A9 turn the direction.
static bool goes_on(const struct terminal *it, unsigned char c)
{
	return it->count == 1 && it->held[0] == 0xe2 && (c == 0x80 || c == 0x81);
}

static unsigned shown_as(const struct terminal *it, unsigned char c)
{
	if (it->count == 1 && it->held[0] == 0xc2 && c >= 0x80 && c < 0xa0)
		return c;
	if (it->count == 2 && it->held[1] == 0x80 && c >= 0xaa && c <= 0xae)
		return 0x2000U + c - 0x80;
	if (it->count == 2 && it->held[1] == 0x81 && c >= 0xa6 && c <= 0xa9)
		return 0x2040U + c - 0x80;
	return 0;
}

static void take(struct terminal *it, unsigned char c)
{
	unsigned code = it->count ? shown_as(it, c) : 0;
	if (code) {
		it->count = 0;
		show(it, code);
	} else if (goes_on(it, c)) {
		it->held[it->count++] = c;
	} else {
		give_held(it);
		if (c == 0xc2 || c == 0xe2)
			it->held[it->count++] = c;
		else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			show(it, c);
		else
			buf_char(&it->out, (char)c);
	}
}

static bool write_out(struct terminal *it)
{
	size_t done = 0;
	while (done < it->out.len) {
		ssize_t n = write(it->fd, it->out.data + done, it->out.len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	it->out.len = 0;
	return true;
}

static ssize_t terminal_write(void *self, const char *bytes, size_t size)
{
	struct terminal *it = self;
	for (size_t i = 0; i < size; i++)
		take(it, (unsigned char)bytes[i]);
	return write_out(it) ? (ssize_t)size : 0;
}

static int terminal_close(void *self)
{
	struct terminal *it = self;
	give_held(it);
	bool fine = write_out(it);
	buf_free(&it->out);
	free(it);
	return fine ? 0 : EOF;
}

FILE *terminal_stream(int fd)
{
	struct terminal *it = xcalloc(1, sizeof *it);
	it->fd = fd;
	FILE *stream = fopencookie(
		it, "w", (cookie_io_functions_t){.write = terminal_write, .close = terminal_close});
	if (stream)
		setvbuf(stream, NULL, _IOLBF, 0);
	else
		free(it);
	return stream;
}
