// SPDX-License-Identifier: Apache-2.0
// What is settled from the order of a conversation, over everything at once: the result that the
// database must reach bit by bit.
#include "pairing/sequence.h"
#include "tests/vectors/memory.h"

#include <stdlib.h>

static bool has_ingress(const struct memory *memory, struct text device)
{
	for (size_t i = 0; i < memory->state_count; i++)
		if (memory->states[i].ingress && text_same(memory->states[i].from, device))
			return true;
	return false;
}

static void fill_scene(const struct memory *memory, int64_t conv, struct scene *scene)
{
	for (size_t i = 0; i < memory->row_count; i++) {
		if (memory->rows[i].conv != conv)
			continue;
		sequence_row_of(&memory->rows[i], &scene->rows[scene->row_count]);
		scene->rows[scene->row_count++].place = i;
	}
	for (size_t i = 0; i < memory->state_count; i++) {
		const struct chat_state_seen *seen = &memory->states[i];
		if (seen->conv != conv)
			continue;
		struct sequence_state *state = &scene->states[scene->state_count++];
		sequence_state_of(seen, scene->rules, state);
		state->used = seen->ingress || !has_ingress(memory, seen->from);
	}
	scene_sort(scene);
}

struct taker {
	struct memory *memory;
	int64_t conv;
	const struct vector *vector;
};

static void take_finding(void *self, const struct sequence_finding *finding)
{
	struct taker *taker = self;
	struct memory *memory = taker->memory;
	struct finding made = {.rule = finding->rule,
			       .by = finding->by,
			       .ref = text_of(finding->ref),
			       .conv = taker->conv,
			       .at = finding->at,
			       .position = finding->position};

	memory->findings = xrealloc(memory->findings, (memory->finding_count + 1) * sizeof(made));
	memory->findings[memory->finding_count++] = made;
}

static struct text device_of(const struct memory *memory, const struct typing *typing)
{
	struct sequence_state state = {.party = typing->party, .resource = typing->resource};
	return sequence_device(&state, memory->arena);
}

static void put_typing(json_t *list, struct text from, const struct typing *typing,
		       const struct typing_judged *judged)
{
	json_t *object = json_object();

	json_put_text(object, "from", from);
	json_put_text(object, "to", typing->to);
	json_put_usec(object, "start", typing->start, 6);
	json_object_set_new(object, "ms", json_integer(judged->ms));
	json_object_set_new(object, "ended_by", json_string(judged->ended_by));
	json_array_append_new(list, object);
}

static void take_typing(void *self, const struct typing *typing)
{
	struct taker *taker = self;
	struct typing_judged judged;

	if (!typing_judge(typing, &taker->vector->rules, taker->vector->now, &judged))
		return;
	struct text from = device_of(taker->memory, typing);
	put_typing(taker->memory->typing, from, typing, &judged);
	if (judged.composing_open)
		take_finding(taker,
			     &(struct sequence_finding){"CS-COMPOSING-OPEN", from, "",
							typing->start, typing->position, NULL});
}

static void settle(struct memory *memory, const struct vector *vector, int64_t conv)
{
	struct scene scene = {
		.rules = &vector->rules,
		.rows = xcalloc(memory->row_count + 1, sizeof(*scene.rows)),
		.states = xcalloc(memory->state_count + 1, sizeof(*scene.states)),
	};
	struct taker taker = {memory, conv, vector};

	fill_scene(memory, conv, &scene);
	states_mark(&scene);
	sequence_read(&scene);
	sequence_response(&scene);
	for (size_t i = 0; i < scene.row_count; i++) {
		struct row *row = &memory->rows[scene.rows[i].place];
		row->read_inferred_at = scene.rows[i].read_inferred_at;
		row->read_via = scene.rows[i].read_via;
		row->response_ms = scene.rows[i].response_ms;
	}
	states_pair(&scene);
	states_repeats(&scene, memory->arena, &taker, take_finding);
	states_unnegotiated(&scene, &taker, take_finding);
	typing_intervals(&scene, &taker, take_typing);
	free(scene.rows);
	free(scene.states);
}

static bool is_first_of_conv(const struct memory *memory, size_t at)
{
	size_t rows = memory->row_count;
	int64_t conv = at < rows ? memory->rows[at].conv : memory->states[at - rows].conv;

	for (size_t i = 0; i < at; i++)
		if ((i < rows ? memory->rows[i].conv : memory->states[i - rows].conv) == conv)
			return false;
	return true;
}

void memory_settle(struct memory *memory, const struct vector *vector)
{
	memory->typing = json_array();
	for (size_t i = 0; i < memory->row_count + memory->state_count; i++)
		if (is_first_of_conv(memory, i))
			settle(memory, vector,
			       i < memory->row_count ? memory->rows[i].conv
						     : memory->states[i - memory->row_count].conv);
}
