// SPDX-License-Identifier: Apache-2.0
// The room's door: everything that is shown to people. HTTP (api/http), export and tokens.
#ifndef API_API_H
#define API_API_H

#include "core/app.h"

struct api;

// Binds settings->listen:port and serves until api_stop. A database that cannot be reached is no
// error: /healthz answers, everything else says 503 until it can be (F146). ERR_USAGE: address not
// usable, port taken (F155), a remote address without allow_remote (F154), schema not ours.
// app must outlive the object.
bool api_start(struct app *app, struct api **api, struct err *err);
void api_stop(struct api *api); // lets running answers end; NULL is fine

// A thread that makes the reports that the settings ask for; NULL: none are.
struct report_schedule;
struct report_schedule *report_schedule_start(struct app *app);
void report_schedule_stop(struct report_schedule *schedule); // NULL is fine

// --- commands of this room ---
command_fn cmd_serve;
command_fn cmd_export;
command_fn cmd_token;
command_fn cmd_top;
command_fn cmd_report;
command_fn cmd_seal, cmd_verify;
command_fn cmd_erase, cmd_hold;

#endif
