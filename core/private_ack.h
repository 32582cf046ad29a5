// SPDX-License-Identifier: Apache-2.0
// Private acknowledgements: conventions that apps use instead of XEP-0184 and that an operator declares.
// One table (private_ack.c) has a row per key; the configuration file, the JSON of a realm, --help and
// the sample file come from it.
#ifndef CORE_PRIVATE_ACK_H
#define CORE_PRIVATE_ACK_H

#include "core/err.h"
#include "core/text.h"

#include <jansson.h>

// Most that a realm may ever have declared: their numbers are part of the codes of "via" in rows.
enum { PRIVATE_ACKS_MAX = 60 };

struct private_path {      // an element: a child of the stanza, or a child of that one
	struct text outer; // absent: the element itself is the child of the stanza
	struct text name;
	struct text ns; // of both
};

struct private_ack {
	char *name; // [a-z0-9-]+, shown as private:NAME
	// As declared; NULL = not given.
	char *element, *namespace, *on, *ref, *means, *request_element, *request_namespace;
	// What they say; all text points into them.
	struct private_path ack, request; // request.name absent: there is none
	bool on_message, on_iq;
	bool displayed; // else delivered
	struct text child,
		attribute; // of the element; both absent: its text, or with own_id the id
	bool own_id;       // of the stanza
	int number; // of the realm, for ever (store); until it is asked: the place in the list
};

// Checks what must fit together in one declaration and fills what it says. ERR_USAGE names the key.
bool private_ack_settle(struct private_ack *ack, struct err *err);
// Names twice, elements twice, requests that are acknowledgements. Numbers them as they stand.
bool private_acks_check(struct private_ack *list, size_t count, struct err *err);
void private_ack_copy(struct private_ack *to, const struct private_ack *from);
void private_ack_free(struct private_ack *ack);

// [{name, element, namespace, on, ref, means, request_element, request_namespace}]; a failure leaves
// *list alone.
bool private_acks_from_json(const json_t *array, struct private_ack **list, size_t *count,
			    struct err *err);
json_t *private_acks_to_json(const struct private_ack *list, size_t count);

#endif
