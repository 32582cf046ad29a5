// SPDX-License-Identifier: Apache-2.0
// One <message/>, <iq/> or <presence/> as the parser saw it: the facts of PAIRING K, without any
// judgement (who is believed, what counts) - that is effective.c and facts.c. Filled by
// ingest/stanza.c; all text points into the arena that was given to the parser.
#ifndef PAIRING_STANZA_H
#define PAIRING_STANZA_H

#include "core/text.h"
#include "core/ztime.h"

#include <stdint.h>

enum stanza_kind { STANZA_MESSAGE, STANZA_IQ, STANZA_PRESENCE, STANZA_ROUTE, STANZA_OTHER };

// How an inner message is held (E3, E4, E5).
enum wrap_kind {
	WRAP_NONE,
	WRAP_CARBON_SENT,     // {urn:xmpp:carbons:2 or :1}sent/forwarded/message
	WRAP_CARBON_RECEIVED, // ... received
	WRAP_FORWARDED,       // direct child {urn:xmpp:forward:0}forwarded
	WRAP_ROUTE,           // <route/> root (older ejabberd mod_service_log)
};

// Events that refer to another stanza by id (K3, K5, K8, K9..K12).
enum ref_kind {
	REF_RECEIPT,           // K3
	REF_MARK_RECEIVED,     // K5, legacy
	REF_MARK_DISPLAYED,    // K5
	REF_MARK_ACKNOWLEDGED, // K5, legacy
	REF_XEVENT,            // K8: xevent says which; none = composing cancelled
	REF_CORRECTION,        // K9
	REF_RETRACTION,        // K10
	REF_REACTION,          // K11
	REF_REPLY,             // K12
	REF_KINDS
};

struct stanza_ref {
	enum ref_kind kind;
	struct text id;  // absent when the attribute is missing
	unsigned xevent; // enum xevent_bits
};

struct private_hit {    // an element that was declared (core/private_ack.h)
	uint32_t index; // of the declaration
	bool request;   // it asks; else it acknowledges
	struct text id; // absent when there is none
};

enum xevent_bits { // K7, K8
	XE_OFFLINE = 1,
	XE_DELIVERED = 2,
	XE_DISPLAYED = 4,
	XE_COMPOSING = 8
};

enum chat_state {
	STATE_NONE,
	STATE_ACTIVE,
	STATE_COMPOSING,
	STATE_PAUSED,
	STATE_INACTIVE,
	STATE_GONE
};

enum hint_bits { // K20
	HINT_NO_STORE = 1,
	HINT_NO_COPY = 2,
	HINT_STORE = 4,
	HINT_CARBON_PRIVATE = 8,
	HINT_NO_PERMANENT_STORE = 16
};

enum message_type { // E6; the order is that of the database
	TYPE_NORMAL,
	TYPE_CHAT,
	TYPE_GROUPCHAT,
	TYPE_HEADLINE,
	TYPE_ERROR
};

struct stanza_delay {     // K13
	usec_t stamp;     // USEC_NONE: not a valid stamp
	struct text from; // absent allowed
};

struct stanza_sid { // K15 {urn:xmpp:sid:0}stanza-id
	struct text id;
	struct text by;
};

// K19: what an iq or presence says about devices and accounts. Texts are as they were written.
enum block_kind { BLOCK_NONE, BLOCK_ADD, BLOCK_REMOVE }; // 0191; REMOVE without items = all

struct roster_item {
	struct text jid, subscription; // absent = missing
};

struct stanza_known {
	bool has_caps; // presence: 0115 c
	struct text caps_node, caps_ver;
	bool has_disco;         // iq result: disco#info
	struct text disco_node; // absent: about the entity itself
	bool disco_receipts;    // a feature var is urn:xmpp:receipts
	bool has_identity;      // the first one of category client, else the first
	struct text category, type, name;
	bool has_version; // iq result: jabber:iq:version (F9)
	struct text software, release;
	bool has_roster, roster_push; // iq result: the whole list; iq set: a push
	struct roster_item *items;
	size_t item_count;
	enum block_kind block; // iq set
	struct text *blocked;
	size_t blocked_count;
};

struct stanza {
	enum stanza_kind kind;
	bool bad_namespace; // root namespace is none of E1's
	struct text from, to, id, raw_type;
	enum message_type type; // messages: E6, unknown or missing = normal

	// Content (K1). "Stanza namespace" as K0 defines it.
	bool has_body;      // a non-empty body in a stanza namespace
	struct text body;   // the first non-empty one (no xml:lang preferred), for display
	bool has_encrypted; // any encrypted payload that counts as content
	bool omemo_without_payload;
	bool has_oob, has_sfs;
	bool fallback_whole_body; // K1: a urn:xmpp:fallback:0 that covers the body wholly
	// Pieces of the content digest (M3), folded as PAIRING section 2 says (white space, controls,
	// pictures and U+FFFD dropped), in document order; the digest sorts them.
	struct text *digest_parts;
	size_t digest_count;

	bool receipt_request; // K2
	bool markable;        // K4
	struct stanza_ref *refs;
	size_t ref_count;
	struct private_hit *private_hits; // messages and iqs, in document order
	size_t private_count;
	enum chat_state state; // K6, the first one
	unsigned state_count;
	unsigned xevent_request; // K7: enum xevent_bits of x elements without id child

	struct stanza_delay *delays; // K13, of this stanza itself
	size_t delay_count;
	struct stanza_delay *forward_delays; // delays that are children of the forwarded element
	size_t forward_delay_count;
	struct text origin_id; // K14
	struct stanza_sid *stanza_ids;
	size_t stanza_id_count;
	struct text thread;

	struct text error_condition; // K16, already mapped from @code; absent when not type=error
	struct text amp_status;      // K17: present only when amp has a status
	struct text amp_deliver;     // value of the rule with condition=deliver ("stored", "none")
	struct text amp_to;          // whom the message was for, of a report
	unsigned hints;              // enum hint_bits
	// Some direct child that is none of: thread, delay, ids (origin-id, stanza-id), hints, chat
	// state, muc#user, occupant-id, mam:tmp archived, and no content (CS-EXTRA of section 8).
	bool has_other_child;

	bool archive_result; // E4 {urn:xmpp:mam:*}result child; inner is then its forwarded message
	bool privilege;      // E5 {urn:xmpp:privilege:*}
	bool pubsub_event;   // E5
	// K18: {urn:xmpp:mds:displayed:0}displayed/stanza-id, wherever K18 allows it.
	bool has_mds;
	struct text mds_id, mds_by;
	bool mds_in_message; // direct child of a message (server assist), not a pubsub item

	struct stanza_known *known; // K19; NULL: the stanza says nothing of that

	enum wrap_kind wrap;
	struct stanza *inner; // the message held; NULL when there is none
	bool inner_is_stanza; // E5: inner may be iq or presence in wrapping feeds (kind says)
};

#endif
