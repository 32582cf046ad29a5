// SPDX-License-Identifier: Apache-2.0
// Messages that asked for a receipt and got none yet.
#include "store/read_messages.h"

static void put_open(struct fields *params, const struct open_filter *filter,
		     const struct known_realms *realms, usec_t since, usec_t until)
{
	put_int4(params, filter->realm);
	put_usec(params, usec_bounded(since == USEC_NONE ? FIRST_YEAR : since));
	put_usec(params, usec_bounded(until == USEC_NONE ? LAST_YEAR : until));
	if (filter->participant.p) {
		struct pairing *hashes = pairing_new(
			&(struct pairing_options){.realm = TEXT(""), .key = realms->key});
		put_int8(params, pairing_jid_id(hashes, filter->participant));
		pairing_free(hashes);
	} else {
		put_null(params);
	}
	put_safe(params, filter->domain);
	put_usec(params, filter->has_after ? usec_bounded(filter->after_at) : USEC_NONE);
	put_int8(params, filter->after_conv);
	put_int8(params, filter->after_key);
	put_int4(params, filter->after_n);
	put_int8(params, filter->limit);
}

// S3: what was sent later than "now - t_expire" is pending; so the verdict is an interval.
static void bound_by_verdict(const struct open_filter *filter, usec_t *since, usec_t *until)
{
	usec_t edge = filter->now - filter->t_expire + 1;
	if (filter->verdict == VERDICT_PENDING && (*since == USEC_NONE || *since < edge))
		*since = edge;
	if (filter->verdict == VERDICT_EXPIRED && (*until == USEC_NONE || *until > edge))
		*until = edge;
}

bool store_unacknowledged(struct store *store, const struct open_filter *filter, void *self,
			  bool (*each)(void *self, const struct message *message), struct err *err)
{
	const struct message_filter shown = {
		.realm = filter->realm, .now = filter->now, .t_expire = filter->t_expire};
	struct message_stream stream = {
		.store = store, .filter = &shown, .self = self, .each = each};
	usec_t since = filter->since, until = filter->until;
	FIELDS_AUTO params = {0};
	bound_by_verdict(filter, &since, &until);
	if (filter->has_after && (since == USEC_NONE || since < filter->after_at))
		since = filter->after_at;
	bool fine = message_stream_open(&stream, err);
	if (fine) {
		put_open(&params, filter, &stream.realms, since, until);
		fine = sql_plan(store, "plan_kept", err) &&
		       message_page(&stream, "unacknowledged", &params, err);
	}
	message_stream_close(&stream);
	return fine;
}
