// SPDX-License-Identifier: Apache-2.0
// receiptd hold add|list|remove: whose data must be kept for now (F170).
#include "api/api.h"
#include "api/options.h"
#include "api/operator.h"
#include "store/store.h"

#include <stdio.h>

enum option_name { OPT_JID, OPT_UNTIL, OPT_REASON, OPT_HELP, OPTIONS };

struct request {
	const char *verb;
	const char *given[OPTIONS];
	struct legal_hold hold;
};

static const char help[] =
	"usage: receiptd hold add --jid JID --until DATE --reason TEXT\n"
	"       receiptd hold list\n"
	"       receiptd hold remove --jid JID\n"
	"\n"
	"A legal hold: as long as it lasts, receiptd erase leaves the person alone (exit 3), and retention\n"
	"keeps every day, with its bodies, that has a message from or to it; both say so. It begins with\n"
	"what is stored now: what was dropped before does not come back.\n"
	"\n"
	"  --jid JID      a bare JID, known or not\n"
	"  --until DATE   last day of the hold (UTC), 2027-12-31\n"
	"  --reason TEXT  shown wherever the hold is in the way\n"
	"\n"
	"add for somebody who is held replaces date and reason.\n"
	"\n"
	"Exit status: 0 done, 2 usage, 3 (remove) there was no hold, 4 database not available.\n";

static bool read_options(int argc, char **argv, struct request *request, struct err *err)
{
	static const struct option options[] = {
		{"jid", required_argument, NULL, OPT_JID},
		{"until", required_argument, NULL, OPT_UNTIL},
		{"reason", required_argument, NULL, OPT_REASON},
		{"help", no_argument, NULL, OPT_HELP},
		{NULL, 0, NULL, 0},
	};
	if (!options_read("hold", argc, argv, options, request->given, err))
		return false;
	if (request->given[OPT_HELP])
		return true;
	request->verb = optind + 1 == argc ? argv[optind] : NULL;
	return request->verb ||
	       err_set(err, ERR_USAGE, "hold: say add, list or remove (see --help)");
}

static bool read_until(struct request *request, struct err *err)
{
	char text[64];
	const char *given = request->given[OPT_UNTIL];
	snprintf(text, sizeof text, "%.40sT00:00:00Z", given ? given : "");
	if (!given || strlen(given) != 10 || !usec_parse(text_of(text), &request->hold.until))
		return err_set(err, ERR_USAGE, "hold add: say the last day: --until 2027-12-31");
	return request->hold.until + USEC_PER_DAY > usec_now() ||
	       err_set(err, ERR_USAGE, "hold add: --until %s is over", given);
}

// --- verbs ---

static bool add(struct store *store, struct request *request, int *status, struct err *err)
{
	(void)status;
	return store_hold_add(store, &request->hold, err);
}

static bool remove_hold(struct store *store, struct request *request, int *status, struct err *err)
{
	bool found;
	if (!store_hold_remove(store, request->hold.jid, &found, err))
		return false;
	if (!found) {
		puts("there is no hold of it");
		*status = ERR_DIFFERS;
	}
	return true;
}

static void print_hold(void *self, const struct legal_hold *hold)
{
	char until[USEC_TEXT];
	(void)self;
	usec_format(hold->until, 0, until);
	until[10] = '\0';
	operator_print(hold->jid);
	printf(" until %s%s by ", until, hold->until + USEC_PER_DAY <= usec_now() ? " (over)" : "");
	operator_print(hold->by);
	fputs(": ", stdout);
	operator_print(hold->reason);
	putchar('\n');
}

static bool list(struct store *store, struct request *request, int *status, struct err *err)
{
	(void)request;
	(void)status;
	return store_holds(store, NULL, print_hold, err);
}

static const struct verb {
	const char *name;
	bool jid, until;
	bool (*run)(struct store *store, struct request *request, int *status, struct err *err);
} verbs[] = {{"add", true, true, add},
	     {"list", false, false, list},
	     {"remove", true, false, remove_hold}};

static const struct verb *find_verb(const char *name, struct err *err)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	err_set(err, ERR_USAGE, "hold: \"%s\" is not add, list or remove", name);
	return NULL;
}

static const struct verb *read_request(struct request *request, struct arena *arena,
				       struct err *err)
{
	const struct verb *verb = find_verb(request->verb ? request->verb : "", err);
	const char *reason = request->given[OPT_REASON];
	if (!verb)
		return NULL;
	if (verb->jid &&
	    !operator_jid("hold", request->given[OPT_JID], arena, &request->hold.jid, err))
		return NULL;
	if (verb->until && !read_until(request, err))
		return NULL;
	if (verb->until && (!reason || !*reason)) {
		err_set(err, ERR_USAGE, "hold add: say why: --reason TEXT");
		return NULL;
	}
	request->hold.reason = text_of(reason);
	request->hold.by = text_of(operator_name(arena));
	return verb;
}

int cmd_hold(struct app *app, int argc, char **argv)
{
	struct err err = {0};
	struct request request = {0};
	struct store *store = NULL;
	struct arena *arena = arena_new();
	int status = ERR_NONE;
	bool ok = read_options(argc, argv, &request, &err);
	if (ok && request.given[OPT_HELP]) {
		fputs(help, stdout);
	} else if (ok) {
		const struct verb *verb = read_request(&request, arena, &err);
		ok = verb && store_open(app, STORE_WRITE, &store, &err) &&
		     verb->run(store, &request, &status, &err);
	}
	store_close(store);
	arena_free(arena);
	if (!ok)
		fprintf(stderr, "receiptd: %s\n", err.text);
	return ok ? status : (int)err.kind;
}
