// SPDX-License-Identifier: Apache-2.0
// A message row as a JSON object with the field names of PAIRING section 9: what is not known is no
// member at all. The one place where rows get their outer form.
#ifndef API_MESSAGE_JSON_H
#define API_MESSAGE_JSON_H

#include "api/table.h"
#include "store/store.h"

enum message_parts {
	MESSAGE_KEYS = 1, // conv and key (hex, as in links) and ticks
	MESSAGE_BODY = 2  // body; the caller has checked the scope (F192)
};

// Times in UTC with microseconds. The id of an untracked row (M4) is "". A list of devices or people names nobody
// twice.

// A row of a table, whose columns are one of the lists below (or nothing, where it is no CSV).
void message_to_table(struct table *table, const struct message *message, unsigned parts);
// The JSON object alone.
void message_to_json(struct buf *out, const struct message *message, unsigned parts);
// The same to be added to or changed: many times as dear.
json_t *message_json(const struct message *message, unsigned parts);

// What a chat client would draw: 0 sent or failed, 1 accepted by a server, 2 delivered, 3 displayed.
int message_ticks(enum message_state state);

// The same as a word: sent, accepted, delivered, read, failed, or unknown where nothing was asked for and
// nothing is known (S4).
const char *message_tick(enum message_state state, enum verdict verdict);

// 16 hexadecimal digits, as conv and key are shown.
void json_put_hex(json_t *object, const char *key, int64_t value);

// For CSV; message_columns_plain leaves out what comes last: keys and body.
extern const char *const message_table_columns[];
extern const char *const message_columns_plain[];

#endif
