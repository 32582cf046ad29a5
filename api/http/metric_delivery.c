// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics/delivery: PAIRING F1, F2, F3, F7 over a window, in total and by bucket.
#include "api/http/handlers.h"

#include "api/http/question.h"

static const struct param_spec specs[Q_OWN] = {QUESTION_PARAMS};

const struct param_table delivery_params = {specs, Q_OWN};

static const char *const columns[] = {"start",
				      "end",
				      "final",
				      "sent",
				      "requested",
				      "confirmed",
				      "failed",
				      "pending",
				      "expired",
				      "unknown",
				      "failed_all",
				      "stored",
				      "resends",
				      "skew_clamped",
				      "rate",
				      "rate_lower",
				      "rate_upper",
				      "coverage",
				      "time_to_deliver_ms.n",
				      "time_to_deliver_ms.p50",
				      "time_to_deliver_ms.p90",
				      "time_to_deliver_ms.p95",
				      "time_to_deliver_ms.p99",
				      "time_to_deliver_ms.max",
				      "read.requested",
				      "read.confirmed",
				      "read.rate",
				      NULL};

struct series { // one pass over the buckets
	const struct question *question;
	json_t *rows;
};

static void put_read(json_t *object, const struct delivery_bucket *bucket)
{
	json_t *read = json_object();
	put_number(read, "requested", bucket->read_requested);
	put_number(read, "confirmed", bucket->read);
	put_ratio(read, "rate", bucket->read, bucket->read_requested);
	put_latency(read, "time_to_read_ms", bucket->ttr_n, bucket->ttr_ms, bucket->estimated);
	json_object_set_new(object, "read", read);
}

static json_t *bucket_json(const struct question *question, const struct delivery_bucket *bucket)
{
	const struct {
		const char *name;
		int64_t value;
	} counts[] = {
		{"sent", bucket->sent},
		{"requested", bucket->requested},
		{"confirmed", bucket->confirmed},
		{"failed", bucket->failed},
		{"pending", bucket->pending},
		{"expired", bucket->expired},
		{"unknown", bucket->unknown},
		{"failed_all", bucket->failed_all},
		{"stored", bucket->stored},
		{"resends", bucket->resends},
		{"skew_clamped", bucket->skew_clamped},
	};
	json_t *object = json_object();
	json_object_set_new(object, "start", json_usec(bucket->start, 6));
	json_object_set_new(object, "end", json_usec(bucket->end, 6));
	json_object_set_new(object, "final", json_boolean(question_final(question, bucket->end)));
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		put_number(object, counts[i].name, counts[i].value);
	int64_t asked = bucket->requested;
	put_ratio(object, "rate", bucket->confirmed, asked);
	put_ratio(object, "rate_lower", bucket->confirmed, asked);
	put_ratio(object, "rate_upper", bucket->confirmed + bucket->pending, asked);
	put_ratio(object, "coverage", asked, bucket->sent);
	put_latency(object, "time_to_deliver_ms", bucket->ttd_n, bucket->ttd_ms, bucket->estimated);
	put_read(object, bucket);
	return object;
}

static bool each_bucket(void *self, const struct delivery_bucket *bucket)
{
	struct series *series = self;
	json_array_append_new(series->rows, bucket_json(series->question, bucket));
	return true;
}

static bool ask_delivery(struct question *question, const struct metric_query *query, json_t *rows,
			 struct err *err)
{
	struct series series = {question, rows};
	return store_delivery(question->call->db->store, query, &series, each_bucket, err);
}

bool handle_delivery(struct call *call, struct err *err)
{
	static const struct question_form form = {ask_delivery, columns};
	return question_handle(call, &form, err);
}
