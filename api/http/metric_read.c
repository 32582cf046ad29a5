// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics/read: PAIRING F3, F4, F7. What a reader told, what a later marker tells and what is
// inferred are never mixed.
#include "api/http/handlers.h"
#include "api/http/metric_fields.h"

// clang-format off
static const struct metric_field fields[] = {
	COUNT_OF("sent", sent, "messages of the population"),
	COUNT_OF("requested", read_requested, "of sent: had an id, asked for a sign of reading, is no correction, not failed, not taken back unread"),
	COUNT_OF("read", read, "of requested: displayed, directly or up to"),
	COUNT_OF("read_direct", read_direct, "of read: a sign of reading named this message"),
	COUNT_OF("read_upto", read_upto, "of read: only a marker on a later message covers it"),
	COUNT_OF("inferred", read_inferred, "of requested: not displayed, but what its reader did since shows it"),
	COUNT_OF("pending", read_pending, "of requested: not displayed, sent less than t_expire ago"),
	COUNT_OF("expired", read_expired, "of requested: not displayed within t_expire; not telling is a right"),
	RATE_OF("rate", read, read_requested, "read / requested"),
	RATE_OF("rate_lower", read, read_requested, "read / requested: no pending one will be read"),
	SUM_RATE_OF("rate_upper", read, read_pending, read_requested, "(read + pending) / requested: all will"),
	RATE_OF("rate_direct", read_direct, read_requested, "read_direct / requested"),
	RATE_OF("rate_upto", read_upto, read_requested, "read_upto / requested"),
	RATE_OF("rate_inferred", read_inferred, read_requested, "inferred / requested"),
	SUM_RATE_OF("rate_read_or_inferred", read, read_inferred, read_requested, "(read + inferred) / requested"),
	RATE_OF("coverage", read_requested, sent, "requested / sent: the share that can be measured at all"),
	COUNT_OF("coverage_numerator", read_requested, "requested"),
	COUNT_OF("coverage_denominator", sent, "sent"),
	WITHIN_OF("within", read_within, read_requested, "read so soon after sending / requested"),
	LATENCY_OF("time_to_read_ms", SERIES_READ, "displayed_at - sent_at of read"),
	LATENCY_OF("time_to_read_direct_ms", SERIES_READ_DIRECT, "the same of read_direct"),
	LATENCY_OF("time_to_read_upto_ms", SERIES_READ_UPTO, "the same of read_upto: not later than that"),
	EXPECTED_OF("time_to_read_expected_ms", read, SERIES_READ_EXPECTED, "time to read of all requested; for ever where not read"),
};
// clang-format on

bool handle_read(struct call *call, struct err *err)
{
	static const struct metric_path path = {
		.ask = store_delivery,
		.fields = fields,
		.count = sizeof fields / sizeof *fields,
		.rated = true,
		.settled = true,
	};
	return metric_handle(call, &path, err);
}
