// SPDX-License-Identifier: Apache-2.0
// Rows, counters, findings and metrics in the form of PAIRING section 9, counted from the lists.
#include "tests/vectors/memory.h"

#include <stdio.h>
#include <stdlib.h>

// --- messages ---

static bool is_delivery(enum evidence_kind kind)
{
	return kind == EV_RECEIPT || kind == EV_MARK_RECEIVED || kind == EV_XE_DELIVERED;
}

static bool is_display(enum evidence_kind kind)
{
	return kind == EV_MARK_DISPLAYED || kind == EV_MARK_ACKNOWLEDGED || kind == EV_XE_DISPLAYED;
}

static void put_earliest(json_t *object, const char *name, usec_t at)
{
	char text[USEC_TEXT];
	const char *there = json_string_value(json_object_get(object, name));

	usec_format(at, 6, text);
	if (!there || strcmp(text, there) < 0)
		json_object_set_new(object, name, json_string(text));
}

static void add_device(json_t *devices, const struct row *row, const struct evidence *ev)
{
	struct buf device = {0};

	if (!is_delivery(ev->kind) && !is_display(ev->kind))
		return;
	buf_text(&device, row->to);
	if (ev->by_resource.p) {
		buf_char(&device, '/');
		buf_text(&device, ev->by_resource);
	}
	json_t *entry = json_object_get(devices, device.data);
	if (!entry) {
		entry = json_object();
		json_object_set_new(devices, device.data, entry);
	}
	put_earliest(entry, is_display(ev->kind) ? "displayed" : "delivered", ev->first);
	buf_free(&device);
}

static json_t *devices_of(const struct memory *memory, const struct row *row)
{
	json_t *devices = json_object();

	if (row->class_ == CLASS_GROUP)
		return devices;
	if (row->receipt)
		add_device(devices, row, row->receipt);
	if (row->marker)
		add_device(devices, row, row->marker);
	for (size_t i = 0; row->complex && i < memory->evidence_count; i++) {
		const struct stored_evidence *stored = &memory->evidence[i];
		if (stored->conv == row->conv && stored->key == row->key &&
		    stored->evidence.class_ == ACK_PAIRED && stored->evidence.n == row->n)
			add_device(devices, row, &stored->evidence);
	}
	return devices;
}

static void put_times(json_t *object, const struct row *row)
{
	const struct {
		const char *name;
		usec_t at;
	} times[] = {
		{"sent_at", row->sent_at},           {"composed_at", row->composed_at},
		{"accepted_at", row->accepted_at},   {"stored_at", row->stored_at},
		{"routed_at", row->routed_at},       {"delivered_at", row->delivered_at},
		{"displayed_at", row->displayed_at}, {"failed_at", row->failed_at},
		{"retracted_at", row->retracted_at}, {"read_inferred_at", row->read_inferred_at}};

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		json_put_usec(object, times[i].name, times[i].at, 6);
}

static void put_via(json_t *object, const char *key, enum via via, const struct vector *vector)
{
	struct text items[PRIVATE_ACKS_MAX] = {{0}};
	struct via_names names = {items, PRIVATE_ACKS_MAX};
	struct buf name = {0};

	if (via >= VIA_PRIVATE && via - VIA_PRIVATE < vector->rules.ack_count) {
		buf_printf(&name, "private:%s", vector->rules.acks[via - VIA_PRIVATE].name);
		items[via - VIA_PRIVATE] = buf_view(&name);
	}
	json_put_text(object, key, via_text(via, &names));
	buf_free(&name);
}

static json_t *message_of(const struct memory *memory, const struct row *row, int32_t n,
			  const struct vector *vector)
{
	json_t *object = json_object();
	enum verdict verdict = row_verdict(row, vector->now, vector->rules.t_expire);

	json_put_text(object, "from", row->from);
	json_put_text(object, "to", row->to);
	json_put_text(object, "from_resource", row->from_resource);
	json_put_text(object, "nick", row->nick);
	json_put_text(object, "id", row->id.p ? row->id : TEXT(""));
	json_object_set_new(object, "n", json_integer(n));
	json_object_set_new(object, "type", json_string(message_type_names[row->type]));
	json_object_set_new(object, "class", json_string(message_class_names[row->class_]));
	json_object_set_new(object, "state", json_string(message_state_names[row->state]));
	json_object_set_new(object, "verdict", json_string(verdict_names[verdict]));
	put_times(object, row);
	put_via(object, "read_via", row->read_via, vector);
	if (row->response_ms >= 0)
		json_object_set_new(object, "response_ms", json_integer(row->response_ms));
	put_via(object, "delivered_via", row->delivered_via, vector);
	put_via(object, "displayed_via", row->displayed_via, vector);
	json_put_text(object, "error", row->failed_at == USEC_NONE ? TEXT_NONE : row->error);
	json_put_text(object, "corrects", row->corrects);
	json_object_set_new(object, "resends", json_integer(row->resends));
	json_object_set_new(object, "devices", devices_of(memory, row));
	if (row->class_ == CLASS_GROUP)
		memory_readers(memory, row, vector, object);
	return object;
}

static int by_sent(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
	int order = (x->sent_at > y->sent_at) - (x->sent_at < y->sent_at);

	order = order ? order : text_compare(x->from, y->from);
	order = order ? order : text_compare(x->to, y->to);
	order = order ? order : text_compare(x->id, y->id);
	return order ? order : x->n - y->n;
}

// M4: those without id are counted here, over all batches.
static int32_t number_of(const struct row *const *rows, size_t at)
{
	int32_t n = 1;

	if (rows[at]->id.p)
		return rows[at]->n;
	for (size_t i = 0; i < at; i++)
		n += rows[i]->key == rows[at]->key;
	return n;
}

static json_t *messages_of(const struct memory *memory, const struct vector *vector)
{
	json_t *list = json_array();
	const struct row **rows = xcalloc(memory->row_count + 1, sizeof(struct row *));

	size_t count = 0;

	for (size_t i = 0; i < memory->row_count; i++)
		if (memory->rows[i].class_ != CLASS_JOINED)
			rows[count++] = &memory->rows[i];
	qsort(rows, count, sizeof(*rows), by_sent);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
				      message_of(memory, rows[i], number_of(rows, i), vector));
	free(rows);
	return list;
}

// --- counters ---

static void count(json_t *counters, const char *name, int64_t by)
{
	int64_t there = json_integer_value(json_object_get(counters, name));

	if (by)
		json_object_set_new(counters, name, json_integer(there + by));
}

static void count_requested(json_t *counters, const struct row *row, enum verdict verdict)
{
	count(counters, "requested", 1);
	count(counters, "confirmed", verdict == VERDICT_CONFIRMED);
	count(counters, "pending", verdict == VERDICT_PENDING);
	count(counters, "expired", verdict == VERDICT_EXPIRED);
	(void)row;
}

static void count_row(json_t *counters, const struct row *row, const struct vector *vector)
{
	enum verdict verdict = row_verdict(row, vector->now, vector->rules.t_expire);

	if (row->class_ == CLASS_JOINED)
		return;
	count(counters, "rows", 1);
	count(counters, "resends", row->resends);
	count(counters, "skew_clamped", row->skew_clamped);
	count(counters, "errors", row->has_error);
	count(counters, row->class_ == CLASS_GROUP ? "acks_group" : "acks",
	      row->class_ == CLASS_GROUP || row->counts_acks ? row->acks : 0);
	count(counters, "acks_dup",
	      row->class_ == CLASS_GROUP || row->counts_acks ? row->acks_dup : 0);
	if (!class_is_counted(row->class_))
		return;
	count(counters, "sent", 1);
	count(counters, "unknown", verdict == VERDICT_UNKNOWN);
	count(counters, "failed", verdict == VERDICT_FAILED);
	if (row_is_requested(row))
		count_requested(counters, row, verdict);
	if (row_is_read_requested(row)) {
		count(counters, "read_requested", 1);
		count(counters, "read", row->displayed_at != USEC_NONE);
		count(counters, "read_inferred", row->read_inferred_at != USEC_NONE); // F4
	}
}

static void count_unpaired(json_t *counters, const struct evidence *ev)
{
	static const char *const acks[] = {
		[ACK_UNKNOWN] = "acks_orphan",      [ACK_FORGED] = "acks_forged",
		[ACK_BY_DOMAIN] = "acks_by_domain", [ACK_SELF] = "acks_self",
		[ACK_OF_ACK] = "acks_of_acks",
	};

	if (ev->class_ == ACK_PAIRED || ev->class_ == ACK_LENT)
		return;
	if (ev->kind == EV_ERROR)
		count(counters, ev->class_ == ACK_BOUNCED ? "acks_bounced" : "errors_orphan", 1);
	else if (ev->kind <= EV_XE_DISPLAYED && ev->class_ <= ACK_OF_ACK)
		count(counters, acks[ev->class_], 1);
}

static json_t *counters_of(const struct memory *memory, const struct vector *vector)
{
	json_t *counters = json_object();

	for (int i = 0; i < LINE_COUNTERS; i++)
		count(counters, line_counter_names[i], memory->lines[i]);
	for (size_t i = 0; i < memory->row_count; i++)
		count_row(counters, &memory->rows[i], vector);
	for (size_t i = 0; i < memory->evidence_count; i++)
		count_unpaired(counters, &memory->evidence[i].evidence);
	return counters;
}

// --- findings ---

static bool seen_before(const struct memory *memory, size_t i)
{
	const struct finding *this = &memory->findings[i];

	for (size_t j = 0; j < i; j++) {
		const struct finding *other = &memory->findings[j];
		if (!strcmp(this->rule, other->rule) && text_same(this->by, other->by) &&
		    text_same(this->ref, other->ref))
			return true;
	}
	return false;
}

static json_t *findings_of(const struct memory *memory)
{
	json_t *list = json_array();

	for (size_t i = 0; i < memory->finding_count; i++) {
		const struct finding *finding = &memory->findings[i];
		if (seen_before(memory, i))
			continue;
		json_t *object = json_object();
		json_object_set_new(object, "rule", json_string(finding->rule));
		json_put_text(object, "by", finding->by);
		json_put_text(object, "ref", finding->ref);
		json_array_append_new(list, object);
	}
	return list;
}

// --- metrics (F2, F3, F7) ---

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void put_latencies(json_t *metrics, const char *name, int64_t *ms, size_t n)
{
	static const struct {
		const char *name;
		size_t percent;
	} ranks[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"max", 100}};

	if (!n)
		return;
	qsort(ms, n, sizeof(*ms), by_number);
	json_t *object = json_pack("{s:I}", "n", (json_int_t)n);
	for (size_t i = 0; i < 4; i++) // nearest rank
		json_object_set_new(object, ranks[i].name,
				    json_integer(ms[(ranks[i].percent * n + 99) / 100 - 1]));
	json_object_set_new(metrics, name, object);
}

static void put_rate(json_t *metrics, const char *name, const json_t *counters, const char *part,
		     const char *whole)
{
	const json_t *below = json_object_get(counters, whole);

	if (json_integer_value(below))
		json_object_set_new(
			metrics, name,
			json_pack("[I,I]",
				  (json_int_t)json_integer_value(json_object_get(counters, part)),
				  (json_int_t)json_integer_value(below)));
}

static int64_t latency(usec_t sent, usec_t at)
{
	return at < sent ? 0 : (at - sent) / 1000;
}

static json_t *metrics_of(const struct memory *memory, const json_t *counters)
{
	json_t *metrics = json_object();
	int64_t *ttd = xcalloc(memory->row_count + 1, sizeof(*ttd));
	int64_t *ttr = xcalloc(memory->row_count + 1, sizeof(*ttr));
	size_t ttd_n = 0, ttr_n = 0;

	for (size_t i = 0; i < memory->row_count; i++) {
		const struct row *row = &memory->rows[i];
		if (!class_is_counted(row->class_))
			continue;
		if (row_is_requested(row) && row->direct && row->stored_at == USEC_NONE)
			ttd[ttd_n++] = latency(row->sent_at, row->delivered_at);
		if (row_is_read_requested(row) && row->displayed_at != USEC_NONE)
			ttr[ttr_n++] = latency(row->sent_at, row->displayed_at);
	}
	put_rate(metrics, "delivery_rate", counters, "confirmed", "requested");
	put_rate(metrics, "read_rate", counters, "read", "read_requested");
	put_latencies(metrics, "ttd_ms", ttd, ttd_n);
	put_latencies(metrics, "ttr_ms", ttr, ttr_n);
	free(ttd);
	free(ttr);
	return metrics;
}

json_t *memory_results(const struct memory *memory, const struct vector *vector)
{
	json_t *results = json_object(), *counters = counters_of(memory, vector);

	json_object_set_new(results, "messages", messages_of(memory, vector));
	json_object_set_new(results, "counters", counters);
	json_object_set_new(results, "findings", findings_of(memory));
	json_object_set_new(results, "metrics", metrics_of(memory, counters));
	json_object_set_new(results, "typing", json_incref(memory->typing));
	return results;
}
