// SPDX-License-Identifier: Apache-2.0
#include "pairing/private.h"

#include "pairing/observe.h"

static const struct private_ack *declared(const struct pairing *pairing,
					  const struct private_hit *hit)
{
	return hit->index < pairing->rules->ack_count ? &pairing->rules->acks[hit->index] : NULL;
}

bool private_is_iq_ack(const struct stanza *stanza)
{
	bool says = text_is(stanza->raw_type, "set") || text_is(stanza->raw_type, "get");

	return stanza->kind == STANZA_IQ && stanza->private_count > 0 && says;
}

struct text private_acked(const struct stanza *stanza, bool *any)
{
	*any = false;
	for (size_t i = 0; i < stanza->private_count; i++) {
		if (stanza->private_hits[i].request)
			continue;
		*any = true;
		return stanza->private_hits[i].id;
	}
	return TEXT_NONE;
}

bool private_asks(const struct stanza *stanza)
{
	for (size_t i = 0; i < stanza->private_count; i++)
		if (stanza->private_hits[i].request)
			return true;
	return false;
}

unsigned private_flags(const struct pairing *pairing, const struct stanza *stanza, bool acks)
{
	unsigned flags = 0;

	for (size_t i = 0; i < stanza->private_count; i++) {
		const struct private_hit *hit = &stanza->private_hits[i];
		const struct private_ack *ack = declared(pairing, hit);
		if (!hit->request || !ack)
			continue;
		if (ack->displayed)
			flags |= acks ? FLAG_VOID_PRIVATE_DISPLAYED : FLAG_PRIVATE_DISPLAYED;
		else
			flags |= acks ? FLAG_VOID_PRIVATE_DELIVERED : FLAG_PRIVATE_DELIVERED;
	}
	return flags;
}

void observe_private(struct pairing *pairing, const struct effective *e)
{
	for (size_t i = 0; i < e->stanza->private_count; i++) {
		const struct private_hit *hit = &e->stanza->private_hits[i];
		const struct private_ack *ack = declared(pairing, hit);
		if (ack && !hit->request)
			add_private_ack(pairing, e, ack->displayed ? EV_XE_DISPLAYED : EV_RECEIPT,
					hit->id, (int16_t)(ack->number + 1));
	}
}

struct text private_says(const struct pairing *pairing, struct arena *arena,
			 const struct private_hit *hit)
{
	const struct private_ack *ack = declared(pairing, hit);

	if (hit->request || !ack)
		return TEXT("private");
	return arena_printf(arena, "private %d %.*s", ack->number, (int)hit->id.n,
			    hit->id.p ? hit->id.p : "");
}

enum via private_via(enum via standard, const struct evidence *ev)
{
	if (standard == VIA_NONE || !ev->via)
		return standard;
	return (enum via)(VIA_PRIVATE + ev->via - 1);
}

const char *private_unasked(const struct pairing *pairing, const struct evidence *ev,
			    unsigned flags)
{
	const unsigned delivered = FLAG_PRIVATE_DELIVERED | FLAG_VOID_PRIVATE_DELIVERED;
	const unsigned displayed = FLAG_PRIVATE_DISPLAYED | FLAG_VOID_PRIVATE_DISPLAYED;

	for (size_t i = 0; i < pairing->rules->ack_count; i++) {
		const struct private_ack *ack = &pairing->rules->acks[i];
		if (ack->number + 1 != ev->via || !ack->request.name.p)
			continue;
		if (flags & (ack->displayed ? displayed : delivered))
			return NULL;
		return ack->displayed ? "MARK-UNREQUESTED" : "ACK-UNREQUESTED";
	}
	return NULL;
}
