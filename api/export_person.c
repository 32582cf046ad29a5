// SPDX-License-Identifier: Apache-2.0
#include "api/export_person.h"

#include "api/operator.h"
#include "store/store.h"

#include <errno.h>

struct writing {
	FILE *out;
	int64_t lines;
	bool failed;
};

static bool put_line(void *self, struct text table, struct text line)
{
	struct writing *it = self;
	fprintf(it->out, "{\"table\":\"%.*s\",\"row\":", (int)table.n, table.p);
	fwrite(line.p, 1, line.n, it->out);
	fputs("}\n", it->out);
	it->lines++;
	it->failed = ferror(it->out) != 0;
	return !it->failed;
}

// Who shows bodies says so before he does (F192).
static bool write_all(struct app *app, struct text jid, struct arena *arena, struct writing *it,
		      struct err *err)
{
	int64_t access;
	struct store *store = NULL;
	struct text who = arena_printf(arena, "command line, %s", operator_name(arena));
	struct text filter = arena_printf(arena, "person=%.*s", (int)jid.n, jid.p);
	bool fine = store_open(app, STORE_WRITE, &store, err) &&
		    store_access(store, who, TEXT("receiptd export person"), filter, true, &access,
				 err) &&
		    store_person(store, jid, it, put_line, err) &&
		    store_access_done(store, access, it->lines, err);
	store_close(store);
	return fine;
}

bool export_person(struct app *app, const char *given, FILE *out, struct err *err)
{
	struct arena *arena = arena_new();
	struct writing it = {.out = out};
	struct text jid;
	bool fine = operator_jid("export person", given, arena, &jid, err) &&
		    write_all(app, jid, arena, &it, err);
	if (fine && (it.failed || fflush(out) != 0))
		fine = err_set(err, ERR_STORAGE, "cannot write the export: %s", strerror(errno));
	arena_free(arena);
	return fine;
}
