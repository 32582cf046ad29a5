// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics/delivery: PAIRING F1, F2, F7 over a window, in total and by bucket; F3 in short.
#include "api/http/handlers.h"
#include "api/http/metric_fields.h"

// clang-format off
static const struct metric_field fields[] = {
	COUNT_OF("sent", sent, "messages of the population"),
	COUNT_OF("requested", requested, "of sent: had an id and asked for a sign of delivery"),
	COUNT_OF("confirmed", confirmed, "of requested: delivered or displayed"),
	COUNT_OF("failed", failed, "of requested: came back with an error and nothing else"),
	COUNT_OF("pending", pending, "of requested: not answered, sent less than t_expire ago"),
	COUNT_OF("expired", expired, "of requested: not answered within t_expire; no proof of loss"),
	COUNT_OF("unknown", unknown, "of sent: asked for nothing and got nothing; in no rate"),
	COUNT_OF("failed_all", failed_all, "of sent: came back with an error and nothing else"),
	COUNT_OF("stored", stored, "of sent: waited in offline storage"),
	COUNT_OF("resends", resends, "how often messages of sent were sent again"),
	COUNT_OF("skew_clamped", skew_clamped, "of sent: answered before it was sent, by other clocks"),
	RATE_OF("rate", confirmed, requested, "confirmed / requested"),
	RATE_OF("rate_lower", confirmed, requested, "confirmed / requested: no pending one is confirmed"),
	SUM_RATE_OF("rate_upper", confirmed, pending, requested, "(confirmed + pending) / requested: all are"),
	RATE_OF("coverage", requested, sent, "requested / sent: the share that can be measured at all"),
	COUNT_OF("coverage_numerator", requested, "requested"),
	COUNT_OF("coverage_denominator", sent, "sent"),
	WITHIN_OF("within", confirmed_within, requested, "confirmed so soon after sending / requested"),
	LATENCY_OF("time_to_deliver_ms", SERIES_DELIVER, "delivered_at - sent_at of requested with direct evidence, not stored"),
	LATENCY_OF("time_to_deliver_stored_ms", SERIES_DELIVER_STORED, "the same of those that waited in offline storage"),
	EXPECTED_OF("time_to_deliver_expected_ms", confirmed, SERIES_EXPECTED, "time to deliver, or to confirm without direct evidence, of all requested; for ever where not confirmed"),
	BANDS_OF("time_to_deliver_bands", SERIES_EXPECTED, "of confirmed: how many took so many ms, or longer, up to the next band"),
	COUNT_OF("read.requested", read_requested, "had an id, asked for a sign of reading, is no correction, not failed, not taken back unread"),
	COUNT_OF("read.confirmed", read, "of read.requested: displayed"),
	RATE_OF("read.rate", read, read_requested, "read.confirmed / read.requested"),
	LATENCY_OF("read.time_to_read_ms", SERIES_READ, "displayed_at - sent_at of read.confirmed"),
};
// clang-format on

bool handle_delivery(struct call *call, struct err *err)
{
	static const struct metric_path path = {
		.ask = store_delivery,
		.fields = fields,
		.count = sizeof fields / sizeof *fields,
		.rated = true,
	};
	return metric_handle(call, &path, err);
}
