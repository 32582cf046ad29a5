// SPDX-License-Identifier: Apache-2.0
// One endless line: <jive ...><packet ...>...</packet><packet ...>. A crash leaves it without
// footer or cut anywhere, and a server that runs out of file numbers appends a second root to it.
//
// Who can write what: a client can put any well-formed element into its stanza, a <packet/> too
// (F120). So a packet inside a packet is believed only where no stanza can be the reason: after a
// mismatch or a hole, behind a repeated <jive xmlns><packet xmlns> (the server's writer never
// repeats a namespace declaration inside one document), or when the outer one is larger than
// any stanza.
#include "ingest/dialects/openfire_audit.h"

static const char damaged[] = "damaged packet";
static const char stray[] = "bytes outside of packets";
static const char cut_by_root[] = "packet cut by a new root element";
static const char cut_by_hole[] = "packet cut by a hole";
static const char too_long[] = "packet longer than the limit";
static const char unterminated[] = "unterminated at end of file";

void audit_frame_free(struct audit_frame *frame)
{
	buf_free(&frame->buf);
	buf_free(&frame->head);
}

uint64_t audit_frame_low_water(const struct audit_frame *frame)
{
	uint64_t at = frame->base + frame->at;
	if (frame->state == AUDIT_IN_DAMAGE || frame->state == AUDIT_IN_HOLE)
		at -= frame->length - audit_frame_hole(frame);
	return at;
}

uint64_t audit_frame_hole(const struct audit_frame *frame)
{
	bool is_long = frame->state == AUDIT_IN_HOLE && frame->length > AUDIT_HOLE_HELD;
	return is_long ? frame->length : 0;
}

void audit_frame_resume_hole(struct audit_frame *frame, uint64_t length)
{
	frame->state = AUDIT_IN_HOLE;
	frame->length = length;
}

// Bytes that are there and hold no NUL.
static struct text readable(const struct audit_frame *frame)
{
	return (struct text){buf_view(&frame->buf).p + frame->at, frame->nul - frame->at};
}

static void advance(struct audit_frame *frame, size_t count)
{
	frame->at += count;
	if (frame->nul < frame->at)
		frame->nul = frame->at;
}

static void find_nul(struct audit_frame *frame, size_t from)
{
	const char *nul = from < frame->buf.len
				  ? memchr(frame->buf.data + from, 0, frame->buf.len - from)
				  : NULL;
	frame->nul = nul ? (size_t)(nul - frame->buf.data) : frame->buf.len;
}

static void report_damage(struct audit_frame *frame)
{
	if (frame->length)
		frame->lost(frame->self, frame->base + frame->at - frame->length, frame->length,
			    buf_view(&frame->head), frame->reason);
	frame->length = 0;
	frame->head.len = 0;
}

// Moves count bytes to what is damaged, in pieces of a fixed size from its first byte on.
static void damage(struct audit_frame *frame, size_t count)
{
	while (count) {
		size_t piece = AUDIT_PIECE - (size_t)frame->length;
		if (piece > count)
			piece = count;
		size_t room = AUDIT_HEAD - frame->head.len;
		buf_add(&frame->head, frame->buf.data + frame->at, piece < room ? piece : room);
		frame->length += piece;
		advance(frame, piece);
		count -= piece;
		if (frame->length == AUDIT_PIECE)
			report_damage(frame);
	}
}

static void enter(struct audit_frame *frame, int state)
{
	frame->state = (unsigned)state;
	frame->length = 0;
	frame->head.len = 0;
	frame->header_end = 0;
	frame->markup = (struct markup){0};
}

static void enter_damage(struct audit_frame *frame, size_t count, const char *reason)
{
	enter(frame, AUDIT_IN_DAMAGE);
	frame->reason = reason;
	damage(frame, count);
}

// Do the bytes begin like this? *more when there are too few to say.
static bool begins(struct text data, const char *what, bool *more)
{
	size_t n = strlen(what);
	if (data.n < n && memcmp(data.p, what, data.n) == 0)
		*more = true;
	return data.n >= n && memcmp(data.p, what, n) == 0;
}

// The states return false when more bytes are needed.

static bool between(struct audit_frame *frame)
{
	static const char *const skip[] = {AUDIT_HEADER, AUDIT_FOOTER, "\n", "\r", " ", "\t"};
	struct text data = readable(frame);
	bool more = false;
	if (!data.n && frame->nul < frame->buf.len) {
		enter(frame, AUDIT_IN_HOLE);
		return true;
	}
	if (!data.n)
		return false;
	if (begins(data, AUDIT_PACKET, &more)) {
		enter(frame, AUDIT_IN_PACKET);
		return true;
	}
	for (size_t i = 0; i < sizeof skip / sizeof *skip; i++)
		if (begins(data, skip[i], &more)) {
			advance(frame, strlen(skip[i]));
			return true;
		}
	if (frame->base + frame->at == 0 && begins(data, "\xef\xbb\xbf", &more)) {
		advance(frame, 3);
		return true;
	}
	if (more && frame->nul == frame->buf.len)
		return false;
	enter_damage(frame, 1, stray);
	return true;
}

// A start tag inside a packet: is it the second root of a file that was appended to?
static bool is_seam(struct audit_frame *frame, struct text data)
{
	struct text tag = markup_tag(&frame->markup, data);
	if (text_is(tag, AUDIT_HEADER)) {
		frame->header = frame->markup.tag;
		frame->header_end = frame->markup.pos;
	}
	return frame->header_end && frame->markup.tag == frame->header_end &&
	       text_starts(tag, AUDIT_PACKET);
}

static void complete(struct audit_frame *frame, struct text data)
{
	struct text packet = {data.p, frame->markup.pos};
	uint64_t offset = frame->base + frame->at;
	advance(frame, packet.n); // before the call: low water is behind a record that is given
	enter(frame, AUDIT_BETWEEN);
	frame->packet(frame->self, offset, packet);
}

static bool in_packet(struct audit_frame *frame)
{
	struct text data = readable(frame);
	enum markup_step step;
	while ((step = markup_next(&frame->markup, data)) != MARKUP_MORE) {
		if (step == MARKUP_BAD) {
			enter_damage(frame, frame->markup.pos, damaged);
			return true;
		}
		if (step == MARKUP_OPEN && is_seam(frame, data)) {
			enter_damage(frame, frame->header, cut_by_root);
			return true;
		}
		if (frame->markup.depth == 0) {
			complete(frame, data);
			return true;
		}
	}
	if (frame->nul < frame->buf.len) {
		enter_damage(frame, data.n, cut_by_hole);
		return true;
	}
	if (data.n > AUDIT_PACKET_LIMIT) {
		enter_damage(frame, 1, too_long);
		return true;
	}
	return false;
}

static bool in_damage(struct audit_frame *frame)
{
	struct text data = readable(frame);
	const char *found = memmem(data.p, data.n, AUDIT_PACKET, sizeof AUDIT_PACKET - 1);
	if (found || frame->nul < frame->buf.len) {
		damage(frame, found ? (size_t)(found - data.p) : data.n);
		report_damage(frame);
		enter(frame, AUDIT_BETWEEN);
		return true;
	}
	if (data.n >= sizeof AUDIT_PACKET) // its first bytes may be at the end
		damage(frame, data.n - (sizeof AUDIT_PACKET - 2));
	return false;
}

static bool in_hole(struct audit_frame *frame)
{
	while (frame->at < frame->buf.len && frame->buf.data[frame->at] == 0) {
		frame->at++;
		frame->length++;
	}
	find_nul(frame, frame->at);
	if (frame->at == frame->buf.len)
		return false;
	uint64_t length = frame->length;
	enter(frame, AUDIT_BETWEEN);
	frame->lost(frame->self, frame->base + frame->at - length, length, TEXT_NONE, NULL);
	return true;
}

static void run(struct audit_frame *frame)
{
	static bool (*const states[])(struct audit_frame *) = {
		[AUDIT_BETWEEN] = between,
		[AUDIT_IN_PACKET] = in_packet,
		[AUDIT_IN_DAMAGE] = in_damage,
		[AUDIT_IN_HOLE] = in_hole,
	};
	while (states[frame->state](frame))
		if (frame->nul <= frame->at)
			find_nul(frame, frame->at);
}

void audit_frame_feed(struct audit_frame *frame, uint64_t offset, struct text data)
{
	if (!data.n)
		return;
	bool empty = frame->at == frame->buf.len;
	if (empty && (frame->state == AUDIT_BETWEEN || frame->state == AUDIT_IN_HOLE)) {
		frame->buf.len = frame->at = frame->nul = 0;
		frame->base = offset;
	}
	size_t old = frame->buf.len;
	buf_add(&frame->buf, data.p, data.n);
	if (frame->nul >= old)
		find_nul(frame, old);
	run(frame);
	if (frame->at) { // once per call, so the cost is linear
		buf_drop(&frame->buf, frame->at);
		frame->base += frame->at;
		frame->nul -= frame->at;
		frame->at = 0;
	}
}

static void finish_hole(struct audit_frame *frame)
{
	uint64_t length = frame->length;
	enter(frame, AUDIT_BETWEEN);
	if (length)
		frame->lost(frame->self, frame->base + frame->at - length, length, TEXT_NONE, NULL);
}

static void finish_damage(struct audit_frame *frame)
{
	damage(frame, frame->buf.len - frame->at);
	report_damage(frame);
	enter(frame, AUDIT_BETWEEN);
}

// A header or footer that is cut holds no record and is nothing to complain about.
static bool is_cut_root(const struct audit_frame *frame)
{
	struct text rest = readable(frame);
	bool more = false;
	if (frame->state == AUDIT_BETWEEN)
		(void)(begins(rest, AUDIT_HEADER, &more) || begins(rest, AUDIT_FOOTER, &more));
	return more;
}

void audit_frame_finish(struct audit_frame *frame)
{
	for (;;) {
		run(frame);
		size_t rest = frame->buf.len - frame->at;
		if (frame->state == AUDIT_IN_HOLE) {
			finish_hole(frame);
			return;
		}
		if (frame->state == AUDIT_IN_DAMAGE) {
			finish_damage(frame);
			return;
		}
		if (!rest || is_cut_root(frame)) {
			advance(frame, rest);
			return;
		}
		// Larger than a stanza can be: the packets behind the cut are the server's.
		bool inside = frame->state == AUDIT_IN_PACKET && rest > AUDIT_STANZA_LIMIT;
		enter_damage(frame, inside ? 1 : rest, unterminated);
	}
}
