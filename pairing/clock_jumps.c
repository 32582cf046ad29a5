// SPDX-License-Identifier: Apache-2.0
// F48: delays over a place where the clock of a log went forward. Where it went back they are negative, and T5 keeps
// the evidence out; forward they would count as an hour or two that nobody waited.
#include "pairing/workset.h"

static bool is_same(const struct clock_jump *a, const struct clock_jump *b)
{
	return a->source == b->source && a->from == b->from && a->to == b->to;
}

void pairing_clock_jump(struct pairing *pairing, const struct clock_jump *jump)
{
	for (size_t i = 0; i < pairing->jump_count; i++)
		if (is_same(&pairing->jumps[i], jump))
			return;
	if (pairing->jump_count == CLOCK_JUMPS_MOST) {
		pairing->jump_count--;
		memmove(pairing->jumps, pairing->jumps + 1,
			pairing->jump_count * sizeof(*pairing->jumps));
	}
	pairing->jumps[pairing->jump_count++] = *jump;
}

void pairing_take_jumps(struct pairing *pairing, const struct pairing *from)
{
	for (size_t i = 0; i < from->jump_count; i++)
		pairing_clock_jump(pairing, &from->jumps[i]);
}

static bool is_over(const struct clock_jump *jump, const struct row *row, usec_t at)
{
	return row->source == jump->source && at != USEC_NONE && row->sent_at <= jump->from &&
	       at >= jump->to;
}

// P9: what was displayed was delivered by then.
void row_see_jumps(const struct pairing *pairing, struct row *row)
{
	usec_t delivered = row->delivered_at == USEC_NONE ? row->displayed_at : row->delivered_at;
	row->delivered_over_jump = row->displayed_over_jump = false;
	for (size_t i = 0; i < pairing->jump_count; i++) {
		const struct clock_jump *jump = &pairing->jumps[i];
		row->delivered_over_jump =
			row->delivered_over_jump || is_over(jump, row, delivered);
		row->displayed_over_jump =
			row->displayed_over_jump || is_over(jump, row, row->displayed_at);
	}
}
