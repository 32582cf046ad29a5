// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL says, made one line of ours: SQLSTATE and primary message, never a value, a
// row or a password (F94, F194).
#include "store/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

// By prefix of the SQLSTATE, first match. What is not here is a defect of ours.
static const struct {
	const char *prefix;
	enum err_kind kind;
} kinds[] = {
	{"08", ERR_DATABASE},    // connection
	{"25006", ERR_DATABASE}, // read-only: a standby, or the wrong server
	{"25P0", ERR_DATABASE},  // transaction ended by a time limit of the server
	{"28", ERR_DATABASE},    // who may log in
	{"3D", ERR_DATABASE},    // no such database
	{"40", ERR_DATABASE},    // serialization, deadlock
	{"42501", ERR_DATABASE}, // missing grant
	{"53", ERR_DATABASE},    // disk, memory, connections
	{"55", ERR_DATABASE},    // locks
	{"57", ERR_DATABASE},    // cancelled, shutting down
	{"58", ERR_DATABASE},    // its files
	{"F0", ERR_DATABASE},    // its configuration
	{"XX", ERR_DATABASE},    // its defects
};

static enum err_kind kind_of(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strncmp(sqlstate, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].kind;
	}
	return ERR_INTERNAL;
}

// Lines of a message that are for the server's own developers, or may show values.
static bool is_detail(const char *line)
{
	static const char *const heads[] = {
		"LOCATION:", "DETAIL:", "HINT:", "CONTEXT:", "QUERY:", "LINE ", "\t"};
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		if (strncmp(line, heads[i], strlen(heads[i])) == 0)
			return true;
	}
	return *line == '\0';
}

static void mask(struct buf *text, const char *secret)
{
	size_t length = secret ? strlen(secret) : 0;
	char *at = text->data;
	while (length && at && (at = strstr(at, secret))) {
		memset(at, '*', length);
		at += length;
	}
}

void pq_message(PGconn *conn, const char *message, char *out, size_t size)
{
	__attribute__((cleanup(buf_free))) struct buf text = {0};
	while (message && *message) {
		size_t length = strcspn(message, "\n");
		__attribute__((cleanup(buf_free))) struct buf line = {0};
		buf_add(&line, message, length);
		if (!is_detail(line.data)) {
			buf_zstr(&text, text.len ? "; " : "");
			buf_text(&text, buf_view(&line));
		}
		message += length + (message[length] == '\n');
	}
	mask(&text, conn ? PQpass(conn) : NULL);
	snprintf(out, size, "%s", text.data ? text.data : "no reason given");
}

// ": 28P01: " of "FATAL:  28P01: password ..." (verbose form); libpq has no other way to tell why a
// connection was refused.
static void find_sqlstate(const char *message, char out[6])
{
	for (const char *at = message; (at = strstr(at, ": ")); at++) {
		const char *code = at + 2 + strspn(at + 2, " ");
		size_t n = strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (n == 5 && code[5] == ':') {
			memcpy(out, code, 5);
			out[5] = '\0';
			return;
		}
	}
}

static bool failed_connection(struct store *store, const char *what, struct err *err)
{
	char message[400];
	const char *full = PQerrorMessage(store->conn);
	find_sqlstate(full, store->sqlstate);
	pq_message(store->conn, full, message, sizeof message);
	return err_set(err, ERR_DATABASE, "%s: %s", what, message);
}

bool pq_failed(struct store *store, const PGresult *result, const char *what, struct err *err)
{
	store->plan = NULL; // what was set in the failed transaction is undone
	if (PQstatus(store->conn) != CONNECTION_OK)
		store->broken = true;
	const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	store->sqlstate[0] = '\0';
	if (!sqlstate)
		return failed_connection(store, what, err);
	snprintf(store->sqlstate, sizeof store->sqlstate, "%s", sqlstate);
	char message[400];
	// Class 22 says which value it did not like.
	bool quotes = strncmp(sqlstate, "22", 2) == 0;
	pq_message(store->conn,
		   quotes ? "a value was refused"
			  : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
		   message, sizeof message);
	return err_set(err, kind_of(sqlstate), "%s: %s %s", what, sqlstate, message);
}
