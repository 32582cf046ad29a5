// SPDX-License-Identifier: Apache-2.0
#include "ingest/assume.h"

#include "core/arena.h"
#include "core/buf.h"

#include <ctype.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

static void say(struct app *app, const char *event, const char *path,
		const struct string_list *list)
{
	struct buf names = {0};

	for (size_t i = 0; i < list->count; i++)
		buf_printf(&names, "%s%s", i ? "," : "", list->items[i]);
	log_info(app->log, event, LOG_S("file", path), LOG_T("taken", buf_view(&names)));
	buf_free(&names);
}

void assume_rules(struct app *app, const char *path, const struct look *look,
		  struct realm_settings *rules)
{
	// A setting always wins: where it names MUC domains, nothing is guessed beside them.
	if (!app->settings->rules.muc_domains.count &&
	    string_list_unite(&rules->muc_domains, &look->muc_domains))
		say(app, "assumed-muc-domains", path, &look->muc_domains);
	if (!app->settings->rules.hosts.count && string_list_unite(&rules->hosts, &look->hosts))
		say(app, "assumed-hosts", path, &look->hosts);
	if (look->zone_assumed)
		log_info(app->log, "assumed-zone", LOG_S("file", path),
			 LOG_S("zone", zone_name(look->zone)));
}

bool assume_known(struct app *app, struct store *store, const char *realm,
		  struct realm_settings *rules, struct err *err)
{
	struct realm_settings stored = {0};
	struct realm found;
	struct err none = {0};

	if (!store_realm_rules(store, realm, &found, &stored, &none)) {
		if (none.kind == ERR_DATABASE && err)
			*err = none;
		return none.kind != ERR_DATABASE;
	}
	if (!app->settings->rules.muc_domains.count)
		string_list_unite(&rules->muc_domains, &stored.muc_domains);
	if (!app->settings->rules.hosts.count)
		string_list_unite(&rules->hosts, &stored.hosts);
	realm_settings_free(&stored);
	return true;
}

static bool ends_with(const char *name, size_t size, const char *end)
{
	size_t n = strlen(end);
	return size > n && memcmp(name + size - n, end, n) == 0;
}

// ".gz", ".log", ".1", "-20261122", "-000": off, one after the other.
static size_t without_rotation(const char *name, size_t size)
{
	static const char *const ends[] = {".gz", ".xz", ".zst", ".bz2", ".log", ".txt"};
	size_t before;

	do {
		before = size;
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			if (ends_with(name, size, ends[i]))
				size -= strlen(ends[i]);
		size_t digits = size;
		while (digits > 1 && isdigit((unsigned char)name[digits - 1]))
			digits--;
		if (digits < size && digits > 1 && strchr(".-_", name[digits - 1]))
			size = digits - 1;
	} while (size != before);
	return size;
}

const struct source_setting *assume_source(const struct settings *settings, const char *path)
{
	const struct source_setting *found = NULL;
	struct stat own, other;

	for (size_t i = 0; i < settings->source_count && !found && !stat(path, &own); i++) {
		glob_t names;
		if (glob(settings->sources[i].path, 0, NULL, &names))
			continue;
		for (size_t j = 0; j < names.gl_pathc && !found; j++)
			if (!stat(names.gl_pathv[j], &other) && other.st_ino == own.st_ino &&
			    other.st_dev == own.st_dev)
				found = &settings->sources[i];
		globfree(&names);
	}
	return found;
}

char *assume_source_name(const char *dialect, const char *path)
{
	char full[PATH_MAX];
	struct buf name = {0};

	if (!realpath(path, full))
		snprintf(full, sizeof(full), "%s", path);
	const char *slash = strrchr(full, '/');
	const char *base = slash ? slash + 1 : full;
	buf_printf(&name, "%s:%.*s%.*s", dialect, (int)(base - full), full,
		   (int)without_rotation(base, strlen(base)), base);
	return name.data;
}
