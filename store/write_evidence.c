// SPDX-License-Identifier: Apache-2.0
// Writes evidence that has rows of its own, who sent which id, and findings.
#include "store/write.h"

enum { ACK_COLUMNS = 35, SENT_COLUMNS = 9 };

// --- evidence ---

static bool remove_acks(struct part *part, struct err *err)
{
	FIELDS_AUTO conv = {0};
	FIELDS_AUTO at = {0};
	FIELDS_AUTO key = {0};
	FIELDS_AUTO params = {0};
	if (!part->ack_removes.count)
		return true;
	for (size_t i = 0; i < part->ack_removes.count; i++) {
		put_int8(&conv, part->ack_removes.items[i].conv);
		put_usec(&at, part->ack_removes.items[i].at);
		put_int8(&key, part->ack_removes.items[i].key);
	}
	put_array(&params, OF_INT8, &conv);
	put_array(&params, OF_TIMESTAMPTZ, &at);
	put_array(&params, OF_INT8, &key);
	put_in_days(&params, &at, &at);
	put_int8(&params, part->plan->commit);
	return sql_run(part->store, "ack_delete", &params, NULL, err);
}

static void put_mark(struct fields *f, const struct evidence *ev)
{
	const struct room_mark *mark = ev->mark;
	if (!mark || !ev->n) { // write_late.c: its message is not stored
		for (int i = 0; i < 5; i++)
			put_null(f);
		return;
	}
	bool own_tie = text_same(mark->tie, ev->tie);
	put_int8(f, mark->device);
	put_usec(f, usec_bounded(mark->at));
	put_usec(f, usec_bounded(mark->target));
	put_int2(f, (mark->backward ? MARK_BACKWARD : 0) | (mark->ingress ? MARK_INGRESS : 0) |
			    (own_tie ? MARK_OWN_TIE : 0));
	put_bytea(f, own_tie ? TEXT_NONE : mark->tie);
}

static void put_ack(struct part *part, struct fields *f, const struct stored_evidence *ack)
{
	const struct evidence *ev = &ack->evidence;
	size_t tail = ev->by_resource.p ? ev->by_resource.n + 1 : 0;
	struct text by =
		tail && tail < ack->by.n ? (struct text){ack->by.p, ack->by.n - tail} : ack->by;
	put_int8(f, ack->conv);
	put_int8(f, ack->key);
	put_usec(f, usec_bounded(ev->first));
	put_usec(f, usec_bounded(ev->last == USEC_NONE ? ev->first : ev->last));
	put_usec(f, ev->seen & SEEN_EGRESS ? usec_bounded(ev->out_at) : USEC_NONE);
	put_int4(f, part->plan->batch->realm);
	put_int2(f, (int)ev->kind);
	put_int2(f, (int)ev->class_);
	put_int4(f, ev->n);
	put_int8(f, part_jid_id(part, by));
	put_int8(f, part_jid_id(part, ack->to));
	part->changed_texts += !put_safe(f, ev->by_resource);
	part->changed_texts += !put_safe(f, ev->own_id);
	part->changed_texts += !put_safe(f, ack->ref);
	part->changed_texts += !put_safe(f, ev->condition);
	put_int8(f, ev->thread);
	put_int8(f, ev->position);
	put_int8(f, ack->about);
	put_int8(f, ack->about_self);
	put_bool(f, ev->borrowed);
	put_int8(f, ev->lent_conv);
	put_int8(f, ev->lent_key);
	put_int2(f, (int)ev->leg);
	put_int8(f, ev->sig);
	put_int2(f, (int)ev->seen);
	put_int2(f, ev->via);
	part->changed_texts += !put_safe(f, ev->named);
	part->changed_texts += !put_safe(f, evidence_real(ev));
	put_bytea(f, ev->tie);
	put_mark(f, ev);
	put_int8(f, part->plan->commit);
}

bool write_acks(struct part *part, struct err *err)
{
	struct copy copy;
	if (!remove_acks(part, err))
		return false;
	if (!part->acks.count)
		return true;
	if (!copy_begin(&copy, part->store, "copy_ack", err))
		return false;
	for (size_t i = 0; i < part->acks.count; i++) {
		copy_row(&copy, ACK_COLUMNS);
		put_ack(part, &copy.fields, part->acks.items[i]);
	}
	return copy_end(&copy, err);
}

// --- who sent which id ---

bool write_sent(struct part *part, struct err *err)
{
	struct copy copy;
	if (!part->sent.count)
		return true;
	if (!copy_begin(&copy, part->store, "copy_sent", err))
		return false;
	for (size_t i = 0; i < part->sent.count; i++) {
		const struct sent *sent = &part->sent.items[part->sent_order[i].at];
		copy_row(&copy, SENT_COLUMNS);
		put_date(&copy.fields, usec_bounded(sent->at));
		put_int8(&copy.fields, sent->hash);
		put_int2(&copy.fields, (int)sent->what);
		put_int8(&copy.fields, sent->conv);
		put_int8(&copy.fields, sent->key);
		put_usec(&copy.fields, usec_bounded(sent->at));
		put_int8(&copy.fields, part_jid_id(part, sent->from));
		put_int8(&copy.fields, part_jid_id(part, sent->to));
		put_int4(&copy.fields, part->plan->batch->realm);
	}
	return copy_end(&copy, err);
}

// --- findings ---

struct finding_query {
	struct fields conv, key, element, rule, by, ref, at, position;
};

static void finding_query_free(struct finding_query *query)
{
	fields_free(&query->conv);
	fields_free(&query->key);
	fields_free(&query->element);
	fields_free(&query->rule);
	fields_free(&query->by);
	fields_free(&query->ref);
	fields_free(&query->at);
	fields_free(&query->position);
}

static bool withdraw_findings(struct part *part, const struct finding_query *now, struct err *err)
{
	FIELDS_AUTO conv = {0};
	FIELDS_AUTO key = {0};
	FIELDS_AUTO lo = {0};
	FIELDS_AUTO hi = {0};
	FIELDS_AUTO params = {0};
	if (!part->withdraws.count)
		return true;
	for (size_t i = 0; i < part->withdraws.count; i++) {
		put_int8(&conv, part->withdraws.items[i].conv);
		put_int8(&key, part->withdraws.items[i].key);
		put_usec(&lo, usec_bounded(part->withdraws.items[i].lo));
		put_usec(&hi, usec_bounded(part->withdraws.items[i].hi));
	}
	put_array(&params, OF_INT8, &conv);
	put_array(&params, OF_INT8, &key);
	put_array(&params, OF_TIMESTAMPTZ, &lo);
	put_array(&params, OF_TIMESTAMPTZ, &hi);
	put_array(&params, OF_INT8, &now->conv);
	put_array(&params, OF_INT8, &now->key);
	put_array(&params, OF_INT8, &now->element);
	put_int8(&params, part->plan->commit);
	return sql_run(part->store, "finding_withdraw", &params, NULL, err);
}

static bool add_findings(struct part *part, const struct finding_query *now, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!part->findings.count)
		return true;
	put_int4(&params, part->plan->batch->realm);
	put_array(&params, OF_INT8, &now->conv);
	put_array(&params, OF_INT8, &now->key);
	put_array(&params, OF_INT8, &now->element);
	put_array(&params, OF_TEXT, &now->rule);
	put_array(&params, OF_TEXT, &now->by);
	put_array(&params, OF_TEXT, &now->ref);
	put_array(&params, OF_TIMESTAMPTZ, &now->at);
	put_array(&params, OF_INT8, &now->position);
	put_int8(&params, part->plan->commit);
	return sql_run(part->store, "finding_add", &params, NULL, err);
}

static struct text or_empty(struct text text)
{
	return text.p ? text : TEXT("");
}

bool write_findings(struct part *part, struct err *err)
{
	__attribute__((cleanup(finding_query_free))) struct finding_query now = {0};
	for (size_t i = 0; i < part->findings.count; i++) {
		const struct new_finding *it = &part->findings.items[i];
		put_int8(&now.conv, it->conv);
		put_int8(&now.key, it->key);
		put_int8(&now.element, it->element);
		put_zstr(&now.rule, it->finding->rule);
		part->changed_texts += !put_safe(&now.by, or_empty(it->finding->by));
		part->changed_texts += !put_safe(&now.ref, or_empty(it->finding->ref));
		put_usec(&now.at, usec_bounded(it->finding->at));
		put_int8(&now.position, it->finding->position);
	}
	return withdraw_findings(part, &now, err) && add_findings(part, &now, err);
}
