// SPDX-License-Identifier: Apache-2.0
// Reports that wait are handed to the hook and to sendmail; what fails is tried again, slower each time, and
// says why (doctor, /v1/reports).
#ifndef API_REPORT_DELIVER_H
#define API_REPORT_DELIVER_H

#include "store/store.h"

// All that is due by "now". folder NULL: that of the settings. *failed: how many did not go. False: the database.
bool report_deliver(struct app *app, struct store *store, int32_t realm, const char *folder,
		    usec_t now, size_t *failed, struct err *err);

// When a delivery that failed so often is tried again; USEC_NONE: no more.
usec_t report_next_try(usec_t now, int64_t tries);

// The mail (RFC 5322, MIME) as sendmail -t takes it; ERR_USAGE: an address with a control character.
struct buf;
bool report_mail(struct buf *out, const struct settings *settings, const struct report_due *due,
		 struct err *err);

#endif
