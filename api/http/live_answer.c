// SPDX-License-Identifier: Apache-2.0
// What some commits brought for one question, as an event.
#include "api/http/live_parts.h"

#include "api/http/metric_json.h"
#include "api/message_json.h"

// An object whose members are what the answer stands on and, behind them, what was found.
static struct frame *make_frame(const char *event, int64_t rows, const struct live_span *span,
				json_t *members, const struct buf *items)
{
	struct buf text = {0};
	json_object_set_new(members, "evaluated_at", json_usec(span->now, 6));
	honesty_members(members, span->honesty, false);
	table_json(&text, members);
	if (items) {
		text.len--; // the closing brace
		buf_zstr(&text, ",\"items\":[");
		buf_text(&text, buf_view(items));
		buf_zstr(&text, "]}");
	}
	struct frame *frame = frame_new(event, span->upto, rows, buf_view(&text));
	buf_free(&text);
	return frame;
}

static struct frame *resync(const struct live_span *span)
{
	JSON_AUTO *members = json_object();
	return make_frame("resync", 0, span, members, NULL);
}

// ---- rows

struct listing {
	struct buf items;
	int64_t rows;
	unsigned parts;
	bool full;
};

static bool each_message(void *self, const struct message *message)
{
	struct listing *listing = self;
	if (listing->rows == FRAME_ROWS || listing->items.len > FRAME_BYTES) {
		listing->full = true;
		return false;
	}
	if (listing->rows++ > 0)
		buf_char(&listing->items, ',');
	message_to_json(&listing->items, message, listing->parts);
	return true;
}

static struct frame *changes(struct pool_slot *db, const struct live_query *query,
			     const struct live_span *span, struct err *err)
{
	struct message_filter filter = query->filter;
	struct listing listing = {.parts = MESSAGE_KEYS | (filter.with_body ? MESSAGE_BODY : 0u)};
	const struct change_span commits = {span->after, span->upto,
					    query->view == LIVE_UNACKNOWLEDGED};
	struct frame *frame = NULL;
	bool countable;
	filter.realm = db->realm.id;
	filter.now = span->now;
	filter.t_expire = db->rules.t_expire;
	filter.limit = FRAME_ROWS + 1;
	if (span->after > span->upto) // another database than before
		return resync(span);
	JSON_AUTO *members = json_object();
	if (span->after < span->upto &&
	    store_changes(db->store, &filter, &commits, &countable, &listing, each_message, err)) {
		if (!countable || listing.full)
			frame = resync(span);
		else if (listing.rows > 0)
			frame = make_frame("messages", listing.rows, span, members, &listing.items);
	}
	buf_free(&listing.items);
	return frame;
}

// ---- funnel

static bool take_bucket(void *self, const struct delivery_bucket *bucket)
{
	*(struct delivery_bucket *)self = *bucket;
	return true;
}

static void put_counts(json_t *object, const struct delivery_bucket *bucket)
{
	const struct {
		const char *name;
		int64_t value;
	} counts[] = {
		{"sent", bucket->sent},           {"requested", bucket->requested},
		{"confirmed", bucket->confirmed}, {"failed", bucket->failed},
		{"pending", bucket->pending},     {"expired", bucket->expired},
		{"unknown", bucket->unknown},     {"failed_all", bucket->failed_all},
		{"stored", bucket->stored},       {"read_requested", bucket->read_requested},
		{"read", bucket->read},           {"accepted", bucket->accepted},
		{"routed", bucket->routed},       {"delivered", bucket->delivered},
		{"displayed", bucket->displayed}, {"retracted", bucket->retracted},
	};
	const struct latency *deliver = &bucket->latencies[SERIES_DELIVER];
	const struct latency *read = &bucket->latencies[SERIES_READ];
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		put_number(object, counts[i].name, counts[i].value);
	put_ratio(object, "rate_lower", bucket->confirmed, bucket->requested);
	put_ratio(object, "rate_upper", bucket->confirmed + bucket->pending, bucket->requested);
	put_ratio(object, "coverage", bucket->requested, bucket->sent);
	struct buf members = {0};
	struct json_members out = {.buf = &members};
	out_open(&out, NULL, '{');
	out_latency(&out, "time_to_deliver_ms", deliver->n, deliver->ms, bucket->estimated);
	out_latency(&out, "time_to_read_ms", read->n, read->ms, bucket->estimated);
	out_close(&out, '}');
	put_written(object, &members);
}

static struct frame *funnel(struct pool_slot *db, const char *realm, const struct live_query *query,
			    const struct live_span *span, struct err *err)
{
	usec_t quarter = 900 * USEC_PER_SEC, start = span->now - query->window;
	struct delivery_bucket bucket = {0};
	struct metric_query asked = {.realm = db->realm.id,
				     .since = start - start % quarter, // where a roll-up begins
				     .until = span->now,
				     .from_domain = query->from_domain,
				     .to_domain = query->to_domain,
				     .now = span->now,
				     .t_expire = db->rules.t_expire,
				     .infer = db->rules.t_infer};
	if (!store_delivery(db->store, &asked, &bucket, take_bucket, err))
		return NULL;
	JSON_AUTO *members = json_object();
	json_object_set_new(members, "since", json_usec(asked.since, 6));
	json_object_set_new(members, "until", json_usec(asked.until, 6));
	json_object_set_new(members, "realm", json_string(realm));
	json_object_set_new(members, "from_domain", json_text(query->from_domain));
	json_object_set_new(members, "to_domain", json_text(query->to_domain));
	put_counts(members, &bucket);
	return make_frame("funnel", 1, span, members, NULL);
}

// F191: a question of a token that is limited to domains names one; one answer is for all who ask the same.
static bool see_asked(struct pool_slot *db, const struct live_query *query, struct err *err)
{
	struct string_list domains = {0};
	struct text domain = query->filter.domain.p ? query->filter.domain
			     : query->from_domain.p ? query->from_domain
						    : query->to_domain;
	if (domain.p)
		string_list_add(&domains, domain);
	bool fine = store_see(db->store, &domains, err);
	string_list_free(&domains);
	return fine;
}

struct frame *live_answer(struct pool_slot *db, const char *realm, const struct live_query *query,
			  const struct live_span *span, struct err *err)
{
	if (!see_asked(db, query, err))
		return NULL;
	if (query->view == LIVE_FUNNEL)
		return funnel(db, realm, query, span, err);
	return changes(db, query, span, err);
}
