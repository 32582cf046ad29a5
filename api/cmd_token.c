// SPDX-License-Identifier: Apache-2.0
// receiptd token add|list|revoke. A token is printed once, when it is made; afterwards only its hash
// is known (F194).
#include "api/api.h"
#include "api/options.h"
#include "api/token.h"
#include "pairing/jid.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum option_name { OPT_SCOPES, OPT_DOMAINS, OPT_EXPIRES, OPT_HELP, OPTIONS };

struct request {
	const char *verb, *name;
	const char *given[OPTIONS];
};

static void usage(FILE *out)
{
	fputs("usage: receiptd token add NAME --scopes LIST [--domains LIST] [--expires WHEN]\n"
	      "       receiptd token list\n"
	      "       receiptd token revoke NAME\n"
	      "Bearer tokens of the HTTP interface. add prints the token, once.\n\n"
	      "  --scopes LIST   of metrics, messages (no bodies), bodies, reports, feed, admin\n"
	      "  --domains LIST  only messages from or to these domains; default: all\n"
	      "  --expires WHEN  30d, 12h, 90m, 3600s or a date-time; default: never\n\n"
	      "To change one without a break: add another, give it to who asks, and revoke the old one\n"
	      "when list shows that nobody uses it any more (used=, to the minute). A name is never\n"
	      "used again: the access log goes on speaking of the same token.\n",
	      out);
}

static bool read_options(int argc, char **argv, struct request *request, struct err *err)
{
	static const struct option options[] = {
		{"scopes", required_argument, NULL, OPT_SCOPES},
		{"domains", required_argument, NULL, OPT_DOMAINS},
		{"expires", required_argument, NULL, OPT_EXPIRES},
		{"help", no_argument, NULL, OPT_HELP},
		{NULL, 0, NULL, 0},
	};
	if (!options_read("token", argc, argv, options, request->given, err))
		return false;
	if (request->given[OPT_HELP])
		return true;
	if (argc - optind < 1 || argc - optind > 2) {
		err_set(err, ERR_USAGE, "token: say add, list or revoke (see --help)");
		return false;
	}
	request->verb = argv[optind];
	request->name = argv[optind + 1]; // NULL when there is none
	return true;
}

// "30d" from now, or a date-time.
static bool read_expiry(const char *when, usec_t *at, struct err *err)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 7 * 86400}};
	char *unit;
	int64_t count = strtoll(when, &unit, 10);
	if (usec_parse(text_of(when), at))
		return *at > usec_now() || err_set(err, ERR_USAGE, "token: that time is over");
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(unit, units[i].unit) == 0 && count > 0 && count <= 1000000) {
			*at = usec_now() + count * units[i].seconds * USEC_PER_SEC;
			return true;
		}
	}
	return err_set(err, ERR_USAGE, "token: --expires \"%s\" is no time (30d, 12h, ...)", when);
}

static bool add_domain(struct text name, struct arena *arena, struct string_list *domains,
		       struct err *err)
{
	struct jid jid;
	if (!jid_parse(name, arena, &jid) || jid.local.p || jid.resource.p)
		return err_set(err, ERR_USAGE, "token: \"%.*s\" is not a domain", (int)name.n,
			       name.p);
	if (!string_list_has(domains, jid.domain))
		string_list_add(domains, jid.domain);
	return true;
}

static bool read_domains(const char *list, struct arena *arena, struct string_list *domains,
			 struct err *err)
{
	for (;; list++) {
		size_t n = strcspn(list, ",");
		if (!add_domain((struct text){list, n}, arena, domains, err))
			return false;
		list += n;
		if (*list == '\0')
			return true;
	}
}

static bool read_nothing(const struct request *request, struct arena *arena, struct token *token,
			 struct err *err)
{
	(void)arena;
	(void)token;
	return !request->name || err_set(err, ERR_USAGE, "token list: takes no name");
}

static bool read_name(const struct request *request, struct arena *arena, struct token *token,
		      struct err *err)
{
	(void)arena;
	token->name = text_of(request->name);
	return (token->name.n > 0 && token->name.n <= 64) ||
	       err_set(err, ERR_USAGE, "token %s: a name of 1 to 64 characters is needed",
		       request->verb);
}

static bool read_token(const struct request *request, struct arena *arena, struct token *token,
		       struct err *err)
{
	const char *const *given = request->given;
	token->created_at = usec_now();
	token->expires_at = USEC_NONE;
	token->revoked_at = USEC_NONE;
	if (!read_name(request, arena, token, err))
		return false;
	if (!given[OPT_SCOPES] || !scopes_parse(given[OPT_SCOPES], &token->scopes))
		return err_set(err, ERR_USAGE,
			       "token add: --scopes is a list of metrics, messages, bodies, "
			       "reports, feed, admin");
	if (given[OPT_EXPIRES] && !read_expiry(given[OPT_EXPIRES], &token->expires_at, err))
		return false;
	return !given[OPT_DOMAINS] || read_domains(given[OPT_DOMAINS], arena, &token->domains, err);
}

static bool token_add(struct store *store, const struct token *token, struct err *err)
{
	char text[TOKEN_TEXT];
	unsigned char hash[TOKEN_HASH];
	token_make(text);
	token_hash(text_of(text), hash);
	bool ok = store_token_add(store, hash, token, err);
	if (ok && (printf("%s\n", text) < 0 || fflush(stdout) != 0))
		ok = err_set(err, ERR_STORAGE, "token: made, but not printed: revoke it");
	sodium_memzero(text, sizeof text);
	return ok;
}

static void print_scopes(unsigned scopes)
{
	const char *comma = "";
	for (const struct scope_name *scope = scope_names; scope->name; scope++) {
		if (scopes & scope->bit) {
			printf("%s%s", comma, scope->name);
			comma = ",";
		}
	}
}

static void print_time(const char *label, usec_t at)
{
	char text[USEC_TEXT];
	if (at != USEC_NONE)
		printf("  %s=%s", label, usec_format(at, 0, text));
}

static void each_token(void *self, const struct token *token)
{
	(void)self;
	printf("%.*s  ", (int)token->name.n, token->name.p ? token->name.p : "");
	print_scopes(token->scopes);
	for (size_t i = 0; i < token->domains.count; i++)
		printf("%s%s", i > 0 ? "," : "  domains=", token->domains.items[i]);
	print_time("created", token->created_at);
	print_time("expires", token->expires_at);
	print_time("revoked", token->revoked_at);
	print_time("used", token->used_at);
	putchar('\n');
}

static bool token_list(struct store *store, const struct token *token, struct err *err)
{
	(void)token;
	return store_tokens(store, NULL, each_token, err);
}

static bool token_revoke(struct store *store, const struct token *token, struct err *err)
{
	bool found = false;
	if (!store_token_revoke(store, token->name, &found, err))
		return false;
	return found || err_set(err, ERR_USAGE, "token revoke: there is no token of that name");
}

static const struct verb {
	const char *name;
	bool (*read)(const struct request *request, struct arena *arena, struct token *token,
		     struct err *err);
	bool (*act)(struct store *store, const struct token *token, struct err *err);
} verbs[] = {
	{"add", read_token, token_add},
	{"list", read_nothing, token_list},
	{"revoke", read_name, token_revoke},
};

static const struct verb *find_verb(const char *name, struct err *err)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	err_set(err, ERR_USAGE, "token: \"%s\" is not add, list or revoke", name);
	return NULL;
}

// The arguments are judged before the database is bothered.
static bool token_command(struct app *app, const struct request *request, struct err *err)
{
	const struct verb *verb = find_verb(request->verb, err);
	if (!verb)
		return false;
	struct token token = {0};
	struct store *store = NULL;
	struct arena *arena = arena_new();
	bool ok = sodium_init() >= 0 && verb->read(request, arena, &token, err) &&
		  store_open(app, STORE_WRITE, &store, err) && verb->act(store, &token, err);
	store_close(store);
	string_list_free(&token.domains);
	arena_free(arena);
	return ok;
}

int cmd_token(struct app *app, int argc, char **argv)
{
	struct err err = {.kind = ERR_INTERNAL};
	struct request request = {0};
	bool ok = read_options(argc, argv, &request, &err);
	if (ok && request.given[OPT_HELP]) {
		usage(stdout);
		return ERR_NONE;
	}
	ok = ok && token_command(app, &request, &err);
	if (!ok)
		fprintf(stderr, "receiptd: %s\n", err.text);
	return ok ? ERR_NONE : (int)err.kind;
}
