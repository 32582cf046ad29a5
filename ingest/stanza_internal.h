// SPDX-License-Identifier: Apache-2.0
// What the files of the stanza parser share; nobody else includes this. stanza.c drives libxml2,
// stanza_guard.c looks at the bytes before that, stanza_plain.c spares it most of them, stanza_elements.c knows which element means what,
// stanza_facts.c, stanza_levels.c and stanza_known.c write it down, stanza_private.c knows what
// operators declare, stanza_text.c knows about characters.
#ifndef INGEST_STANZA_INTERNAL_H
#define INGEST_STANZA_INTERNAL_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/private_ack.h"
#include "pairing/stanza.h"

#define STANZA_BYTES_MAX (256u * 1024u)
#define STANZA_DEPTH_MAX 64u
#define STANZA_ATTRIBUTES_MAX 256u // of one element, namespace declarations included
#define STANZA_LEVELS 3u           // a wrapper feed's message, a carbon in it, the copied message

#define NS_FORWARD "urn:xmpp:forward:0"
#define NS_MDS "urn:xmpp:mds:displayed:0"
#define NS_RECEIPTS "urn:xmpp:receipts"
#define NS_CAPS "http://jabber.org/protocol/caps"
#define NS_DISCO "http://jabber.org/protocol/disco#info"
#define NS_VERSION "jabber:iq:version"
#define NS_ROSTER "jabber:iq:roster"
#define NS_BLOCKING "urn:xmpp:blocking"

// What an open element is to us: decides which children mean anything (stanza_elements.c).
enum role {
	ROLE_SKIP, // nothing inside matters
	ROLE_MESSAGE,
	ROLE_IQ,
	ROLE_PRESENCE,
	ROLE_ROUTE,
	ROLE_ALIEN, // an inner stanza in a foreign namespace
	ROLE_BODY,
	ROLE_THREAD,
	ROLE_ERROR,
	ROLE_XEVENT,
	ROLE_XEVENT_ID,
	ROLE_OMEMO,
	ROLE_CIPHER, // its text is the encrypted payload
	ROLE_OOB,
	ROLE_SHARED, // its text names a shared file
	ROLE_APPLY_TO,
	ROLE_FALLBACK,
	ROLE_AMP,
	ROLE_HOLDER, // carbon or archive result: may hold a forwarded
	ROLE_FORWARDED,
	ROLE_EVENT,
	ROLE_PUBSUB,
	ROLE_NODE, // items or publish of the MDS node
	ROLE_ITEM,
	ROLE_MDS,
	ROLE_DISCO,
	ROLE_VERSION,
	ROLE_SOFTWARE, // its text names the client
	ROLE_RELEASE,
	ROLE_ROSTER,
	ROLE_BLOCK,
	ROLE_PRIVATE_OUTER, // holds declared elements
	ROLE_PRIVATE,       // a declared acknowledgement whose id is in a child
	ROLE_PRIVATE_TEXT,  // its text is the id
	ROLE_LEAF,          // all that matters was its presence and its attributes
	ROLES
};

// Who holds the inner stanza. If there are several, the later name wins: what E4 forbids to use
// must not be used because something else stands beside it.
enum hold { HOLD_NONE, HOLD_FORWARDED, HOLD_ROUTE, HOLD_SENT, HOLD_RECEIVED, HOLD_RESULT };

struct reader;

struct rule {
	enum role parent;
	const char *ns;    // exact; "...*" = any ending; NS_STANZA = as K0 says
	const char *local; // NULL = any
	enum role role;
	// Returns the role of the element, ROLE_SKIP to refuse it. NULL: just role.
	enum role (*enter)(struct reader *reader, const struct rule *rule);
	unsigned value; // for enter
	bool plain;     // may stand beside a chat state (CS-EXTRA)
};

// A stanza that is being filled, and what is known only until one of its elements ends.
struct draft {
	struct stanza *stanza;
	const char *ns;     // its namespace, the parser's own pointer
	enum hold holding;  // the holder that is open
	enum hold held;     // the holder that has the inner stanza
	bool body_untagged; // the body chosen so far has no xml:lang
	bool body_tagged;   // the open one has
	bool omemo_payload; // the open element has one
	bool omemo_bare;    // some element had none
	// Children of the open fallback.
	bool cover_body, cover_subject, cover_part;
	bool error_seen;
	struct text code, condition; // of the first error child
	struct text apply_to;        // id of the open apply-to
};

struct rule_memo {        // names are interned: same pointer, same name
	enum role parent; // ROLE_SKIP = free
	const char *ns;
	const char *local;
	const struct rule *rule;
};

#define RULE_MEMOS 256u // a power of two

struct reader {
	struct arena *arena;
	struct stanza *root;
	struct draft drafts[STANZA_LEVELS];
	unsigned level; // index of the draft that is being filled

	enum role roles[STANZA_DEPTH_MAX];
	unsigned depth; // number of open elements

	struct buf text;   // of the element that is being collected
	unsigned capture;  // its depth, 0 = none
	bool capture_deep; // with the text of its descendants

	// The element that is being opened.
	const char *local;
	const char *element_ns;
	const unsigned char *const *attributes; // local, prefix, namespace, begin, end of each
	int attribute_count;

	const struct private_ack *acks; // declared ones
	size_t ack_count;
	struct text private_outer; // the open ROLE_PRIVATE_OUTER

	struct rule_memo memos[RULE_MEMOS];
};

// stanza_guard.c: white space around is cut off; NULL when the parser may see it, else why not.
const char *stanza_guard(struct text *xml);

// stanza_plain.c: what needs no libxml2. False: it did not read it, the reader must begin anew.
enum { PLAIN_SLOTS = 1024, PLAIN_ATTRIBUTES = 32 };
struct plain {
	struct arena *arena; // of the names
	struct text names[PLAIN_SLOTS];
	size_t count;
	const char *attributes[5 * PLAIN_ATTRIBUTES];
	struct plain_open {
		struct text name;
		const char *ns;
	} open[STANZA_DEPTH_MAX];
};
bool plain_read(struct plain *plain, struct reader *reader, struct text xml);
void plain_free(struct plain *plain);

// stanza_elements.c. Names and namespaces must be interned: the pointers are remembered until
// reader_forget_names. Depth is the caller's to check.
void reader_begin(struct reader *reader, struct arena *arena);
void reader_open(struct reader *reader, const char *ns, const char *local);
void reader_text(struct reader *reader, const char *data, size_t size);
void reader_close(struct reader *reader);
void reader_forget_names(struct reader *reader);
bool stanza_namespace(const char *ns);                                  // one of E1's
struct text reader_attribute(struct reader *reader, const char *local); // without a prefix
struct text reader_attribute_text(struct reader *reader, struct text local);
bool reader_has_language(const struct reader *reader);

// stanza_levels.c: the stanza that is being filled, outer or inner.
enum role open_root(struct reader *reader, const char *ns);
enum role enter_inner(struct reader *reader, const struct rule *rule);
enum role enter_holder(struct reader *reader, const struct rule *rule);
enum role enter_forwarded(struct reader *reader, const struct rule *rule);
void reader_leave_stanza(struct reader *reader);

static inline struct draft *current(struct reader *reader)
{
	return &reader->drafts[reader->level];
}

// stanza_facts.c: what the rules do.
enum role enter_body(struct reader *reader, const struct rule *rule);
enum role enter_error(struct reader *reader, const struct rule *rule);
enum role enter_condition(struct reader *reader, const struct rule *rule);
enum role enter_flag(struct reader *reader, const struct rule *rule); // value = offset of a bool
enum role enter_ref(struct reader *reader, const struct rule *rule);
enum role enter_state(struct reader *reader, const struct rule *rule);
enum role enter_xevent(struct reader *reader, const struct rule *rule);
enum role enter_xevent_bit(struct reader *reader, const struct rule *rule);
enum role enter_delay(struct reader *reader, const struct rule *rule);
enum role enter_forward_delay(struct reader *reader, const struct rule *rule);
enum role enter_origin_id(struct reader *reader, const struct rule *rule);
enum role enter_stanza_id(struct reader *reader, const struct rule *rule);
enum role enter_apply_to(struct reader *reader, const struct rule *rule);
enum role enter_amp(struct reader *reader, const struct rule *rule);
enum role enter_amp_rule(struct reader *reader, const struct rule *rule);
enum role enter_hint(struct reader *reader, const struct rule *rule);
enum role enter_omemo(struct reader *reader, const struct rule *rule);
enum role enter_payload(struct reader *reader, const struct rule *rule);
enum role enter_fallback(struct reader *reader, const struct rule *rule);
enum role enter_covered(struct reader *reader, const struct rule *rule);
enum role enter_node(struct reader *reader, const struct rule *rule);
enum role enter_mds_id(struct reader *reader, const struct rule *rule);

// stanza_private.c: role of an element that no rule knows; only called when something is declared.
enum role private_open(struct reader *reader, enum role parent);
void leave_private_text(struct reader *reader);

void leave_element(struct reader *reader, enum role role); // what its end does
// Room for one more item: the list is copied to twice its size at 4, 8, 16 ... items.
void *reader_more_room(struct arena *arena, void *items, size_t count, size_t size);
struct text reader_captured(struct reader *reader); // the text of the element that ends

// stanza_known.c: K19
enum role enter_caps(struct reader *reader, const struct rule *rule);
enum role enter_disco(struct reader *reader, const struct rule *rule);
enum role enter_identity(struct reader *reader, const struct rule *rule);
enum role enter_feature(struct reader *reader, const struct rule *rule);
enum role enter_version(struct reader *reader, const struct rule *rule);
enum role enter_roster(struct reader *reader, const struct rule *rule);
enum role enter_roster_item(struct reader *reader, const struct rule *rule);
enum role enter_block(struct reader *reader, const struct rule *rule); // value: enum block_kind
enum role enter_block_item(struct reader *reader, const struct rule *rule);
void leave_software(struct reader *reader);
void leave_release(struct reader *reader);

// stanza_text.c
// An attribute value as libxml2 hands it over: "&#38;" stands for "&", nothing else is escaped.
struct text stanza_value(struct arena *arena, const char *begin, const char *end);
// A piece of the content digest (PAIRING section 2): only what every log keeps.
struct text stanza_fold(struct arena *arena, struct text text);
struct text stanza_legacy_condition(
	struct text code); // K16; absent when the code is not in the map
// NULL when all bytes are UTF-8 and characters that XML allows, else why not.
const char *stanza_characters(struct text text);

#endif
