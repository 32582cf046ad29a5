// SPDX-License-Identifier: Apache-2.0
// Part of store/store.h, which includes it: messages told apart as metrics tell them apart (F1 to F9), so that
// whoever sees a figure can have the messages behind it. All zero: nothing is.
#ifndef STORE_NARROW_H
#define STORE_NARROW_H

#include "core/text.h"

enum counted_as { COUNTED_ANYHOW, COUNTED_SENT, COUNTED_REQUESTED, COUNTED_READ_REQUESTED };

enum reached { // or further; retracted: whatever it reached
	REACHED_ANYTHING,
	REACHED_ACCEPTED,
	REACHED_STORED,
	REACHED_ROUTED,
	REACHED_DELIVERED,
	REACHED_DISPLAYED,
	REACHED_RETRACTED
};

enum client_is { // the device that a message counts for (struct row, device)
	CLIENT_ANYTHING,
	CLIENT_NAMED,      // is of this software, if of this version
	CLIENT_NO_VERSION, // is of this software and did not say which version
	CLIENT_NO_DEVICE,  // is not known
	CLIENT_NO_SOFTWARE // did not say what it is
};

struct message_narrow {
	struct text condition; // of its error, as failures are counted by it
	struct text from_domain, to_domain;
	enum counted_as counted;
	enum reached reached;
	bool has_took_from, has_took_to;
	int64_t took_from, took_to;  // ms, half open, until it was confirmed
	enum client_is client_is;    // not ANYTHING: since and until are given
	struct text client, version; // version absent = any
};

// Conditions that failures are counted by, "other" the last; ends with NULL.
extern const char *const failure_conditions[];

#endif
