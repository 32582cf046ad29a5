// SPDX-License-Identifier: Apache-2.0
// The configuration file. libconfuse does the grammar; every value reaches it as text and is
// checked by the table while the line number is known.
#include "core/arena.h"
#include "core/settings_table.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

// A flag of ours beside libconfuse's: this option has been assigned in this file or section.
enum { FLAG_SEEN = 1 << 24 };

// Keys of the sections, which are not settings by themselves. The sections' zone is the same type as
// the setting of that name.
static const struct setting_row authority_row = {.name = "authority", .type = &setting_switch};
static const struct setting_row domains_row = {.name = "domains", .type = &setting_list};

static const struct setting_row *find_row(const char *name)
{
	const struct setting_row *const of_sections[] = {&authority_row, &domains_row};
	for (size_t i = 0; i < sizeof of_sections / sizeof *of_sections; i++) {
		if (strcmp(name, of_sections[i]->name) == 0)
			return of_sections[i];
	}
	for (size_t i = 0; i < private_ack_row_count; i++) {
		if (strcmp(name, private_ack_rows[i].name) == 0)
			return &private_ack_rows[i];
	}
	for (size_t i = 0; i < feed_row_count; i++) {
		if (strcmp(name, feed_rows[i].name) == 0)
			return &feed_rows[i];
	}
	return setting_find(name, strlen(name));
}

static void cfg_cleanup_(cfg_t **cfg)
{
	if (*cfg)
		cfg_free(*cfg);
}

static void file_cleanup_(FILE **file)
{
	if (*file)
		fclose(*file);
}

// libconfuse hands no pointer of ours through: the message waits in the annotation of the
// (sub)section, which is not used otherwise. The first one is the cause.
static void keep_error(cfg_t *cfg, const char *format, va_list args)
{
	if (cfg->comment)
		return;
	char text[400];
	vsnprintf(text, sizeof text, format, args);
	size_t size = sizeof text + 64;
	cfg->comment = xcalloc(1, size);
	snprintf(cfg->comment, size, "line %d: %s", cfg->line, text);
}

// Called for each value. libconfuse would let a second assignment win silently (F160); it starts
// the values anew at each "=", so the first value of an assignment is number one.
static int accept_text(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	if (opt->nvalues <= 1) {
		if (opt->flags & FLAG_SEEN) {
			cfg_error(cfg, "%s: is set twice", opt->name);
			return -1;
		}
		opt->flags |= FLAG_SEEN;
	}
	*(const char **)result = value;
	return 0;
}

static int accept_checked(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct err err;
	const struct setting_row *row = find_row(opt->name);
	if (row && !setting_check(row, value, &err)) {
		cfg_error(cfg, "%s: %s", opt->name, err.text);
		return -1;
	}
	return accept_text(cfg, opt, value, result);
}

// ---- reading out what was accepted

static void take_rows(cfg_t *cfg, struct settings *settings)
{
	for (size_t i = 0; i < setting_row_count; i++) {
		const struct setting_row *row = &setting_rows[i];
		for (unsigned k = 0; k < cfg_size(cfg, row->name); k++)
			setting_assign(row, cfg_getnstr(cfg, row->name, k), settings, NULL);
	}
}

static char *string_in(cfg_t *section, const char *name)
{
	const char *value = cfg_size(section, name) ? cfg_getstr(section, name) : NULL;
	return value && *value ? xstrdup(value) : NULL;
}

static bool take_source(cfg_t *section, struct settings *settings, struct err *err)
{
	size_t count = settings->source_count + 1;
	settings->sources = xrealloc(settings->sources, count * sizeof *settings->sources);
	struct source_setting *source = &settings->sources[count - 1];
	*source = (struct source_setting){
		.name = xstrdup(cfg_title(section)),
		.path = string_in(section, "path"),
		.dialect = string_in(section, "dialect"),
		.zone = string_in(section, "zone"),
		.format = {.line = string_in(section, "line"),
			   .time = string_in(section, "time"),
			   .in = string_in(section, "in"),
			   .out = string_in(section, "out")},
	};
	settings->source_count = count;
	if (cfg_size(section, "authority"))
		setting_switch.parse(&authority_row, cfg_getstr(section, "authority"),
				     &source->authority, NULL);
	for (unsigned i = 0; i < cfg_size(section, "hosts"); i++)
		string_list_add(&source->hosts, text_of(cfg_getnstr(section, "hosts", i)));
	bool described = source->dialect && !strcmp(source->dialect, "pattern");
	if (described && (!source->format.line || !strstr(source->format.line, "%x")))
		return err_set(err, ERR_USAGE,
			       "line %d: source %.100s: the dialect pattern needs a line that says "
			       "where the stanza is, e.g. line = \"%%t %%d %%s: %%x\"",
			       section->line, source->name);
	if (!described && source->format.line)
		return err_set(err, ERR_USAGE,
			       "line %d: source %.100s: line is for dialect = \"pattern\"",
			       section->line, source->name);
	if (source->path)
		return true;
	return err_set(err, ERR_USAGE, "line %d: source %.100s: path is missing", section->line,
		       source->name);
}

static void add_wrapper(struct realm_settings *rules, const char *name,
			const struct string_list *domains)
{
	size_t count = rules->wrapper_count + 1;
	rules->wrappers = xrealloc(rules->wrappers, count * sizeof *rules->wrappers);
	struct wrapper_feed *wrapper = &rules->wrappers[count - 1];
	*wrapper = (struct wrapper_feed){.feed = xstrdup(name)};
	rules->wrapper_count = count;
	for (size_t i = 0; i < domains->count; i++)
		string_list_add(&wrapper->domains, text_of(domains->items[i]));
}

static bool take_feed(cfg_t *section, struct settings *settings, struct err *err)
{
	size_t count = settings->feed_count + 1;
	settings->feeds = xrealloc(settings->feeds, count * sizeof *settings->feeds);
	struct feed_setting *feed = &settings->feeds[count - 1];
	*feed = (struct feed_setting){.name = xstrdup(cfg_title(section))};
	settings->feed_count = count;
	for (size_t i = 0; i < feed_row_count; i++) {
		const struct setting_row *row = &feed_rows[i];
		void *field = (char *)feed + row->offset;
		if (!cfg_size(section, row->name) && row->preset)
			row->type->parse(row, row->preset, field, NULL);
		for (unsigned k = 0; k < cfg_size(section, row->name); k++)
			row->type->parse(row, cfg_getnstr(section, row->name, k), field, NULL);
	}
	if (feed->domains.count)
		add_wrapper(&settings->rules, feed->name, &feed->domains);
	return feed_check(feed, err) ||
	       err_wrap(err, "line %d: feed %.100s", section->line, feed->name);
}

static bool take_wrapper(cfg_t *section, struct settings *settings, struct err *err)
{
	struct realm_settings *rules = &settings->rules;
	size_t count = rules->wrapper_count + 1;
	rules->wrappers = xrealloc(rules->wrappers, count * sizeof *rules->wrappers);
	struct wrapper_feed *feed = &rules->wrappers[count - 1];
	*feed = (struct wrapper_feed){.feed = xstrdup(cfg_title(section))};
	rules->wrapper_count = count;
	for (unsigned i = 0; i < cfg_size(section, "domains"); i++)
		string_list_add(&feed->domains, text_of(cfg_getnstr(section, "domains", i)));
	if (feed->domains.count)
		return true;
	return err_set(err, ERR_USAGE, "line %d: wrapper_feed %.100s: domains are missing",
		       section->line, feed->feed);
}

static bool take_ack(cfg_t *section, struct settings *settings, struct err *err)
{
	struct realm_settings *rules = &settings->rules;
	size_t count = rules->ack_count + 1;
	rules->acks = xrealloc(rules->acks, count * sizeof *rules->acks);
	struct private_ack *ack = &rules->acks[count - 1];
	*ack = (struct private_ack){.name = xstrdup(cfg_title(section))};
	rules->ack_count = count;
	for (size_t i = 0; i < private_ack_row_count; i++)
		*(char **)((char *)ack + private_ack_rows[i].offset) =
			string_in(section, private_ack_rows[i].name);
	return (private_ack_settle(ack, err) && private_acks_check(rules->acks, count, err)) ||
	       err_wrap(err, "line %d", section->line);
}

typedef bool take_fn(cfg_t *section, struct settings *settings, struct err *err);

static const struct section_kind {
	const char *name;
	take_fn *take;
} section_kinds[] = {{"source", take_source},
		     {"wrapper_feed", take_wrapper},
		     {"ack", take_ack},
		     {"feed", take_feed}};

enum { SECTION_KINDS = sizeof section_kinds / sizeof *section_kinds };

static bool take_sections(cfg_t *cfg, struct settings *settings, struct err *err)
{
	for (size_t i = 0; i < SECTION_KINDS; i++) {
		const struct section_kind *kind = &section_kinds[i];
		for (unsigned k = 0; k < cfg_size(cfg, kind->name); k++) {
			if (!kind->take(cfg_getnsec(cfg, kind->name, k), settings, err))
				return false;
		}
	}
	return true;
}

// The annotation of the file itself or of the section in which reading stopped.
static const char *kept_error(cfg_t *cfg)
{
	for (size_t i = 0; i < SECTION_KINDS; i++) {
		for (unsigned k = 0; k < cfg_size(cfg, section_kinds[i].name); k++) {
			cfg_t *section = cfg_getnsec(cfg, section_kinds[i].name, k);
			if (section->comment)
				return section->comment;
		}
	}
	return cfg->comment ? cfg->comment : "not understood";
}

// ---- the file

// One option per row of a table, with room for more behind.
static cfg_opt_t *text_options(const struct setting_row *rows, size_t count, size_t more)
{
	cfg_opt_t *opts = xcalloc(count + more, sizeof *opts);
	for (size_t i = 0; i < count; i++) {
		const char *name = rows[i].name;
		cfg_opt_t one = CFG_STR_CB(name, NULL, CFGF_NODEFAULT, accept_checked);
		cfg_opt_t list = CFG_STR_LIST_CB(name, NULL, CFGF_NODEFAULT, accept_checked);
		opts[i] = rows[i].type->is_list ? list : one;
	}
	return opts;
}

static cfg_t *new_parser(void)
{
	cfg_opt_t source[] = {
		CFG_STR_CB("path", NULL, CFGF_NODEFAULT, accept_text),
		CFG_STR_CB("dialect", NULL, CFGF_NODEFAULT, accept_text),
		CFG_STR_CB("zone", NULL, CFGF_NODEFAULT, accept_checked),
		CFG_STR_CB("line", NULL, CFGF_NODEFAULT, accept_text),
		CFG_STR_CB("time", NULL, CFGF_NODEFAULT, accept_text),
		CFG_STR_CB("in", NULL, CFGF_NODEFAULT, accept_text),
		CFG_STR_CB("out", NULL, CFGF_NODEFAULT, accept_text),
		CFG_STR_CB("authority", NULL, CFGF_NODEFAULT, accept_checked),
		CFG_STR_LIST_CB("hosts", NULL, CFGF_NODEFAULT, accept_checked),
		CFG_END(),
	};
	cfg_opt_t wrapper[] = {
		CFG_STR_LIST_CB("domains", NULL, CFGF_NODEFAULT, accept_checked),
		CFG_END(),
	};
	cfg_opt_t *ack = text_options(private_ack_rows, private_ack_row_count, 1);
	const cfg_opt_t end = CFG_END();
	ack[private_ack_row_count] = end;
	cfg_opt_t *feed = text_options(feed_rows, feed_row_count, 1);
	feed[feed_row_count] = end;
	const cfg_flag_t section = CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;
	const cfg_opt_t last[] = {
		CFG_SEC("source", source, section),
		CFG_SEC("wrapper_feed", wrapper, section),
		CFG_SEC("ack", ack, section),
		CFG_SEC("feed", feed, section),
		CFG_END(),
	};
	cfg_opt_t *opts = text_options(setting_rows, setting_row_count, sizeof last / sizeof *last);
	memcpy(opts + setting_row_count, last, sizeof last);
	cfg_t *cfg = cfg_init(opts, CFGF_NONE); // copies the options
	free(opts);
	free(ack);
	free(feed);
	return cfg;
}

static bool holds_password(const char *database)
{
	if (strstr(database, "password"))
		return true;
	const char *authority = strstr(database, "://");
	if (!authority)
		return false;
	authority += 3;
	size_t n = strcspn(authority, "/?");
	const char *at = memchr(authority, '@', n);
	return at && memchr(authority, ':', (size_t)(at - authority));
}

// F196. Asked of the open file, so that it is the one that was read.
static bool check_secrecy(FILE *file, const struct settings *settings, struct err *err)
{
	struct stat status;
	if (fstat(fileno(file), &status) != 0)
		return err_set(err, ERR_USAGE, "%s", strerror(errno));
	if ((status.st_mode & S_IRWXO) == 0 || !holds_password(settings->database))
		return true;
	return err_set(
		err, ERR_USAGE,
		"database: holds a password, but the file can be read by others (chmod 600)");
}

static bool parse_file(FILE *file, const char *path, struct settings *settings, struct err *err)
{
	__attribute__((cleanup(cfg_cleanup_))) cfg_t *cfg = new_parser();
	if (!cfg)
		return err_set(err, ERR_INTERNAL, "libconfuse cannot start");
	cfg_set_error_function(cfg, keep_error);
	cfg->filename = xstrdup(path);
	if (cfg_parse_fp(cfg, file) != CFG_SUCCESS)
		return err_set(err, ERR_USAGE, "%s", kept_error(cfg));
	take_rows(cfg, settings);
	return take_sections(cfg, settings, err) && check_secrecy(file, settings, err);
}

bool settings_file_read(const char *path, struct settings *settings, struct err *err)
{
	__attribute__((cleanup(file_cleanup_))) FILE *file = fopen(path, "re");
	struct stat status;
	if (!file || fstat(fileno(file), &status) != 0)
		return err_set(err, ERR_USAGE, "%.200s: %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return err_set(err, ERR_USAGE, "%.200s: %s", path, strerror(EISDIR));
	return parse_file(file, path, settings, err) || err_wrap(err, "%.200s", path);
}
