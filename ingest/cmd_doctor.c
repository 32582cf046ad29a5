// SPDX-License-Identifier: Apache-2.0
// receiptd doctor: looks at what is configured and says in plain words what is wrong.
#include "ingest/doctor.h"
#include "ingest/ingest.h"
#include "ingest/watch.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static const char help[] =
	"usage: receiptd doctor\n"
	"\n"
	"Looks at the configured sources and at the database, and says what is wrong and what to change:\n"
	"files that cannot be read, logs without stanzas, rotation that loses lines, sources that are\n"
	"behind or silent. Nothing is changed or stored.\n"
	"\n"
	"Exit status: 0 nothing is wrong (there may be warnings), 3 something is, 4 no database.\n";

void doctor_title(struct doctor *doctor, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(doctor->out, format, args);
	va_end(args);
	fputc('\n', doctor->out);
}

void doctor_say(struct doctor *doctor, enum doctor_level level, const char *format, ...)
{
	static const char *const names[DOCTOR_LEVELS] = {"ok", "note", "warn", "bad"};
	va_list args;
	doctor->said[level]++;
	fprintf(doctor->out, "  %-5s ", names[level]);
	va_start(args, format);
	vfprintf(doctor->out, format, args);
	va_end(args);
	fputc('\n', doctor->out);
}

// --- what the database knows ---

static bool each_source(void *self, const struct source_state *source)
{
	struct doctor *doctor = self;
	uint64_t lag = source->size > source->read_bytes ? source->size - source->read_bytes : 0;
	char gone[USEC_TEXT];
	if (!source->live || !source->state.p)
		return true;
	bool fine = text_is(source->state, "following") || text_is(source->state, "behind");
	doctor_say(doctor, fine ? DOCTOR_OK : DOCTOR_BAD, "%.*s: %.*s%s%.*s", (int)source->name.n,
		   source->name.p, (int)source->state.n, source->state.p,
		   source->note.p ? ": " : "", (int)source->note.n,
		   source->note.p ? source->note.p : "");
	if (lag)
		doctor_say(doctor, DOCTOR_NOTE, "%.*s: %" PRIu64 " bytes are not read yet",
			   (int)source->name.n, source->name.p, lag);
	if (source->gone_at != USEC_NONE)
		doctor_say(doctor, DOCTOR_WARN, "%.*s: unread lines are rotated away about %s",
			   (int)source->name.n, source->name.p,
			   usec_format(source->gone_at, 0, gone));
	if (source->gaps || source->quarantined)
		doctor_say(doctor, DOCTOR_NOTE, "%.*s: %" PRId64 " gaps, %" PRId64 " in quarantine",
			   (int)source->name.n, source->name.p, source->gaps, source->quarantined);
	return true;
}

static bool look_at_database(struct app *app, struct doctor *doctor, struct err *err)
{
	struct store *store = NULL;
	struct realm realm;
	struct realm_settings rules = {0};
	struct err unknown = {0};
	if (!store_open(app, STORE_READ, &store, err))
		return false;
	doctor_say(doctor, DOCTOR_OK, "the database answers and has this program's schema");
	bool ok = true;
	if (store_realm_rules(store, app->settings->realm, &realm, &rules, &unknown)) {
		realm_settings_free(&rules);
		ok = store_sources(store, realm.id, doctor, each_source, err) &&
		     doctor_reports(doctor, store, realm.id, err);
	} else {
		doctor_say(doctor, DOCTOR_NOTE, "nothing was stored in realm %s yet",
			   app->settings->realm);
	}
	store_close(store);
	return ok;
}

int cmd_doctor(struct app *app, int argc, char **argv)
{
	struct doctor doctor = {.app = app, .out = stdout};
	struct err err = {0};
	if (argc > 1) {
		bool asked = !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h");
		fputs(help, asked ? stdout : stderr);
		return asked ? ERR_NONE : ERR_USAGE;
	}
	if (!app->settings->source_count)
		doctor_title(&doctor, "no source is configured: receiptd --sample prints a sample "
				      "file, receiptd explain FILE looks at one log");
	for (size_t i = 0; i < app->settings->source_count; i++) {
		const struct source_setting *source = &app->settings->sources[i];
		doctor_title(&doctor, "source %s: %s", source->name, source->path);
		doctor_source(&doctor, source);
	}
	const char *limit = watch_check(app);
	if (limit)
		doctor_say(
			&doctor, DOCTOR_WARN,
			"the limit %s is reached: files cannot be watched and are looked at every "
			"100 ms instead; nothing is lost, but raise it (sysctl -w)",
			limit);
	doctor_title(&doctor, "database");
	if (!look_at_database(app, &doctor, &err)) {
		doctor_say(&doctor, DOCTOR_BAD, "%s", err.text);
		return (int)err.kind;
	}
	return doctor.said[DOCTOR_BAD] ? ERR_DIFFERS : ERR_NONE;
}
