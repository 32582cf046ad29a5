// SPDX-License-Identifier: Apache-2.0
// Findings that compare messages and acks with what was known of the parties at their time (PAIRING
// section 8: ACK-LEAK, ACK-TO-BLOCKED, ACK-ARCHIVED, ACK-MISSING, MARK-STUCK). They are judged
// when somebody reads them, over all that is known then, and never stored: neither the order in which
// facts and messages came nor the passing of time (t_expire) can leave one wrong.
//
// Use: audit_learn() every fact, audit_ready(), then judge rows and evidence.
#ifndef PAIRING_AUDIT_H
#define PAIRING_AUDIT_H

#include "pairing/pairing.h"

struct audit;

struct audit_options {
	const struct pairing *hashes; // of the realm; must outlive the object
	usec_t now, t_expire;         // S3
	void *self;
	// What it is given lives as long as the object. The same finding may come several times.
	void (*found)(void *self, const struct finding *finding);
};

struct audit *audit_new(const struct audit_options *options);
void audit_free(struct audit *audit);

void audit_learn(struct audit *audit, const struct known *fact); // texts are copied
void audit_ready(struct audit *audit);                           // after the last fact

// What a row still lacks t_expire after it was sent (ACK-MISSING, MARK-STUCK).
void audit_silence(struct audit *audit, const struct row *row);
// Acks that a plain row holds; of another nothing.
void audit_plain_acks(struct audit *audit, const struct row *row);
// Evidence that has a row of its own. row: the message that it is paired with, with its facts; NULL
// when there is none.
void audit_evidence(struct audit *audit, const struct stored_evidence *stored,
		    const struct row *row);

#endif
