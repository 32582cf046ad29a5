// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file that nobody said anything about: detection answers the same each time, and what
// `explain` tells of the file can be printed and adds up.
#include "core/json.h"
#include "ingest/explain.h"
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

static void judge_scores(struct text head)
{
	int certainty = -1, again = -1;
	const char *why = NULL;
	const struct dialect_type *found = dialect_detect(head, &certainty, &why);
	MUST(why && why[0] && certainty >= 0 && certainty <= 100);
	MUST(!found == (certainty < 50));
	MUST(dialect_detect(head, &again, NULL) == found && again == certainty);
	for (size_t i = 0; dialect_types[i]; i++) {
		int score = dialect_types[i]->score(head, &why);
		MUST(score >= 0 && score <= certainty && why && why[0]);
	}
}

static uint64_t sum_of(const struct look_count *counts)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < LOOK_KINDS && counts[i].what; i++)
		sum += counts[i].count;
	return sum;
}

static void judge_look(const struct look *look, size_t size)
{
	MUST(look->dialect && look->why);
	MUST(look->compressed || look->bytes <= size);
	MUST((look->first == USEC_NONE) == (look->last == USEC_NONE) && look->first <= look->last);
	MUST(sum_of(look->unread) <= look->bytes && sum_of(look->gaps) <= look->bytes);
	MUST(look->hosts.count <= LOOK_NAMED && look->muc_domains.count <= LOOK_NAMED);
}

static void print(const struct look *look)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	MUST(out);
	explain_print(out, "log", look);
	MUST(fclose(out) == 0 && length > 0);
	free(text);
	JSON_AUTO *json = explain_json("log", look);
	MUST(json);
}

static void look_as(const char *dialect, const char *path, size_t size)
{
	const struct look_options options = {.dialect = dialect, .zone = "UTC", .limit = 4 << 20};
	struct look look;
	struct err err = {0};
	if (look_at(path, &options, &look, &err)) {
		judge_look(&look, size);
		print(&look);
	} else {
		MUST(err.text[0]);
	}
	look_free(&look);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	struct text head = exact_copy((struct text){(const char *)data, size});
	judge_scores(head);
	exact_free(head);
	int file = memfd_create("log", MFD_CLOEXEC);
	MUST(file >= 0 && write(file, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	look_as(NULL, path, size);
	struct dice dice = dice_of(data, size);
	size_t count = 0;
	while (dialect_types[count])
		count++;
	look_as(dialect_types[dice_roll(&dice, count)]->name, path, size);
	close(file);
	return 0;
}
