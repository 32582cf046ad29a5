// SPDX-License-Identifier: Apache-2.0
// The handlers and their parameters, for the one table of routes (routes.c).
#ifndef API_HTTP_HANDLERS_H
#define API_HTTP_HANDLERS_H

#include "api/http/call.h"

route_fn handle_index, handle_asset; // site.c
route_fn handle_healthz, handle_readyz;

route_fn handle_delivery; // metric_delivery.c
// metric_read.c, metric_funnel.c, metric_typing.c, metric_response.c
route_fn handle_read, handle_funnel, handle_typing, handle_response;
extern const struct param_table rated_params, counted_params; // metric_fields.c

route_fn handle_peers, handle_clients;             // metric_peers.c
route_fn handle_breakdown;                         // metric_breakdown.c
route_fn handle_user_metrics, handle_pair_metrics; // metric_people.c
extern const struct param_table peers_params, clients_params, breakdown_params;
extern const struct param_table user_metrics_params, pair_metrics_params;

route_fn handle_messages; // messages.c
extern const struct param_table messages_params;

route_fn handle_message_detail; // message_detail.c
extern const struct param_table message_detail_params;

route_fn handle_conversations, handle_contacts; // conversations.c
extern const struct param_table conversations_params, contacts_params;

route_fn handle_accounts; // accounts.c
extern const struct param_table accounts_params;

route_fn handle_unacknowledged; // unacknowledged.c
extern const struct param_table unacknowledged_params;

route_fn handle_findings, handle_gaps, handle_sources, handle_quarantine; // lists.c
extern const struct param_table window_params, plain_params;

route_fn handle_reports, handle_report; // reports.c
extern const struct param_table reports_params, report_params;

route_fn handle_live_messages, handle_live_unacknowledged, handle_live_funnel; // live_views.c
extern const struct param_table live_messages_params, live_unacknowledged_params,
	live_funnel_params;

route_fn handle_metrics; // scrape.c

route_fn handle_feed; // feed.c
extern const struct param_table feed_params;

#endif
