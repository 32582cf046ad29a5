// SPDX-License-Identifier: Apache-2.0
// receiptd export person: all that is held on one bare JID, to be given to whom it is about.
#ifndef API_EXPORT_PERSON_H
#define API_EXPORT_PERSON_H

#include "core/app.h"
#include "core/err.h"

#include <stdio.h>

// One JSON object a line, the member "table" first. Bodies too, so it is in the access log before the first line.
bool export_person(struct app *app, const char *jid, FILE *out, struct err *err);

#endif
