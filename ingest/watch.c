// SPDX-License-Identifier: Apache-2.0
#include "ingest/watch.h"

#include "core/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TELL_AGAIN (60 * USEC_PER_SEC)
#define TRY_AGAIN (60 * USEC_PER_SEC) // after a limit was reached
enum { EVENT_BYTES = 65536 };

static const uint32_t names_change = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
static const uint32_t folder_goes = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;

struct spot { // names in one folder
	char *folder, *names;
	bool exact; // one name, no pattern
	int wd;     // -1: not watched
};

struct watch {
	struct app *app;
	int fd; // -1: none
	char *events;
	struct spot *spots;
	size_t count, cap;
	const char *limit;    // that was reached; NULL: none
	usec_t try_at;        // not before, after that
	bool missing, remote; // folders that cannot be watched, as the last round found
	bool told_remote;
	int64_t overflows;
	usec_t told_at; // of them
};

// --- why not ---

// EMFILE says "too many" of either kind.
static const char *limit_of_start(int error)
{
	if (error != EMFILE)
		return error == ENFILE ? "fs.file-max" : strerror(error);
	int probe = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (probe < 0)
		return "open files (ulimit -n)";
	close(probe);
	return "fs.inotify.max_user_instances";
}

static const char *limit_of_folder(int error)
{
	return error == ENOSPC ? "fs.inotify.max_user_watches" : NULL;
}

static void tell_limit(struct watch *watch, const char *limit, const char *folder)
{
	if (watch->limit != limit) // static texts
		log_warn(watch->app->log, "files-not-watched", LOG_S("limit", limit),
			 LOG_S("folder", folder),
			 LOG_S("next",
			       "the limit of inotify is reached: files are looked at every 100 ms "
			       "instead, nothing is lost; raise it with sysctl"));
	watch->limit = limit;
	watch->try_at = usec_monotonic() + TRY_AGAIN;
}

// Only what is done on this host is told.
static const char *remote_kind(const char *folder)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} kinds[] = {{0x6969, "nfs"},      {0x517b, "smb"},       {0xff534d42, "cifs"},
		     {0xfe534d42, "smb2"}, {0x65735546, "fuse"},  {0x01021997, "9p"},
		     {0x00c36400, "ceph"}, {0x5346414f, "afs"},   {0x7461636f, "ocfs2"},
		     {0x01161970, "gfs2"}, {0x0bd00bd0, "lustre"}};
	struct statfs st;

	if (statfs(folder, &st))
		return NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].magic == (unsigned long)st.f_type)
			return kinds[i].name;
	return NULL;
}

static bool is_remote(struct watch *watch, const char *folder)
{
	const char *kind = remote_kind(folder);

	if (kind && !watch->told_remote)
		log_info(
			watch->app->log, "folder-not-watched", LOG_S("folder", folder),
			LOG_S("filesystem", kind),
			LOG_S("next",
			      "other hosts may write there: its files are looked at every 100 ms"));
	watch->told_remote = watch->told_remote || kind;
	watch->remote = watch->remote || kind;
	return kind != NULL;
}

// --- folders ---

struct watch *watch_new(struct app *app)
{
	struct watch *watch = xcalloc(1, sizeof *watch);

	watch->app = app;
	watch->fd = -1;
	watch->events = xcalloc(1, EVENT_BYTES); // aligned for anything
	return watch;
}

static void stop_watching(struct watch *watch)
{
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = -1;
	for (size_t i = 0; i < watch->count; i++)
		watch->spots[i].wd = -1;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	stop_watching(watch);
	for (size_t i = 0; i < watch->count; i++) {
		free(watch->spots[i].folder);
		free(watch->spots[i].names);
	}
	free(watch->spots);
	free(watch->events);
	free(watch);
}

static bool is_started(struct watch *watch)
{
	if (watch->fd >= 0)
		return true;
	if (watch->limit && usec_monotonic() < watch->try_at)
		return false;
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		tell_limit(watch, limit_of_start(errno), NULL);
	return watch->fd >= 0;
}

// One reached limit ends all watching: there is nothing to be won by watching a part.
static void watch_spot(struct watch *watch, struct spot *spot)
{
	if (spot->wd >= 0 || !is_started(watch) || is_remote(watch, spot->folder))
		return;
	spot->wd = inotify_add_watch(watch->fd, spot->folder,
				     IN_MODIFY | IN_ATTRIB | names_change | IN_DELETE_SELF |
					     IN_MOVE_SELF | IN_ONLYDIR);
	if (spot->wd >= 0)
		return;
	const char *limit = limit_of_folder(errno);
	watch->missing = watch->missing || !limit;
	if (!limit)
		return;
	tell_limit(watch, limit, spot->folder);
	stop_watching(watch);
}

static void add_spot(struct watch *watch, struct text folder, const char *names, bool exact)
{
	for (size_t i = 0; i < watch->count; i++) {
		struct spot *spot = &watch->spots[i];
		if (text_is(folder, spot->folder) && !strcmp(spot->names, names)) {
			watch_spot(watch, spot);
			return;
		}
	}
	if (watch->count == watch->cap) {
		watch->cap = watch->cap ? watch->cap * 2 : 8;
		watch->spots = xrealloc(watch->spots, watch->cap * sizeof *watch->spots);
	}
	char *copy = xcalloc(1, folder.n + 1);
	if (folder.p)
		memcpy(copy, folder.p, folder.n);
	watch->spots[watch->count] = (struct spot){copy, xstrdup(names), exact, -1};
	watch_spot(watch, &watch->spots[watch->count++]);
}

// "/var/log/x" is x in /var/log; "x" is x in ".".
static struct text folder_of(const char *path, const char **names)
{
	const char *slash = strrchr(path, '/');

	*names = slash ? slash + 1 : path;
	if (!slash)
		return TEXT(".");
	return slash == path ? TEXT("/") : (struct text){path, (size_t)(slash - path)};
}

void watch_begin(struct watch *watch)
{
	watch->missing = watch->remote = false;
}

void watch_pattern(struct watch *watch, const char *pattern)
{
	const char *names;
	struct text folder = folder_of(pattern, &names);
	char *folders = xcalloc(1, folder.n + 1);
	glob_t found;

	memcpy(folders, folder.p, folder.n);
	if (!glob(folders, GLOB_NOCHECK, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			add_spot(watch, text_of(found.gl_pathv[i]), names, false);
		globfree(&found);
	}
	free(folders);
}

void watch_target(struct watch *watch, const char *path)
{
	const char *name;
	struct stat st;
	char *real = !lstat(path, &st) && S_ISLNK(st.st_mode) ? realpath(path, NULL) : NULL;

	if (real && strcmp(real, path) != 0) {
		struct text folder = folder_of(real, &name);
		add_spot(watch, folder, name, true);
	}
	free(real);
}

bool watch_works(const struct watch *watch)
{
	return watch->fd >= 0 && !watch->missing && !watch->remote;
}

// --- news ---

static enum watch_news lost_folder(struct watch *watch, int wd)
{
	bool ours = false;

	for (size_t i = 0; i < watch->count; i++) {
		if (watch->spots[i].wd != wd)
			continue;
		watch->spots[i].wd = -1; // another one may be made under its name (F15)
		ours = true;
	}
	if (ours)
		inotify_rm_watch(watch->fd, wd); // a renamed one is watched still
	return ours ? WATCH_NAMES : WATCH_NOTHING;
}

static bool is_ours(const struct watch *watch, const struct inotify_event *event)
{
	for (size_t i = 0; i < watch->count; i++) {
		const struct spot *spot = &watch->spots[i];
		if (spot->wd == event->wd &&
		    (spot->exact ? !strcmp(spot->names, event->name)
				 : !fnmatch(spot->names, event->name, FNM_PERIOD)))
			return true;
	}
	return false;
}

static void tell_overflow(struct watch *watch)
{
	usec_t now = usec_monotonic();

	watch->overflows++;
	if (watch->overflows > 1 && now - watch->told_at < TELL_AGAIN)
		return;
	log_warn(watch->app->log, "watch-overflow", LOG_I("times", watch->overflows),
		 LOG_S("limit", "fs.inotify.max_queued_events"),
		 LOG_S("next", "all files are looked for and looked at, nothing is lost"));
	watch->told_at = now;
}

static enum watch_news news_of(struct watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW) {
		tell_overflow(watch);
		return WATCH_NAMES;
	}
	if (event->mask & folder_goes)
		return lost_folder(watch, event->wd);
	if (!event->len || !is_ours(watch, event))
		return WATCH_NOTHING;
	return event->mask & names_change ? WATCH_NAMES : WATCH_WRITTEN;
}

static enum watch_news read_news(struct watch *watch)
{
	enum watch_news news = WATCH_NOTHING;

	while (watch->fd >= 0) {
		ssize_t got = read(watch->fd, watch->events, EVENT_BYTES);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		for (const char *at = watch->events; at < watch->events + got;) {
			const struct inotify_event *event = (const void *)at;
			enum watch_news one = news_of(watch, event);
			news = one > news ? one : news;
			at += sizeof *event + event->len;
		}
	}
	return news;
}

enum watch_news watch_wait(struct watch *watch, usec_t most)
{
	usec_t end = usec_monotonic() + most;
	enum watch_news news = read_news(watch);

	while (news == WATCH_NOTHING && !*watch->app->stop) {
		usec_t left = end - usec_monotonic();
		if (left <= 0)
			break;
		struct pollfd fd = {.fd = watch->fd, .events = POLLIN}; // -1: only time passes
		if (poll(&fd, 1, (int)((left + 999) / 1000)) < 0 && errno != EINTR)
			break;
		news = read_news(watch);
	}
	return news;
}

const char *watch_check(const struct app *app)
{
	struct app quiet = *app;
	quiet.log = NULL;
	struct watch *watch = watch_new(&quiet);
	for (size_t i = 0; i < app->settings->source_count; i++)
		watch_pattern(watch, app->settings->sources[i].path);
	const char *limit = watch->limit;
	watch_free(watch);
	return limit;
}
