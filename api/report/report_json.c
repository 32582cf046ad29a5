// SPDX-License-Identifier: Apache-2.0
#include "api/report/report_json.h"

#include "api/report/period.h"

const char *const report_columns[] = {
	"name",       "period", "day",  "zone",  "revision",   "made_at", "complete_until",
	"incomplete", "final",  "kept", "files", "deliveries", NULL};

static enum period_kind kind_of(const char *word)
{
	int kind = PERIOD_DAY;
	while (kind < PERIOD_MONTH && strcmp(word, period_words[kind]) != 0)
		kind++;
	return (enum period_kind)kind;
}

static json_t *file_json(const struct report_file *file)
{
	json_t *row = json_object();
	json_object_set_new(row, "format", json_text(file->format));
	json_object_set_new(row, "name", json_text(file->name));
	json_object_set_new(row, "bytes", json_integer(file->bytes));
	json_object_set_new(row, "sha256", json_text(file->sha256));
	return row;
}

static json_t *sending_json(const struct report_sending *sending)
{
	json_t *row = json_object();
	json_object_set_new(row, "way", json_text(sending->way));
	json_object_set_new(row, "tries", json_integer(sending->tries));
	json_object_set_new(row, "done_at", json_usec(sending->done_at, 6));
	json_object_set_new(row, "next_at", json_usec(sending->next_at, 6));
	json_object_set_new(row, "problem", json_text(sending->problem));
	return row;
}

json_t *stored_report_json(const struct stored_report *report)
{
	char name[PERIOD_NAME], day[USEC_TEXT];
	const struct period period = {.kind = kind_of(report->key.period), .day = report->key.day};
	json_t *row = json_object(), *files = json_array(), *sendings = json_array();
	usec_format(report->key.day, 0, day);
	day[10] = '\0';
	json_object_set_new(row, "name", json_string(period_name(&period, name)));
	json_object_set_new(row, "period", json_string(report->key.period));
	json_object_set_new(row, "day", json_string(day));
	json_object_set_new(row, "zone", json_string(report->key.zone));
	json_object_set_new(row, "revision", json_integer(report->key.revision));
	json_object_set_new(row, "made_at", json_usec(report->made_at, 6));
	json_object_set_new(row, "complete_until", json_usec(report->complete_until, 6));
	json_object_set_new(row, "incomplete", json_boolean(report->incomplete));
	json_object_set_new(row, "final", json_boolean(report->final));
	json_object_set_new(row, "kept", json_boolean(report->kept));
	for (size_t i = 0; i < report->file_count; i++)
		json_array_append_new(files, file_json(&report->files[i]));
	for (size_t i = 0; i < report->sending_count; i++)
		json_array_append_new(sendings, sending_json(&report->sendings[i]));
	json_object_set_new(row, "files", files);
	json_object_set_new(row, "deliveries", sendings);
	return row;
}
