// SPDX-License-Identifier: Apache-2.0
#include "pairing/pairing.h"

const char *const direction_names[DIR_COUNT] = {
	[DIR_IN] = "in",           [DIR_OUT] = "out",         [DIR_S2S_IN] = "s2s-in",
	[DIR_S2S_OUT] = "s2s-out", [DIR_COMP_IN] = "comp-in", [DIR_COMP_OUT] = "comp-out",
	[DIR_ROUTE] = "route",
};

const char *const message_type_names[] = {"normal", "chat", "groupchat", "headline", "error", NULL};

const char *const message_class_names[] = {
	[CLASS_CHAT] = "chat",
	[CLASS_PM] = "pm",
	[CLASS_CORRECTION] = "correction",
	[CLASS_SELF] = "self",
	[CLASS_PM_MIRROR] = "pm-mirror",
	[CLASS_GROUP] = "group",
	[CLASS_HEADLINE] = "headline",
	[CLASS_SERVICE] = "service",
	[CLASS_JOINED] = "joined",
	[CLASS_COUNT] = NULL,
};

const char *const message_state_names[] = {
	[STATE_SENT] = "sent",           [STATE_ACCEPTED] = "accepted",
	[STATE_STORED] = "stored",       [STATE_ROUTED] = "routed",
	[STATE_FAILED] = "failed",       [STATE_DELIVERED] = "delivered",
	[STATE_DISPLAYED] = "displayed", [STATE_COUNT] = NULL,
};

static const char *const via_names[] = {
	[VIA_NONE] = NULL,        [VIA_RECEIPT] = "receipt", [VIA_MARKER] = "marker",
	[VIA_XEVENT] = "x-event", [VIA_UPTO] = "upto",       [VIA_IMPLIED] = "implied",
	[VIA_STATE] = "state",    [VIA_CONTENT] = "content", [VIA_REACTION] = "reaction",
	[VIA_REPLY] = "reply",    [VIA_MDS] = "mds",         [VIA_COUNT] = NULL,
};

struct text via_text(enum via via, const struct via_names *own)
{
	if (via < VIA_COUNT)
		return text_of(via_names[via]);
	size_t number = (size_t)via - VIA_PRIVATE;
	bool known = via >= VIA_PRIVATE && own && number < own->count && own->items[number].p;
	return known ? own->items[number] : TEXT("private");
}

const char *const verdict_names[] = {
	[VERDICT_CONFIRMED] = "confirmed", [VERDICT_FAILED] = "failed",
	[VERDICT_UNKNOWN] = "unknown",     [VERDICT_PENDING] = "pending",
	[VERDICT_EXPIRED] = "expired",     [VERDICT_COUNT] = NULL,
};

const char *const line_counter_names[LINE_COUNTERS] = {
	[LINE_UNPARSABLE] = "unparsable",
	[LINE_IGNORED] = "ignored",
	[LINE_BAD_JID] = "bad_jid",
	[LINE_NO_SENDER] = "no_sender",
	[LINE_WRAPPER_REJECTED] = "wrapper_rejected",
	[LINE_CARBONS] = "carbons",
	[LINE_CARBONS_FORGED] = "carbons_forged",
	[LINE_ARCHIVE] = "archive",
	[LINE_FORWARDS] = "forwards",
	[LINE_DELEGATED] = "delegated",
	[LINE_PUBSUB] = "pubsub",
	[LINE_MUC_HISTORY] = "muc_history",
	[LINE_SUPPRESSED] = "suppressed",
};

bool direction_parse(struct text name, enum direction *dir)
{
	for (int i = 0; i < DIR_COUNT; i++) {
		if (text_is(name, direction_names[i])) {
			*dir = (enum direction)i;
			return true;
		}
	}
	return false;
}

// M11: which classes are in "sent" and in the rates.
bool class_is_counted(enum message_class class_)
{
	return class_ == CLASS_CHAT || class_ == CLASS_PM || class_ == CLASS_CORRECTION;
}

// F2: rows with id that asked for a receipt, an x-event delivered or a private one.
bool row_is_requested(const struct row *row)
{
	return class_is_counted(row->class_) && row->id.p && (row->flags & FLAGS_ASK_DELIVERY);
}

// F3: rows with id that asked for a sign of reading; not corrections, failed ones, nor those
// retracted before they were displayed.
bool row_is_read_requested(const struct row *row)
{
	if (!class_is_counted(row->class_) || row->class_ == CLASS_CORRECTION || !row->id.p)
		return false;
	if (!(row->flags & FLAGS_ASK_READING) || row->state == STATE_FAILED)
		return false;
	bool retracted = row->retracted_at != USEC_NONE;
	bool displayed = row->displayed_at != USEC_NONE;
	return !retracted || (displayed && row->displayed_at <= row->retracted_at);
}

// S3, S4: silence of a message that asked for nothing is "unknown", never a failure. S5: nothing is kept
// of it, so a later ack confirms what was expired.
enum verdict row_verdict(const struct row *row, usec_t now, usec_t t_expire)
{
	if (row->state == STATE_DELIVERED || row->state == STATE_DISPLAYED)
		return VERDICT_CONFIRMED;
	if (row->state == STATE_FAILED)
		return VERDICT_FAILED;
	// P12: who read a group message is asked of the room, one by one; the row itself waits for nothing.
	if (!row->id.p || row->class_ == CLASS_GROUP || !(row->flags & FLAGS_ASK))
		return VERDICT_UNKNOWN;
	return now - row->sent_at < t_expire ? VERDICT_PENDING : VERDICT_EXPIRED;
}
