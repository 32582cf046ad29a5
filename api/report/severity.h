// SPDX-License-Identifier: Apache-2.0
// How grave a finding is (PAIRING section 8).
#ifndef API_REPORT_SEVERITY_H
#define API_REPORT_SEVERITY_H

#include "core/text.h"

enum severity { SEVERITY_CRITICAL, SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_INFO, SEVERITIES };

extern const char *const severity_names[SEVERITIES];

enum severity severity_of(struct text rule);

#endif
