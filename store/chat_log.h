// SPDX-License-Identifier: Apache-2.0
// Part of store/store.h, which includes it: the chat log beyond its pages. All of them, one message with
// what it stands on, conversations, and messages that wait for a receipt.
#ifndef STORE_CHAT_LOG_H
#define STORE_CHAT_LOG_H

// The same for as many as there are: one snapshot, read piece by piece of time, so that neither this
// process nor the server holds more than one piece. limit and cursor are not looked at; the order is that
// of cursors.
bool store_messages_all(struct store *store, const struct message_filter *filter, void *self,
			bool (*each)(void *self, const struct message *message), struct err *err);

struct message_export {
	int32_t realm;        // 0 = all
	usec_t since, until;  // sent_at, half open; USEC_NONE = open
	usec_t now, t_expire; // for the verdict
};

// All of them with devices and without bodies, in the order (sent_at, from, to, id, n), by one statement: memory is
// flat here, the server sorts. Members of the row that nobody is shown are as of a row of which nothing is known.
bool store_export_messages(struct store *store, const struct message_export *asked, void *self,
			   bool (*each)(void *self, const struct message *message),
			   struct err *err);

// Makes the lists by which pages pass over days (migration 0017), of all days that are over and have none that holds;
// STORE_INGEST or STORE_WRITE. Without them pages are slower, and right. *listed: how many days.
bool store_list_days(struct store *store, int64_t *listed, struct err *err);

// --- one message ---

struct message_ack { // a piece of evidence that has a row of its own
	enum evidence_kind kind;
	enum evidence_class class_;
	int32_t n; // the incarnation that it is paired with, 0 = none
	struct text by, to, own_id, ref, condition;
	enum via via;  // VIA_NONE, or a private acknowledgement
	unsigned seen; // enum seen_bits
	usec_t first, last, out_at;
	position_t position;
	bool of_key;      // else it only names the same id
	struct text real; // rooms: the account that it comes from, absent = not known
};

// row: any incarnation of it. At most "limit".
bool store_message_acks(struct store *store, const char *realm, const struct row *row,
			int64_t limit, void *self,
			bool (*each)(void *self, const struct message_ack *ack), struct err *err);

struct finding_filter;
struct stored_finding;

// Findings about a message: of its key, of lines that bear its id, and those that are judged now.
bool store_message_findings(struct store *store, const char *realm,
			    const struct finding_filter *filter, const struct row *row, void *self,
			    bool (*each)(void *self, const struct stored_finding *finding),
			    struct err *err);

// Of these only those that are judged now, of one incarnation.
bool store_judged_findings(struct store *store, const struct finding_filter *filter,
			   const struct row *row, void *self,
			   bool (*each)(void *self, const struct stored_finding *finding),
			   struct err *err);

struct generation_place {
	struct text source, path;
};

// Where the positions of a generation are; each is given once, in no order.
bool store_generation_places(struct store *store, const int32_t *generations, size_t count,
			     void *self,
			     bool (*each)(void *self, int32_t generation,
					  const struct generation_place *place),
			     struct err *err);

// --- who talks with whom ---

struct conversation {
	int64_t conv;
	bool room;
	// The account that was asked about, else by name; a room is b, then a is absent unless asked.
	struct text a, b;
	usec_t last_at, first_at; // within the interval
	int64_t sent[2];          // by a, by b; in a room by a (absent: by somebody), by the others
	int64_t unanswered[2];    // of these: asked for a receipt, neither answered nor failed
};

struct conversation_filter {
	int32_t realm;
	usec_t since, until;          // both given
	struct text jid;              // only those of this account, occupant or room; absent = all
	struct text domain;           // of a party; of rooms their own
	bool has_after;               // go on after this one
	usec_t after_at, after_until; // after_until: of the caller
	int64_t after_conv;
	int64_t limit;
};

// Those with a message in the interval, the last one first; at one instant by conv, downwards.
bool store_conversations(struct store *store, const struct conversation_filter *filter, void *self,
			 bool (*each)(void *self, const struct conversation *conversation),
			 struct err *err);

struct account_filter {
	int32_t realm;
	struct text prefix; // of the normalised JID
	struct text domain; // absent = any
	int64_t limit;
};

// Accounts, occupants and rooms of any conversation, by name.
bool store_accounts(struct store *store, const struct account_filter *filter, void *self,
		    bool (*each)(void *self, struct text jid), struct err *err);

struct open_filter {
	int32_t realm;
	usec_t since, until; // sent_at, half open; USEC_NONE = open
	struct text participant, domain;
	int verdict; // VERDICT_PENDING, VERDICT_EXPIRED, -1 = both
	usec_t now, t_expire;
	bool has_after;
	usec_t after_at;
	int64_t after_conv, after_key;
	int32_t after_n;
	int64_t limit;
	struct honesty *honesty; // said with it; NULL = not
};

// Messages that asked for a receipt and have neither that nor an error (F2), the oldest first.
bool store_unacknowledged(struct store *store, const struct open_filter *filter, void *self,
			  bool (*each)(void *self, const struct message *message), struct err *err);

#endif
