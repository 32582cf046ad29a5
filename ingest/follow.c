// SPDX-License-Identifier: Apache-2.0
#include "ingest/follow_internal.h"

#include "core/arena.h"
#include "core/watchdog.h"
#include "ingest/assume.h"
#include "ingest/health.h"
#include "ingest/own_files.h"
#include "ingest/spool.h"

#include <stdlib.h>
#include <time.h>

#define POLL (100 * INT64_C(1000)) // how often an idle file is looked at that is not watched
#define PAUSE (20 * INT64_C(1000)) // between two looks, whatever is told of changes
#define LOOK_ANYWAY USEC_PER_SEC   // at what is watched, too
#define SETTLE (USEC_PER_SEC / 5)  // settling between two looks at the files, at most
#define SETTLE_LEAST (USEC_PER_SEC / 50)
#define SETTLE_PAUSE USEC_PER_SEC    // between two turns of it while records wait
#define SETTLE_AGAIN USEC_PER_SEC    // when nothing waited: others may have stored something
#define HEARTBEAT (5 * USEC_PER_SEC) // how often "nothing came" is written down
#define SWEEP (USEC_PER_SEC / 2)     // how often spools are looked at
#define WARN_AGAIN (60 * USEC_PER_SEC)
#define BACKOFF_MOST (5 * USEC_PER_SEC)
#define LOOK_AGAIN (5 * USEC_PER_SEC)
enum {
	LOOK_LIMIT = 32 << 20,
	EARLY_EVENTS = 10000, // are stored at once when nothing else is to be read
	POLL_FILES = 200 // for each so many files the pause between two looks is one POLL longer
};

static void rest(usec_t usec)
{
	struct timespec pause = {usec / USEC_PER_SEC, (usec % USEC_PER_SEC) * 1000};
	if (usec > 0)
		nanosleep(&pause, NULL);
}

static usec_t earlier(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

// Nothing more can be read: until something was written, or something is due.
static void wait_for_news(struct follow *follow)
{
	usec_t now = usec_monotonic(), due = batcher_due_at(follow->batcher);
	usec_t files = (usec_t)(1 + follow->count / POLL_FILES);
	usec_t most = follow->beat_at + HEARTBEAT - now;

	if (due != USEC_NONE)
		most = earlier(most, due - now);
	if (follow->names_changed)
		most = earlier(most, follow->scanned_at + follow->scan_pause - now);
	if (!watch_works(follow->watch)) {
		rest(earlier(most, POLL * files));
		return;
	}
	most = earlier(most, LOOK_ANYWAY * files);
	rest(earlier(most, PAUSE * files));
	enum watch_news news = watch_wait(follow->watch, most - PAUSE * files);
	follow->names_changed = follow->names_changed || news == WATCH_NAMES;
}

// When all that can be opened is open and read: what is not there?
static bool note_missing(struct follow *follow, struct err *err)
{
	const struct settings *settings = follow->app->settings;
	struct string_list names = {0};
	int64_t missing = 0;

	if (usec_monotonic() - follow->begun_at < HEARTBEAT)
		return true; // a rotation that is going on (F5)
	for (size_t i = 0; i < follow->count; i++)
		if (tail_is_there(follow->tails[i]) &&
		    !tail_is_read_by(follow->tails[i], follow->tails, follow->count))
			return true;
	size_t count = 0;
	int32_t *open = xcalloc(follow->count + 1, sizeof(*open));
	for (size_t i = 0; i < follow->count; i++)
		if (tail_is_followed(follow->tails[i]))
			open[count++] = tail_generation(follow->tails[i]);
	for (size_t i = 0; i < settings->source_count; i++)
		string_list_add(&names, text_of(settings->sources[i].name));
	bool ok = store_missing(follow->store, batcher_realm(follow->batcher), &names, open, count,
				&missing, err);
	if (missing)
		log_warn(follow->app->log, "file-gone", LOG_I("files", missing),
			 LOG_S("next", "what was not read of them is a gap; a pattern that matches "
				       "rotated files lets them be read"));
	string_list_free(&names);
	free(open);
	return ok;
}

// What the database has of a feed need not stay on the disk.
static bool sweep_spools(struct follow *follow, struct err *err)
{
	if (usec_monotonic() - follow->swept_at < SWEEP)
		return true;
	follow->swept_at = usec_monotonic();
	feeds_leave_segments(follow->feeds);
	for (size_t i = follow->count; i-- > 0;) {
		struct tail *tail = follow->tails[i];
		if (!source_is_spool(tail_setting(tail)) || tail_idle_since(tail) == USEC_NONE ||
		    !spool_is_left(tail_path(tail)))
			continue;
		if (!follow_finish(follow, tail, err))
			return false;
		spool_remove(tail_path(tail));
		tail_free(tail);
		follow->count--;
		memmove(&follow->tails[i], &follow->tails[i + 1],
			(follow->count - i) * sizeof(struct tail *));
	}
	return true;
}

static bool heartbeat(struct follow *follow, bool more, struct err *err)
{
	usec_t since = usec_monotonic() - follow->beat_at;
	if (since < HEARTBEAT || (batcher_is_storing(follow->batcher) && since < 2 * HEARTBEAT))
		return true;
	if (feeds_broken(follow->feeds, err))
		return false;
	follow->beat_at += since;
	usec_t now = usec_now(), patience = follow->app->settings->silence;
	bool noted = false;
	for (size_t i = 0; i < follow->count; i++) {
		struct stream *stream = tail_stream(follow->tails[i]);
		if (!stream)
			continue;
		if (follow_hears(follow, follow->tails[i]))
			stream_touch(stream);
		if (!stream_is_silent(stream, now, patience))
			continue;
		stream_note_silence(stream);
		noted = true;
	}
	// What waits says so itself, soon; but that a source is silent is shown together with its gap.
	// What a dialect learnt waits for no time of its own.
	bool fine = noted || !batcher_events(follow->batcher) ? follow_flush(follow, err)
							      : batcher_wait(follow->batcher, err);
	return fine && (more || note_missing(follow, err)) &&
	       health_write(follow->app, follow->feeds, follow->store,
			    batcher_realm(follow->batcher), follow->tails, follow->count, err);
}

// Between two batches, for as long as none is due.
static bool settle(struct follow *follow, struct err *err)
{
	struct settle_result settled;
	usec_t now = usec_monotonic(), due = batcher_due_at(follow->batcher), budget = SETTLE;

	if (due != USEC_NONE)
		budget = earlier(budget, due - now > SETTLE_LEAST ? due - now : SETTLE_LEAST);
	if (!batcher_settle(follow->batcher, budget, &settled, err))
		return false;
	follow->settled_at = settled.empty ? now : USEC_NONE;
	follow->settle_from = usec_monotonic() + SETTLE_PAUSE;
	return true;
}

static bool may_wait_to_be_settled(const struct follow *follow)
{
	return follow->settled_at == USEC_NONE ||
	       usec_monotonic() - follow->settled_at > SETTLE_AGAIN;
}

// What was read is stored when its time has come, or sooner when it is much: a busy log is stored in many small
// batches instead of few that take long. Meanwhile the files are read. Settling has a turn every second, however
// busy they are, and all the time that is left.
static bool store_or_settle(struct follow *follow, bool more, struct err *err)
{
	uint64_t events = batcher_events(follow->batcher);
	bool due = batcher_is_due(follow->batcher, true) || (!more && events >= EARLY_EVENTS);
	bool unsettled = !more && may_wait_to_be_settled(follow);

	if (batcher_is_storing(follow->batcher)) {
		if (!more)
			rest(PAUSE);
		return true;
	}
	if (unsettled && (!events || usec_monotonic() >= follow->settle_from))
		return settle(follow, err);
	if (due)
		return follow_store(follow, err);
	if (!more)
		wait_for_news(follow);
	return true;
}

static bool learn(struct follow *follow, struct err *err);

static bool step(struct follow *follow, struct err *err)
{
	bool more;

	watchdog_moves(follow->app->watchdog);
	if (!learn(follow, err))
		return false;
	if (!follow->batcher)
		return true; // rewound
	if (!follow_read(follow, &more, err))
		return false;
	if (!sweep_spools(follow, err) || !heartbeat(follow, more, err))
		return false;
	return store_or_settle(follow, more, err);
}

static void rewind_all(struct follow *follow)
{
	for (size_t i = 0; i < follow->count; i++)
		tail_rewind(follow->tails[i]);
	if (follow->batcher)
		follow->care = batcher_care(follow->batcher);
	batcher_close(follow->batcher);
	follow->batcher = NULL;
}

static bool open_database(struct follow *follow, struct err *err)
{
	if (follow->store && !store_reconnect(follow->store, err))
		return false;
	if (!follow->store && !store_open(follow->app, STORE_INGEST, &follow->store, err))
		return false;
	if (!assume_known(follow->app, follow->store, follow->app->settings->realm, &follow->rules,
			  err))
		return false;
	if (!batcher_open(follow->app, follow->store, follow->app->settings->realm, &follow->rules,
			  &follow->batcher, err))
		return false;
	batcher_be_careful(follow->batcher, follow->care);
	return true;
}

static bool can_wait(const struct err *err)
{
	return err->kind == ERR_DATABASE;
}

static void warn(struct follow *follow, const struct err *err)
{
	bool lost = !follow->store || !store_alive(follow->store);

	if (follow->warned_at != USEC_NONE &&
	    !strncmp(err->text, follow->warned, sizeof follow->warned) &&
	    usec_monotonic() - follow->warned_at < WARN_AGAIN) {
		follow->unsaid++;
		return;
	}
	log_warn(follow->app->log, lost ? "database-lost" : "batch-not-stored",
		 LOG_S("error", err->text), LOG_I("retry_ms", follow->backoff / 1000),
		 LOG_I("unsaid", follow->unsaid),
		 LOG_S("next", "what the database does not have is read again"));
	follow->warned_at = usec_monotonic();
	memcpy(follow->warned, err->text, sizeof follow->warned);
	follow->unsaid = 0;
}

// F14: a deleted file that cannot be stored is held, but not the whole disk. What is let go is told as
// "gone before it was read" when the database is back.
static void limit_held(struct follow *follow)
{
	int64_t left = follow->app->settings->hold_deleted;

	for (size_t i = 0; i < follow->count && left; i++) {
		struct tail *tail = follow->tails[i];
		int64_t held = (int64_t)tail_held(tail);
		if (held < left) {
			left -= held;
			continue;
		}
		log_warn(follow->app->log, "deleted-file-let-go", LOG_S("file", tail_path(tail)),
			 LOG_I("bytes", held),
			 LOG_S("next",
			       "hold_deleted is reached: what was not stored of it is a gap"));
		tail_release(tail);
	}
}

static void wait_for_database(struct follow *follow, const struct err *err)
{
	follow->backoff = follow->backoff ? follow->backoff * 2 : USEC_PER_SEC / 5;
	if (follow->backoff > BACKOFF_MOST)
		follow->backoff = BACKOFF_MOST;
	warn(follow, err);
	limit_held(follow);
	for (usec_t left = follow->backoff; left > 0 && !*follow->app->stop; left -= POLL) {
		watchdog_moves(follow->app->watchdog);
		rest(POLL);
	}
}

static size_t known(const struct realm_settings *rules)
{
	return rules->muc_domains.count + rules->hosts.count;
}

// What a file shows of hosts and MUC domains decides how its lines are judged (M6, M7), so each file is
// looked at before it is read; again, ever more rarely, while no MUC domain is known.
static void look_at_file(struct follow *follow, const struct tail *tail)
{
	const struct source_setting *source = tail_setting(tail);
	struct look_options options = {.dialect = source->dialect,
				       .zone = source->zone,
				       .format = &source->format,
				       .rules = &follow->rules,
				       .limit = LOOK_LIMIT};
	struct look look;

	if (look_at(tail_path(tail), &options, &look, NULL))
		assume_rules(follow->app, tail_path(tail), &look, &follow->rules);
	look_free(&look);
}

static bool learn(struct follow *follow, struct err *err)
{
	size_t before = known(&follow->rules);
	bool again = !follow->rules.muc_domains.count && usec_monotonic() >= follow->look_at;

	for (size_t i = 0; i < follow->count; i++)
		if (again || tail_is_waiting(follow->tails[i]))
			look_at_file(follow, follow->tails[i]);
	if (again) {
		follow->look_pause = follow->look_pause ? follow->look_pause * 2 : LOOK_AGAIN;
		follow->look_at = usec_monotonic() + follow->look_pause;
	}
	if (known(&follow->rules) == before)
		return true;
	if (!follow_flush(follow, err))
		return false;
	rewind_all(follow); // the next round opens the realm with the new rules
	return true;
}

// F160: a dialect that does not exist is not waited for.
static bool check_dialects(const struct app *app, struct err *err)
{
	for (size_t i = 0; i < app->settings->source_count; i++) {
		const struct source_setting *source = &app->settings->sources[i];
		if (source->dialect && !dialect_by_name(text_of(source->dialect)))
			return err_set(err, ERR_USAGE, "source %s: unknown dialect \"%s\"",
				       source->name, source->dialect);
	}
	return true;
}

bool follow_run(struct app *app, struct feeds *feeds, struct err *err)
{
	struct follow follow = {.app = app,
				.feeds = feeds,
				.warned_at = USEC_NONE,
				.begun_at = usec_monotonic(),
				.settled_at = USEC_NONE,
				.open_max = follow_most_files()};

	realm_settings_copy(&follow.rules, &app->settings->rules);
	follow.watch = watch_new(app);
	follow_scan(&follow);
	bool ok = check_dialects(app, err) && own_files_check(app->settings, err);
	while (ok && !*app->stop) {
		if (!follow.batcher)
			ok = open_database(&follow, err);
		while (ok && follow.batcher && !*app->stop)
			ok = step(&follow, err);
		if (ok && follow.batcher)
			ok = follow_flush(&follow, err); // TERM: what was read is stored
		if (!ok && can_wait(err)) {
			rewind_all(&follow);
			wait_for_database(&follow, err);
			ok = true;
		}
	}
	rewind_all(&follow);
	watch_free(follow.watch);
	for (size_t i = 0; i < follow.count; i++)
		tail_free(follow.tails[i]);
	free(follow.tails);
	free(follow.streams);
	realm_settings_free(&follow.rules);
	store_close(follow.store);
	return ok;
}
