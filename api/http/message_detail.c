// SPDX-License-Identifier: Apache-2.0
// GET /v1/messages/{conv}/{key}: everything that is known about one message.
#include "api/evidence_json.h"
#include "api/http/handlers.h"
#include "api/message_json.h"
#include "api/state_json.h"
#include "pairing/jid.h"

#include <stdlib.h>

enum { P_BODY, P_COUNT };
enum { INCARNATIONS = 100, ACKS = 1000, CORRECTIONS = 100 };

static const char *const switches[] = {"0", "1", NULL};

static const struct param_spec specs[P_COUNT] = {
	[P_BODY] = {"body", PARAM_WORD, "0", switches, 0, 0, false, false},
};

const struct param_table message_detail_params = {specs, P_COUNT};

struct detail {
	struct call *call;
	int64_t conv, key;
	unsigned parts;
	struct message_filter filter;
	struct row rows[INCARNATIONS]; // copies, for the questions that follow
	size_t count;
	bool allowed; // by a token that is limited to domains
	const struct via_names *names;
	json_t *incarnations, *acks, *findings, *corrections;
};

static bool read_hex(struct text text, int64_t *value)
{
	uint64_t bits = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
							: 16;
		if (digit > 15)
			return false;
		bits = bits << 4 | digit;
	}
	*value = (int64_t)bits;
	return text.n == 16;
}

static bool read_keys(struct detail *detail)
{
	struct call *call = detail->call;
	static const char wrong[] = "The address needs 16 digits 0-9a-f here.";
	if (!read_hex(call->parts[0], &detail->conv))
		return !call_problem(call, 400, wrong, "conv");
	if (!read_hex(call->parts[1], &detail->key))
		return !call_problem(call, 400, wrong, "key");
	if (call->params[P_BODY].number == 1 && !(call->token.scopes & SCOPE_BODIES))
		return !call_problem(call, 403, "This needs the scope bodies.", "body");
	return true;
}

// ---- rows

static struct evidence *copy_evidence(struct arena *arena, const struct evidence *from)
{
	if (!from)
		return NULL;
	struct evidence *copy = arena_alloc(arena, sizeof *copy);
	*copy = *from;
	copy->by_resource = arena_text(arena, from->by_resource);
	return copy;
}

// What is asked with it later: parties, id, device, times.
static void keep_row(struct detail *detail, const struct row *from)
{
	struct arena *arena = detail->call->request->arena;
	struct row *row = &detail->rows[detail->count++];
	*row = *from;
	row->from = arena_text(arena, from->from);
	row->to = arena_text(arena, from->to);
	row->id = from->id.p ? arena_text(arena, from->id) : TEXT_NONE;
	row->from_resource =
		from->from_resource.p ? arena_text(arena, from->from_resource) : TEXT_NONE;
	row->receipt = copy_evidence(arena, from->receipt);
	row->marker = copy_evidence(arena, from->marker);
}

static bool may_see(const struct call *call, struct text party)
{
	struct jid jid;
	return jid_parse(party, call->request->arena, &jid) && token_sees(&call->token, jid.domain);
}

static bool each_incarnation(void *self, const struct message *message)
{
	struct detail *detail = self;
	if (detail->count == INCARNATIONS)
		return false;
	keep_row(detail, &message->row);
	detail->allowed |=
		may_see(detail->call, message->row.from) || may_see(detail->call, message->row.to);
	json_t *object = message_json(message, detail->parts);
	json_object_set_new(object, "requests", requests_json(&message->row));
	json_object_set_new(object, "timeline", timeline_json(message));
	json_array_append_new(detail->incarnations, object);
	plain_acks_json(message, detail->acks);
	return true;
}

static bool each_correction(void *self, const struct message *message)
{
	struct detail *detail = self;
	json_array_append_new(detail->corrections, message_json(message, detail->parts));
	return json_array_size(detail->corrections) < CORRECTIONS;
}

static bool ask_rows(struct detail *detail, struct err *err)
{
	struct call *call = detail->call;
	detail->filter = (struct message_filter){
		.realm = call->db->realm.id,
		.since = USEC_NONE,
		.until = USEC_NONE,
		.state = -1,
		.class_ = -1,
		.verdict = -1,
		.now = call->now,
		.t_expire = call->db->rules.t_expire,
		.with_body = call->params[P_BODY].number == 1,
		.with_devices = true,
		.whole = true,
		.has_conv = true,
		.has_key = true,
		.conv = detail->conv,
		.key = detail->key,
		.limit = INCARNATIONS,
	};
	return store_messages(call->db->store, &detail->filter, detail, each_incarnation, err);
}

// M8: its sender's own, within the time in which an answer is paired at all.
static bool ask_corrections(struct detail *detail, struct err *err)
{
	const struct row *row = &detail->rows[0];
	struct call *call = detail->call;
	struct message_filter filter = detail->filter;
	if (!row->id.p)
		return true;
	filter.has_key = false;
	filter.corrects = row->id;
	filter.from = row->from;
	filter.since = row->sent_at;
	filter.until = detail->rows[detail->count - 1].sent_at + call->db->rules.w_match;
	filter.limit = CORRECTIONS;
	return store_messages(call->db->store, &filter, detail, each_correction, err);
}

// ---- evidence, findings

static bool each_ack(void *self, const struct message_ack *ack)
{
	struct detail *detail = self;
	json_array_append_new(detail->acks, ack_json(ack, detail->names));
	return true;
}

static bool each_finding(void *self, const struct stored_finding *finding)
{
	struct detail *detail = self;
	json_t *object = finding_json(finding);
	json_put_position(object, finding->position);
	json_array_append_new(detail->findings, object);
	return true;
}

static bool ask_findings(struct detail *detail, struct err *err)
{
	struct call *call = detail->call;
	const struct finding_filter filter = {.realm = call->db->realm.id,
					      .since = USEC_NONE,
					      .until = USEC_NONE,
					      .now = call->now,
					      .t_expire = call->db->rules.t_expire,
					      .w_match = call->db->rules.w_match};
	// Those of the key and of lines are the same for all incarnations.
	if (!store_message_findings(call->db->store, call->service->app->settings->realm, &filter,
				    &detail->rows[0], detail, each_finding, err))
		return false;
	for (size_t i = 1; i < detail->count; i++)
		if (!store_judged_findings(call->db->store, &filter, &detail->rows[i], detail,
					   each_finding, err))
			return false;
	return true;
}

static bool ask_evidence(struct detail *detail, struct err *err)
{
	struct call *call = detail->call;
	return store_message_acks(call->db->store, call->service->app->settings->realm,
				  &detail->rows[0], ACKS, detail, each_ack, err) &&
	       ask_findings(detail, err) && ask_corrections(detail, err);
}

// ---- positions

struct places {
	json_t *answer;
	int32_t *generations;
	size_t count, cap;
	int32_t generation; // that is being named
	const struct generation_place *place;
};

static void note_position(void *self, json_t *object)
{
	struct places *places = self;
	json_int_t position = json_integer_value(json_object_get(object, "position"));
	int32_t generation = position_generation(position);
	for (size_t i = 0; i < places->count; i++)
		if (places->generations[i] == generation)
			return;
	if (places->count == places->cap) {
		places->cap = places->cap ? places->cap * 2 : 16;
		places->generations =
			xrealloc(places->generations, places->cap * sizeof *places->generations);
	}
	places->generations[places->count++] = generation;
}

static void name_position(void *self, json_t *object)
{
	const struct places *places = self;
	json_int_t position = json_integer_value(json_object_get(object, "position"));
	if (position_generation(position) == places->generation)
		json_object_set_new(object, "position", position_json(position, places->place));
}

static bool each_place(void *self, int32_t generation, const struct generation_place *place)
{
	struct places *places = self;
	places->generation = generation;
	places->place = place;
	each_position(places->answer, places, name_position);
	return true;
}

// A generation that is not known any more has a number still.
static void name_rest(struct places *places)
{
	const struct generation_place nothing = {TEXT_NONE, TEXT_NONE};
	for (size_t i = 0; i < places->count; i++)
		each_place(places, places->generations[i], &nothing);
}

static bool name_positions(struct call *call, json_t *answer, struct err *err)
{
	struct places places = {.answer = answer};
	each_position(answer, &places, note_position);
	bool fine = places.count == 0 ||
		    store_generation_places(call->db->store, places.generations, places.count,
					    &places, each_place, err);
	if (fine)
		name_rest(&places);
	free(places.generations);
	return fine;
}

// ---- the seal

// Of the newest incarnation; null where nothing is sealed.
static json_t *seal_json(const struct seal_place *place)
{
	char day[USEC_TEXT];
	if (!place->in_use)
		return json_null();
	bool sealed = place->number > 0;
	json_t *seal = json_pack("{s:b}", "pending", !sealed);
	json_object_set_new(seal, "number", sealed ? json_integer(place->number) : json_null());
	json_object_set_new(seal, "day",
			    sealed ? json_stringn(usec_format(place->day, 0, day), 10)
				   : json_null());
	json_object_set_new(seal, "leaf",
			    place->leaf < 0 ? json_null() : json_integer(place->leaf));
	json_object_set_new(seal, "head", sealed ? json_text(place->head) : json_null());
	return seal;
}

static bool add_seal(const struct detail *detail, json_t *answer, struct err *err)
{
	const struct row *row = &detail->rows[detail->count - 1];
	struct call *call = detail->call;
	struct seal_place place;
	if (!store_seal_place(call->db->store, row->conv, row->key, row->sent_at,
			      call->request->arena, &place, err))
		return false;
	json_object_set_new(answer, "seal", seal_json(&place));
	return true;
}

// ---- the answer

static json_t *answer_of(struct detail *detail, const struct honesty *honesty)
{
	const struct row *row = &detail->rows[0];
	json_t *answer = json_object();
	json_put_hex(answer, "conv", row->conv);
	json_put_hex(answer, "key", row->key);
	json_object_set(answer, "incarnations", detail->incarnations);
	json_object_set(answer, "acks", detail->acks);
	json_object_set(answer, "findings", detail->findings);
	json_object_set(answer, "corrections", detail->corrections);
	usec_t end = detail->rows[detail->count - 1].sent_at + 1;
	honesty_members(answer, honesty, is_final(honesty, end, detail->call->db->rules.t_expire));
	return answer;
}

static bool answer(struct detail *detail, struct err *err)
{
	struct call *call = detail->call;
	struct honesty honesty;
	if (!ask_rows(detail, err))
		return false;
	if (detail->count == 0 || !detail->allowed) // F134: not even whether it is there
		return call_problem(call, 404, "There is no such message.", NULL);
	const struct row *last = &detail->rows[detail->count - 1];
	if (!ask_evidence(detail, err) ||
	    !store_honesty(call->db->store, detail->filter.realm, detail->rows[0].sent_at,
			   last->sent_at + call->db->rules.w_match, &honesty, err))
		return false;
	JSON_AUTO *made = answer_of(detail, &honesty);
	if (!add_seal(detail, made, err) || !name_positions(call, made, err))
		return false;
	reply_json(call->reply, made);
	honesty_headers(call->reply, &honesty,
			is_final(&honesty, last->sent_at + 1, call->db->rules.t_expire));
	call->rows = (int64_t)detail->count;
	return true;
}

bool handle_message_detail(struct call *call, struct err *err)
{
	JSON_AUTO *incarnations = json_array();
	JSON_AUTO *acks = json_array();
	JSON_AUTO *findings = json_array();
	JSON_AUTO *corrections = json_array();
	struct detail *detail = arena_alloc(call->request->arena, sizeof *detail);
	enum table_format format;
	*detail = (struct detail){.call = call,
				  .parts = MESSAGE_KEYS,
				  .incarnations = incarnations,
				  .acks = acks,
				  .findings = findings,
				  .corrections = corrections};
	if (!reply_format(-1, call->request->accept, &format) || format != TABLE_JSON)
		return call_problem(call, 406, "Only JSON is spoken here.", NULL);
	if (!read_keys(detail))
		return true;
	if (call->params[P_BODY].number == 1)
		detail->parts |= MESSAGE_BODY;
	return answer(detail, err);
}
