// SPDX-License-Identifier: Apache-2.0
// Settings: one table (settings.c) with a row per setting: name, type, default, unit, help text.
// The configuration file (libconfuse), --set name=value, --help and the sample file all come from it.
// Unknown key, wrong type, duplicate key, unreadable file: ERR_USAGE naming file, line and key.
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include "core/err.h"
#include "core/private_ack.h"
#include "core/text.h"
#include "core/ztime.h"

#include <jansson.h>
#include <stdio.h>

struct string_list {
	char **items; // each owned
	size_t count;
};

bool string_list_has(const struct string_list *list, struct text item); // exact octets
void string_list_add(struct string_list *list, struct text item);
bool string_list_unite(struct string_list *to,
		       const struct string_list *from); // true: it has more now
void string_list_free(struct string_list *list);

struct wrapper_feed { // PAIRING E5
	char *feed;
	struct string_list domains;
};

// What decides how facts of a realm are read (PAIRING defaults line). Stored with the realm.
struct realm_settings {
	usec_t w_skew, w_resend, w_noid, w_ackdup, w_state, w_match, w_upto;
	usec_t t_expire, t_infer, t_typing, t_composing_open;
	bool content_digest; // false: a server rewrites bodies (M3)
	struct string_list muc_domains;
	struct string_list hosts; // the domains that the servers of this realm serve
	struct wrapper_feed *wrappers;
	size_t wrapper_count;
	struct private_ack *acks; // one "ack name { ... }" section each
	size_t ack_count;
};

enum bodies_mode { BODIES_FULL, BODIES_HMAC, BODIES_NONE };

// How lines of the dialect "pattern" look (docs/formats.md). NULL = not set.
struct line_format {
	char *line;     // "%t [%d] %s: %x"
	char *time;     // as strptime(3); NULL = ISO 8601
	char *in, *out; // words for the direction; NULL = RECV, SEND
};

struct source_setting { // one "source name { ... }" section
	char *name;
	char *path;    // file or glob
	char *dialect; // NULL = detect
	char *zone;    // NULL = the log's own, else the system's
	bool authority;
	struct string_list hosts; // domains whose traffic it shows; empty: all of the realm
	struct line_format format;
	bool witness; // F68: another source is the authority for this traffic (sources_judge)
};

static inline bool source_is_spool(const struct source_setting *source)
{
	return source->dialect && strcmp(source->dialect, "spool") == 0;
}

enum feed_kind { FEED_WEBHOOK, FEED_COMPONENT };

struct feed_setting { // one "feed name { ... }" section: a server that sends instead of logging
	char *name;   // also that of its folder in the spool
	enum feed_kind kind;
	char *secret_file;          // of a webhook: may be NULL
	char *host, *domain;        // of a component
	int port;                   // the same
	bool tls;                   // the same
	struct string_list domains; // E5: who may wrap messages; also in rules.wrappers
	bool authority;
	struct string_list hosts;
};

struct settings {
	char *data_dir; // default: /var/lib/receiptd for root, else the XDG state folder + /receiptd
	char *database;           // "embedded", libpq URI / conninfo, "" = PG* environment
	char *pg_bindir;          // where initdb and postgres are; NULL = look
	char *realm;              // name, default "default"
	char *listen;             // default 127.0.0.1
	int port;                 // default 8480
	bool core_files;          // F202
	bool allow_remote;        // explicit switch for a non-loopback address without TLS (F154)
	char *tls_cert, *tls_key; // PEM files; both or none (F158)
	struct string_list trusted_proxies; // who may say for whom they ask (F159)
	struct string_list server_names;    // names that are asked for; empty: any (F150)
	usec_t request_time; // from the head of a request to the last byte of its answer (F136)
	usec_t query_time;   // of one question to the database; 0 = no limit
	int64_t token_rate, token_running;     // requests a second, at a time; 0 = no limit
	int64_t address_rate, address_running; // the same of one address
	int64_t token_live, address_live;      // live streams at a time; 0 = no limit
	char *log_level;
	char *zone; // reporting zone, NULL = system
	enum bodies_mode bodies;
	char *privacy_key;       // file; NULL = privacy.key in data_dir
	usec_t flush_after;      // default 1 s after the first unflushed record
	int64_t flush_events;    // default 200000
	int64_t parallel_events; // from so many on a batch has a transaction per lane, default 20000
	int64_t flush_bytes;     // default 24 MB
	usec_t stuck_after;      // F176: the loop that reads logs stands still
	usec_t database_wait;    // how long a one-shot command waits for the database, default 10 s
	usec_t silence;          // of stanzas, while other lines are logged (F51), default 10 min
	usec_t database_silence;  // longest silence of the database while it is asked, default 60 s
	int64_t keep_days;        // retention of facts; 0 = for ever
	int64_t keep_bodies_days; // of bodies
	char *seal_key;           // PEM file of the signing key; NULL: seal.key in data_dir
	char *seal_dir;           // folder of heads; NULL: seals in data_dir
	int64_t keep_disk;        // bytes; the oldest days go until it is enough; 0 = no limit
	int64_t hold_deleted;     // bytes of deleted files that wait for the database; 0 = no limit
	// Reports (api/report/).
	char *report_at;                   // when the schedule makes them, "00:30"; NULL = never
	char *report_zone;                 // whose days they are of; NULL = zone
	char *report_dir;                  // folder; NULL = data_dir/reports
	char *report_language;             // "en", "zh"
	char *report_people;               // "names", "pseudonyms", "none"
	struct string_list report_periods; // "day", "week", "month"; empty = day
	char *report_hook;                 // program that gets the path of each; NULL = none
	char *report_sendmail;             // interface of sendmail(8)
	char *report_mail_from;
	struct string_list report_mail; // to whom
	int64_t keep_reports_days;      // 0 = for ever
	int64_t keep_reports_size;      // bytes, 0 = no limit
	// Of tables that are not cut into days; 0 = for ever.
	int64_t keep_known_days, keep_typing_days, keep_quarantine_days, keep_access_days;
	struct realm_settings rules;
	int64_t spool_limit; // bytes that a feed may have on disk before the database has them
	struct source_setting *sources;
	size_t source_count;
	struct feed_setting *feeds;
	size_t feed_count;
};

// path NULL: no file, all defaults. Never touches *settings on failure.
bool settings_load(const char *path, struct settings **settings, struct err *err);
// One override "name=value" as given on the command line; durations take a unit (5s, 7d, 250ms)
// or are plain seconds; lists are comma separated.
bool settings_set(struct settings *settings, const char *assignment, struct err *err);
void settings_free(struct settings *settings);
// F68: two sources that show the same traffic and are not both logs need one that is the authority; the
// others become witnesses. ERR_USAGE names the two and says what to set.
bool sources_judge(struct settings *settings, struct err *err);
// A source of its own for a feed's spool; settings owns it.
void settings_add_spool(struct settings *settings, const struct feed_setting *feed,
			const char *pattern);
void settings_print_help(FILE *out);   // table for --help
void settings_print_sample(FILE *out); // complete sample file with defaults as comments

// For the realm row and for exchange (vector files): members named as the fields above, durations
// in seconds (integer or real), wrapper_feeds = {feed: domain or [domains]}, private_acks as in
// core/private_ack.h. Members that are missing
// get their default, unknown ones are passed over (a vector file also has "now"). _default, _from_json
// and _copy overwrite what was in the target without freeing it; a failure leaves it alone.
void realm_settings_default(struct realm_settings *rules);
bool realm_settings_from_json(const json_t *object, struct realm_settings *rules, struct err *err);
json_t *realm_settings_to_json(const struct realm_settings *rules);
void realm_settings_copy(struct realm_settings *to, const struct realm_settings *from);
void realm_settings_free(struct realm_settings *rules);

#endif
