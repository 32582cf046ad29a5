// SPDX-License-Identifier: Apache-2.0
#include "store/rollup_row.h"

#include "store/message_row.h"

const usec_t horizon_lengths[HORIZONS] = {10 * USEC_PER_SEC, 60 * USEC_PER_SEC, 3600 * USEC_PER_SEC,
					  USEC_PER_DAY, 7 * USEC_PER_DAY};
const char *const horizon_names[HORIZONS] = {"10s", "1m", "1h", "24h", "7d"};

// --- bins ---

int latency_bin(int64_t ms)
{
	int bits = 64 - __builtin_clzll((uint64_t)ms | 1);
	int octave = bits > 5 ? bits - 5 : 0; // above the first 32
	return octave * 16 + (int)(ms >> octave);
}

int64_t latency_bin_ms(int bin)
{
	if (bin < 32)
		return bin;
	int octave = bin / 16 - 1;
	int64_t width = INT64_C(1) << octave;
	return (bin % 16 + 16) * width + (width - 1) / 2;
}

// --- one row ---

// F7: whole milliseconds rounded down, never negative.
static int64_t elapsed_ms(usec_t since, usec_t until)
{
	return until > since ? (until - since) / 1000 : 0;
}

static void count_within(int64_t *sums, usec_t since, usec_t until)
{
	for (size_t i = 0; i < HORIZONS; i++)
		sums[i] = until - since <= horizon_lengths[i];
}

// F2. P9: what was displayed was delivered by then, so the earlier of both counts.
static void add_delivery(const struct row *row, struct contribution *out)
{
	usec_t delivered = usec_bounded(row->delivered_at);
	usec_t displayed = usec_bounded(row->displayed_at);
	usec_t by = delivered == USEC_NONE || (displayed != USEC_NONE && displayed < delivered)
			    ? displayed
			    : delivered;
	out->sums[SUM_REQUESTED] = 1;
	out->sums[SUM_CONFIRMED] = out->confirmed;
	out->sums[SUM_REQUESTED_FAILED] = out->failed;
	if (row->delivered_over_jump) // F48
		return;
	if (out->confirmed && by != USEC_NONE)
		count_within(out->sums + SUM_CONFIRMED_WITHIN, out->sent_at, by);
	if (!row->direct || delivered == USEC_NONE) {
		if (out->confirmed && by != USEC_NONE)
			out->ms[LATENCY_CONFIRM_OTHER] = elapsed_ms(out->sent_at, by);
		return;
	}
	bool stored = row->stored_at != USEC_NONE;
	out->ms[stored ? LATENCY_DELIVER_STORED : LATENCY_DELIVER] =
		elapsed_ms(out->sent_at, delivered);
}

// F3, F4.
static void add_reading(const struct row *row, struct contribution *out)
{
	usec_t displayed = usec_bounded(row->displayed_at);
	out->sums[SUM_READ_REQUESTED] = 1;
	out->sums[SUM_READ] = out->read;
	out->sums[SUM_READ_INFERRED] = !out->read && row->read_inferred_at != USEC_NONE;
	out->sums[SUM_READ_UPTO] = out->read && row->displayed_via == VIA_UPTO;
	if (!out->read || row->displayed_over_jump)
		return;
	count_within(out->sums + SUM_READ_WITHIN, out->sent_at, displayed);
	out->ms[LATENCY_READ] = elapsed_ms(out->sent_at, displayed);
	if (row->displayed_via == VIA_UPTO)
		out->ms[LATENCY_READ_UPTO] = out->ms[LATENCY_READ];
}

// How far it got by what is known of it: who has it got it from the server.
static void add_stages(const struct row *row, struct contribution *out)
{
	bool routed = row->routed_at != USEC_NONE || out->confirmed;
	out->sums[SUM_ACCEPTED] =
		routed || row->accepted_at != USEC_NONE || row->stored_at != USEC_NONE;
	out->sums[SUM_ROUTED] = routed;
	out->sums[SUM_DELIVERED] = out->confirmed;
	out->sums[SUM_DISPLAYED] = out->read;
	out->sums[SUM_RETRACTED] = row->retracted_at != USEC_NONE;
}

static void add_counted(const struct row *row, struct contribution *out)
{
	out->sums[SUM_SENT] = 1;
	out->sums[SUM_FAILED] = out->failed;
	out->sums[SUM_UNKNOWN] = row_verdict(row, 0, 0) == VERDICT_UNKNOWN;
	out->sums[SUM_RESENDS] = row->resends;
	out->sums[SUM_SKEW_CLAMPED] = row->skew_clamped;
	out->sums[SUM_STORED] = row->stored_at != USEC_NONE;
	add_stages(row, out);
	if (out->requested)
		add_delivery(row, out);
	if (out->read_requested)
		add_reading(row, out);
	if (row->response_ms >= 0)
		out->ms[LATENCY_RESPOND] = row->response_ms;
}

// RFC 6120 8.3.3, those of RFC 3920 that are still met, K17. As failure_condition() of migration 0009.
const char *const failure_conditions[] = {
	"amp",
	"bad-request",
	"conflict",
	"feature-not-implemented",
	"forbidden",
	"gone",
	"internal-server-error",
	"item-not-found",
	"jid-malformed",
	"not-acceptable",
	"not-allowed",
	"not-authorized",
	"payment-required",
	"policy-violation",
	"recipient-unavailable",
	"redirect",
	"registration-required",
	"remote-server-not-found",
	"remote-server-timeout",
	"resource-constraint",
	"service-unavailable",
	"subscription-required",
	"undefined-condition",
	"unexpected-request",
	"other",
	NULL,
};

const char *failure_condition(struct text error)
{
	const char *const *condition = failure_conditions;
	while (condition[1] && !text_is(error, *condition))
		condition++;
	return *condition; // the last one is what no name fits
}

static int kind_of(const struct row *row)
{
	return (int)row->type + 8 * (int)row->class_ + (row->stored_at != USEC_NONE ? 64 : 0) +
	       (row->flags & FLAG_ENCRYPTED ? 128 : 0);
}

void contribution_of(const struct row *row, struct contribution *out)
{
	*out = (struct contribution){
		.sent_at = usec_bounded(row->sent_at),
		.ms = {-1, -1, -1, -1, -1, -1},
		.kind = kind_of(row),
		.counted = class_is_counted(row->class_),
		.requested = row_is_requested(row),
		.confirmed = row->state == STATE_DELIVERED || row->state == STATE_DISPLAYED,
		.failed = row->state == STATE_FAILED,
		.read_requested = row_is_read_requested(row),
		.read = row->displayed_at != USEC_NONE,
		.device = row->device,
	};
	out->sums[SUM_ROWS] = 1;
	out->sums[row->class_ == CLASS_GROUP ? SUM_ACKS_GROUP : SUM_ACKS] =
		row->class_ == CLASS_GROUP || row->counts_acks ? row->acks : 0;
	out->sums[SUM_ACKS_DUP] =
		row->class_ == CLASS_GROUP || row->counts_acks ? row->acks_dup : 0;
	out->sums[SUM_ERRORS] = row->has_error;
	if (out->counted && out->failed)
		out->condition = failure_condition(row->error);
	if (out->counted)
		add_counted(row, out);
}
