// SPDX-License-Identifier: Apache-2.0
#include "pairing/tie.h"

enum { TIE_BYTES = 1024, END_OF_TEXT = '\0', END_OF_TIE = '\1', FIRST_DIGIT = '\2', DIGITS = 250 };
#define SAME TEXT("=") // the line that named the sender is the one that gave the time

// --- one ---

// Up to the first ">": a start tag, or less of it. What is cut is told apart by what follows.
static struct text head_of(struct text raw, bool whole)
{
	const char *end = whole || !raw.n ? NULL : memchr(raw.p, '>', raw.n);
	size_t n = end ? (size_t)(end - raw.p) + 1 : raw.n;

	return (struct text){raw.p, n < TIE_BYTES ? n : TIE_BYTES};
}

static void add_clean(struct buf *out, struct text text)
{
	size_t n = 0;

	while (n < text.n && text.p[n] != END_OF_TEXT && text.p[n] != END_OF_TIE)
		n++;
	buf_text(out, (struct text){text.p, n});
}

// E5: what a wrapping feed shows has no session of its own.
static struct text session_of(struct pairing *pairing, const struct effective *e)
{
	struct jid session;

	if (e->dir != e->seen->dir || !e->seen->session.p)
		return TEXT("");
	return jid_read(pairing, e->seen->session, &session) ? session.full : e->seen->session;
}

struct text tie_of(struct pairing *pairing, const struct effective *e, enum tie_rank rank,
		   bool whole)
{
	struct buf *out = &pairing->tie;

	if (!e->seen->exact)
		return TEXT_NONE;
	out->len = 0;
	buf_char(out, effective_is_ingress(e) ? TIE_INGRESS : TIE_EGRESS);
	buf_char(out, (char)('0' + (int)rank));
	add_clean(out, head_of(e->seen->raw, whole && pairing->bodies == BODIES_FULL));
	buf_char(out, END_OF_TEXT);
	add_clean(out, session_of(pairing, e));
	return buf_view(out);
}

static void add_place(struct buf *out, size_t place)
{
	size_t bounded = place < DIGITS * DIGITS ? place : DIGITS * DIGITS - 1;

	buf_char(out, (char)(FIRST_DIGIT + bounded / DIGITS));
	buf_char(out, (char)(FIRST_DIGIT + bounded % DIGITS));
}

struct text tie_of_place(struct pairing *pairing, const struct effective *e, enum tie_rank rank,
			 bool whole, size_t place)
{
	struct buf *out = &pairing->tie;
	struct text tie = tie_of(pairing, e, rank, whole);

	if (!place)
		return tie;
	if (tie.p)
		buf_char(out, END_OF_TEXT);
	else
		out->len = 0;
	add_place(out, place);
	return buf_view(out);
}

// --- of what was said about messages ---

static bool says_direction(struct text tie)
{
	return tie.n && (tie.p[0] == TIE_INGRESS || tie.p[0] == TIE_EGRESS);
}

static struct moment moment_of(usec_t at, unsigned seen, struct text tie)
{
	bool ingress = says_direction(tie) ? tie.p[0] == TIE_INGRESS : seen & SEEN_INGRESS;

	return (struct moment){at, ingress, tie};
}

int moment_compare(const struct moment *a, const struct moment *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->ingress != b->ingress)
		return a->ingress ? -1 : 1;
	return text_compare(a->tie, b->tie);
}

struct moment evidence_moment(const struct evidence *ev)
{
	struct moment own = moment_of(ev->first, ev->seen, ev->tie);

	if (!evidence_real(ev).p)
		return own;
	const struct upload_leg *leg = ev->upload;
	struct moment upload = moment_of(leg->at, leg->ingress ? SEEN_INGRESS : 0, leg->tie);
	return moment_compare(&upload, &own) < 0 ? upload : own;
}

// --- as stored ---

struct text tie_own(struct text stored)
{
	const char *end = stored.n ? memchr(stored.p, END_OF_TIE, stored.n) : NULL;

	if (!stored.n || end == stored.p)
		return TEXT_NONE;
	return (struct text){stored.p, end ? (size_t)(end - stored.p) : stored.n};
}

static bool has_sender(const struct incarnation *inc)
{
	return inc->from_resource.p || inc->from_account.p;
}

static bool are_one(struct text own, const struct incarnation *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!text_same(list[i].tie, own) ||
		    (has_sender(&list[i]) && !text_same(list[i].from_tie, own)))
			return false;
	return true;
}

static void add_item(struct buf *out, struct text tie)
{
	buf_char(out, END_OF_TIE);
	if (tie.p)
		buf_text(out, tie);
}

void ties_encode(struct buf *out, struct text own, const struct incarnation *list, size_t count)
{
	if (own.p)
		buf_text(out, own);
	if (are_one(own, list, count))
		return;
	for (size_t i = 0; i < count; i++) {
		bool same = text_same(list[i].from_tie, list[i].tie);
		add_item(out, list[i].tie);
		add_item(out, same || !has_sender(&list[i]) ? SAME : list[i].from_tie);
	}
}

// What is behind the first item; nothing when there are no more.
static struct text rest_of(struct text stored)
{
	const char *end = stored.n ? memchr(stored.p, END_OF_TIE, stored.n) : NULL;

	if (!end)
		return TEXT_NONE;
	return (struct text){end + 1, stored.n - (size_t)(end - stored.p) - 1};
}

void ties_decode(struct text stored, struct incarnation *list, size_t count)
{
	struct text rest = rest_of(stored);
	bool one = !rest.p;

	for (size_t i = 0; i < count; i++) {
		struct text tie = tie_own(one ? stored : rest);
		struct text from = one ? SAME : tie_own(rest = rest_of(rest));
		list[i].tie = tie;
		list[i].from_tie = text_same(from, SAME) ? tie : from;
		rest = rest_of(rest);
	}
}

void ties_encode_plain(struct buf *out, struct text own, struct text receipt, struct text marker)
{
	if (own.p)
		buf_text(out, own);
	if (!receipt.p && !marker.p)
		return;
	add_item(out, receipt);
	add_item(out, marker);
}

void ties_decode_plain(struct text stored, struct text *receipt, struct text *marker)
{
	struct text rest = rest_of(stored);

	*receipt = tie_own(rest);
	*marker = tie_own(rest_of(rest));
}
