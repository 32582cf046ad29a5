// SPDX-License-Identifier: Apache-2.0
// One configured source: can its newest file be read, what is it, does it hold stanzas, what is wrong?
#include "ingest/doctor.h"

#include "core/arena.h"
#include "ingest/look.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_LIMIT (UINT64_C(16) << 20)

static usec_t written_at(const char *path)
{
	struct stat st;
	return stat(path, &st) ? USEC_NONE : (usec_t)st.st_mtim.tv_sec * USEC_PER_SEC;
}

static char *newest(const glob_t *found)
{
	const char *best = found->gl_pathv[0];
	for (size_t i = 1; i < found->gl_pathc; i++)
		if (written_at(found->gl_pathv[i]) > written_at(best))
			best = found->gl_pathv[i];
	return xstrdup(best);
}

static bool can_read(struct doctor *doctor, const char *path)
{
	struct stat st;
	if (stat(path, &st) || access(path, R_OK)) {
		doctor_say(doctor, DOCTOR_BAD, "%s: %s. Let the user that runs receiptd read it%s",
			   path, strerror(errno),
			   errno == EACCES ? " (on Debian often: group adm)" : "");
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		doctor_say(doctor, DOCTOR_BAD, "%s is not a regular file", path);
		return false;
	}
	if (!st.st_size)
		doctor_say(doctor, DOCTOR_NOTE, "%s is empty so far", path);
	return st.st_size > 0;
}

static uint64_t stanzas_of(const struct look *look)
{
	uint64_t count = 0;
	for (int dir = 0; dir < DIR_COUNT; dir++)
		count += look->stanzas[dir];
	return count;
}

static void say_counts(struct doctor *doctor, const struct look_count *counts, const char *what)
{
	for (size_t i = 0; i < LOOK_KINDS && counts[i].what; i++)
		doctor_say(doctor, DOCTOR_WARN, "%s: %" PRIu64 " x %s, first at byte %" PRIu64,
			   what, counts[i].count, counts[i].what, counts[i].first);
}

static void say_look(struct doctor *doctor, const char *path, const struct look *look)
{
	uint64_t count = stanzas_of(look);
	doctor_say(doctor, count ? DOCTOR_OK : DOCTOR_WARN, "%s: %s, %" PRIu64 " stanzas in %s%s",
		   path, look->dialect->name, count, look->whole ? "it" : "its first 16 MB",
		   count ? "" : ": is the server told to log stanzas? See docs/formats.md");
	if (look->zone_assumed)
		doctor_say(doctor, DOCTOR_NOTE,
			   "stamps that name no time zone are taken to be in %s, the system's. Set "
			   "zone of this source if the server's is another",
			   zone_name(look->zone));
	if (look->no_time && look->dialect->timeless)
		doctor_say(doctor, DOCTOR_NOTE,
			   "its lines bear no time: they count from when they are read, older ones "
			   "are a gap. A log with times is better");
	if (look->no_session * 10 > count)
		doctor_say(doctor, DOCTOR_WARN,
			   "%" PRIu64
			   " stanzas of sessions whose beginning is not in the log: their "
			   "users are not known",
			   look->no_session);
	if (!look->muc_domains.count && !doctor->app->settings->rules.muc_domains.count)
		doctor_say(doctor, DOCTOR_NOTE,
			   "no group chat service seen. If there is one, name it in muc_domains");
	say_counts(doctor, look->unread, "not readable");
	say_counts(doctor, look->gaps, "gap");
}

static void look_inside(struct doctor *doctor, const struct source_setting *source,
			const char *path)
{
	struct look look;
	struct err err = {0};
	struct look_options options = {.dialect = source->dialect,
				       .zone = source->zone,
				       .format = &source->format,
				       .rules = &doctor->app->settings->rules,
				       .limit = LOOK_LIMIT};
	if (look_at(path, &options, &look, &err))
		say_look(doctor, path, &look);
	else
		doctor_say(doctor, DOCTOR_BAD, "%s", err.text);
	look_free(&look);
}

void doctor_source(struct doctor *doctor, const struct source_setting *source)
{
	glob_t found;
	if (glob(source->path, 0, NULL, &found)) {
		doctor_say(doctor, DOCTOR_BAD, "no file matches %s: is the path right?",
			   source->path);
		return;
	}
	char *path = newest(&found);
	if (found.gl_pathc > 1)
		doctor_say(doctor, DOCTOR_OK, "%zu files; looked at the newest", found.gl_pathc);
	globfree(&found);
	if (can_read(doctor, path))
		look_inside(doctor, source, path);
	doctor_rotation(doctor, source);
	free(path);
}
