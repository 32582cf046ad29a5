// SPDX-License-Identifier: Apache-2.0
// What one message stands on, as JSON: its timeline, its acknowledgements, and where in which file each
// was read.
#ifndef API_EVIDENCE_JSON_H
#define API_EVIDENCE_JSON_H

#include "core/json.h"
#include "store/store.h"

// In the order of time: event, at, and via, error and position where there are any.
json_t *timeline_json(const struct message *message);
// What the message asked for: receipt, markable, x-event-delivered, ...
json_t *requests_json(const struct row *row);

json_t *ack_json(const struct message_ack *ack, const struct via_names *names);
// The receipt and the marker that a plain row holds itself; appended to the array.
void plain_acks_json(const struct message *message, json_t *acks);

// Positions are put in as numbers and get their names when all are known: the generation is a file that
// only the store can name.
void json_put_position(json_t *object, position_t position);
int32_t position_generation(json_int_t position);
// Calls back for every object that has one.
void each_position(json_t *value, void *self, void (*each)(void *self, json_t *object));
json_t *position_json(json_int_t position, const struct generation_place *place);

#endif
