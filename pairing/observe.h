// SPDX-License-Identifier: Apache-2.0
// Inside of pairing/: how one effective stanza becomes facts. observe.c is the way of a stanza and its
// content (K1, M1..M5), observe_room.c groupchat (M6, P12), observe_acks.c what refers to another
// stanza (K3, K5, K8..K12, K16..K18), faults.c findings that stand on one line (section 8).
#ifndef PAIRING_OBSERVE_H
#define PAIRING_OBSERVE_H

#include "pairing/tie.h"

// T1: what a stanza is among those of one instant.
enum tie_rank stanza_rank(const struct stanza *stanza, bool content);
void touch(struct entry *entry, usec_t at); // the batch has facts for it at this time

// M2: an empty id names nothing, as a missing one.
static inline struct text stanza_id_of(const struct stanza *stanza)
{
	return stanza->id.n ? stanza->id : TEXT_NONE;
}

// The id that this stanza acknowledges first; *any tells whether it acknowledges at all (K3, K5, K8).
struct text first_acked(const struct stanza *stanza, bool *any);
bool has_ref(const struct stanza *stanza, enum ref_kind kind);
bool has_payload(const struct stanza *stanza);                                // K1, requests aside
bool is_content(const struct stanza *stanza, bool acks);                      // K1
int64_t content_digest(struct pairing *pairing, const struct stanza *stanza); // M3
int64_t thread_hash(const struct pairing *pairing, struct text thread);
bool is_redelivered(struct pairing *pairing, const struct effective *e); // T4
struct incarnation incarnation_of(struct pairing *pairing, const struct effective *e, bool acks);
// The body of what incarnation_of() gave becomes the batch's own.
void keep_body(struct pairing *pairing, const struct entry *entry, struct incarnation *inc);
// Adds what incarnation_of() gave; its tie becomes the batch's own when it is the first (T1).
void add_content(struct pairing *pairing, struct entry *entry, struct incarnation *inc);
// Trusted stanza-ids (M6): on out and route lines and received carbons, by this entity.
void fill_stanza_ids(struct pairing *pairing, const struct effective *e, struct text by,
		     struct incarnation *inc);

// --- observe_room.c ---
void observe_group(struct pairing *pairing, const struct effective *e);
bool is_mirror(const struct pairing *pairing, const struct effective *e);     // M6
int64_t room_signature(struct pairing *pairing, const struct stanza *stanza); // P12
// Evidence of a groupchat stanza: which leg, whose. The rest is the caller's.
struct evidence room_evidence(struct pairing *pairing, const struct effective *e,
			      enum evidence_kind kind);
// A finding of a groupchat stanza waits for the other leg: by is the real JID if that is seen (P12).
// ref NULL: the stanza's own id.
void room_fault(struct pairing *pairing, const struct effective *e, const char *rule,
		const struct text *ref);

// --- observe_acks.c ---
// P1 with a convention of its own: via = 1 + number of the private acknowledgement.
void add_private_ack(struct pairing *pairing, const struct effective *e, enum evidence_kind kind,
		     struct text ref, int16_t via);
void observe_acks(struct pairing *pairing, const struct effective *e);  // K3, K5, K8
void observe_edits(struct pairing *pairing, const struct effective *e); // K9..K12
void observe_error(struct pairing *pairing, const struct effective *e); // K16
void observe_amp(struct pairing *pairing, const struct effective *e);   // K17
void observe_chat_state(struct pairing *pairing, const struct effective *e, bool content); // K6, K8
// K18 on an iq or a pubsub event; in a message it is part of observe_acks.
void observe_mds(struct pairing *pairing, const struct effective *e);
usec_t ack_time(const struct effective *e); // T3

// --- faults.c ---
void note(struct pairing *pairing, const struct effective *e, const char *rule, struct text ref);
void note_own(struct pairing *pairing, const struct effective *e, const char *rule); // its own id
void note_faults(struct pairing *pairing, const struct effective *e, bool content, bool acks);
void note_missing_ids(struct pairing *pairing, const struct effective *e, unsigned flags);

#endif
