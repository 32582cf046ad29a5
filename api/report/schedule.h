// SPDX-License-Identifier: Apache-2.0
// Reports of "receiptd run": made at report_at for the day before, for days that were missed, and again when one
// was incomplete or has become final; handed over as the settings say. A thread and a connection of its own.
#ifndef API_REPORT_SCHEDULE_H
#define API_REPORT_SCHEDULE_H

#include "core/ztime.h"

// Last civil day whose report is due at that time: its report_at (seconds after midnight) of the day after has come.
usec_t schedule_due(const struct zone *zone, usec_t now, int at);
// "00:30" as seconds.
int schedule_seconds(const char *clock);

#endif
