// SPDX-License-Identifier: Apache-2.0
// What is stored, as gauges: sums of messages can be restated (a late receipt, an earlier sighting, reprocess,
// even downwards), so none of them is a counter that only rises. No label holds an address of a user.
#include "api/http/scrape.h"

#include <stdio.h>

enum { DOMAINS_MOST = 20, DOMAIN_DAYS = 7, NAMES_MOST = 20, SOURCES_MOST = 200 };

#define RESTATED                                                                                   \
	"; a sum over all that is stored that may be restated, also downwards: use x - x offset w, not rate"

// ---- sums

static const struct {
	const char *name, *help;
	enum scrape_sum sum;
} sums[] = {
	{"receiptd_messages_sent", "Messages of counted classes (chat, pm, correction)" RESTATED,
	 SCRAPE_SENT},
	{"receiptd_messages_requested", "Of those sent: with id, asked for a receipt (F2)" RESTATED,
	 SCRAPE_REQUESTED},
	{"receiptd_messages_confirmed", "Of requested: delivered or displayed" RESTATED,
	 SCRAPE_CONFIRMED},
	{"receiptd_messages_failed", "Of requested: answered by an error" RESTATED, SCRAPE_FAILED},
	{"receiptd_messages_failed_all", "Of those sent: answered by an error" RESTATED,
	 SCRAPE_FAILED_ALL},
	{"receiptd_messages_unknown",
	 "Of those sent: asked for nothing and got nothing (S4)" RESTATED, SCRAPE_UNKNOWN},
	{"receiptd_messages_stored", "Of those sent: waited in offline storage" RESTATED,
	 SCRAPE_STORED},
	{"receiptd_messages_accepted",
	 "Of those sent: the server took them, or they got further" RESTATED, SCRAPE_ACCEPTED},
	{"receiptd_messages_routed", "Of those sent: went to a device, or got further" RESTATED,
	 SCRAPE_ROUTED},
	{"receiptd_messages_delivered",
	 "Of those sent: delivered or displayed, asked for or not" RESTATED, SCRAPE_DELIVERED},
	{"receiptd_messages_displayed", "Of those sent: displayed, asked for or not" RESTATED,
	 SCRAPE_DISPLAYED},
	{"receiptd_messages_read_requested",
	 "Of those sent: asked for a sign of reading (F3)" RESTATED, SCRAPE_READ_REQUESTED},
	{"receiptd_messages_read", "Of read_requested: displayed" RESTATED, SCRAPE_READ},
	{"receiptd_messages_read_inferred",
	 "Of read_requested: not displayed, but reading is inferred (F4)" RESTATED,
	 SCRAPE_READ_INFERRED},
	{"receiptd_messages_resent", "Resends of counted messages (M9)" RESTATED, SCRAPE_RESENDS},
	{"receiptd_messages_skew_clamped",
	 "Messages whose evidence is older than they are (T5)" RESTATED, SCRAPE_SKEW_CLAMPED},
	{"receiptd_acks_paired", "Acks paired with a message, not of rooms" RESTATED, SCRAPE_ACKS},
	{"receiptd_acks_duplicate", "Acks beyond the first of one device and kind" RESTATED,
	 SCRAPE_ACKS_DUP},
};

static const char *const horizons[] = {"10s", "1m", "1h", "24h", "7d"};

static void put_horizons(struct scrape_text *text, const char *name, const char *help,
			 const int64_t *values)
{
	scrape_family(text, name, SCRAPE_GAUGE, help);
	for (size_t i = 0; i < sizeof horizons / sizeof *horizons; i++) {
		const struct scrape_label label = {"horizon", text_of(horizons[i])};
		scrape_int(text, name, &label, 1, values[i]);
	}
}

static bool put_sums(struct call *call, struct scrape_text *text, struct err *err)
{
	static const char open[] = "receiptd_messages_open";
	int64_t all[SCRAPE_SUMS];
	if (!store_scrape_sums(call->db->store, call->db->realm.id, all, err))
		return false;
	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
		scrape_family(text, sums[i].name, SCRAPE_GAUGE, sums[i].help);
		scrape_int(text, sums[i].name, NULL, 0, all[sums[i].sum]);
	}
	scrape_family(text, open, SCRAPE_GAUGE,
		      "Of requested: neither confirmed nor failed, pending and expired together");
	scrape_int(text, open, NULL, 0,
		   all[SCRAPE_REQUESTED] - all[SCRAPE_CONFIRMED] - all[SCRAPE_FAILED]);
	put_horizons(text, "receiptd_messages_confirmed_within",
		     "Of requested: confirmed so soon after they were sent" RESTATED,
		     &all[SCRAPE_CONFIRMED_WITHIN]);
	put_horizons(text, "receiptd_messages_read_within",
		     "Of read_requested: displayed so soon after they were sent" RESTATED,
		     &all[SCRAPE_READ_WITHIN]);
	return true;
}

// ---- latencies

static const struct {
	int64_t ms;
	const char *le;
} bounds[] = {
	{100, "0.1"},          {250, "0.25"},         {500, "0.5"},
	{1000, "1.0"},         {2500, "2.5"},         {5000, "5.0"},
	{10000, "10.0"},       {30000, "30.0"},       {60000, "60.0"},
	{300000, "300.0"},     {900000, "900.0"},     {3600000, "3600.0"},
	{21600000, "21600.0"}, {86400000, "86400.0"}, {604800000, "604800.0"},
	{INT64_MAX, "+Inf"},
};

enum { BOUNDS = sizeof bounds / sizeof *bounds };

struct histograms {
	int64_t counts[SCRAPE_LATENCIES][BOUNDS], sum_ms[SCRAPE_LATENCIES];
};

static void each_latency(void *self, enum scrape_latency what, int64_t ms, int64_t count)
{
	struct histograms *histograms = self;
	size_t i = 0;
	while (ms > bounds[i].ms)
		i++;
	histograms->counts[what][i] += count;
	histograms->sum_ms[what] += ms * count;
}

static void put_histogram(struct scrape_text *text, const char *name, const char *help,
			  const int64_t counts[BOUNDS], int64_t sum_ms)
{
	char part[80];
	int64_t seen = 0;
	scrape_family(text, name, SCRAPE_HISTOGRAM, help);
	snprintf(part, sizeof part, "%s_bucket", name);
	for (size_t i = 0; i < BOUNDS; i++) {
		const struct scrape_label label = {"le", text_of(bounds[i].le)};
		seen += counts[i];
		scrape_int(text, part, &label, 1, seen);
	}
	snprintf(part, sizeof part, "%s_sum", name);
	scrape_seconds(text, part, NULL, 0, sum_ms * 1000);
	snprintf(part, sizeof part, "%s_count", name);
	scrape_int(text, part, NULL, 0, seen);
}

#define BINNED                                                                                                  \
	"; from bins, so that values are up to 3.2 % off; messages that are restated can lower it, which rate " \
	"takes for a restart"

static bool put_latencies(struct call *call, struct scrape_text *text, struct err *err)
{
	static const struct {
		const char *name, *help;
	} names[SCRAPE_LATENCIES] = {
		{"receiptd_time_to_deliver_seconds",
		 "From sending to the receipt, not of messages that waited offline (F7)" BINNED},
		{"receiptd_time_to_deliver_stored_seconds",
		 "From sending to the receipt, of messages that waited offline (F7)" BINNED},
		{"receiptd_time_to_read_seconds", "From sending to display (F7)" BINNED},
		{"receiptd_time_to_respond_seconds",
		 "To the answer of the other party (F6)" BINNED},
	};
	struct histograms histograms = {0};
	if (!store_scrape_latencies(call->db->store, call->db->realm.id, &histograms, each_latency,
				    err))
		return false;
	for (size_t i = 0; i < SCRAPE_LATENCIES; i++)
		put_histogram(text, names[i].name, names[i].help, histograms.counts[i],
			      histograms.sum_ms[i]);
	return true;
}

// ---- families whose samples come row by row: one piece of text for each of them

struct pieces {
	struct scrape_text text[5];
	struct buf out[5];
	usec_t now;
	int64_t count;
};

static void pieces_begin(struct pieces *pieces, const struct scrape_text *like)
{
	*pieces = (struct pieces){0};
	for (size_t i = 0; i < 5; i++)
		pieces->text[i] = (struct scrape_text){&pieces->out[i], like->open_metrics};
}

static void pieces_end(struct pieces *pieces, struct scrape_text *text)
{
	for (size_t i = 0; i < 5; i++) {
		buf_text(text->out, buf_view(&pieces->out[i]));
		buf_free(&pieces->out[i]);
	}
}

// ---- domains

static const char *const domain_names[] = {
	"receiptd_domain_messages_sent", "receiptd_domain_messages_requested",
	"receiptd_domain_messages_confirmed", "receiptd_domain_messages_failed"};

static void each_domain(void *self, const struct scrape_domain *domain)
{
	struct pieces *pieces = self;
	const struct scrape_label labels[] = {
		{"direction", domain->receives ? TEXT("to") : TEXT("from")},
		{"domain", domain->name.p ? domain->name : TEXT("(other)")},
	};
	const int64_t values[] = {domain->sent, domain->requested, domain->confirmed,
				  domain->failed};
	for (size_t i = 0; i < 4; i++)
		scrape_int(&pieces->text[i], domain_names[i], labels, 2, values[i]);
}

static bool put_domains(struct call *call, struct scrape_text *text, struct err *err)
{
	static const char *const helps[] = {
		"Messages by domain of the sender (from) or recipient (to), of the last 7 UTC days",
		"Of those sent: asked for a receipt, of the last 7 UTC days",
		"Of requested: delivered or displayed, of the last 7 UTC days",
		"Of requested: answered by an error, of the last 7 UTC days"};
	struct pieces pieces;
	usec_t since = call->now - call->now % USEC_PER_DAY - (DOMAIN_DAYS - 1) * USEC_PER_DAY;
	pieces_begin(&pieces, text);
	for (size_t i = 0; i < 4; i++)
		scrape_family(&pieces.text[i], domain_names[i], SCRAPE_GAUGE, helps[i]);
	bool fine = store_scrape_domains(call->db->store, call->db->realm.id, since, DOMAINS_MOST,
					 &pieces, each_domain, err);
	pieces_end(&pieces, text);
	return fine;
}

// ---- gaps and quarantine

static void each_unread(void *self, const struct scrape_unread *unread)
{
	struct pieces *pieces = self;
	const struct scrape_label label = {unread->quarantined ? "reason" : "cause",
					   unread->name.p ? unread->name : TEXT("(other)")};
	if (unread->quarantined) {
		scrape_int(&pieces->text[2], "receiptd_quarantined_records", &label, 1,
			   unread->count);
		return;
	}
	scrape_int(&pieces->text[0], "receiptd_gaps", &label, 1, unread->count);
	scrape_int(&pieces->text[1], "receiptd_gap_lost_records", &label, 1, unread->lost);
}

static bool put_unread(struct call *call, struct scrape_text *text, struct err *err)
{
	struct pieces pieces;
	pieces_begin(&pieces, text);
	scrape_family(&pieces.text[0], "receiptd_gaps", SCRAPE_GAUGE,
		      "Stretches of the input that could not be read, by cause");
	scrape_family(&pieces.text[1], "receiptd_gap_lost_records", SCRAPE_GAUGE,
		      "Records that are known or thought to be lost in gaps, by cause");
	scrape_family(&pieces.text[2], "receiptd_quarantined_records", SCRAPE_GAUGE,
		      "Records that could not be used, by reason");
	bool fine = store_scrape_unread(call->db->store, call->db->realm.id, NAMES_MOST, &pieces,
					each_unread, err);
	pieces_end(&pieces, text);
	return fine;
}

// ---- sources

static const char *const source_states[] = {"following", "behind",  "silent", "waiting",
					    "failing",   "refused", "full"};

static void put_states(struct scrape_text *text, const struct scrape_source *source)
{
	for (size_t i = 0; i < sizeof source_states / sizeof *source_states; i++) {
		const struct scrape_label labels[] = {
			{"source", source->name},
			{"dialect", source->dialect},
			{"state", text_of(source_states[i])},
		};
		scrape_int(text, "receiptd_source_state", labels, 3,
			   text_is(source->state, source_states[i]));
	}
}

static void each_source(void *self, const struct scrape_source *source)
{
	struct pieces *pieces = self;
	const struct scrape_label label = {"source", source->name};
	put_states(&pieces->text[0], source);
	if (source->seen_at != USEC_NONE)
		scrape_seconds(&pieces->text[1], "receiptd_source_lag_seconds", &label, 1,
			       pieces->now - source->seen_at);
	if (source->last_at != USEC_NONE)
		scrape_seconds(&pieces->text[2], "receiptd_source_last_record_timestamp_seconds",
			       &label, 1, source->last_at);
	scrape_int(&pieces->text[3], "receiptd_source_unread_bytes", &label, 1, source->unread);
	scrape_int(&pieces->text[4], "receiptd_source_stanzas", &label, 1, source->stanzas);
	pieces->count++;
}

static bool put_sources(struct call *call, struct scrape_text *text, int64_t *followed,
			struct err *err)
{
	static const char *const families[][2] = {
		{"receiptd_source_state", "1 for the state that a followed source is in"},
		{"receiptd_source_lag_seconds",
		 "Since the end of a followed source was last looked at"},
		{"receiptd_source_last_record_timestamp_seconds", "Time of its newest record"},
		{"receiptd_source_unread_bytes", "Bytes of it that are not read yet"},
		{"receiptd_source_stanzas", "Stanzas taken from it"},
	};
	struct pieces pieces;
	pieces_begin(&pieces, text);
	pieces.now = call->now;
	for (size_t i = 0; i < 5; i++)
		scrape_family(&pieces.text[i], families[i][0], SCRAPE_GAUGE, families[i][1]);
	bool fine = store_scrape_sources(call->db->store, call->db->realm.id, SOURCES_MOST, &pieces,
					 each_source, err);
	pieces_end(&pieces, text);
	*followed = pieces.count;
	return fine;
}

// ---- lags

static bool put_lags(struct call *call, struct scrape_text *text, int64_t followed, struct err *err)
{
	struct honesty honesty;
	struct settle_lag settle;
	int32_t realm = call->db->realm.id;
	if (!store_honesty(call->db->store, realm, USEC_NONE, USEC_NONE, &honesty, err) ||
	    !store_settle_lag(call->db->store, realm, &settle, err))
		return false;
	scrape_family(
		text, "receiptd_ingest_lag_seconds", SCRAPE_GAUGE,
		"Since the time up to which all followed sources are complete; none without a "
		"followed source");
	if (followed > 0 && honesty.complete_until != USEC_NONE)
		scrape_seconds(text, "receiptd_ingest_lag_seconds", NULL, 0,
			       call->now - honesty.complete_until);
	scrape_family(text, "receiptd_newest_record_timestamp_seconds", SCRAPE_GAUGE,
		      "Time of the newest record of the realm");
	if (honesty.newest != USEC_NONE)
		scrape_seconds(text, "receiptd_newest_record_timestamp_seconds", NULL, 0,
			       honesty.newest);
	scrape_family(text, "receiptd_settle_waiting", SCRAPE_GAUGE,
		      "Parts of conversations that wait to be settled");
	scrape_int(text, "receiptd_settle_waiting", NULL, 0, settle.units);
	scrape_family(text, "receiptd_settle_lag_seconds", SCRAPE_GAUGE,
		      "Since when the oldest of them waits");
	scrape_seconds(text, "receiptd_settle_lag_seconds", NULL, 0,
		       settle.since == USEC_NONE ? 0 : call->now - settle.since);
	scrape_family(text, "receiptd_commits_total", SCRAPE_COUNTER,
		      "Commit number: batches and settlings that changed what is stored");
	scrape_int(text, "receiptd_commits_total", NULL, 0, honesty.commit);
	return true;
}

bool scrape_facts(struct call *call, struct scrape_text *text, struct err *err)
{
	int64_t followed = 0;
	bool fine = store_snapshot(call->db->store, err) && put_sums(call, text, err) &&
		    put_latencies(call, text, err) && put_domains(call, text, err) &&
		    put_unread(call, text, err) && put_sources(call, text, &followed, err) &&
		    put_lags(call, text, followed, err);
	store_snapshot_end(call->db->store);
	return fine;
}
