// SPDX-License-Identifier: Apache-2.0
#include "tests/vectors/vector.h"

#include "core/arena.h"

#include <libgen.h>
#include <stdlib.h>

const char *const plan_names[PLAN_COUNT] = {"in order", "shuffled", "in batches", "line by line"};

static bool read_line(const json_t *json, struct vector_line *line, struct err *err)
{
	*line = (struct vector_line){.feed = json_get_text(json, "feed"),
				     .session = json_get_text(json, "session"),
				     .xml = json_get_text(json, "stanza"),
				     .json = json};
	if (!usec_parse(json_get_text(json, "ts"), &line->at))
		return err_set(err, ERR_INPUT, "input line without a valid ts");
	if (!direction_parse(json_get_text(json, "dir"), &line->dir))
		return err_set(err, ERR_INPUT, "input line without a valid dir");
	if (!line->xml.p || !line->feed.p)
		return err_set(err, ERR_INPUT, "input line without stanza or feed");
	return true;
}

static bool read_lines(struct vector *vector, struct err *err)
{
	const json_t *input = json_object_get(vector->root, "input");

	if (!json_is_array(input))
		return err_set(err, ERR_INPUT, "no input");
	vector->count = json_array_size(input);
	vector->lines = xcalloc(vector->count + 1, sizeof(*vector->lines));
	vector->now = USEC_NONE;
	for (size_t i = 0; i < vector->count; i++) {
		if (!read_line(json_array_get(input, i), &vector->lines[i], err))
			return err_wrap(err, "line %zu", i + 1);
		if (vector->now == USEC_NONE || vector->lines[i].at > vector->now)
			vector->now = vector->lines[i].at;
	}
	return true;
}

// "now" is the evaluation time and no setting of the realm.
static bool read_config(struct vector *vector, struct err *err)
{
	JSON_AUTO *config = json_deep_copy(json_object_get(vector->root, "config"));
	struct text now = json_get_text(config, "now");

	realm_settings_default(&vector->rules);
	if (!config)
		return true;
	if (now.p && !usec_parse(now, &vector->now))
		return err_set(err, ERR_INPUT, "config.now is no time");
	json_object_del(config, "now");
	return realm_settings_from_json(config, &vector->rules, err);
}

static char *name_of(const char *path)
{
	char *copy = xstrdup(path), *name = xstrdup(basename(copy));
	size_t length = strlen(name);

	free(copy);
	if (length > 5 && !strcmp(name + length - 5, ".json"))
		name[length - 5] = '\0';
	return name;
}

bool vector_load(const char *path, struct vector *vector, struct err *err)
{
	json_error_t error;

	*vector = (struct vector){.name = name_of(path)};
	vector->root = json_load_file(path, 0, &error);
	if (!vector->root)
		return err_set(err, ERR_INPUT, "%s, line %d: %s", path, error.line, error.text);
	vector->expected = json_object_get(vector->root, "expected");
	vector->order_independent =
		json_is_true(json_object_get(vector->root, "order_independent"));
	if (!json_is_object(vector->expected))
		return err_set(err, ERR_INPUT, "%s: nothing expected", path);
	return read_lines(vector, err) && read_config(vector, err);
}

void vector_free(struct vector *vector)
{
	free(vector->name);
	free(vector->lines);
	realm_settings_free(&vector->rules);
	json_decref(vector->root);
}

// --- plans ---

static uint64_t next_random(uint64_t *state) // splitmix64
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static void shuffle(size_t *order, size_t count, uint64_t *state)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = next_random(state) % i, kept = order[i - 1];
		order[i - 1] = order[j];
		order[j] = kept;
	}
}

static uint64_t seed_of(const struct vector *vector, enum plan_kind kind, uint64_t seed)
{
	uint64_t state = seed * PLAN_COUNT + kind;

	for (const char *c = vector->name; *c; c++)
		state = (state ^ (unsigned char)*c) * UINT64_C(0x100000001B3);
	return state;
}

static size_t batch_size(enum plan_kind kind, size_t left, uint64_t *state)
{
	if (kind == PLAN_LINES)
		return 1;
	if (kind != PLAN_BATCHES)
		return left;
	return 1 + next_random(state) % (left < 4 ? left : 4);
}

struct vector_plan vector_plan_make(const struct vector *vector, enum plan_kind kind, uint64_t seed)
{
	size_t count = vector->count, end = 0;
	uint64_t state = seed_of(vector, kind, seed);
	struct vector_plan plan = {.order = xcalloc(count + 1, sizeof(size_t)),
				   .ends = xcalloc(count + 1, sizeof(size_t))};

	for (size_t i = 0; i < count; i++)
		plan.order[i] = i;
	if (kind != PLAN_IN_ORDER && vector->order_independent)
		shuffle(plan.order, count, &state);
	while (end < count) {
		end += batch_size(kind, count - end, &state);
		plan.ends[plan.batches++] = end;
	}
	return plan;
}

void vector_plan_free(struct vector_plan *plan)
{
	free(plan->order);
	free(plan->ends);
}
