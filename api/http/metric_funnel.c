// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics/funnel: how far messages got, by what is known of them (PAIRING S1, S2).
#include "api/http/handlers.h"
#include "api/http/metric_fields.h"

// clang-format off
static const struct metric_field fields[] = {
	COUNT_OF("sent", sent, "messages of the population"),
	COUNT_OF("accepted", accepted, "of sent: the server passed it on, stored it, or it got further"),
	COUNT_OF("stored", stored, "of sent: waited in offline storage; a side branch"),
	COUNT_OF("routed", routed, "of sent: went to a device of the recipient, or got further"),
	COUNT_OF("delivered", delivered, "of sent: delivered or displayed, asked for or not"),
	COUNT_OF("displayed", displayed, "of sent: displayed, asked for or not"),
	COUNT_OF("failed", failed_all, "of sent: came back with an error and was not delivered; a way out"),
	COUNT_OF("retracted", retracted, "of sent: its sender took it back, at whatever stage"),
	COUNT_OF("unknown", unknown, "of sent: asked for nothing and got nothing, so that silence means nothing"),
	COUNT_OF("requested", requested, "of sent: had an id and asked for a sign of delivery"),
	COUNT_OF("read_requested", read_requested, "of sent: asked for a sign of reading (F3)"),
	RATE_OF("accepted_of_sent", accepted, sent, "accepted / sent"),
	RATE_OF("routed_of_sent", routed, sent, "routed / sent"),
	RATE_OF("delivered_of_sent", delivered, sent, "delivered / sent: no delivery rate, for many ask for no receipt"),
	RATE_OF("displayed_of_sent", displayed, sent, "displayed / sent: no read rate"),
};
// clang-format on

bool handle_funnel(struct call *call, struct err *err)
{
	static const struct metric_path path = {
		.ask = store_delivery,
		.fields = fields,
		.count = sizeof fields / sizeof *fields,
		.rated = true,
	};
	return metric_handle(call, &path, err);
}
