// SPDX-License-Identifier: Apache-2.0
// The first line of a record, as written by the logger of Erlang (ejabberd 20 and later) and by lager
// (before):
//     2026-11-22 10:47:11.318145+00:00 [notice] <0.657.0> (tcp|<0.657.0>) text
//     2016-12-16 13:45:37.323 [debug] <0.2298.20>@ejabberd_c2s:send_text:1924 text
#include "ingest/dialects/ejabberd.h"

enum { STAMP_MAX = 40 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

// "dddd-dd-dd dd:dd:dd" at the start.
static bool begins_with_stamp(struct text line)
{
	static const char shape[] = "dddd-dd-ddbdd:dd:dd";
	if (line.n < sizeof shape - 1)
		return false;
	for (size_t i = 0; i < sizeof shape - 1; i++) {
		char c = line.p[i];
		bool fits = shape[i] == 'd'   ? is_digit(c)
			    : shape[i] == 'b' ? c == ' ' || c == 'T'
					      : c == shape[i];
		if (!fits)
			return false;
	}
	return true;
}

static struct text behind(struct text text, size_t n)
{
	return (struct text){text.p + n, text.n - n};
}

// Takes text up to end (which is dropped); absent when there is no such character.
static struct text take_to(struct text *rest, char end)
{
	const char *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
	if (!at)
		return TEXT_NONE;
	struct text taken = {rest->p, (size_t)(at - rest->p)};
	*rest = behind(*rest, taken.n + 1);
	return taken;
}

static void skip_blank(struct text *rest)
{
	if (rest->n && rest->p[0] == ' ')
		*rest = behind(*rest, 1);
}

// "<0.652.0>" at the start.
static struct text take_process(struct text *rest)
{
	if (!rest->n || rest->p[0] != '<')
		return TEXT_NONE;
	size_t n = 1;
	while (n < rest->n && (is_digit(rest->p[n]) || rest->p[n] == '.'))
		n++;
	if (n == 1 || n >= rest->n || rest->p[n] != '>')
		return TEXT_NONE;
	struct text process = {rest->p, n + 1};
	*rest = behind(*rest, n + 1);
	return process;
}

// The last "<0.1.2>" of "tcp|<0.1.2>" or "{socket_state,gen_tcp,#Port<0.3>,<0.1.2>}".
static struct text process_in(struct text socket)
{
	struct text found = TEXT_NONE;
	for (size_t i = 0; i < socket.n; i++) {
		if (socket.p[i] != '<' || i == 0 || !strchr(",|", socket.p[i - 1]))
			continue;
		struct text rest = behind(socket, i), process = take_process(&rest);
		found = process.p ? process : found;
	}
	return found;
}

static void take_socket(struct text *rest, struct ejabberd_line *parts)
{
	struct text after = behind(*rest, 1);
	bool known = text_starts(after, "tcp|") || text_starts(after, "tls|") ||
		     text_starts(after, "unknown)") || text_starts(after, "websocket|") ||
		     text_starts(after, "http_bind|") || text_starts(after, "{socket_state,") ||
		     text_starts(after, "<");
	if (!known)
		return;
	struct text socket = take_to(&after, ')');
	if (!socket.p)
		return;
	parts->socket = socket;
	parts->peer = process_in(socket);
	*rest = after;
	skip_blank(rest);
}

bool ejabberd_line(struct text line, struct ejabberd_line *parts)
{
	*parts = (struct ejabberd_line){0};
	if (!begins_with_stamp(line))
		return false;
	const char *level = memmem(line.p, line.n < STAMP_MAX ? line.n : STAMP_MAX, " [", 2);
	if (!level)
		return false;
	parts->stamp = (struct text){line.p, (size_t)(level - line.p)};
	struct text rest = behind(line, parts->stamp.n + 2);
	parts->level = take_to(&rest, ']');
	skip_blank(&rest);
	if (!parts->level.p || parts->level.n > 9)
		return false;
	parts->process = take_process(&rest);
	if (rest.n && rest.p[0] == '@') {
		rest = behind(rest, 1);
		parts->location = take_to(&rest, ' ');
	} else {
		skip_blank(&rest);
	}
	if (rest.n && rest.p[0] == '(')
		take_socket(&rest, parts);
	parts->text = rest;
	return true;
}

struct text ejabberd_connection(const struct ejabberd_line *parts)
{
	return parts->peer.p ? parts->peer : parts->process;
}

usec_t ejabberd_stamp(struct ejabberd_clock *clock, struct text stamp, bool *odd)
{
	char with_zone[STAMP_MAX + 2];
	usec_t at;
	struct civil civil;
	*odd = false;
	if (!usec_parse(stamp, &at)) { // no offset: the zone's reading
		if (stamp.n >= STAMP_MAX)
			return USEC_NONE;
		memcpy(with_zone, stamp.p, stamp.n);
		with_zone[stamp.n] = 'Z';
		if (!usec_parse((struct text){with_zone, stamp.n + 1}, &at))
			return USEC_NONE;
		zone_to_civil(clock->utc, at, &civil);
		at = zone_to_utc(clock->zone, &civil,
				 clock->latest == USEC_NONE ? USEC_NONE
							    : clock->latest - 2 * USEC_PER_SEC,
				 odd);
	}
	if (clock->latest == USEC_NONE || at > clock->latest)
		clock->latest = at;
	return at;
}
