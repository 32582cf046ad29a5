// SPDX-License-Identifier: Apache-2.0
// The section "feed", and which of several sources counts (F68).
#include "core/arena.h"
#include "core/settings_table.h"

#include <stddef.h>
#include <stdlib.h>

// The formatter takes these braces for blocks.
// clang-format off
#define KEY(name, type, preset, help)                                                              \
	{#name, &setting_##type, preset, help, offsetof(struct feed_setting, name), false}
// clang-format on

const struct setting_row feed_rows[] = {
	KEY(kind, feed, NULL, "webhook (POST /v1/feed) or component (XEP-0114)"),
	KEY(secret_file, optional, NULL, "file that holds the secret, readable by the owner only"),
	KEY(host, optional, "127.0.0.1", "component: address of the server"),
	KEY(port, port, "5347", "component: its port for components"),
	KEY(domain, optional, NULL, "component: the component's own domain"),
	KEY(tls, switch, "false", "component: TLS from the first byte, certificate checked"),
	KEY(domains, list, NULL, "who may wrap messages: the domains of the server"),
	KEY(authority, switch, "false", "where a log shows the same traffic: this one counts"),
	KEY(hosts, list, NULL, "the domains whose traffic it shows; default: all of the realm"),
};

const size_t feed_row_count = sizeof feed_rows / sizeof *feed_rows;

static const char *const kind_names[] = {
	[FEED_WEBHOOK] = "webhook", [FEED_COMPONENT] = "component"};

static bool parse_kind(const struct setting_row *row, const char *text, void *field,
		       struct err *err)
{
	(void)row;
	for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
		if (strcmp(text, kind_names[i]) == 0) {
			*(enum feed_kind *)field = (enum feed_kind)i;
			return true;
		}
	}
	return err_set(err, ERR_USAGE, "one of webhook, component is expected");
}

const struct setting_type setting_feed = {"kind of feed", parse_kind, false, false};

// It is the name of a folder too.
static bool is_good_name(const char *name)
{
	size_t n =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	return n > 0 && n <= 64 && name[n] == '\0' && name[0] != '.' && name[0] != '-';
}

bool feed_check(const struct feed_setting *feed, struct err *err)
{
	if (!is_good_name(feed->name))
		return err_set(err, ERR_USAGE,
			       "a name of letters, digits, dots and dashes is needed");
	if (feed->kind == FEED_WEBHOOK)
		return true;
	if (!feed->domain)
		return err_set(err, ERR_USAGE, "domain is missing: the component's own");
	if (!feed->secret_file)
		return err_set(err, ERR_USAGE, "secret_file is missing");
	if (!feed->domains.count)
		return err_set(
			err, ERR_USAGE,
			"domains are missing: those of the server, which wraps the messages");
	return true;
}

void feed_setting_free(struct feed_setting *feed)
{
	free(feed->name);
	free(feed->secret_file);
	free(feed->host);
	free(feed->domain);
	string_list_free(&feed->domains);
	string_list_free(&feed->hosts);
}

// ---- who counts

void settings_add_spool(struct settings *settings, const struct feed_setting *feed,
			const char *pattern)
{
	size_t count = settings->source_count + 1;
	settings->sources = xrealloc(settings->sources, count * sizeof *settings->sources);
	struct source_setting *source = &settings->sources[count - 1];
	*source = (struct source_setting){.name = xstrdup(feed->name),
					  .path = xstrdup(pattern),
					  .dialect = xstrdup("spool"),
					  .authority = feed->authority};
	for (size_t i = 0; i < feed->hosts.count; i++)
		string_list_add(&source->hosts, text_of(feed->hosts.items[i]));
	settings->source_count = count;
}

static bool overlap(const struct string_list *a, const struct string_list *b)
{
	if (!a->count || !b->count)
		return true; // all of the realm
	for (size_t i = 0; i < a->count; i++)
		if (string_list_has(b, text_of(a->items[i])))
			return true;
	return false;
}

// Logs of one realm beside each other are nodes of one cluster, or files of one server; feeds too (F72).
static bool judge(struct source_setting *a, struct source_setting *b, struct err *err)
{
	if (!overlap(&a->hosts, &b->hosts))
		return true;
	if (a->authority != b->authority) {
		(a->authority ? b : a)->witness = true;
		return true;
	}
	if (source_is_spool(a) == source_is_spool(b) && !a->authority)
		return true;
	return err_set(
		err, ERR_USAGE,
		"%.100s and %.100s show the same traffic (realm, hosts): set authority = true "
		"in the one of them whose lines count; the other then only adds evidence. If "
		"they do not, say which hosts each one shows",
		a->name, b->name);
}

bool sources_judge(struct settings *settings, struct err *err)
{
	for (size_t i = 0; i < settings->source_count; i++)
		settings->sources[i].witness = false;
	for (size_t i = 0; i < settings->source_count; i++)
		for (size_t k = i + 1; k < settings->source_count; k++)
			if (!judge(&settings->sources[i], &settings->sources[k], err))
				return false;
	return true;
}
