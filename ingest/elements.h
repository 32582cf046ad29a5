// SPDX-License-Identifier: Apache-2.0
// What the bytes of an XMPP stream consist of at its top level: elements and what is between them.
#ifndef INGEST_ELEMENTS_H
#define INGEST_ELEMENTS_H

#include "ingest/markup.h"

enum element_step {
	STEP_MORE,    // the bytes end inside: call again with more
	STEP_BETWEEN, // white space, an XML declaration, a tag of the stream itself
	STEP_ELEMENT, // one element
	STEP_BROKEN,  // not well-formed
};

// What the bytes begin with, and its size. markup is zero at the beginning of an element and keeps
// what is known when it is called again.
enum element_step element_next(struct text bytes, struct markup *markup, size_t *size);

// Nothing, or what can stand at the top level of a stream (or may be the beginning of it).
bool element_begins(struct text bytes);
// A stream begins anew.
bool element_begins_stream(struct text bytes);
// message, iq or presence; all else may hold a password.
bool element_is_stanza(struct text element);

#endif
