// SPDX-License-Identifier: Apache-2.0
// store_settle(): small transactions under the lane's lock, until nothing waits or the time is up.
#include "store/settle.h"

#include <poll.h>
#include <stdlib.h>

// So many rows and states are held at once, unless one day of one conversation alone has more.
enum {
	UNITS_FIRST = 64,
	UNITS_MOST = 1024,
	LOADED_MOST = 100000,
	LOADED_FEW = 20000,
	ATTEMPTS = 6
};

enum outcome { WORKED, EMPTY, TOO_MUCH, AGAIN, FAILED };

static void window_free(struct window *window)
{
	free(window->rows.items);
	free(window->was.items);
	free(window->states.items);
	free(window->state_jids.items);
	free(window->parties.items);
	free(window->typing.items);
	free(window->findings.items);
	map_free(&window->by_key);
}

void settling_free(struct settling *it)
{
	for (size_t i = 0; i < it->windows.count; i++)
		window_free(&it->windows.items[i]);
	free(it->windows.items);
	free(it->units.items);
	free(it->wanted_jids.items);
	map_free(&it->jids);
	free(it->changed.items);
	free(it->typing_gone.items);
	free(it->typing_new.items);
	free(it->findings_gone.items);
	free(it->findings_new.items);
	free(it->next_units.items);
	arena_free(it->arena);
}

static bool settle_units(struct settling *it, struct err *err)
{
	return sql_run(it->store, "plan_lookups", NULL, NULL, err) && settle_load(it, err) &&
	       settle_judge(it, err) && settle_write(it, err);
}

static enum outcome attempt(struct settling *it, int32_t most, struct err *err)
{
	if (!txn_begin(it->store, TXN_WRITE, err) || !lane_hold(it->store, &it->commit, err) ||
	    !settle_take(it, most, err))
		return FAILED;
	if (!it->windows.count)
		return EMPTY;
	if (!keys_refresh(it->store, it->commit, err))
		return FAILED;
	it->commit++;
	if (!settle_units(it, err))
		return err->kind == ERR_NONE ? TOO_MUCH : FAILED;
	if (!txn_commit(it->store, err))
		return FAILED;
	// What batches remember of keys and marks is as it was.
	if (it->changed.count)
		it->writer->keys_commit = it->commit;
	return WORKED;
}

static void count(const struct settling *it, struct settle_result *result)
{
	for (size_t i = 0; i < it->windows.count; i++)
		result->units += it->windows.items[i].unit_count;
	result->rows += it->changed.count;
}

// One transaction. *most: units to take, fewer when they turn out large.
static enum outcome settle_once(struct store *store, int32_t realm,
				const struct realm_settings *rules, int32_t *most,
				struct settle_result *result, struct err *err)
{
	struct settling it = {.store = store,
			      .writer = store->writer,
			      .realm = realm,
			      .rules = rules,
			      .arena = arena_new(),
			      .most = LOADED_MOST};
	struct err ignored = {0};
	enum outcome outcome = attempt(&it, *most, err ? err : &ignored);
	if (outcome == WORKED)
		count(&it, result);
	else
		txn_rollback(store);
	if (outcome == FAILED && sql_again(store) && !store->broken)
		outcome = AGAIN;
	if (outcome == TOO_MUCH)
		*most = *most > 8 ? *most / 8 : 1;
	else if (outcome == WORKED && it.loaded < LOADED_FEW && *most < UNITS_MOST)
		*most *= 2;
	settling_free(&it);
	return outcome;
}

bool store_settle(struct store *store, int32_t realm, const struct realm_settings *rules,
		  usec_t budget, struct settle_result *result, struct err *err)
{
	usec_t until = usec_monotonic() + budget;
	int32_t most = store->writer && store->writer->settle_most ? store->writer->settle_most
								   : UNITS_FIRST;
	struct err own = {0};

	*result = (struct settle_result){0};
	if (!writer_ready(store, err))
		return false;
	for (int failed = 0; failed < ATTEMPTS;) {
		own = (struct err){0};
		enum outcome outcome = settle_once(store, realm, rules, &most, result, &own);
		store->writer->settle_most = most; // the next call begins where this one ends
		if (outcome == EMPTY)
			return result->empty = true;
		if (outcome == FAILED)
			break;
		failed = outcome == AGAIN ? failed + 1 : 0;
		if (outcome == AGAIN)
			poll(NULL, 0, 5 * failed);
		if (outcome == WORKED && usec_monotonic() >= until)
			return true;
	}
	return err_set(err, own.kind, "%s", own.text);
}
