// SPDX-License-Identifier: Apache-2.0
// The handlers and their parameters, for the one table of routes (routes.c).
#ifndef API_HTTP_HANDLERS_H
#define API_HTTP_HANDLERS_H

#include "api/http/call.h"

route_fn handle_index, handle_style, handle_openapi; // site.c
route_fn handle_healthz, handle_readyz;

route_fn handle_delivery; // metric_delivery.c
extern const struct param_table delivery_params;

route_fn handle_messages; // messages.c
extern const struct param_table messages_params;

route_fn handle_findings, handle_gaps, handle_sources, handle_quarantine; // lists.c
extern const struct param_table window_params, plain_params;

route_fn handle_feed; // feed.c
extern const struct param_table feed_params;

#endif
