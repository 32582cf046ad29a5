// SPDX-License-Identifier: Apache-2.0
#include "core/settings.h"

#include "core/arena.h"
#include "core/settings_table.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// ---- making and freeing

static char *joined(const char *folder, const char *rest)
{
	size_t size = strlen(folder) + strlen(rest) + 1;
	char *path = xcalloc(1, size);
	snprintf(path, size, "%s%s", folder, rest);
	return path;
}

// HOME may be missing under a service manager (F177): then the password file knows it.
static char *home_state_dir(void)
{
	static const char below[] = "/.local/state/receiptd";
	const char *home = getenv("HOME");
	if (home && home[0] == '/')
		return joined(home, below);
	char room[4096];
	struct passwd entry, *found = NULL;
	if (getpwuid_r(geteuid(), &entry, room, sizeof room, &found) == 0 && found &&
	    found->pw_dir && found->pw_dir[0] == '/')
		return joined(found->pw_dir, below);
	return NULL;
}

static char *default_data_dir(void)
{
	if (geteuid() == 0)
		return xstrdup("/var/lib/receiptd");
	const char *state = getenv("XDG_STATE_HOME");
	if (state && state[0] == '/') // the XDG specification: a relative path is to be ignored
		return joined(state, "/receiptd");
	return home_state_dir();
}

static struct settings *settings_default(void)
{
	struct settings *settings = xcalloc(1, sizeof *settings);
	for (size_t i = 0; i < setting_row_count; i++) {
		const struct setting_row *row = &setting_rows[i];
		if (row->preset)
			setting_assign(row, row->preset, settings, NULL);
	}
	return settings;
}

static void source_free(struct source_setting *source)
{
	free(source->name);
	free(source->path);
	free(source->dialect);
	free(source->zone);
	free(source->format.line);
	free(source->format.time);
	free(source->format.in);
	free(source->format.out);
	string_list_free(&source->hosts);
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	for (size_t i = 0; i < setting_row_count; i++) {
		if (setting_rows[i].type->owns_string)
			free(*(char **)setting_field(&setting_rows[i], settings));
		if (setting_rows[i].type->is_list && !setting_rows[i].of_realm)
			string_list_free(setting_field(&setting_rows[i], settings));
	}
	for (size_t i = 0; i < settings->source_count; i++)
		source_free(&settings->sources[i]);
	free(settings->sources);
	for (size_t i = 0; i < settings->feed_count; i++)
		feed_setting_free(&settings->feeds[i]);
	free(settings->feeds);
	realm_settings_free(&settings->rules);
	free(settings);
}

bool settings_load(const char *path, struct settings **settings, struct err *err)
{
	struct settings *loaded = settings_default();
	if (path && !settings_file_read(path, loaded, err)) {
		settings_free(loaded);
		return false;
	}
	if (!loaded->data_dir)
		loaded->data_dir = default_data_dir();
	if (!loaded->data_dir) {
		settings_free(loaded);
		return err_set(err, ERR_USAGE, "data_dir: no home folder is known, set it");
	}
	*settings = loaded;
	return true;
}

// ---- --set

// A bad list must leave the old one: it is built aside.
static bool set_list(const struct setting_row *row, const char *value, struct settings *settings,
		     struct err *err)
{
	struct string_list list = {0};
	while (*value) {
		size_t n = strcspn(value, ",");
		struct text item = {value, n};
		while (item.n && *item.p == ' ')
			item.p++, item.n--;
		while (item.n && item.p[item.n - 1] == ' ')
			item.n--;
		if (!item.n) {
			string_list_free(&list);
			return err_set(err, ERR_USAGE, "%s: an item of the list is empty",
				       row->name);
		}
		string_list_add(&list, item);
		value += n;
		if (*value == ',' && !*++value)
			value = ",";
	}
	struct string_list *field = setting_field(row, settings);
	string_list_free(field);
	*field = list;
	return true;
}

bool settings_set(struct settings *settings, const char *assignment, struct err *err)
{
	size_t n = strcspn(assignment, "=");
	if (!assignment[n])
		return err_set(err, ERR_USAGE, "--set %.100s: name=value is expected", assignment);
	const struct setting_row *row = setting_find(assignment, n);
	if (!row)
		return err_set(err, ERR_USAGE, "--set %.*s: there is no such setting",
			       n > 100 ? 100 : (int)n, assignment);
	const char *value = assignment + n + 1;
	bool good = row->type->is_list ? set_list(row, value, settings, err)
				       : setting_assign(row, value, settings, err);
	if (!good)
		return err_wrap(err, "--set");
	if (!settings->data_dir)
		settings->data_dir = default_data_dir();
	return true;
}

// ---- --help and the sample

static const char sections_sample[] =
	"# One section per log that is followed. path: with the rotated files (*), so that none is\n"
	"# missed; dialect: by default found from the content, \"pattern\" with line, time, in, out\n"
	"# for lines that no dialect knows (docs/formats.md);\n"
	"# zone: for logs in local time; authority: where several sources see the same traffic,\n"
	"# the one that counts; hosts: the domains it shows, by default all of the realm.\n"
	"#source main {\n"
	"#\tpath = \"/var/log/prosody/prosody.log*\"\n"
	"#\tdialect = \"prosody\"\n"
	"#\tzone = \"Europe/Berlin\"\n"
	"#\tauthority = true\n"
	"#}\n"
	"\n"
	"# One section per feed that wraps messages, with the domains that are trusted to do so.\n"
	"#wrapper_feed component {\n"
	"#\tdomains = {\"log.example.org\"}\n"
	"#}\n";

static const char feeds_sample[] =
	"\n"
	"# One section per feed: a server that sends what it handles instead of logging it.\n"
	"# kind webhook: POST /v1/feed, with secret_file as key of its signatures or as bearer token;\n"
	"# kind component: XEP-0114, e.g. to ejabberd's mod_service_log (docs/feeds.md).\n"
	"#feed prosody {\n"
	"#\tkind = \"webhook\"\n"
	"#\tsecret_file = \"/etc/receiptd/prosody.secret\"\n"
	"#}\n"
	"#feed ejabberd {\n"
	"#\tkind = \"component\"\n"
	"#\tport = \"5347\"\n"
	"#\tdomain = \"receipts.example.org\"\n"
	"#\tsecret_file = \"/etc/receiptd/ejabberd.secret\"\n"
	"#\tdomains = {\"example.org\"}\n"
	"#}\n";

static void print_rows(const struct setting_row *rows, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct setting_row *row = &rows[i];
		const char *preset = row->preset ? row->preset : "-";
		fprintf(out, "  %-17s %-15s %-10s %s\n", row->name, row->type->name, preset,
			row->help);
	}
}

void settings_print_help(FILE *out)
{
	print_rows(setting_rows, setting_row_count, out);
	fputs("\nin a section \"ack NAME { ... }\", a private acknowledgement:\n", out);
	print_rows(private_ack_rows, private_ack_row_count, out);
	fputs("\nin a section \"feed NAME { ... }\", a server that sends (docs/feeds.md):\n", out);
	print_rows(feed_rows, feed_row_count, out);
}

// An example, so that the keys can be seen in use; the rest is told by the table.
static void print_ack_sample(FILE *out)
{
	static const char *const values[] = {
		"seen",      "app:bluebird:ack", "message",         "@id",
		"displayed", "please",           "app:bluebird:ack"};
	fputs("\n# One section per private acknowledgement: a convention of some app that stands for\n"
	      "# XEP-0184 or XEP-0333. Its messages show \"via private:NAME\".\n#ack bluebird {\n",
	      out);
	for (size_t i = 0; i < private_ack_row_count; i++) {
		const struct setting_row *row = &private_ack_rows[i];
		fprintf(out, "# %s%s%s%s\n#\t%s = \"%s\"\n", row->help, row->preset ? " (" : "",
			row->preset ? row->preset : "", row->preset ? ")" : "", row->name,
			values[i]);
	}
	fputs("#}\n", out);
}

void settings_print_sample(FILE *out)
{
	fputs("# Settings of receiptd. Every line shows the default; remove the # to change one.\n\n",
	      out);
	for (size_t i = 0; i < setting_row_count; i++) {
		const struct setting_row *row = &setting_rows[i];
		fprintf(out, "# %s (%s)\n", row->help, row->type->name);
		if (row->type->is_list)
			fprintf(out, "#%s = {}\n\n", row->name);
		else
			fprintf(out, "#%s = \"%s\"\n\n", row->name, row->preset ? row->preset : "");
	}
	fputs(sections_sample, out);
	fputs(feeds_sample, out);
	print_ack_sample(out);
}
