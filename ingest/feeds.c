// SPDX-License-Identifier: Apache-2.0
#include "ingest/feeds.h"

#include "ingest/webhook.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEARD (10 * USEC_PER_SEC) // a sender of empty deliveries sends one more often

enum { SECRET_MOST = 1024 };

struct feed {
	const struct feed_setting *setting;
	struct spool *spool;
	struct component *component; // of a feed of that kind, once all are open
	char secret[SECRET_MOST];    // without the newline at its end; "" = none
	atomic_llong heard_at;       // monotonic, of a webhook; 0 = never
	atomic_llong ahead;          // its newest item's time, against ours
};

struct feeds {
	struct app *app;
	struct feed *list;
	size_t count;
	struct feed_sink sink;
};

// ---- opening

static bool read_secret(const char *path, char secret[SECRET_MOST], struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 && fstat(fd, &st) == 0 ? read(fd, secret, SECRET_MOST - 1) : -1;
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return err_set(err, ERR_USAGE, "secret_file %.300s: %s", path, strerror(why));
	if (st.st_mode & (S_IROTH | S_IWOTH))
		return err_set(err, ERR_USAGE,
			       "secret_file %.300s: can be read by others (chmod 600)", path);
	while (n > 0 && strchr(" \t\r\n", secret[n - 1]))
		n--;
	secret[n] = '\0';
	return n >= 8 ||
	       err_set(err, ERR_USAGE,
		       "secret_file %.300s: a secret of at least 8 characters is needed", path);
}

static bool open_one(struct feeds *feeds, struct feed *feed, struct err *err)
{
	const struct settings *settings = feeds->app->settings;
	char dir[4096], pattern[4200];
	if (feed->setting->secret_file &&
	    !read_secret(feed->setting->secret_file, feed->secret, err))
		return err_wrap(err, "feed %.100s", feed->setting->name);
	snprintf(dir, sizeof dir, "%.3900s/spool/%.100s", settings->data_dir, feed->setting->name);
	snprintf(pattern, sizeof pattern, "%s" SPOOL_PATTERN, dir);
	struct spool_options options = {.dir = dir,
					.limit = settings->spool_limit,
					.veil = settings->bodies != BODIES_FULL,
					.log = feeds->app->log};
	if (!spool_open(&options, &feed->spool, err))
		return err_wrap(err, "feed %.100s", feed->setting->name);
	settings_add_spool(feeds->app->settings, feed->setting, pattern);
	return true;
}

static bool start_component(struct feeds *feeds, struct feed *feed, struct err *err)
{
	const struct feed_setting *setting = feed->setting;
	if (setting->kind != FEED_COMPONENT)
		return true;
	return component_start(&(struct component_options){.name = setting->name,
							   .host = setting->host,
							   .port = setting->port,
							   .domain = setting->domain,
							   .server = setting->domains.items[0],
							   .secret = text_of(feed->secret),
							   .tls = setting->tls,
							   .spool = feed->spool,
							   .log = feeds->app->log,
							   .rules = &feeds->app->settings->rules},
			       &feed->component, err);
}

// ---- the sink

// Which webhook is meant; absent name: the only one.
static struct feed *webhook_of(struct feeds *feeds, struct text name)
{
	struct feed *found = NULL;
	for (size_t i = 0; i < feeds->count; i++) {
		struct feed *feed = &feeds->list[i];
		if (feed->setting->kind != FEED_WEBHOOK ||
		    (name.p && !text_is(name, feed->setting->name)))
			continue;
		if (found)
			return NULL;
		found = feed;
	}
	return found;
}

static bool knows_bearer(void *self, struct text name, struct text bearer)
{
	const struct feed *feed = webhook_of(self, name);
	size_t n = feed ? strlen(feed->secret) : 0;
	return n && bearer.n == n && CRYPTO_memcmp(bearer.p, feed->secret, n) == 0;
}

static bool knows_signature(void *self, struct text name, const struct feed_signature *signature)
{
	const struct feed *feed = webhook_of(self, name);
	return feed && webhook_signed(signature, text_of(feed->secret));
}

static usec_t newest(const struct webhook_batch *batch)
{
	usec_t at = batch->items[0].at;
	for (size_t i = 1; i < batch->count; i++)
		at = batch->items[i].at > at ? batch->items[i].at : at;
	return at;
}

static enum feed_status put(struct feed *feed, const struct feed_delivery *delivery,
			    const struct webhook_batch *batch, struct feed_answer *answer)
{
	static const enum feed_status statuses[] = {[SPOOL_DONE] = FEED_TAKEN,
						    [SPOOL_FULL] = FEED_BUSY,
						    [SPOOL_LARGE] = FEED_LARGE,
						    [SPOOL_FAILED] = FEED_BROKEN};
	struct spool_delivery put = {.id = delivery->id,
				     .stream = delivery->stream,
				     .items = batch->items,
				     .count = batch->count};
	struct spool_outcome outcome;
	enum spool_result result = spool_deliver(feed->spool, &put, &outcome, &answer->err);
	if (result == SPOOL_DONE && batch->count)
		atomic_store(&feed->ahead, newest(batch) - delivery->now);
	bool again = outcome.duplicates == batch->count;
	answer->duplicates = outcome.duplicates;
	answer->quarantined = again ? 0 : batch->quarantined;
	answer->accepted = batch->count - answer->duplicates - answer->quarantined;
	return statuses[result];
}

// An empty delivery says that nothing waits. One of old items says that more of them may follow.
static bool is_current(const struct webhook_batch *batch, usec_t now)
{
	return !batch->count || newest(batch) > now - HEARD;
}

static enum feed_status take(void *self, const struct feed_delivery *delivery,
			     struct feed_answer *answer)
{
	struct feed *feed = webhook_of(self, delivery->feed);
	struct webhook_batch batch = {0};
	if (!feed)
		return FEED_UNKNOWN;
	struct arena *arena = arena_new();
	enum feed_status status = webhook_read(delivery, arena, &batch, answer);
	if (status == FEED_TAKEN)
		status = put(feed, delivery, &batch, answer);
	if (status == FEED_TAKEN)
		atomic_store(&feed->heard_at,
			     is_current(&batch, delivery->now) ? usec_monotonic() : 0);
	arena_free(arena);
	return status;
}

const struct feed_sink *feeds_sink(struct feeds *feeds)
{
	return &feeds->sink;
}

bool feeds_component(struct feeds *feeds, const char *source, struct component_state *state)
{
	for (size_t i = 0; feeds && i < feeds->count; i++) {
		const struct feed *feed = &feeds->list[i];
		if (!feed->component || strcmp(feed->setting->name, source) != 0)
			continue;
		component_state(feed->component, state);
		return true;
	}
	return false;
}

bool feeds_heard(struct feeds *feeds, const char *source)
{
	struct component_state state;
	if (feeds_component(feeds, source, &state))
		return strcmp(state.word, "online") == 0;
	for (size_t i = 0; feeds && i < feeds->count; i++) {
		long long at = atomic_load(&feeds->list[i].heard_at);
		if (strcmp(feeds->list[i].setting->name, source) == 0)
			return at && usec_monotonic() - at < HEARD;
	}
	return false;
}

usec_t feeds_ahead(struct feeds *feeds, const char *source)
{
	for (size_t i = 0; feeds && i < feeds->count; i++)
		if (strcmp(feeds->list[i].setting->name, source) == 0)
			return atomic_load(&feeds->list[i].ahead);
	return 0;
}

// Asked for by whoever erased somebody that a segment names: it goes as soon as it is stored. A disk that is full now
// may have room the next time.
void feeds_leave_segments(struct feeds *feeds)
{
	for (size_t i = 0; feeds && i < feeds->count; i++) {
		const struct feed *feed = &feeds->list[i];
		struct err err = {0};
		char path[4200];
		snprintf(path, sizeof path, "%.3900s/spool/%.100s/" SPOOL_LEAVE,
			 feeds->app->settings->data_dir, feed->setting->name);
		if (access(path, F_OK) == 0 && spool_leave(feed->spool, &err))
			unlink(path);
	}
}

bool feeds_broken(struct feeds *feeds, struct err *err)
{
	for (size_t i = 0; feeds && i < feeds->count; i++)
		if (spool_is_broken(feeds->list[i].spool))
			return !err_set(err, ERR_STORAGE,
					"feed %.100s: its spool cannot be written any more",
					feeds->list[i].setting->name);
	return false;
}

// ---- life

bool feeds_open(struct app *app, struct feeds **feeds, struct err *err)
{
	struct feeds *made = xcalloc(1, sizeof *made);
	made->app = app;
	made->list = xcalloc(app->settings->feed_count + 1, sizeof *made->list);
	made->sink = (struct feed_sink){.self = made,
					.body_most = WEBHOOK_BODY_MOST,
					.knows_bearer = knows_bearer,
					.knows_signature = knows_signature,
					.take = take};
	bool ok = true;
	for (size_t i = 0; i < app->settings->feed_count && ok; i++) {
		struct feed *feed = &made->list[made->count++];
		feed->setting = &app->settings->feeds[i];
		ok = open_one(made, feed, err);
	}
	ok = ok && sources_judge(app->settings, err);
	for (size_t i = 0; i < made->count && ok; i++)
		ok = start_component(made, &made->list[i], err);
	if (!ok) {
		feeds_close(made);
		return false;
	}
	*feeds = made;
	return true;
}

void feeds_close(struct feeds *feeds)
{
	if (!feeds)
		return;
	for (size_t i = 0; i < feeds->count; i++) {
		component_stop(feeds->list[i].component);
		spool_close(feeds->list[i].spool);
		sodium_memzero(feeds->list[i].secret, SECRET_MOST);
	}
	free(feeds->list);
	free(feeds);
}
