// SPDX-License-Identifier: Apache-2.0
// The server's half of a component's stream (XEP-0114): bytes in whatever pieces the network gives them
// (F56) to what they say. Framing only, by ingest/markup.h: what a stanza means is ingest/stanza.c's.
//
// Memory is bounded: a stanza above the limit, or deeper than one can be read, is told with its first bytes
// and passed over to its end, and the stream goes on. What no XMPP server sends between stanzas (comments,
// document types, processing instructions, text) ends the stream (RFC 6120 11.1).
#ifndef INGEST_SOURCES_COMPONENT_STREAM_H
#define INGEST_SOURCES_COMPONENT_STREAM_H

#include "core/text.h"

enum {
	COMPONENT_STANZA_MAX = 256 << 10, // what ingest/stanza.h reads
	COMPONENT_DEPTH_MAX = 64,
	COMPONENT_HEAD_MAX = 4 << 10, // of what cannot be read
	COMPONENT_HANDSHAKE = 41      // 40 digits and a NUL
};

enum component_event_kind {
	COMPONENT_OPENED,     // text: the id of the stream
	COMPONENT_ACCEPTED,   // <handshake/>
	COMPONENT_STANZA,     // text: message, iq, presence or route, whole
	COMPONENT_OTHER,      // text: an element of another name, whole
	COMPONENT_UNREADABLE, // text: the first bytes of a stanza; detail says why
	COMPONENT_ERROR,  // text: the condition of a stream error; detail: its text, may be absent
	COMPONENT_CLOSED, // the server ended the stream
};

struct component_event {
	enum component_event_kind kind;
	struct text text;
	struct text detail;
};

struct component_stream;

// most: bytes of a stanza that is read, 0 = COMPONENT_STANZA_MAX. Texts of an event are valid during the call
// only.
struct component_stream *component_stream_new(size_t most, void *self,
					      void (*event)(void *self,
							    const struct component_event *event));
void component_stream_free(struct component_stream *stream);

// NULL, or why nothing that follows can be read (static text). *heard: there was more than white space,
// which any proxy can keep sending (F57).
const char *component_stream_bytes(struct component_stream *stream, struct text bytes, bool *heard);

// What proves to the server that we know the secret: the SHA-1 of the stream's id and the secret.
bool component_handshake(struct text id, struct text secret, char out[COMPONENT_HANDSHAKE]);

#endif
