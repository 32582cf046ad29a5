// SPDX-License-Identifier: Apache-2.0
#include "core/log.h"

#include "core/arena.h"
#include "core/buf.h"
#include "core/ztime.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unistr.h>

// A value is cut here: a hostile JID must not make lines of any length.
enum { VALUE_MAX = 1024 };

static const char *const level_names[] = {"error", "warn", "info", "debug"};

struct log {
	int fd;
	enum log_level level;
	bool journal; // the journal stamps the lines itself
	bool pipe;    // or something else that somebody must empty
	_Atomic int64_t dropped;
};

// systemd names device and inode of the journal's stream; standard error may be something else.
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	if (!stream || fstat(fd, &status) != 0)
		return false;
	char own[64];
	snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	return strcmp(own, stream) == 0;
}

struct log *log_new(int fd, enum log_level level)
{
	struct log *log = xcalloc(1, sizeof *log);
	struct stat status;
	log->fd = fd;
	log->level = level;
	log->journal = is_journal(fd);
	log->pipe = fstat(fd, &status) == 0 && !S_ISREG(status.st_mode);
	return log;
}

void log_free(struct log *log)
{
	free(log);
}

bool log_level_parse(const char *name, enum log_level *level)
{
	for (size_t i = 0; name && i < sizeof level_names / sizeof *level_names; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

// What could end a line, move a cursor or turn the reading direction of the rest of the line.
static bool is_unsafe(ucs4_t c)
{
	static const struct {
		ucs4_t first, last;
	} ranges[] = {
		{0x00, 0x1f},     // C0
		{0x7f, 0x9f},     // DEL, C1
		{0x061c, 0x061c}, // Arabic letter mark
		{0x200b, 0x200f}, // zero width, direction marks
		{0x2028, 0x202e}, // line and paragraph separator, bidi embeddings and overrides
		{0x2060, 0x206f}, // invisible operators, bidi isolates
		{0xfeff, 0xfeff}, // byte order mark
	};
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

static void add_unsafe(struct buf *line, ucs4_t c)
{
	static const char names[] = {['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	if (c < sizeof names && names[c])
		buf_printf(line, "\\%c", names[c]);
	else
		buf_printf(line, "\\u%04x", (unsigned)c);
}

static void add_escaped(struct buf *line, struct text value)
{
	const uint8_t *bytes = (const uint8_t *)value.p;
	for (size_t at = 0; at < value.n;) {
		ucs4_t c;
		int size = u8_mbtoucr(&c, bytes + at, value.n - at);
		if (size <= 0) { // not UTF-8: the octet itself
			buf_printf(line, "\\x%02x", bytes[at++]);
			continue;
		}
		if (is_unsafe(c)) {
			add_unsafe(line, c);
		} else {
			if (c == '"' || c == '\\')
				buf_char(line, '\\');
			buf_add(line, value.p + at, (size_t)size);
		}
		at += (size_t)size;
	}
}

static bool is_plain(struct text value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
			return false;
	}
	return value.n > 0;
}

static void add_value(struct buf *line, struct text value)
{
	bool cut = value.n > VALUE_MAX;
	if (cut)
		value.n = VALUE_MAX;
	if (is_plain(value) && !cut) {
		buf_text(line, value);
		return;
	}
	buf_char(line, '"');
	add_escaped(line, value);
	buf_zstr(line, cut ? "...\"" : "\"");
}

static void add_field(struct buf *line, const struct log_field *field)
{
	buf_printf(line, " %s=", field->key);
	if (field->type == LOG_INT)
		buf_printf(line, "%" PRId64, field->number);
	else if (!field->text.p)
		buf_char(line, '-'); // absent; the empty text is ""
	else if (text_is(field->text, "-"))
		buf_zstr(line, "\"-\"");
	else
		add_value(line, field->text);
}

// A reader that is not there for it now: writing would wait for him (F162).
static bool is_full(const struct log *log)
{
	struct pollfd out = {.fd = log->fd, .events = POLLOUT};
	return log->pipe && poll(&out, 1, 0) >= 0 && !(out.revents & (POLLOUT | POLLERR));
}

// One write(2) per line, so that threads do not mix theirs. A log that cannot be written must not
// stop the work: lines that cannot be are counted.
static bool write_line(const struct log *log, struct text line)
{
	size_t done = 0;
	if (is_full(log))
		return false;
	while (done < line.n) {
		ssize_t n = write(log->fd, line.p + done, line.n - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

// Of a pipe that can be written to, so much does not wait (pipe(7)).
static struct text bounded(const struct log *log, struct buf *line)
{
	if (log->pipe && line->len > PIPE_BUF) {
		line->len = PIPE_BUF;
		line->data[PIPE_BUF - 1] = '\n';
	}
	return buf_view(line);
}

static void add_dropped(struct buf *line, int64_t dropped)
{
	if (dropped)
		add_field(line, &LOG_I("log_lines_dropped", dropped));
}

void log_write(struct log *log, enum log_level level, const char *event,
	       const struct log_field *fields)
{
	if (!log || level > log->level)
		return;
	int saved = errno;
	struct buf line = {0};
	if (!log->journal) {
		char now[USEC_TEXT];
		buf_printf(&line, "%s ", usec_format(usec_now(), 3, now));
	}
	buf_printf(&line, "%s %s", level_names[level], event);
	for (; fields && fields->type != LOG_END; fields++)
		add_field(&line, fields);
	int64_t dropped = atomic_exchange(&log->dropped, 0);
	add_dropped(&line, dropped);
	buf_char(&line, '\n');
	if (!write_line(log, bounded(log, &line)))
		atomic_fetch_add(&log->dropped, dropped + 1);
	buf_free(&line);
	errno = saved;
}
