// SPDX-License-Identifier: Apache-2.0
// A stanza as one line of words, so that a test can say in one string what it expects: only what is
// there is named, in the order of struct stanza; "[...]" is the inner stanza.
#ifndef TESTS_UNIT_STANZA_DESCRIBE_H
#define TESTS_UNIT_STANZA_DESCRIBE_H

#include "core/buf.h"
#include "pairing/stanza.h"

#include <inttypes.h>

static void say_text(struct buf *out, const char *name, struct text text)
{
	if (text.p)
		buf_printf(out, " %s=%.*s", name, (int)text.n, text.p);
}

static void say_flag(struct buf *out, const char *name, bool flag)
{
	if (flag)
		buf_printf(out, " %s", name);
}

static void say_bits(struct buf *out, unsigned bits, const char *const *names)
{
	for (unsigned i = 0; names[i]; i++)
		say_flag(out, names[i], (bits >> i & 1u) != 0);
}

static void say_pair(struct buf *out, const char *name, struct text a, struct text b)
{
	buf_printf(out, " %s=%.*s@%.*s", name, a.p ? (int)a.n : 1, a.p ? a.p : "-",
		   b.p ? (int)b.n : 1, b.p ? b.p : "-");
}

static void say_delays(struct buf *out, const char *name, const struct stanza_delay *delays,
		       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char stamp[USEC_TEXT] = "bad";
		if (delays[i].stamp != USEC_NONE)
			usec_format(delays[i].stamp, 3, stamp);
		say_pair(out, name, text_of(stamp), delays[i].from);
	}
}

static void say_content(struct buf *out, const struct stanza *s)
{
	if (s->has_body)
		say_text(out, "body", s->body);
	say_flag(out, "encrypted", s->has_encrypted);
	say_flag(out, "bare-omemo", s->omemo_without_payload);
	say_flag(out, "oob", s->has_oob);
	say_flag(out, "sfs", s->has_sfs);
	say_flag(out, "fallback", s->fallback_whole_body);
	for (size_t i = 0; i < s->digest_count; i++)
		say_text(out, "part", s->digest_parts[i]);
}

static void say_events(struct buf *out, const struct stanza *s)
{
	static const char *const refs[] = {"receipt", "mark-received", "displayed",  "acknowledged",
					   "x",       "correction",    "retraction", "reaction",
					   "reply"};
	static const char *const states[] = {"",       "active",   "composing",
					     "paused", "inactive", "gone"};
	static const char *const events[] = {"offline", "delivered", "displayed", "composing",
					     NULL};
	say_flag(out, "request", s->receipt_request);
	say_flag(out, "markable", s->markable);
	for (size_t i = 0; i < s->ref_count; i++) {
		if (s->refs[i].kind != REF_XEVENT) {
			say_text(out, refs[s->refs[i].kind],
				 s->refs[i].id.p ? s->refs[i].id : TEXT("-"));
			continue;
		}
		buf_printf(out, " x(");
		say_bits(out, s->refs[i].xevent, events);
		say_text(out, "id", s->refs[i].id);
		buf_printf(out, " )");
	}
	if (s->state)
		buf_printf(out, " state=%s/%u", states[s->state], s->state_count);
	if (s->xevent_request) {
		buf_printf(out, " x(");
		say_bits(out, s->xevent_request, events);
		buf_printf(out, " )");
	}
}

static void say_rest(struct buf *out, const struct stanza *s)
{
	static const char *const hints[] = {"no-store",           "no-copy", "store", "private",
					    "no-permanent-store", NULL};
	say_delays(out, "delay", s->delays, s->delay_count);
	say_delays(out, "forward-delay", s->forward_delays, s->forward_delay_count);
	say_text(out, "origin", s->origin_id);
	for (size_t i = 0; i < s->stanza_id_count; i++)
		say_pair(out, "sid", s->stanza_ids[i].id, s->stanza_ids[i].by);
	say_text(out, "thread", s->thread);
	say_text(out, "error", s->error_condition);
	if (s->amp_status.p)
		say_pair(out, "amp", s->amp_status, s->amp_deliver);
	say_bits(out, s->hints, hints);
	say_flag(out, "other", s->has_other_child);
	say_flag(out, "archive", s->archive_result);
	say_flag(out, "privilege", s->privilege);
	say_flag(out, "pubsub", s->pubsub_event);
	if (s->has_mds)
		say_pair(out, s->mds_in_message ? "mds-child" : "mds-item", s->mds_id, s->mds_by);
}

static void describe(struct buf *out, const struct stanza *s)
{
	static const char *const kinds[] = {"message", "iq", "presence", "route", "other"};
	static const char *const types[] = {"normal", "chat", "groupchat", "headline", "error"};
	static const char *const wraps[] = {"", "sent", "received", "forwarded", "route"};
	buf_printf(out, "%s", kinds[s->kind]);
	if (s->kind == STANZA_MESSAGE && s->type != TYPE_NORMAL)
		buf_printf(out, " %s", types[s->type]);
	say_flag(out, "bad-namespace", s->bad_namespace);
	say_text(out, "from", s->from);
	say_text(out, "to", s->to);
	say_text(out, "id", s->id);
	say_content(out, s);
	say_events(out, s);
	say_rest(out, s);
	if (s->wrap)
		buf_printf(out, " wrap=%s", wraps[s->wrap]);
	if (!s->inner)
		return;
	buf_printf(out, " [");
	describe(out, s->inner);
	buf_printf(out, "]");
}

#endif
