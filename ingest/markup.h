// SPDX-License-Identifier: Apache-2.0
// Just enough XML to find where an element ends and what its tags say: for framing only. It judges
// nothing (ingest/stanza.c does); it must only never be fooled by CDATA, comments, quotes or text
// that looks like markup (FAULTS F118, F120).
//
// The bytes of one element are given again from its start with more at the end each time, so any
// read boundary gives the same result (F24, F32) and work is done once per byte.
#ifndef INGEST_MARKUP_H
#define INGEST_MARKUP_H

#include "core/arena.h"
#include "core/text.h"

#include <stdint.h>

enum { MARKUP_DEPTH = 64 }; // names of open elements are compared down to here

enum markup_step {
	MARKUP_MORE,  // the bytes end inside: call again with more
	MARKUP_OPEN,  // a start tag, depth is already counted
	MARKUP_EMPTY, // <name/>, depth unchanged
	MARKUP_CLOSE, // an end tag, depth is already counted down
	MARKUP_BAD,   // not well-formed at pos
};

struct markup {
	size_t tag; // where the tag (or comment, CDATA) of the last step began
	size_t pos; // first byte not looked at yet
	uint32_t depth;
	bool in_tag;
	char quote; // in_tag: the open quote, 0 = none
	uint64_t names[MARKUP_DEPTH];
};

// One step from markup->pos; a zeroed struct starts at a new element. After CLOSE or EMPTY with
// depth 0 the element is complete and pos is its length.
enum markup_step markup_next(struct markup *markup, struct text data);

// Whole when the bytes hold exactly one element from the first byte on (trailing white space is
// allowed).
bool markup_whole(struct text data);

// The tag of the last step, "<name ...>".
static inline struct text markup_tag(const struct markup *markup, struct text data)
{
	return (struct text){data.p + markup->tag, markup->pos - markup->tag};
}

// The first tag of the bytes, absent when it is not complete or is not a start tag.
struct text markup_first(struct text data);

struct text tag_name(struct text tag);
// Raw value between the quotes, absent when there is no such attribute. name is qualified.
struct text tag_attr(struct text tag, const char *name);
// The same with the predefined entities and character references resolved.
struct text tag_value(struct arena *arena, struct text tag, const char *name);
// Several at once.
void tag_values(struct arena *arena, struct text tag, const char *const *names,
		struct text *const *values, size_t count);

// JID pieces as slices, no normalisation (JIDs in logs are the server's). Absent when missing.
struct text jid_domain_of(struct text jid);
struct text jid_bare_of(struct text jid);
bool jid_is_full(struct text jid); // local@domain/resource
// Same account; ASCII letters of localpart and domain in any case (the client wrote "to").
bool jid_same_bare(struct text a, struct text b);

#endif
