// SPDX-License-Identifier: Apache-2.0
#include "api/http/head.h"

#include <strings.h>

static enum head_state bad(struct head *head, int status, const char *detail)
{
	head->status = status;
	head->detail = detail;
	return HEAD_BAD;
}

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct text text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!is_token_char(text.p[i]))
			return false;
	}
	return text.n > 0;
}

// Up to the separator, which is dropped. False: not there.
static bool take_until(struct text *rest, char separator, struct text *out)
{
	const char *end = memchr(rest->p, separator, rest->n);
	if (!end)
		return false;
	size_t n = (size_t)(end - rest->p);
	*out = (struct text){rest->p, n};
	*rest = (struct text){end + 1, rest->n - n - 1};
	return true;
}

static enum head_state check_target(struct head *head)
{
	struct text target = head->target;
	if (target.n > HEAD_TARGET_MAX)
		return bad(head, 414, "The address is too long.");
	if (target.n == 0 || target.p[0] != '/')
		return bad(head, 400, "The address must begin with a slash.");
	const char *mark = memchr(target.p, '?', target.n);
	size_t path =
		mark ? (size_t)(mark - target.p) : target.n; // params.c names a parameter with NUL
	for (size_t i = 0; i < target.n; i++) {
		if (target.p[i] <= ' ' || target.p[i] == 0x7f || target.p[i] == '#')
			return bad(head, 400,
				   "The address holds a character that must be escaped.");
		if (i < path && target.n - i > 2 && memcmp(target.p + i, "%00", 3) == 0)
			return bad(head, 400, "The address holds a NUL.");
	}
	return HEAD_GOOD;
}

static enum head_state check_request_line(struct text line, struct head *head)
{
	if (!take_until(&line, ' ', &head->method) || !is_token(head->method))
		return bad(head, 400, "The request line is malformed.");
	if (!take_until(&line, ' ', &head->target))
		return bad(head, 400, "The request line is malformed.");
	if (check_target(head) == HEAD_BAD)
		return HEAD_BAD;
	head->minor_zero = text_is(line, "HTTP/1.0");
	if (head->minor_zero || text_is(line, "HTTP/1.1"))
		return HEAD_GOOD;
	return line.n == 8 && text_starts(line, "HTTP/")
		       ? bad(head, 505, "Only HTTP/1.1 is spoken here.")
		       : bad(head, 400, "The request line is malformed.");
}

static bool is_name(struct text name, const char *wanted)
{
	return name.n == strlen(wanted) && strncasecmp(name.p, wanted, name.n) == 0;
}

// Digits and blanks around them only: "1, 1", "+1" and "0x1" have more than one reading.
static bool is_length(struct text value)
{
	size_t digits = 0;
	while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
		value = (struct text){value.p + 1, value.n - 1};
	while (value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
		value.n--;
	while (digits < value.n && value.p[digits] >= '0' && value.p[digits] <= '9')
		digits++;
	return digits == value.n && digits > 0 && digits <= 15;
}

static enum head_state note_field(struct text name, struct text value, struct head *head)
{
	if (is_name(name, "Host") && ++head->hosts > 1)
		return bad(head, 400, "There is more than one Host.");
	if (is_name(name, "Transfer-Encoding"))
		head->chunked = true;
	if (is_name(name, "Content-Length") && (++head->lengths > 1 || !is_length(value)))
		return bad(head, 400, "The Content-Length is ambiguous.");
	return HEAD_GOOD;
}

static enum head_state check_field(struct text line, struct head *head)
{
	struct text name;
	if (++head->lines > HEAD_LINES_MAX)
		return bad(head, 431, "There are too many header fields.");
	if (line.p[0] == ' ' || line.p[0] == '\t')
		return bad(head, 400, "Folded header fields are not taken.");
	if (!take_until(&line, ':', &name) || !is_token(name))
		return bad(head, 400, "A header field is malformed.");
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return bad(head, 400, "A header field holds a control character.");
	}
	return note_field(name, line, head);
}

static enum head_state check_framing(struct head *head)
{
	if (head->chunked && (head->lengths > 0 || head->minor_zero))
		return bad(head, 400, "The length of the body is ambiguous.");
	if (head->hosts == 0 && !head->minor_zero)
		return bad(head, 400, "Host is missing.");
	return HEAD_GOOD;
}

// Lines end with CR LF; a CR or LF of its own, and NUL, are refused as soon as they are there: an
// end that never comes must not be waited for.
static enum head_state check_bytes(struct text bytes, struct head *head)
{
	for (size_t i = 0; i < bytes.n; i++) {
		char c = bytes.p[i];
		if (c == '\0')
			return bad(head, 400, "The head holds a NUL.");
		if (c == '\n' && (i == 0 || bytes.p[i - 1] != '\r'))
			return bad(head, 400, "A line ends without CR.");
		if (c == '\r' && i + 1 < bytes.n && bytes.p[i + 1] != '\n')
			return bad(head, 400, "A CR stands without LF.");
		if (i >= 3 && memcmp(bytes.p + i - 3, "\r\n\r\n", 4) == 0)
			return HEAD_GOOD;
	}
	if (bytes.n < HEAD_MAX)
		return HEAD_MORE;
	return memchr(bytes.p, '\n', bytes.n) ? bad(head, 431, "The header is too large.")
					      : bad(head, 414, "The address is too long.");
}

enum head_state head_check(struct text bytes, struct head *head)
{
	*head = (struct head){0};
	enum head_state state = check_bytes(bytes, head);
	struct text line;
	if (state != HEAD_GOOD || !take_until(&bytes, '\n', &line))
		return state;
	line.n--; // the CR
	state = check_request_line(line, head);
	while (state == HEAD_GOOD && take_until(&bytes, '\n', &line) && --line.n > 0)
		state = check_field(line, head);
	return state == HEAD_GOOD ? check_framing(head) : state;
}
