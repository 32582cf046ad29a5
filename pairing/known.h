// SPDX-License-Identifier: Apache-2.0
// Facts about devices, accounts and archives (PAIRING K19, E4): remembered, never counted; findings
// are drawn from them by audit.c.
#ifndef PAIRING_KNOWN_H
#define PAIRING_KNOWN_H

#include "pairing/effective.h"

// An iq or presence line. Addresses are not read yet: e->from and e->to are empty.
void know_stanza(struct pairing *pairing, const struct effective *e);
// A message of an archive on its way to e->device (E4).
void know_archived(struct pairing *pairing, const struct effective *e);

#endif
