// SPDX-License-Identifier: Apache-2.0
// Prints the table of routes as JSON: what the contract is compared with, so that neither can forget what
// the other has.
#include "api/http/call.h"
#include "core/json.h"

#include <stdio.h>

static const char *const types[PARAM_TYPES] = {
	[PARAM_TEXT] = "text", [PARAM_NUMBER] = "number", [PARAM_WORD] = "word",
	[PARAM_TIME] = "time", [PARAM_JID] = "jid",       [PARAM_DOMAIN] = "domain",
	[PARAM_ZONE] = "zone", [PARAM_LIMIT] = "limit",   [PARAM_DAY] = "day",
};

static json_t *words(const char *const *list)
{
	json_t *array = json_array();
	for (size_t i = 0; list && list[i]; i++)
		json_array_append_new(array, json_string(list[i]));
	return array;
}

static json_t *parameter(const struct param_spec *spec)
{
	return json_pack("{s:s, s:s, s:s?, s:o, s:I, s:I, s:b, s:b}", "name", spec->name, "type",
			 types[spec->type], "preset", spec->preset, "words", words(spec->words),
			 "min", (json_int_t)spec->min, "max", (json_int_t)spec->max, "secret",
			 spec->secret, "paging", spec->paging);
}

static json_t *scopes(unsigned bits)
{
	json_t *array = json_array();
	for (const struct scope_name *scope = scope_names; scope->name; scope++)
		if (bits & scope->bit)
			json_array_append_new(array, json_string(scope->name));
	return array;
}

static json_t *entry(const struct route *route)
{
	json_t *list = json_array();
	for (size_t i = 0; i < route->params->count; i++)
		json_array_append_new(list, parameter(&route->params->specs[i]));
	return json_pack("{s:s, s:s, s:o, s:b, s:b, s:s, s:o}", "method", route->method, "path",
			 route->path, "scopes", scopes(route->scope), "database", route->database,
			 "audited", route->audited, "cache", route->cache, "parameters", list);
}

int main(void)
{
	JSON_AUTO *table = json_array();
	const struct route *route;
	for (size_t i = 0; (route = route_at(i)); i++)
		json_array_append_new(table, entry(route));
	json_dumpf(table, stdout, JSON_INDENT(1));
	putchar('\n');
	return 0;
}
