// SPDX-License-Identifier: Apache-2.0
// A component by itself, before the server that a test plays. What would go into its spool is written to a
// file, one JSON object a line; its state is printed whenever it changes.
// Usage: component host=... port=... domain=... secret=... out=FILE [server=... tls=1 ca=FILE full=FILE
//        silence=MS patience=MS least=MS most=MS]
// While the file named by full exists, the spool is full. INT or TERM ends it and prints the counts.
#include "core/arena.h"
#include "core/json.h"
#include "ingest/sources/component.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// --- a spool that is a text file ---

struct spool {
	FILE *out;
	const char *full;
	usec_t last_at;
};

static usec_t last_line(const char *path)
{
	usec_t last = USEC_NONE;
	FILE *in = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	while (in && getline(&line, &size, in) > 0) {
		json_t *object = json_loads(line, 0, NULL);
		struct text kind = json_get_text(object, "kind");
		if (text_is(kind, "stanza"))
			usec_parse(json_get_text(object, "ts"), &last);
		json_decref(object);
	}
	free(line);
	if (in)
		fclose(in);
	return last;
}

usec_t spool_last_at(struct spool *spool)
{
	return spool->last_at;
}

static void put_one(struct spool *spool, const struct spool_item *item)
{
	static const char *const kinds[] = {"stanza", "gap", "unreadable"};
	json_t *object = json_object();
	json_put_text(object, "kind", text_of(kinds[item->kind]));
	json_put_usec(object, "ts", item->at, 6);
	json_put_text(object, "feed", TEXT("component"));
	json_put_text(object, "dir", text_of(direction_names[item->dir]));
	json_put_text(object, "stanza", item->xml);
	json_put_text(object, "reason", item->reason);
	if (item->kind == SPOOL_GAP) {
		json_put_usec(object, "since", item->since, 6);
		json_object_set_new(object, "lost", json_integer(item->lost));
	}
	json_dumpf(object, spool->out, JSON_COMPACT);
	fputc('\n', spool->out);
	json_decref(object);
	if (item->kind == SPOOL_STANZA)
		spool->last_at = item->at;
}

enum spool_result spool_put(struct spool *spool, const struct spool_item *items, size_t count,
			    struct err *err)
{
	(void)err;
	if (spool->full && access(spool->full, F_OK) == 0)
		return SPOOL_FULL;
	for (size_t i = 0; i < count; i++)
		put_one(spool, &items[i]);
	fflush(spool->out);
	return SPOOL_DONE;
}

// --- the program ---

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static const char *argument(char **argv, const char *name)
{
	size_t n = strlen(name);
	for (; *argv; argv++)
		if (!strncmp(*argv, name, n) && (*argv)[n] == '=')
			return *argv + n + 1;
	return NULL;
}

static usec_t milliseconds(char **argv, const char *name)
{
	const char *value = argument(argv, name);
	return value ? strtol(value, NULL, 10) * 1000 : 0;
}

static void print_changes(struct component *component)
{
	struct component_state state = {0}, before = {.word = ""};
	while (!stop) {
		component_state(component, &state);
		if (strcmp(state.word, before.word) || strcmp(state.detail, before.detail)) {
			printf("%s %s\n", state.word, state.detail);
			fflush(stdout);
		}
		before = state;
		usleep(2000);
	}
	component_state(component, &state);
	for (size_t i = 0; i < COMPONENT_COUNTS; i++)
		printf("count %s %lld\n", component_count_names[i], (long long)state.counts[i]);
}

int main(int argc, char **argv)
{
	const char *port = argument(argv, "port"), *out = argument(argv, "out");
	if (argc < 6 || !port || !out)
		return 2;
	struct log *log = log_new(STDERR_FILENO, LOG_INFO);
	struct spool spool = {fopen(out, "a"), argument(argv, "full"), last_line(out)};
	struct component_options options = {.name = "component",
					    .host = argument(argv, "host"),
					    .port = (int)strtol(port, NULL, 10),
					    .domain = argument(argv, "domain"),
					    .server = argument(argv, "server"),
					    .secret = text_of(argument(argv, "secret")),
					    .tls = argument(argv, "tls"),
					    .ca_file = argument(argv, "ca"),
					    .spool = &spool,
					    .log = log,
					    .silence = milliseconds(argv, "silence"),
					    .patience = milliseconds(argv, "patience"),
					    .backoff_least = milliseconds(argv, "least"),
					    .backoff_most = milliseconds(argv, "most"),
					    .full_pause = 20000};
	struct component *component;
	struct err err = {0};
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (!spool.out || !component_start(&options, &component, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	print_changes(component);
	component_stop(component);
	fclose(spool.out);
	log_free(log);
	return 0;
}
