// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics/typing: PAIRING F5, by the start of each interval; always counted one by one.
#include "api/http/handlers.h"
#include "api/http/metric_fields.h"

// clang-format off
static const struct metric_field fields[] = {
	COUNT_OF("intervals", typed, "intervals in which a device showed that somebody composes, one to one"),
	COUNT_OF("ended_by_content", by_content, "of intervals: a message followed within t_typing"),
	COUNT_OF("ended_by_state", by_state, "of intervals: another chat state followed within t_typing"),
	COUNT_OF("ended_by_cap", by_cap, "of intervals: neither did; counted with t_typing"),
	LATENCY_OF("typing_ms", SERIES_TYPING, "length of intervals, at most t_typing"),
};
// clang-format on

bool handle_typing(struct call *call, struct err *err)
{
	static const struct metric_path path = {
		.ask = store_typing_metric,
		.fields = fields,
		.count = sizeof fields / sizeof *fields,
		.ripens = RIPE_TYPED,
		.settled = true,
	};
	return metric_handle(call, &path, err);
}
