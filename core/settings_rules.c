// SPDX-License-Identifier: Apache-2.0
// The settings of a realm as a value of their own: default, JSON, copy. The members come from the
// table of settings, except for the wrapper feeds and the private acknowledgements.
#include "core/arena.h"
#include "core/json.h"
#include "core/settings_table.h"

#include <math.h>
#include <stdlib.h>

// The table counts from struct settings; here only its rules are at hand.
static void *member(const struct setting_row *row, struct realm_settings *rules)
{
	return (char *)rules + (row->offset - offsetof(struct settings, rules));
}

static const void *member_of(const struct setting_row *row, const struct realm_settings *rules)
{
	return (const char *)rules + (row->offset - offsetof(struct settings, rules));
}

void realm_settings_default(struct realm_settings *rules)
{
	*rules = (struct realm_settings){0};
	for (size_t i = 0; i < setting_row_count; i++) {
		const struct setting_row *row = &setting_rows[i];
		if (row->of_realm && row->preset)
			row->type->parse(row, row->preset, member(row, rules), NULL);
	}
}

void realm_settings_free(struct realm_settings *rules)
{
	string_list_free(&rules->muc_domains);
	string_list_free(&rules->hosts);
	for (size_t i = 0; i < rules->wrapper_count; i++) {
		free(rules->wrappers[i].feed);
		string_list_free(&rules->wrappers[i].domains);
	}
	free(rules->wrappers);
	rules->wrappers = NULL;
	rules->wrapper_count = 0;
	for (size_t i = 0; i < rules->ack_count; i++)
		private_ack_free(&rules->acks[i]);
	free(rules->acks);
	rules->acks = NULL;
	rules->ack_count = 0;
}

// ---- copy

static struct string_list list_copy(const struct string_list *from)
{
	struct string_list list = {0};
	for (size_t i = 0; i < from->count; i++)
		string_list_add(&list, text_of(from->items[i]));
	return list;
}

void realm_settings_copy(struct realm_settings *to, const struct realm_settings *from)
{
	*to = *from;
	to->muc_domains = list_copy(&from->muc_domains);
	to->hosts = list_copy(&from->hosts);
	to->wrappers = xcalloc(from->wrapper_count, sizeof *to->wrappers);
	for (size_t i = 0; i < from->wrapper_count; i++) {
		to->wrappers[i].feed = xstrdup(from->wrappers[i].feed);
		to->wrappers[i].domains = list_copy(&from->wrappers[i].domains);
	}
	to->acks = xcalloc(from->ack_count + 1, sizeof *to->acks);
	for (size_t i = 0; i < from->ack_count; i++)
		private_ack_copy(&to->acks[i], &from->acks[i]);
}

// ---- JSON

// A single text may stand for a list of one.
static bool list_from_json(const json_t *value, struct string_list *list, struct err *err)
{
	string_list_free(list);
	if (json_is_string(value)) {
		string_list_add(list, text_of(json_string_value(value)));
		return true;
	}
	if (!json_is_array(value))
		return err_set(err, ERR_USAGE, "a list of texts is expected");
	size_t i;
	json_t *item;
	json_array_foreach(value, i, item) {
		if (!json_is_string(item))
			return err_set(err, ERR_USAGE, "a list of texts is expected");
		string_list_add(list, text_of(json_string_value(item)));
	}
	return true;
}

static bool duration_from_json(const json_t *value, usec_t *duration, struct err *err)
{
	const double most = 1e12; // seconds; far from the end of usec_t
	double seconds = json_is_number(value) ? json_number_value(value) : -1;
	if (!(seconds >= 0 && seconds <= most))
		return err_set(err, ERR_USAGE, "a number of seconds is expected");
	if (json_is_integer(value))
		*duration = json_integer_value(value) * USEC_PER_SEC;
	else
		*duration = (usec_t)llround(seconds * (double)USEC_PER_SEC);
	return true;
}

static bool member_from_json(const struct setting_row *row, const json_t *value,
			     struct realm_settings *rules, struct err *err)
{
	void *field = member(row, rules);
	if (row->type == &setting_list)
		return list_from_json(value, field, err);
	if (row->type == &setting_duration)
		return duration_from_json(value, field, err);
	if (!json_is_boolean(value))
		return err_set(err, ERR_USAGE, "true or false is expected");
	*(bool *)field = json_is_true(value);
	return true;
}

static bool wrappers_from_json(const json_t *object, struct realm_settings *rules, struct err *err)
{
	if (!json_is_object(object))
		return err_set(err, ERR_USAGE, "wrapper_feeds: an object is expected");
	const char *feed;
	json_t *domains;
	rules->wrappers = xcalloc(json_object_size(object), sizeof *rules->wrappers);
	json_object_foreach((json_t *)object, feed, domains) {
		struct wrapper_feed *wrapper = &rules->wrappers[rules->wrapper_count++];
		wrapper->feed = xstrdup(feed);
		if (!list_from_json(domains, &wrapper->domains, err))
			return err_wrap(err, "wrapper_feeds: %.100s", feed);
	}
	return true;
}

static bool members_from_json(const json_t *object, struct realm_settings *rules, struct err *err)
{
	for (size_t i = 0; i < setting_row_count; i++) {
		const struct setting_row *row = &setting_rows[i];
		const json_t *value = row->of_realm ? json_object_get(object, row->name) : NULL;
		if (value && !member_from_json(row, value, rules, err))
			return err_wrap(err, "%s", row->name);
	}
	const json_t *wrappers = json_object_get(object, "wrapper_feeds");
	if (wrappers && !wrappers_from_json(wrappers, rules, err))
		return false;
	const json_t *acks = json_object_get(object, "private_acks");
	return !acks || private_acks_from_json(acks, &rules->acks, &rules->ack_count, err) ||
	       err_wrap(err, "private_acks");
}

bool realm_settings_from_json(const json_t *object, struct realm_settings *rules, struct err *err)
{
	if (!json_is_object(object))
		return err_set(err, ERR_USAGE, "settings of a realm: an object is expected");
	struct realm_settings read;
	realm_settings_default(&read);
	if (!members_from_json(object, &read, err)) {
		realm_settings_free(&read);
		return false;
	}
	*rules = read;
	return true;
}

static json_t *list_to_json(const struct string_list *list)
{
	json_t *array = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_text(text_of(list->items[i])));
	return array;
}

static json_t *duration_to_json(usec_t duration)
{
	if (duration % USEC_PER_SEC == 0)
		return json_integer(duration / USEC_PER_SEC);
	return json_real((double)duration / (double)USEC_PER_SEC);
}

static json_t *member_to_json(const struct setting_row *row, const struct realm_settings *rules)
{
	const void *field = member_of(row, rules);
	if (row->type == &setting_list)
		return list_to_json(field);
	if (row->type == &setting_duration)
		return duration_to_json(*(const usec_t *)field);
	return json_boolean(*(const bool *)field);
}

json_t *realm_settings_to_json(const struct realm_settings *rules)
{
	json_t *object = json_object();
	for (size_t i = 0; i < setting_row_count; i++) {
		const struct setting_row *row = &setting_rows[i];
		if (row->of_realm)
			json_object_set_new(object, row->name, member_to_json(row, rules));
	}
	json_t *wrappers = json_object();
	for (size_t i = 0; i < rules->wrapper_count; i++)
		json_object_set_new(wrappers, rules->wrappers[i].feed,
				    list_to_json(&rules->wrappers[i].domains));
	json_object_set_new(object, "wrapper_feeds", wrappers);
	json_object_set_new(object, "private_acks",
			    private_acks_to_json(rules->acks, rules->ack_count));
	return object;
}
