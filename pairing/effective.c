// SPDX-License-Identifier: Apache-2.0
#include "pairing/effective.h"

#include "pairing/known.h"
#include "pairing/private.h"

static bool count(struct pairing *pairing, enum line_counter counter)
{
	pairing->lines[counter] += !pairing->witness;
	return false;
}

// --- E5: wrapping feeds ---

static const struct wrapper_feed *wrapper_of(const struct realm_settings *rules, struct text feed)
{
	for (size_t i = 0; i < rules->wrapper_count; i++)
		if (text_is(feed, rules->wrappers[i].feed))
			return &rules->wrappers[i];
	return NULL;
}

static bool unwrap_feed(struct pairing *pairing, const struct wrapper_feed *wrapper,
			struct effective *e)
{
	const struct stanza *outer = e->stanza;
	struct jid from;

	if (outer->bad_namespace || outer->kind == STANZA_OTHER) // E1
		return count(pairing, LINE_IGNORED);
	if (!outer->from.p)
		return count(pairing, LINE_NO_SENDER);
	if (!jid_read(pairing, outer->from, &from))
		return count(pairing, LINE_BAD_JID);
	if (!string_list_has(&wrapper->domains, from.full)) {
		line_finding(pairing, "WRAP-UNTRUSTED", from.full, TEXT(""), e->seen->at,
			     e->seen->position);
		return count(pairing, LINE_WRAPPER_REJECTED);
	}
	if (!outer->inner || (outer->wrap != WRAP_FORWARDED && outer->wrap != WRAP_ROUTE))
		return count(pairing, LINE_IGNORED);
	e->stanza = outer->inner;
	e->dir = DIR_ROUTE;
	return true;
}

// --- E2 ---

struct addresses {
	struct text from, to;
};

static bool parse_pair(struct pairing *pairing, const struct addresses *texts, struct effective *e)
{
	if (!jid_read(pairing, texts->from, &e->from) || !jid_read(pairing, texts->to, &e->to))
		return count(pairing, LINE_BAD_JID);
	return !(e->from.erased || e->to.erased) || count(pairing, LINE_SUPPRESSED);
}

// A client's own line: the server decides who speaks (RFC 6120 8.1.2.1).
static bool address_in(struct pairing *pairing, struct effective *e, struct addresses *texts)
{
	struct jid sender;

	if (e->seen->session.p)
		texts->from = e->seen->session;
	if (!texts->from.p)
		return count(pairing, LINE_NO_SENDER);
	if (!texts->to.p) {
		if (!jid_read(pairing, texts->from, &sender))
			return count(pairing, LINE_BAD_JID);
		texts->to = sender.bare;
	}
	return parse_pair(pairing, texts, e);
}

static bool address_out(struct pairing *pairing, struct effective *e, struct addresses *texts)
{
	struct jid receiver;

	if (!texts->to.p)
		texts->to = e->seen->session;
	if (!texts->to.p) // dropped; what is missing is no sender (section 9: `ignored` E1/E2)
		return count(pairing, LINE_IGNORED);
	if (!texts->from.p) {
		if (!jid_read(pairing, texts->to, &receiver))
			return count(pairing, LINE_BAD_JID);
		texts->from = receiver.bare;
	}
	return parse_pair(pairing, texts, e);
}

static bool address(struct pairing *pairing, struct effective *e)
{
	struct addresses texts = {e->stanza->from, e->stanza->to};

	if (e->dir == DIR_IN)
		return address_in(pairing, e, &texts);
	if (e->dir == DIR_OUT)
		return address_out(pairing, e, &texts);
	if (!texts.from.p || !texts.to.p)
		return count(pairing, LINE_NO_SENDER);
	return parse_pair(pairing, &texts, e);
}

// Lines that are not counted must not be counted as faulty either.
static bool has_addresses(const struct effective *e)
{
	if (e->dir == DIR_IN)
		return e->seen->session.p || e->stanza->from.p;
	if (e->dir == DIR_OUT)
		return e->seen->session.p || e->stanza->to.p;
	return e->stanza->from.p && e->stanza->to.p;
}

// --- E1 ---

static bool is_message(struct pairing *pairing, struct effective *e)
{
	const struct stanza *stanza = e->stanza;

	if (stanza->bad_namespace || stanza->kind == STANZA_OTHER || stanza->kind == STANZA_ROUTE)
		return count(pairing, LINE_IGNORED);
	if (stanza->kind == STANZA_MESSAGE)
		return true;
	know_stanza(pairing, e); // iq and presence only feed facts
	if (stanza->kind == STANZA_IQ && stanza->has_mds && has_addresses(e))
		e->mds_only = address(pairing, e);
	return private_is_iq_ack(stanza) && has_addresses(e);
}

static bool set_device(struct pairing *pairing, struct effective *e)
{
	e->device = e->to;
	e->has_device = !effective_is_ingress(e);
	if (e->seen->session.p && e->has_device && !jid_read(pairing, e->seen->session, &e->device))
		return count(pairing, LINE_BAD_JID);
	return !e->device.erased || count(pairing, LINE_SUPPRESSED);
}

// --- T2: delays ---

static void take_delays(const struct pairing *pairing, struct effective *e,
			const struct stanza_delay *delays, size_t count_)
{
	for (size_t i = 0; i < count_; i++) {
		const struct stanza_delay *delay = &delays[i];
		if (delay->stamp == USEC_NONE)
			continue;
		if (delay->stamp > e->seen->at + pairing->rules->w_skew) {
			e->future_stamp = true; // ignored
			continue;
		}
		if (e->stamp == USEC_NONE || delay->stamp < e->stamp) {
			e->stamp = delay->stamp;
			e->stamp_from = delay->from;
		}
	}
}

// --- E3: carbons ---

static bool carbon_addresses(struct pairing *pairing, const struct stanza *inner, bool sent,
			     struct text account, struct effective *e)
{
	struct addresses texts = {inner->from, inner->to};
	struct jid sender;

	if (!texts.from.p && sent)
		texts.from = account;
	if (!texts.to.p && texts.from.p && jid_read(pairing, texts.from, &sender))
		texts.to = sender.bare; // Prosody's carbon of a note to self has no to
	return texts.from.p && texts.to.p && jid_read(pairing, texts.from, &e->from) &&
	       jid_read(pairing, texts.to, &e->to);
}

static bool unwrap_carbon(struct pairing *pairing, struct effective *e)
{
	const struct stanza *outer = e->stanza;
	const struct jid wrapper_from = e->from, wrapper_to = e->to;
	bool sent = outer->wrap == WRAP_CARBON_SENT;

	bool own = !wrapper_from.resource.p && text_same(wrapper_from.bare, wrapper_to.bare);
	bool read = carbon_addresses(pairing, outer->inner, sent, wrapper_from.bare, e);
	if (own && !read)
		return count(pairing,
			     LINE_BAD_JID); // the server's own copy: a bad address, no forgery
	if (read && (e->from.erased || e->to.erased))
		return count(pairing, LINE_SUPPRESSED);
	bool valid = own && read && text_same(sent ? e->from.bare : e->to.bare, wrapper_from.bare);
	if (!valid) {
		line_finding(pairing, "CARBON-FORGED", wrapper_from.full, outer->inner->id,
			     e->seen->at, e->seen->position);
		return count(pairing, LINE_CARBONS_FORGED);
	}
	count(pairing, LINE_CARBONS);
	if (outer->inner->hints & HINT_CARBON_PRIVATE)
		line_finding(pairing, "CARBON-PRIVATE", wrapper_from.domain, outer->inner->id,
			     e->seen->at, e->seen->position);
	e->stanza = outer->inner;
	e->carbon_sent = sent;
	e->carbon_received = !sent;
	e->device = wrapper_to;
	e->has_device = true;
	take_delays(pairing, e, outer->forward_delays, outer->forward_delay_count);
	return true;
}

// --- E3..E5: what a message may hold ---

static bool unwrap(struct pairing *pairing, struct effective *e)
{
	const struct stanza *stanza = e->stanza;
	bool carbon = stanza->wrap == WRAP_CARBON_SENT || stanza->wrap == WRAP_CARBON_RECEIVED;

	// Prosody gives a carbon of an error the type of the error: E3 comes before E6.
	bool own = !e->from.resource.p && text_same(e->from.bare, e->to.bare);
	if (carbon && stanza->inner && (own || stanza->type != TYPE_ERROR)) {
		if (!unwrap_carbon(pairing, e))
			return false;
		stanza =
			e->stanza; // E4 and E5 are about what counts now; its own carbon is not unwrapped
	}
	if (stanza->type == TYPE_ERROR) // E6: an echo of the original's payload means nothing
		return true;
	if (stanza->archive_result) {
		know_archived(pairing, e);
		return count(pairing, LINE_ARCHIVE);
	}
	if (stanza->privilege)
		return count(pairing, LINE_DELEGATED);
	if (stanza->pubsub_event) {
		e->mds_only = stanza->has_mds;
		return count(pairing, LINE_PUBSUB);
	}
	if (stanza->wrap == WRAP_FORWARDED)
		count(pairing, LINE_FORWARDS); // a user's forward: the outer is an ordinary message
	return true;
}

bool effective_stanza(struct pairing *pairing, const struct observation *seen,
		      struct effective *effective)
{
	const struct wrapper_feed *wrapper = wrapper_of(pairing->rules, seen->feed);

	*effective = (struct effective){.seen = seen,
					.stanza = seen->stanza,
					.dir = seen->dir,
					.stamp = USEC_NONE,
					.stamp_from = TEXT_NONE};
	if (!seen->stanza)
		return count(pairing, LINE_UNPARSABLE);
	if (wrapper && !unwrap_feed(pairing, wrapper, effective))
		return false;
	if (!is_message(pairing, effective) || !address(pairing, effective) ||
	    !set_device(pairing, effective) || !unwrap(pairing, effective))
		return false;
	take_delays(pairing, effective, effective->stanza->delays, effective->stanza->delay_count);
	return true;
}
