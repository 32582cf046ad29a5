// SPDX-License-Identifier: Apache-2.0
// ACK-MISSING, MARK-STUCK: what a row still lacks when its time is over.
#include "pairing/audit_internal.h"

static bool node_has_receipts(const struct audit *audit, const struct known *caps)
{
	struct span span =
		audit_span(audit, &(struct place){caps->related, KNOWN_DISCO, TEXT_NONE, 0});

	for (size_t i = 0; i < span.count; i++)
		if (text_same(span.items[i].subject, caps->object) &&
		    text_is(span.items[i].value, KNOWN_HAS_RECEIPTS))
			return true;
	return false;
}

static bool says_receipts(const struct audit *audit, const struct known *fact)
{
	return fact->kind == KNOWN_CAPS ? node_has_receipts(audit, fact)
					: text_is(fact->value, KNOWN_HAS_RECEIPTS);
}

// Which fact tells how it was at t: the one seen last before, else the one seen soonest after.
static usec_t standing(const struct known *fact, usec_t t)
{
	if (fact->first > t)
		return t - fact->first;
	return INT64_MAX / 2 + (fact->last < t ? fact->last - t : 0);
}

// Of what a device said of itself by caps, or by disco, that which held at t.
static bool had_receipts(const struct audit *audit, struct span span, struct text device, usec_t t)
{
	usec_t best = INT64_MIN;
	bool has = false;

	for (size_t i = 0; i < span.count; i++) {
		if (!text_same(span.items[i].subject, device))
			continue;
		usec_t here = standing(&span.items[i], t);
		if (here < best)
			continue;
		bool says = says_receipts(audit, &span.items[i]);
		has = here == best ? has || says : says;
		best = here;
	}
	return has;
}

static void judge_devices(struct audit *audit, const struct row *row, const struct copies *copies,
			  enum known_kind kind, usec_t t, const struct finding *about)
{
	struct span span =
		audit_span(audit, &(struct place){audit_id(audit, row->to), kind, TEXT_NONE, 0});

	for (size_t i = 0; i < span.count; i++) {
		struct text device = span.items[i].subject;
		if (audit_copy_kinds(copies, span.items[i].key) && // T4: by a carbon too
		    had_receipts(audit, span, device, t))
			audit_give(audit, "ACK-MISSING", device, about);
	}
}

// ACK-MISSING: asked, written to a device that can, and not answered in t_expire.
static void judge_missing(struct audit *audit, const struct row *row)
{
	const struct audit_options *options = &audit->options;
	usec_t t = row->routed_at != USEC_NONE ? row->routed_at : row->sent_at;
	struct copies copies;

	if (row->class_ == CLASS_GROUP || !row->id.p || !(row->flags & FLAG_RECEIPT_REQUEST) ||
	    row_verdict(row, options->now, options->t_expire) != VERDICT_EXPIRED)
		return;
	struct finding about = {.ref = row->id,
				.conv = row->conv,
				.key = row->key,
				.at = row->sent_at + options->t_expire,
				.position = row->sent_pos};
	audit_copies(audit, row, &copies);
	judge_devices(audit, row, &copies, KNOWN_CAPS, t, &about);
	judge_devices(audit, row, &copies, KNOWN_DISCO, t, &about);
}

// MARK-STUCK: R read it, as its doings show, and its client never said so.
static void judge_stuck(struct audit *audit, const struct row *row)
{
	const struct audit_options *options = &audit->options;

	if (!row_is_read_requested(row) || row->delivered_at == USEC_NONE ||
	    row->displayed_at != USEC_NONE || row->read_inferred_at == USEC_NONE ||
	    options->now - row->sent_at <= options->t_expire) // "older than"
		return;
	struct finding about = {.ref = row->id,
				.conv = row->conv,
				.key = row->key,
				.at = row->sent_at + options->t_expire,
				.position = row->sent_pos};
	audit_give(audit, "MARK-STUCK", row->to, &about);
}

void audit_silence(struct audit *audit, const struct row *row)
{
	arena_reset(audit->scratch);
	judge_missing(audit, row);
	judge_stuck(audit, row);
}

void audit_plain_acks(struct audit *audit, const struct row *row)
{
	arena_reset(audit->scratch);
	if (!row->complex)
		audit_inline_acks(audit, row);
}
