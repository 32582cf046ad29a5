// SPDX-License-Identifier: Apache-2.0
// Opening, checking and closing a connection.
#include "store/internal.h"

#include "core/embedded.h"
#include "store/day_cache.h"

#include <ctype.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_PATIENCE (60 * USEC_PER_SEC)

enum { SLICE_MS = 100 }; // how often a wait looks at the stop flag

static const struct {
	const char *application;
	bool writes;
	bool only_reads;
	const char *sees; // whose rows, until somebody says (sees.c)
	const char
		*role; // of the database, taken where it may be (migration 0010); NULL: as it came
} roles[] = {
	[STORE_ADMIN] = {"receiptd migrate", true, false, "*", NULL},
	[STORE_WRITE] = {"receiptd ingest", true, false, "*", NULL},
	[STORE_INGEST] = {"receiptd ingest", true, false, "*", "receiptd_ingest"},
	[STORE_READ] = {"receiptd read", false, true, "*", "receiptd_read"},
	[STORE_SERVE] = {"receiptd read", false, true, "", "receiptd_read"},
	[STORE_ACCESS] = {"receiptd access", true, false, "", "receiptd_access"},
};

static bool stopped(const struct app *app)
{
	return app->stop && *app->stop;
}

bool store_holds_lanes(const struct store *store)
{
	return store->role == STORE_WRITE || store->role == STORE_INGEST;
}

static bool is_embedded(const struct app *app)
{
	return app->settings->database && strcmp(app->settings->database, "embedded") == 0;
}

// --- the setting ---

// A part that holds what must belong to the password: libpq would show it in its messages (F194).
static bool is_suspicious(const PQconninfoOption *option)
{
	if (!option->val)
		return false;
	if (strcmp(option->keyword, "port") == 0)
		return option->val[strspn(option->val, "0123456789,")] != '\0';
	if (strcmp(option->keyword, "host") == 0 || strcmp(option->keyword, "dbname") == 0)
		return strchr(option->val, '@') != NULL;
	return false;
}

// libpq's own complaints quote the text, which may hold the password: ours do not.
static bool check_setting(const char *database, struct err *err)
{
	if (!database || !*database)
		return true; // PG* environment
	PQconninfoOption *options = PQconninfoParse(database, NULL);
	if (!options)
		return err_set(err, ERR_USAGE,
			       "setting database: neither \"embedded\", a postgresql:// URI nor a "
			       "\"key=value\" connection string");
	bool suspicious = false;
	for (const PQconninfoOption *option = options; option->keyword; option++)
		suspicious |= is_suspicious(option);
	PQconninfoFree(options);
	if (suspicious)
		return err_set(
			err, ERR_USAGE,
			"setting database: host, port or database name is not valid; in a URI "
			"write \"@\" and \"/\" of a password as %%40 and %%2F");
	return true;
}

// --- one attempt ---

// Waits for what PQconnectPoll wants; false: deadline or stop.
static bool connect_wait(const struct app *app, PGconn *conn, PostgresPollingStatusType want,
			 usec_t deadline)
{
	struct pollfd fd = {PQsocket(conn), want == PGRES_POLLING_READING ? POLLIN : POLLOUT, 0};
	while (usec_monotonic() < deadline && !stopped(app)) {
		if (poll(&fd, 1, SLICE_MS) > 0)
			return true;
	}
	return false;
}

static PGconn *connect_start(const struct store *store)
{
	const char *conninfo =
		store->cluster ? cluster_conninfo(store->cluster) : store->app->settings->database;
	const char *keys[8] = {NULL}, *values[8] = {NULL};
	int count = 0;
	if (conninfo && *conninfo) {
		keys[count] = "dbname"; // expanded by libpq: URI or key=value text
		values[count++] = conninfo;
	}
	keys[count] = "application_name";
	values[count++] = roles[store->role].application;
	keys[count] = "client_encoding";
	values[count++] = "UTF8";
	if (roles[store->role].writes) { // never to a standby after a fail-over (F91)
		keys[count] = "target_session_attrs";
		values[count++] = "read-write";
	}
	return PQconnectStartParams(keys, values, 1);
}

static void disconnect(struct store *store)
{
	PQfinish(store->conn);
	store->conn = NULL;
	kept_realms_forget(store);
	day_cache_free(store->days);
	ahead_forget(store);
	store->days = NULL;
	store->broken = false;
	store->held = false;
	store->unsaid = false;
	store->sees_all = store->role != STORE_SERVE;
	store->connections++;
	memset(store->prepared, 0, sql_file_count * sizeof *store->prepared);
	store->plan = NULL;
}

static bool connect_once(struct store *store, usec_t deadline, struct err *err)
{
	static const char what[] = "database";
	disconnect(store);
	store->conn = connect_start(store);
	if (!store->conn)
		return err_set(err, ERR_INTERNAL, "database: out of memory");
	PQsetErrorVerbosity(store->conn, PQERRORS_VERBOSE); // the only way to see the SQLSTATE
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	while (want != PGRES_POLLING_OK) {
		if (want == PGRES_POLLING_FAILED || PQstatus(store->conn) == CONNECTION_BAD)
			return pq_failed(store, NULL, what, err);
		if (!connect_wait(store->app, store->conn, want, deadline)) {
			store->broken = true;
			store->sqlstate[0] = '\0';
			return err_set(err, ERR_DATABASE, "database: no answer in time");
		}
		want = PQconnectPoll(store->conn);
	}
	PQsetErrorVerbosity(store->conn, PQERRORS_TERSE);
	PQsetnonblocking(store->conn, 1);
	return true;
}

// --- what the server must be ---

static bool check_server(struct store *store, struct err *err)
{
	int version = PQserverVersion(store->conn);
	if (version < SERVER_MIN * 10000)
		return err_set(err, ERR_USAGE,
			       "database: the server is PostgreSQL %d, receiptd needs %d or newer",
			       version / 10000, SERVER_MIN);
	const char *encoding = PQparameterStatus(store->conn, "server_encoding");
	if (!encoding || strcmp(encoding, "UTF8") != 0) // F104
		return err_set(err, ERR_USAGE,
			       "database: its encoding is %s, receiptd needs UTF8 (create the "
			       "database with ENCODING 'UTF8' TEMPLATE template0)",
			       encoding ? encoding : "unknown");
	return true;
}

static usec_t silence_of(const struct store *store)
{
	usec_t silence = store->app->settings->database_silence;
	return silence ? silence : STATEMENT_PATIENCE;
}

// Another writer that is frozen where the server knows no time limit is ended here: its lane is ours (F86).
static bool end_frozen(struct store *store, const char *idle, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO ended = {0};
	put_zstr(&params, idle);
	if (!sql_run(store, "session_frozen", &params, &ended, err))
		return false;
	if (row_int(&ended, 0, 0) > 0)
		log_warn(store->app->log, "frozen-writer-ended",
			 LOG_I("sessions", row_int(&ended, 0, 0)),
			 LOG_S("next",
			       "its batch is rolled back and read again by whoever goes on"));
	return true;
}

static bool prepare_session(struct store *store, struct err *err)
{
	FIELDS_AUTO params = {0};
	char idle[24];
	snprintf(idle, sizeof idle, "%lld", (long long)(silence_of(store) / 1000 * 3 / 4));
	put_zstr(&params, roles[store->role].only_reads ? "on" : "off");
	put_zstr(&params, idle);
	put_zstr(&params, roles[store->role].sees);
	return check_server(store, err) && sql_run(store, "session", &params, NULL, err) &&
	       (!store_holds_lanes(store) || end_frozen(store, idle, err));
}

// Refused for a reason that does not go away by waiting (F94): wrong password, no such database.
static bool is_final(const struct store *store, const struct err *err)
{
	static const char *const passing[] = {"08", "53", "57"};
	if (err->kind != ERR_DATABASE)
		return true;
	bool passes = store->sqlstate[0] == '\0'; // not reached at all
	for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
		passes |= strncmp(store->sqlstate, passing[i], 2) == 0;
	return !passes;
}

static void nap(const struct app *app, usec_t time)
{
	usec_t end = usec_monotonic() + time;
	while (usec_monotonic() < end && !stopped(app))
		poll(NULL, 0, SLICE_MS);
}

// F74: tries again, slower each time, until the time given by the setting is over.
static bool connect_patiently(struct store *store, struct err *err)
{
	usec_t deadline = usec_monotonic() + store->app->settings->database_wait;
	for (usec_t pause = USEC_PER_SEC / 10;; pause = pause < USEC_PER_SEC ? pause * 2 : pause) {
		struct err why = {0};
		if (connect_once(store, deadline, &why) && prepare_session(store, &why))
			return true;
		if (stopped(store->app) || is_final(store, &why) ||
		    usec_monotonic() + pause >= deadline)
			return err_set(err, why.kind, "%s", why.text);
		nap(store->app, pause);
	}
}

// --- the schema ---

// The embedded database is ours alone: brought up to date by whoever comes first.
static bool migrate_embedded(struct store *store, struct err *err)
{
	struct store *admin = NULL;
	int applied;
	bool fine = store_open(store->app, STORE_ADMIN, &admin, err) &&
		    schema_migrate(admin, false, &applied, err);
	store_close(admin);
	return fine;
}

static bool ready_schema(struct store *store, struct err *err)
{
	if (store->role == STORE_ADMIN)
		return true;
	struct err why = {0};
	if (schema_check(store, &why))
		return true;
	if (!store->cluster || why.kind != ERR_USAGE)
		return err_set(err, why.kind, "%s", why.text);
	return migrate_embedded(store, err) && schema_check(store, err);
}

// Only once the schema is there, and after whatever had to be done to it.
static bool take_role(struct store *store, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!roles[store->role].role)
		return true;
	put_zstr(&params, roles[store->role].role);
	return sql_run(store, "role", &params, NULL, err) && store_look_at_guard(store, err);
}

// --- the door ---

bool store_open(struct app *app, enum store_role role, struct store **out, struct err *err)
{
	struct store *store = xcalloc(1, sizeof *store);
	*store = (struct store){.app = app, .role = role};
	store->patience = silence_of(store);
	store->prepared = xcalloc(sql_file_count, sizeof *store->prepared);
	bool fine = is_embedded(app) ? cluster_start(app, &store->cluster, err)
				     : check_setting(app->settings->database, err);
	if (!fine || !connect_patiently(store, err) || !ready_schema(store, err) ||
	    !take_role(store, err)) {
		store_close(store);
		return false;
	}
	*out = store;
	return true;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	PQfinish(store->conn);
	cluster_release(store->cluster);
	free(store->prepared);
	writer_free(store->writer);
	kept_realms_forget(store);
	day_cache_free(store->days);
	ahead_forget(store);
	free(store);
}

// A server that ends says so first: its words are read, and then its end is seen.
bool store_alive(struct store *store)
{
	if (!store->conn || store->broken)
		return false;
	struct pollfd fd = {PQsocket(store->conn), POLLIN, 0};
	while (!store->broken && poll(&fd, 1, 0) > 0)
		store->broken = !PQconsumeInput(store->conn);
	return !store->broken && PQstatus(store->conn) == CONNECTION_OK;
}

// The server of an embedded database may be gone too: then it is started again.
static bool restart_cluster(struct store *store, struct err *err)
{
	struct cluster *fresh;
	if (!store->cluster)
		return true;
	if (!cluster_start(store->app, &fresh, err))
		return false;
	cluster_release(store->cluster);
	store->cluster = fresh;
	return true;
}

bool store_reconnect(struct store *store, struct err *err)
{
	disconnect(store);
	usec_t deadline = usec_monotonic() + store->app->settings->database_wait;
	return restart_cluster(store, err) && connect_once(store, deadline, err) &&
	       prepare_session(store, err) && ready_schema(store, err) && take_role(store, err);
}

void store_patience(struct store *store, usec_t patience)
{
	store->patience = patience;
}

bool store_time_limit(struct store *store, usec_t limit, struct err *err)
{
	FIELDS_AUTO params = {0};
	char ms[24];
	snprintf(ms, sizeof ms, "%lld", (long long)((limit + 999) / 1000));
	put_zstr(&params, ms);
	return sql_run(store, "time_limit", &params, NULL, err);
}

bool store_cut_short(const struct store *store)
{
	return strcmp(store->sqlstate, "57014") == 0;
}
