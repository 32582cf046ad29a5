// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics/response: PAIRING F6: the first message of a run by one party to the first of the other.
#include "api/http/handlers.h"
#include "api/http/metric_fields.h"

// clang-format off
static const struct metric_field fields[] = {
	COUNT_OF("sent", sent, "messages of the population"),
	COUNT_OF("answered", answered, "of sent: first of a run by one party, and the other wrote within t_infer"),
	LATENCY_OF("response_ms", SERIES_RESPOND, "time to the first message of the other, of answered"),
};
// clang-format on

bool handle_response(struct call *call, struct err *err)
{
	static const struct metric_path path = {
		.ask = store_delivery,
		.fields = fields,
		.count = sizeof fields / sizeof *fields,
		.ripens = RIPE_RESPONDED,
		.series = 1U << SERIES_RESPOND,
		.settled = true,
	};
	return metric_handle(call, &path, err);
}
