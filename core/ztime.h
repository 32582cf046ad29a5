// SPDX-License-Identifier: Apache-2.0
// Instants are microseconds since 1970-01-01T00:00:00Z (PAIRING T1). Zones are read from the
// system's TZif files; nothing here touches TZ or any other global state.
#ifndef CORE_ZTIME_H
#define CORE_ZTIME_H

#include "core/err.h"
#include "core/text.h"

#include <stdint.h>

typedef int64_t usec_t;

#define USEC_NONE INT64_MIN // "no such time"
#define USEC_PER_SEC INT64_C(1000000)
#define USEC_PER_DAY (INT64_C(86400) * USEC_PER_SEC)

struct civil {                    // a wall clock reading
	int year, month, day;     // month 1..12, day 1..31
	int hour, minute, second; // second 0..60
	int micros;               // 0..999999
};

struct zone; // opaque, immutable after zone_open: share it between threads freely

// name: "UTC", an IANA name, "+05:30"/"-03:00", or NULL/"local" for the system's zone.
struct zone *zone_open(const char *name, struct err *err);
void zone_free(struct zone *zone);
const char *zone_name(const struct zone *zone); // as resolved: IANA name or offset

// T6: in the repeated hour the first reading unless that is before "not_before" (the previous line
// of the same file; USEC_NONE if there is none). A reading that does not exist is moved forward by
// the gap. Either sets *odd (may be NULL). Second 60 counts as the next minute's 0.
usec_t zone_to_utc(const struct zone *zone, const struct civil *civil, usec_t not_before,
		   bool *odd);
void zone_to_civil(const struct zone *zone, usec_t at, struct civil *civil);
int zone_offset(const struct zone *zone, usec_t at); // seconds east of UTC
// Start of the civil day that contains "at".
usec_t zone_day_start(const struct zone *zone, usec_t at);

bool civil_valid(const struct civil *civil);
usec_t civil_to_utc(const struct civil *civil); // the reading taken as UTC

// RFC 3339 / XEP-0082 date-time, offset required unless zone is given; fraction of any length is
// cut to microseconds; "T" or blank between. Also CCYYMMDDThh:mm:ss (XEP-0091, UTC).
bool usec_parse(struct text text, usec_t *at);

#define USEC_TEXT 32
// "2026-03-02T10:00:00.000123Z"; digits = 0, 3 or 6 (cut, not rounded). Returns out.
const char *usec_format(usec_t at, int digits, char out[USEC_TEXT]);

usec_t usec_now(void);       // wall clock
usec_t usec_monotonic(void); // for intervals only

#endif
