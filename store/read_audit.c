// SPDX-License-Identifier: Apache-2.0
// Findings as they are asked for: those that are stored, and those that are judged now by what is known
// of devices and accounts (pairing/audit.h). Where nothing is known, nothing but MARK-STUCK is looked
// for; else only messages and acks of the accounts that something is known of.
#include "pairing/audit.h"
#include "store/message_row.h"
#include "store/read.h"

#include <stdlib.h>

struct found_list {
	struct stored_finding *items;
	size_t count, cap;
};

struct judge {
	struct store *store;
	const struct finding_filter *filter;
	int32_t realm;
	usec_t lo, hi;               // of messages whose acks can give a finding of the interval
	usec_t silent_lo, silent_hi; // of those that can by what they lack
	struct audit *audit;
	struct arena *arena; // texts of the list
	struct found_list *found;
	const struct row *only; // findings about this message alone; NULL = all
};

// --- the list ---

static bool in_interval(const struct finding_filter *filter, usec_t at)
{
	return (filter->since == USEC_NONE || at >= filter->since) &&
	       (filter->until == USEC_NONE || at < filter->until);
}

static void take_found(void *self, const struct finding *finding)
{
	struct judge *judge = self;
	struct found_list *list = judge->found;

	if (judge->only ? finding->conv != judge->only->conv || finding->key != judge->only->key
			: !in_interval(judge->filter, finding->at))
		return;
	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->items = xrealloc(list->items, list->cap * sizeof *list->items);
	}
	list->items[list->count++] =
		(struct stored_finding){.rule = text_of(finding->rule),
					.by = arena_text(judge->arena, finding->by),
					.ref = arena_text(judge->arena, finding->ref),
					.first_at = finding->at,
					.last_at = finding->at,
					.count = 1,
					.position = finding->position};
}

static int compare(const struct stored_finding *a, const struct stored_finding *b)
{
	int order = text_compare(a->rule, b->rule);
	order = order ? order : text_compare(a->by, b->by);
	return order ? order : text_compare(a->ref, b->ref);
}

static int by_element(const void *a, const void *b)
{
	const struct stored_finding *x = a, *y = b;
	int order = compare(x, y);
	order = order ? order : (x->first_at > y->first_at) - (x->first_at < y->first_at);
	return order ? order : (x->position > y->position) - (x->position < y->position);
}

// A set: what came several times is one with a count.
static void make_set(struct found_list *list)
{
	size_t kept = 0;

	if (list->count > 1)
		qsort(list->items, list->count, sizeof *list->items, by_element);
	for (size_t i = 0; i < list->count; i++) {
		if (!kept || compare(&list->items[kept - 1], &list->items[i]) != 0) {
			list->items[kept++] = list->items[i];
			continue;
		}
		list->items[kept - 1].last_at = list->items[i].last_at;
		list->items[kept - 1].count++;
	}
	list->count = kept;
}

// --- facts ---

static bool take_fact(void *self, const struct rows *rows)
{
	struct judge *judge = self;
	audit_learn(judge->audit, &(struct known){.element = row_int(rows, 0, 0),
						  .kind = (enum known_kind)row_int(rows, 0, 1),
						  .about = row_int(rows, 0, 2),
						  .related = row_int(rows, 0, 3),
						  .subject = row_text(rows, 0, 4),
						  .object = row_text(rows, 0, 5),
						  .value = row_text(rows, 0, 6),
						  .name = row_text(rows, 0, 7),
						  .first = row_usec(rows, 0, 8),
						  .last = row_usec(rows, 0, 9),
						  .position = row_int(rows, 0, 10),
						  .source = (int32_t)row_int(rows, 0, 11)});
	return true;
}

static bool take_archived(void *self, const struct rows *rows)
{
	struct judge *judge = self;
	usec_t at = row_usec(rows, 0, 3);
	audit_learn(judge->audit, &(struct known){.kind = KNOWN_ARCHIVED,
						  .conv = row_int(rows, 0, 0),
						  .key = row_int(rows, 0, 1),
						  .about = row_int(rows, 0, 2),
						  .subject = TEXT_NONE,
						  .object = TEXT_NONE,
						  .value = TEXT_NONE,
						  .name = TEXT_NONE,
						  .first = at,
						  .last = at});
	return true;
}

// --- what is judged ---

static bool judge_row(const struct rows *rows, struct audit *audit,
		      void (*how)(struct audit *audit, const struct row *row))
{
	struct message_row flat;
	struct plain_acks acks;
	struct row row;

	message_read(rows, 0, &flat);
	message_to_row(&flat, row_text(rows, 0, MESSAGE_READ_COLUMNS),
		       row_text(rows, 0, MESSAGE_READ_COLUMNS + 1), &acks, &row);
	how(audit, &row);
	return true;
}

static bool take_acked(void *self, const struct rows *rows)
{
	return judge_row(rows, ((struct judge *)self)->audit, audit_plain_acks);
}

static bool take_silent(void *self, const struct rows *rows)
{
	return judge_row(rows, ((struct judge *)self)->audit, audit_silence);
}

static bool take_ack(void *self, const struct rows *rows)
{
	struct judge *judge = self;
	struct stored_evidence stored = {
		.conv = row_int(rows, 0, 0),
		.key = row_int(rows, 0, 1),
		.by = row_text(rows, 0, 2),
		.to = row_text(rows, 0, 3),
		.ref = row_text(rows, 0, 4),
		.evidence = {.kind = (enum evidence_kind)row_int(rows, 0, 5),
			     .by_resource = row_text(rows, 0, 6),
			     .first = row_usec(rows, 0, 7),
			     .position = row_int(rows, 0, 8),
			     .class_ = (enum evidence_class)row_int(rows, 0, 9),
			     .n = (int32_t)row_int(rows, 0, 10),
			     .seen = (unsigned)row_int(rows, 0, 11) & (SEEN_INGRESS | SEEN_EGRESS),
			     .out_at = row_usec(rows, 0, 12)},
	};
	struct row row = {.facts = row_text(rows, 0, 13), .complex = row_bool(rows, 0, 14)};

	audit_evidence(judge->audit, &stored, row.facts.p ? &row : NULL);
	return true;
}

// --- one realm ---

static void put_interval(const struct judge *judge, struct fields *params)
{
	put_int4(params, judge->realm);
	put_usec(params, judge->lo);
	put_usec(params, judge->hi);
}

static bool ask(struct judge *judge, const char *name,
		bool (*each)(void *self, const struct rows *rows), struct err *err)
{
	FIELDS_AUTO params = {0};
	put_interval(judge, &params);
	return sql_each(judge->store, name, &params, judge, each, err);
}

static bool judge_silent(struct judge *judge, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, judge->realm);
	put_usec(&params, judge->silent_lo);
	put_usec(&params, judge->silent_hi);
	put_usec(&params, usec_bounded(judge->filter->now - judge->filter->t_expire));
	return sql_each(judge->store, "audit_silent", &params, judge, take_silent, err);
}

static bool judge_acks(struct judge *judge, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!judge->only)
		return ask(judge, "audit_acks", take_ack, err);
	put_int8(&params, judge->only->conv);
	put_int8(&params, judge->only->key);
	return sql_each(judge->store, "audit_acks_one", &params, judge, take_ack, err);
}

static bool judge_all(struct judge *judge, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO any = {0};
	put_int4(&params, judge->realm);
	if (!sql_run(judge->store, "audit_any", &params, &any, err))
		return false;
	bool facts = row_bool(&any, 0, 0), archived = row_bool(&any, 0, 1);
	if ((facts && !ask(judge, "audit_facts", take_fact, err)) ||
	    (archived && !ask(judge, "audit_archived", take_archived, err)))
		return false;
	audit_ready(judge->audit);
	return judge_silent(judge, err) &&
	       ((!facts && !archived) ||
		(ask(judge, "audit_acked", take_acked, err) && judge_acks(judge, err)));
}

static usec_t shifted(usec_t at, usec_t back, usec_t open)
{
	return usec_bounded(at == USEC_NONE ? open : at - back);
}

// A finding of the interval stands on a message that was sent up to w_match before its ack, or t_expire before it
// expired: that is its instant then. From a quarter of an hour on, as the roll-ups are.
static void set_reach(struct judge *judge)
{
	const struct finding_filter *filter = judge->filter;
	usec_t quarter = 15 * 60 * USEC_PER_SEC, expire = filter->t_expire;
	usec_t back = filter->w_match > expire ? filter->w_match : expire; // facts are of both

	judge->lo = shifted(filter->w_match ? filter->since : USEC_NONE, back, INT64_MIN + 1);
	judge->hi = shifted(filter->until, -USEC_PER_DAY, INT64_MAX);
	judge->silent_lo = shifted(filter->since, expire + quarter, INT64_MIN + 1);
	if (filter->since != USEC_NONE)
		judge->silent_lo -= judge->silent_lo % quarter;
	judge->silent_hi = shifted(filter->until, expire, INT64_MAX);
}

static bool judge_realm(struct judge *judge, const struct known_realms *realms,
			const struct known_realm *realm, struct err *err)
{
	struct pairing *hashes =
		pairing_new(&(struct pairing_options){.realm = realm->name, .key = realms->key});
	struct audit_options options = {.hashes = hashes,
					.now = judge->filter->now,
					.t_expire = judge->filter->t_expire,
					.self = judge,
					.found = take_found};

	judge->realm = realm->id;
	judge->audit = audit_new(&options);
	bool fine = judge_all(judge, err);
	audit_free(judge->audit);
	pairing_free(hashes);
	return fine;
}

static bool judge_realms(struct judge *judge, struct err *err)
{
	struct known_realms realms = {0};

	if (!known_realms_load(judge->store, judge->filter->realm, &realms, err))
		return false;
	bool fine = sql_plan(judge->store, "plan_known", err);
	for (size_t i = 0; fine && i < realms.count; i++)
		fine = judge_realm(judge, &realms, &realms.items[i], err);
	known_realms_free(&realms);
	make_set(judge->found);
	return fine;
}

// --- together with the stored ones ---

struct merge {
	const struct found_list *found;
	size_t next;
	void *self;
	bool (*each)(void *self, const struct stored_finding *finding);
	bool stopped;
};

// Gives those that come before "bound" (NULL: all that are left).
static bool give_before(struct merge *merge, const struct stored_finding *bound)
{
	while (!merge->stopped && merge->next < merge->found->count &&
	       (!bound || compare(&merge->found->items[merge->next], bound) < 0))
		merge->stopped = !merge->each(merge->self, &merge->found->items[merge->next++]);
	return !merge->stopped;
}

struct stored_finding finding_of(const struct rows *rows)
{
	return (struct stored_finding){
		.rule = row_text(rows, 0, 0),
		.by = row_text(rows, 0, 1),
		.ref = row_text(rows, 0, 2),
		.first_at = row_usec(rows, 0, 3),
		.last_at = row_usec(rows, 0, 4),
		.count = row_int(rows, 0, 5),
		.position = row_int(rows, 0, 6),
	};
}

static bool take_stored(void *self, const struct rows *rows)
{
	struct merge *merge = self;
	struct stored_finding finding = finding_of(rows);
	merge->stopped = !give_before(merge, &finding) || !merge->each(merge->self, &finding);
	return !merge->stopped;
}

bool store_findings(struct store *store, const struct finding_filter *filter, void *self,
		    bool (*each)(void *self, const struct stored_finding *finding), struct err *err)
{
	struct finding_filter now = *filter;
	struct found_list found = {0};
	struct judge judge = {
		.store = store, .filter = &now, .arena = arena_new(), .found = &found};
	struct merge merge = {.found = &found, .self = self, .each = each};
	FIELDS_AUTO params = {0};

	now.now = filter->now == USEC_NONE ? usec_now() : filter->now;
	set_reach(&judge);
	put_span(&params, filter->realm, filter->since, filter->until);
	put_usec(&params,
		 filter->t_composing_open ? now.now - filter->t_composing_open : USEC_NONE);
	bool fine = judge_realms(&judge, err) &&
		    sql_each(store, "findings", &params, &merge, take_stored, err);
	if (fine)
		give_before(&merge, NULL);
	free(found.items);
	arena_free(judge.arena);
	return fine;
}

// Whatever the interval: the instant of its sending.
bool store_judged_findings(struct store *store, const struct finding_filter *filter,
			   const struct row *row, void *self,
			   bool (*each)(void *self, const struct stored_finding *finding),
			   struct err *err)
{
	struct finding_filter now = *filter;
	struct found_list found = {0};
	struct judge judge = {.store = store,
			      .filter = &now,
			      .lo = usec_bounded(row->sent_at),
			      .hi = usec_bounded(row->sent_at + 1),
			      .silent_lo = usec_bounded(row->sent_at),
			      .silent_hi = usec_bounded(row->sent_at + 1),
			      .arena = arena_new(),
			      .found = &found,
			      .only = row};

	now.now = filter->now == USEC_NONE ? usec_now() : filter->now;
	bool fine = judge_realms(&judge, err);
	for (size_t i = 0; fine && i < found.count; i++)
		if (!each(self, &found.items[i]))
			break;
	free(found.items);
	arena_free(judge.arena);
	return fine;
}
