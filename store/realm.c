// SPDX-License-Identifier: Apache-2.0
// Realms: their number, their pairing key, the settings by which they are written. What was stored with
// other settings stays as they made it, so a change is said once and remembered (realm_rules).
#include "store/read.h"
#include "store/write.h"

#include "core/json.h"
#include "core/log.h"

#include <stdlib.h>
#include <string.h>

static bool read_key(struct store *store, struct realm *realm, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(store, "instance", NULL, &rows, err))
		return false;
	struct text key = rows.count ? row_text(&rows, 0, 0) : TEXT_NONE;
	if (key.n != sizeof realm->key.bytes)
		return err_set(err, ERR_USAGE,
			       "database: its pairing key (table instance) is missing");
	memcpy(realm->key.bytes, key.p, key.n);
	return true;
}

static char *rules_text(const struct realm_settings *rules)
{
	JSON_AUTO *object = rules ? realm_settings_to_json(rules) : NULL;
	return object ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

static char *default_rules_text(void)
{
	struct realm_settings rules;
	realm_settings_default(&rules);
	char *text = rules_text(&rules);
	realm_settings_free(&rules);
	return text;
}

// --- settings that were changed ---

// Whether what is stored depends on it. The others are asked when it is read (S3, CS-COMPOSING-OPEN), or
// say what is expected of sources.
static bool is_stored_by(const char *name)
{
	static const char *const read_later[] = {"t_expire", "t_composing_open", "hosts"};
	for (size_t i = 0; i < sizeof read_later / sizeof *read_later; i++) {
		if (strcmp(read_later[i], name) == 0)
			return false;
	}
	return true;
}

static void add_value(struct buf *out, const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
	buf_add(out, text ? text : "unset", text ? strlen(text) : strlen("unset"));
	free(text);
}

static bool holds(const json_t *list, const char *text)
{
	size_t i;
	json_t *item;
	json_array_foreach(list, i, item) {
		if (strcmp(json_string_value(item), text) == 0)
			return true;
	}
	return false;
}

// What an import takes from its log for a domain (assume.c) is no change of the operator's.
static bool only_learnt(const struct string_list *configured, const json_t *before,
			const json_t *now)
{
	size_t i;
	json_t *item;
	json_array_foreach(before, i, item) {
		if (!holds(now, json_string_value(item)))
			return false;
	}
	for (i = 0; i < configured->count; i++) {
		if (!holds(before, configured->items[i]))
			return false;
	}
	return true;
}

// "w_match 2592000 -> 86400, ..."; empty: nothing that counts.
static struct buf changed_settings(const struct settings *settings, struct text before,
				   struct text now)
{
	JSON_AUTO *old = json_loadb(before.p, before.n, 0, NULL);
	JSON_AUTO *given = json_loadb(now.p, now.n, 0, NULL);
	struct buf out = {0};
	const char *name;
	json_t *value;
	json_object_foreach(given, name, value) {
		const json_t *was = json_object_get(old, name);
		if (!is_stored_by(name) || (was && json_equal(was, value)) ||
		    (strcmp(name, "muc_domains") == 0 &&
		     only_learnt(&settings->rules.muc_domains, was, value)))
			continue;
		buf_printf(&out, "%s%s ", out.len ? ", " : "", name);
		add_value(&out, was);
		buf_printf(&out, " -> ");
		add_value(&out, value);
	}
	return out;
}

// Columns of realm_put: id, rules before, rules now, first and last stored day.
static void say_change(struct store *store, const char *name, const struct rows *rows)
{
	if (row_null(rows, 0, 1) || row_null(rows, 0, 3))
		return; // a new realm, or nothing is stored
	struct buf what =
		changed_settings(store->app->settings, row_text(rows, 0, 1), row_text(rows, 0, 2));
	struct text first = row_text(rows, 0, 3), last = row_text(rows, 0, 4);
	struct buf command = {0};
	buf_printf(&command,
		   "receiptd reprocess --realm %s --since %.*sT00:00:00Z --until %.*sT23:59:59Z",
		   name, (int)first.n, first.p, (int)last.n, last.p);
	buf_add(&command, "", 1);
	if (what.len)
		log_warn(store->app->log, "realm-settings-changed", LOG_S("realm", name),
			 LOG_T("settings", buf_view(&what)),
			 LOG_S("stored", "stays as the old values made it"),
			 LOG_S("to-apply-them", command.data));
	buf_free(&what);
	buf_free(&command);
}

// --- what was learnt ---

// What is stored comes first, so that writers who know the same list it in one order: else each would change it.
static void unite(struct string_list *learnt, struct string_list *stored)
{
	string_list_unite(stored, learnt);
	struct string_list both = *stored;
	*stored = *learnt;
	*learnt = both;
}

// Under LOCK_NAMES: another writer may have learnt other domains since this one began.
static bool learn_stored(struct store *store, const char *name, struct realm_settings *rules,
			 struct err *err)
{
	const struct realm_settings *configured = &store->app->settings->rules;
	struct realm_settings stored;
	struct err damaged = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_zstr(&params, name);
	if (!sql_run(store, "realm_find", &params, &rows, err))
		return false;
	struct text text = rows.count ? row_text(&rows, 0, 1) : TEXT("");
	JSON_AUTO *object = json_loadb(text.p, text.n, 0, NULL);
	if (!object || !realm_settings_from_json(object, &stored, &damaged))
		return true; // none, or what is put mends them
	if (!configured->muc_domains.count)
		unite(&rules->muc_domains, &stored.muc_domains);
	if (!configured->hosts.count)
		unite(&rules->hosts, &stored.hosts);
	realm_settings_free(&stored);
	return true;
}

static bool put_rules(struct store *store, const char *name, const struct realm_settings *rules,
		      struct rows *rows, struct err *err)
{
	FIELDS_AUTO params = {0};
	char *given = rules_text(rules), *first = default_rules_text();
	put_zstr(&params, name);
	put_zstr(&params, given);
	put_zstr(&params, first);
	free(given);
	free(first);
	return sql_run(store, "realm_put", &params, rows, err);
}

static bool put_realm(struct store *store, const char *name, struct realm_settings *rules,
		      struct rows *rows, struct err *err)
{
	if (!begin_alone(store, err) || (rules && !learn_stored(store, name, rules, err)) ||
	    !put_rules(store, name, rules, rows, err) || !txn_commit(store, err)) {
		txn_rollback(store);
		return false;
	}
	if (rows->count != 1)
		return err_set(err, ERR_INTERNAL, "realm_put: nothing was stored");
	return true;
}

// --- the door ---

bool store_realm(struct store *store, const char *name, struct realm_settings *rules,
		 struct realm *realm, struct err *err)
{
	ROWS_AUTO rows = {0};
	struct realm found = {0};
	if (!read_key(store, &found, err) || !put_realm(store, name, rules, &rows, err))
		return err_wrap(err, "realm %s", name);
	found.id = (int32_t)row_int(&rows, 0, 0);
	say_change(store, name, &rows);
	*realm = found;
	return true;
}

bool store_realm_rules(struct store *store, const char *name, struct realm *realm,
		       struct realm_settings *rules, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_zstr(&params, name);
	if (!sql_run(store, "realm_find", &params, &rows, err))
		return false;
	if (rows.count == 0)
		return err_set(err, ERR_USAGE, "there is no realm \"%s\"", name);
	struct realm found = {.id = (int32_t)row_int(&rows, 0, 0)};
	struct text text = row_text(&rows, 0, 1);
	JSON_AUTO *object = json_loadb(text.p, text.n, 0, NULL);
	if (!object)
		return err_set(err, ERR_INTERNAL, "realm %s: its stored rules are damaged", name);
	struct realm_settings read;
	if (!read_key(store, &found, err) || !realm_settings_from_json(object, &read, err))
		return err_wrap(err, "realm %s", name);
	if (!stored_private_acks(store, found.id, &read, err)) {
		realm_settings_free(&read);
		return false;
	}
	*rules = read;
	*realm = found;
	return true;
}
