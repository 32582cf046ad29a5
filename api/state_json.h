// SPDX-License-Identifier: Apache-2.0
// Findings, gaps, sources and quarantine as JSON rows, the same for the API and for export. Quarantine
// says where and why, never what. The caller owns the object; the columns are for CSV.
#ifndef API_STATE_JSON_H
#define API_STATE_JSON_H

#include "core/json.h"
#include "store/store.h"

json_t *finding_json(const struct stored_finding *finding);
json_t *gap_json(const struct stored_gap *gap);
json_t *source_json(const struct source_state *source);
json_t *quarantine_json(const struct stored_quarantine *record);

extern const char *const finding_columns[],
	*const gap_columns[], *const source_columns[], *const quarantine_columns[];

#endif
