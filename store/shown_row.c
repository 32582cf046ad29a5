// SPDX-License-Identifier: Apache-2.0
// The columns of a message that are ever shown, for statements that leave the others out: pages of a conversation and
// the export.
#include "store/read_messages.h"

const char *const shown_columns[SHOWN_COLUMNS] = {
	"conv",
	"sent_at",
	"key",
	"n",
	"realm",
	"id",
	"from_resource",
	"nick",
	"type",
	"class",
	"state",
	"flags",
	"composed_at",
	"accepted_at",
	"stored_at",
	"routed_at",
	"delivered_at",
	"delivered_via",
	"displayed_at",
	"displayed_via",
	"failed_at",
	"error",
	"retracted_at",
	"corrects",
	"resends",
	"marks",
	"thread",
	"receipt_first",
	"marker_first",
	"ack_resource",
	"read_inferred_at",
	"read_via",
	"response_ms",
};

// Both lists are in one order, so each name is looked for from the one before.
void shown_places(int places[SHOWN_COLUMNS])
{
	int column = 0;
	for (int i = 0; i < SHOWN_COLUMNS; i++) {
		while (strcmp(message_columns[column].name, shown_columns[i]) != 0)
			column++;
		places[i] = column++;
	}
}

void shown_blank(struct message_row *row)
{
	*row = (struct message_row){0};
	for (int i = 0; i < MESSAGE_READ_COLUMNS; i++)
		if (message_columns[i].element == OF_TIMESTAMPTZ)
			*(usec_t *)(void *)((char *)row + message_columns[i].offset) = USEC_NONE;
}

void shown_read(const struct rows *rows, int at, const int places[SHOWN_COLUMNS],
		struct message_row *row)
{
	for (int i = 0; i < SHOWN_COLUMNS; i++)
		message_read_column(rows, at, i, &message_columns[places[i]], row);
}
