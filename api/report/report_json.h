// SPDX-License-Identifier: Apache-2.0
// A stored report as a JSON row, the same for the API and for index.json.
#ifndef API_REPORT_REPORT_JSON_H
#define API_REPORT_REPORT_JSON_H

#include "core/json.h"
#include "store/store.h"

extern const char *const report_columns[];

json_t *stored_report_json(const struct stored_report *report);

#endif
