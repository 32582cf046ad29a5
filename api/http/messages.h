// SPDX-License-Identifier: Apache-2.0
// What pages (messages.c) and streams (messages_all.c) of the chat log have in common.
#ifndef API_HTTP_MESSAGES_H
#define API_HTTP_MESSAGES_H

#include "api/http/call.h"

enum { TEXT_DAYS = 31 }; // longest interval that is searched for words without a participant

// limit=all: leaves a producer in the reply, or a problem. The filter's texts are copied.
bool messages_all(struct call *call, const struct message_filter *filter, unsigned parts,
		  const struct param *format, struct err *err);

#endif
