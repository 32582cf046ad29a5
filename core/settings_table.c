// SPDX-License-Identifier: Apache-2.0
#include "core/settings_table.h"

#include <stddef.h>

// The formatter takes these braces for blocks.
// clang-format off
#define ROW(name, type, preset, help)                                                              \
	{#name, &setting_##type, preset, help, offsetof(struct settings, name), false}
#define RULE(name, type, preset, help)                                                             \
	{#name, &setting_##type, preset, help, offsetof(struct settings, rules.name), true}
// clang-format on

const struct setting_row setting_rows[] = {
	ROW(data_dir, optional, NULL,
	    "folder of cluster, keys and spool; default: /var/lib/receiptd or the user's state folder"),
	ROW(database, string, "embedded",
	    "\"embedded\", a libpq URI or conninfo, or \"\" for the PG* environment"),
	ROW(pg_bindir, optional, NULL, "folder of initdb and postgres; by default looked for"),
	ROW(realm, string, "default", "name of the XMPP world that the sources see"),
	ROW(listen, string, "127.0.0.1", "address of the HTTP server"),
	ROW(port, port, "8480", "port of the HTTP server"),
	ROW(allow_remote, switch, "false",
	    "allow an address that is not loopback although there is no TLS"),
	ROW(tls_cert, optional, NULL,
	    "PEM file: certificate of the HTTP server and the chain to its authority; then it speaks TLS"),
	ROW(tls_key, optional, NULL, "PEM file: its key, readable by the service only"),
	ROW(trusted_proxies, list, NULL,
	    "addresses (or 10.0.0.0/8) whose X-Forwarded-For is believed"),
	ROW(server_names, list, NULL,
	    "names under which the HTTP server is asked; others are refused; default: any"),
	ROW(request_time, duration, "30s",
	    "longest time from the head of a request to the last byte of its answer"),
	ROW(query_time, duration, "10s",
	    "longest time of one query of the HTTP server, then it is cancelled; 0: no limit"),
	ROW(token_rate, rate, "500",
	    "requests a second of one token, twice as many at once; 0: no limit"),
	ROW(token_running, rate, "32", "requests of one token at a time; 0: no limit"),
	ROW(address_rate, rate, "500",
	    "requests a second of one address that is not this machine's; 0: no limit"),
	ROW(address_running, rate, "48", "requests of such an address at a time; 0: no limit"),
	ROW(token_live, rate, "1024", "live streams of one token at a time; 0: no limit"),
	ROW(address_live, rate, "64", "live streams of such an address at a time; 0: no limit"),
	ROW(core_files, switch, "false",
	    "after a crash leave a core file, which holds bodies, tokens and keys"),
	ROW(log_level, level, "info", "error, warn, info or debug"),
	ROW(zone, zone, NULL, "time zone of reports and day buckets; by default the system's"),
	ROW(privacy_key, optional, NULL,
	    "file of the privacy key (0600); made when first needed; default: privacy.key in data_dir"),
	ROW(bodies, bodies, "full", "what is stored of message bodies: full, hmac or none"),
	ROW(flush_after, duration, "1s", "longest wait of a record before it is stored"),
	ROW(flush_events, count, "200000", "most events in one transaction"),
	ROW(parallel_events, count, "20000",
	    "batches of so many events are written by two transactions side by side"),
	ROW(flush_bytes, size, "24MB", "most bytes read for one transaction"),
	ROW(stuck_after, duration, "120s",
	    "reading that stands still so long is said, and /readyz is false"),
	ROW(database_wait, duration, "10s", "how long a one-shot command waits for the database"),
	ROW(database_silence, duration, "60s",
	    "longest silence of the database while it is asked; locks of a frozen process last 3/4 of it"),
	ROW(silence, duration, "600s",
	    "a server that logs other lines and no stanzas for so long is told, and is a gap"),
	ROW(hold_deleted, limit, "1GB",
	    "deleted files that the database did not take yet are held up to this size; 0: no limit"),
	ROW(spool_limit, size, "1GB",
	    "most bytes of a feed on disk that the database did not take yet; then it must wait"),
	ROW(keep_days, days, "0", "messages older than this are dropped, day by day; 0: never"),
	ROW(keep_bodies_days, days, "0", "bodies older than this are taken out; 0: never"),
	ROW(keep_known_days, days, "0",
	    "what is known of devices, rosters and archives and was not seen for longer goes; 0: never"),
	ROW(keep_typing_days, days, "0",
	    "typing intervals of days whose messages were dropped go when they are older; 0: never"),
	ROW(keep_quarantine_days, days, "0",
	    "the bytes of older records in quarantine are taken out; 0: never"),
	ROW(keep_access_days, days, "0",
	    "what was asked for is taken out of older entries of the access log; 0: never"),
	ROW(keep_disk, limit, "0", "the oldest days are dropped above this size; 0: no limit"),
	ROW(report_at, clock, "00:30",
	    "when \"run\" makes the report of the day before; \"\": never"),
	ROW(report_zone, zone, NULL,
	    "time zone whose days reports are of; by default that of \"zone\""),
	ROW(report_dir, optional, NULL, "folder of reports; default: reports in data_dir"),
	ROW(report_language, language, "en", "language of reports: en or zh"),
	ROW(report_people, people, "names",
	    "how reports show people: names, pseudonyms (keyed, the same in all reports) or none"),
	ROW(report_periods, list, NULL,
	    "what \"run\" makes reports of: day, week, month; default: day"),
	ROW(report_hook, optional, NULL, "program that is called with the path of each new report"),
	ROW(report_mail, list, NULL, "addresses that get each new report"),
	ROW(report_mail_from, optional, NULL,
	    "address that it comes from; default: that of the system"),
	ROW(report_sendmail, string, "/usr/sbin/sendmail",
	    "program that takes the mail (sendmail -t)"),
	ROW(keep_reports_days, days, "0", "files of older reports are removed; 0: never"),
	ROW(keep_reports_size, limit, "0", "the oldest go above this size; 0: no limit"),
	ROW(seal_key, optional, NULL,
	    "PEM file of the key that signs seals, mode 0600; by default seal.key in data_dir"),
	ROW(seal_dir, optional, NULL, "folder of signed heads; by default seals in data_dir"),

	RULE(hosts, list, NULL, "domains that the servers of this realm serve"),
	RULE(muc_domains, list, NULL, "domains of group chat services"),
	RULE(content_digest, switch, "true",
	     "tell messages apart by content (false: servers rewrite)"),
	RULE(w_skew, duration, "5s", "clock difference that is tolerated"),
	RULE(w_resend, duration, "3600s", "same id again within this time is a resend"),
	RULE(w_noid, duration, "5s", "the same without an id"),
	RULE(w_ackdup, duration, "60s", "same acknowledgement again within this time is a copy"),
	RULE(w_state, duration, "2s", "same chat state again within this time is a copy"),
	RULE(w_match, duration, "30d", "oldest message that an acknowledgement can find"),
	RULE(w_upto, duration, "7d", "how far back a marker speaks for earlier messages"),
	RULE(t_expire, duration, "7d", "unanswered after this time is expired"),
	RULE(t_infer, duration, "24h", "an answer within this time implies reading"),
	RULE(t_typing, duration, "120s", "longest typing that is counted"),
	RULE(t_composing_open, duration, "300s",
	     "typing without an end after this time is a finding"),
};

const size_t setting_row_count = sizeof setting_rows / sizeof *setting_rows;

const struct setting_row *setting_find(const char *name, size_t length)
{
	struct text wanted = {name, length};
	for (size_t i = 0; i < setting_row_count; i++) {
		if (text_is(wanted, setting_rows[i].name))
			return &setting_rows[i];
	}
	return NULL;
}
