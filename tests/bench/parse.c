// SPDX-License-Identifier: Apache-2.0
// The reading half alone: bytes of a log -> stanzas as facts, kept by nobody.
#include "ingest/dialect.h"
#include "ingest/stanza.h"
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 262144 };

struct reader {
	struct stanza_parser *parser;
	struct arena *scratch;
	int64_t messages;
};

static void whole(void *self, const struct record *record)
{
	struct reader *reader = self;
	struct stanza *stanza;
	const char *reason;
	if (record->kind != RECORD_STANZA)
		return;
	arena_reset(reader->scratch);
	if (stanza_parse(reader->parser, record->xml, reader->scratch, &stanza, &reason) ==
	    STANZA_OK)
		reader->messages += stanza->kind == STANZA_MESSAGE;
}

static void remember(void *self, struct text key, struct text value)
{
	(void)self, (void)key, (void)value;
}

static void pass_over(void *self, const char *kind)
{
	(void)self, (void)kind;
}

int64_t parse_log(const char *path, const char *name)
{
	struct err err = {0};
	struct zone *zone = zone_open("UTC", &err);
	const struct dialect_type *type = dialect_by_name(text_of(name));
	struct reader reader = {.parser = stanza_parser_new(), .scratch = arena_new()};
	struct dialect_sink sink = {&reader, whole, remember, pass_over};
	const struct line_format format = {.line = (char *)(uintptr_t) "%t [%d] %s: %x"};
	struct dialect_options options = {.zone = zone, .modified = USEC_NONE, .format = &format};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *buffer = xcalloc(1, CHUNK);
	if (fd < 0 || !type || !zone)
		bench_fail(path, "cannot be read");
	struct dialect *dialect = type->open(&options, &sink);
	uint64_t offset = 0;
	for (ssize_t got; (got = read(fd, buffer, CHUNK)) > 0; offset += (uint64_t)got)
		type->bytes(dialect, offset, (struct text){buffer, (size_t)got});
	type->end(dialect, true);
	type->close(dialect);
	stanza_parser_free(reader.parser);
	arena_free(reader.scratch);
	zone_free(zone);
	free(buffer);
	close(fd);
	return reader.messages;
}

bool leg_parse(struct bench *bench, struct store *store, struct run_result *leg)
{
	struct clock clock;
	clock_start(bench, store, &clock);
	leg->rows = parse_log(bench->log, bench->dialect);
	clock_stop(bench, store, &clock, leg);
	return leg->rows == bench->traffic.events;
}
