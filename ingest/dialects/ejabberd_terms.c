// SPDX-License-Identifier: Apache-2.0
// Erlang's ~p of a binary. When every byte is printable Latin-1 it is <<"text">>, each byte one
// character of the log (so UTF-8 is encoded twice), with escapes; else <<60,109,...>> over many
// lines. Neither form can hold a raw newline or an end mark inside, so what a client sends cannot
// imitate a line or leave its record (F120).
#include "ingest/dialects/ejabberd.h"

static const char cut_mark[] = "...";

static bool ends_with(struct text text, const char *what)
{
	size_t n = strlen(what);
	return text.n >= n && memcmp(text.p + text.n - n, what, n) == 0;
}

static struct text trimmed(struct text text)
{
	while (text.n && strchr(" \t\r\n", text.p[text.n - 1]))
		text.n--;
	return text;
}

bool ejabberd_term_ends(struct text line)
{
	line = trimmed(line);
	return ends_with(line, ">>") || ends_with(line, cut_mark);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// --- characters of <<"...">> ---

struct reader {
	struct text in;
	size_t at;
	bool utf8; // <<"..."/utf8>>: characters are meant, not bytes
	struct buf *out;
};

static void put_utf8(struct buf *out, uint32_t code)
{
	if (code < 0x80) {
		buf_char(out, (char)code);
		return;
	}
	int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	buf_char(out, (char)((0xf00 >> (more + 1) & 0xff) | code >> (6 * more)));
	while (more-- > 0)
		buf_char(out, (char)(0x80 | (code >> (6 * more) & 0x3f)));
}

static bool put(struct reader *reader, uint32_t code)
{
	if (reader->utf8)
		put_utf8(reader->out, code);
	else if (code < 0x100)
		buf_char(reader->out, (char)code);
	return reader->utf8 ? code <= 0x10ffff : code < 0x100;
}

// \x{263A} or \x41
static bool read_hex(struct reader *reader)
{
	uint32_t code = 0;
	bool braces = reader->at < reader->in.n && reader->in.p[reader->at] == '{';
	size_t start = reader->at += braces;
	size_t most = braces ? 6 : 2;
	while (reader->at < reader->in.n && reader->at - start < most &&
	       hex_digit(reader->in.p[reader->at]) >= 0)
		code = code * 16 + (uint32_t)hex_digit(reader->in.p[reader->at++]);
	bool closed = !braces || (reader->at < reader->in.n && reader->in.p[reader->at++] == '}');
	return closed && reader->at > start && put(reader, code);
}

static bool read_octal(struct reader *reader, char first)
{
	uint32_t code = (uint32_t)(first - '0');
	for (int i = 0; i < 2 && reader->at < reader->in.n; i++) {
		char c = reader->in.p[reader->at];
		if (c < '0' || c > '7')
			break;
		code = code * 8 + (uint32_t)(c - '0');
		reader->at++;
	}
	return put(reader, code);
}

// Behind a backslash. False: cut, or no escape of Erlang.
static bool read_escape(struct reader *reader)
{
	static const char names[] = "nrtbfvesd\"\\'", codes[] = "\n\r\t\b\f\v\x1b \x7f\"\\'";
	if (reader->at >= reader->in.n)
		return false;
	char c = reader->in.p[reader->at++];
	const char *known = c ? strchr(names, c) : NULL;
	if (known)
		return put(reader, (unsigned char)codes[known - names]);
	if (c == 'x')
		return read_hex(reader);
	if (c == '^' && reader->at < reader->in.n)
		return put(reader, reader->in.p[reader->at++] & 0x1f);
	return c >= '0' && c <= '7' && read_octal(reader, c);
}

// A byte above ASCII: in a log that is UTF-8 two bytes of the file are one; in one that is Latin-1
// it stands for itself.
static bool read_wide(struct reader *reader)
{
	unsigned char c = (unsigned char)reader->in.p[reader->at++];
	if (reader->utf8) {
		buf_char(reader->out, (char)c);
		return true;
	}
	bool has_next = reader->at < reader->in.n;
	unsigned char next = has_next ? (unsigned char)reader->in.p[reader->at] : 0;
	if ((c == 0xc2 || c == 0xc3) && (next & 0xc0) == 0x80) {
		reader->at++;
		buf_char(reader->out, (char)((c & 3) << 6 | (next & 0x3f)));
		return true;
	}
	if ((c == 0xc2 || c == 0xc3) && !has_next)
		return false;
	buf_char(reader->out, (char)c);
	return true;
}

// Up to the closing quote; false when something is wrong or cut there.
static bool read_string(struct reader *reader)
{
	while (reader->at < reader->in.n) {
		char c = reader->in.p[reader->at];
		size_t before = reader->at;
		if (c == '"') {
			reader->at++;
			return true;
		}
		bool good = true;
		if (c == '\\') {
			reader->at++;
			good = read_escape(reader);
		} else if ((unsigned char)c >= 0x80) {
			good = read_wide(reader);
		} else if ((unsigned char)c < 0x20) {
			good = false; // no raw control character comes from ~p
		} else {
			buf_char(reader->out, c);
			reader->at++;
		}
		if (!good) {
			reader->at = before;
			return false;
		}
	}
	return false;
}

static enum ejabberd_term strings(struct reader *reader)
{
	struct text in = reader->in;
	reader->utf8 = ends_with(in, "\"/utf8>>");
	reader->at = sizeof "<<\"" - 1;
	if (!read_string(reader))
		return TERM_CUT;
	struct text rest = {in.p + reader->at, in.n - reader->at};
	return text_is(rest, ">>") || (reader->utf8 && text_is(rest, "/utf8>>")) ? TERM_WHOLE
										 : TERM_CUT;
}

// --- numbers of <<60,109,...>> ---

static enum ejabberd_term numbers(struct text in, struct buf *out)
{
	size_t at = 2;
	for (;;) {
		unsigned value = 0;
		while (at < in.n && strchr(" \t\r\n", in.p[at]))
			at++;
		size_t start = at;
		while (at < in.n && at - start < 3 && in.p[at] >= '0' && in.p[at] <= '9')
			value = value * 10 + (unsigned)(in.p[at++] - '0');
		bool ends = at + 1 < in.n && in.p[at] == '>' && in.p[at + 1] == '>';
		bool goes_on = at < in.n && in.p[at] == ',';
		if (at == start || value > 255 || (!ends && !goes_on))
			return TERM_CUT; // of a number before the cut not all digits may be there
		buf_char(out, (char)value);
		if (ends)
			return at + 2 == in.n ? TERM_WHOLE : TERM_CUT;
		at++;
	}
}

enum ejabberd_term ejabberd_term(struct text term, struct buf *out)
{
	struct text in = trimmed(term);
	out->len = 0;
	if (text_is(in, "<<>>"))
		return TERM_WHOLE;
	if (ends_with(in, cut_mark))
		in.n -= sizeof cut_mark - 1;
	struct reader reader = {.in = in, .out = out};
	if (text_starts(in, "<<\""))
		return strings(&reader);
	if (in.n > 2 && text_starts(in, "<<") && in.p[2] >= '0' && in.p[2] <= '9')
		return numbers(in, out);
	return TERM_UNKNOWN;
}
