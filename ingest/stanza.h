// SPDX-License-Identifier: Apache-2.0
// XML -> struct stanza (PAIRING K0..K20), by libxml2's SAX2 push parser with one reused context,
// or without it what is plain.
//
// Limits before or beside libxml2 (FAULTS F108-F119, F128): size 256 KiB, depth 64, 256 attributes or
// namespace declarations in one element; DOCTYPE, entities other than the predefined five, undeclared prefixes, encoding
// declarations other than UTF-8, NUL and invalid UTF-8 are refused; any error that libxml2 reports voids the
// stanza, also when the context still says well-formed. Text is returned exactly as XML defines it
// (CDATA and character references resolved). A parser is used by one thread.
#ifndef INGEST_STANZA_H
#define INGEST_STANZA_H

#include "core/arena.h"
#include "core/settings.h"
#include "pairing/stanza.h"

struct stanza_parser; // opaque

struct stanza_parser *stanza_parser_new(void);
// Private acknowledgements to look for from now on; the list must outlive the parser.
void stanza_parser_declare(struct stanza_parser *parser, const struct private_ack *acks,
			   size_t count);
// For tests: nothing is read without libxml2.
void stanza_parser_only_libxml2(struct stanza_parser *parser);
void stanza_parser_free(struct stanza_parser *parser);

enum stanza_result {
	STANZA_OK,
	STANZA_UNPARSABLE, // E1; *reason says why (static text, e.g. "undeclared prefix")
};

// On STANZA_OK *stanza and all its text live in arena. Root elements that are not
// message/iq/presence/route give kind STANZA_OTHER and nothing else.
enum stanza_result stanza_parse(struct stanza_parser *parser, struct text xml, struct arena *arena,
				struct stanza **stanza, const char **reason);

// True when the bytes may be a message stanza or hold one (cheap search for "<message" or
// "<route", any prefix); false lets the caller skip parsing iq and presence (DESIGN section 3).
bool stanza_maybe_message(struct text xml);

// True when the bytes are an iq or presence that may hold a fact (K19, F9): its first tag and a
// search for namespaces decide. Such a stanza is of no other use: what cannot be read is left out.
bool stanza_maybe_known(struct text xml);

// True when an iq may hold an acknowledgement that is declared for iqs (cheap search for its
// namespace): dialects that drop other iqs let it through. rules NULL: none is declared.
bool stanza_maybe_private(const struct realm_settings *rules, struct text xml);

#endif
