// SPDX-License-Identifier: Apache-2.0
// Drives libxml2's SAX2 push parser, for what stanza_plain.c cannot read. One context is used again and again, because making one costs
// more than reading a stanza; it is thrown away where it could carry something over: after any
// error, after a big stanza, when its dictionary of names has grown, and now and then.
//
// F128: an error that libxml2 reports voids the stanza even if the context says well-formed
// afterwards, so nothing is handed out until all witnesses agree: our flag, the context, and the
// open elements.
#include "ingest/stanza.h"

#include "ingest/stanza_internal.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <stdlib.h>

enum {
	CONTEXT_STANZAS = 10000,
	CONTEXT_STANZA_BYTES = 64 * 1024,
	CONTEXT_NAME_BYTES = 1024 * 1024, // libxml2 refuses all names beyond 10 MB
	NAMESPACES_IN_SCOPE = 512,        // libxml2 looks prefixes up one by one
};

struct stanza_parser {
	struct plain plain;
	bool only_libxml2;
	xmlParserCtxtPtr context; // NULL: make a new one
	unsigned parsed;          // with this context
	const char *failed;       // first reason to refuse the stanza at hand
	bool root_closed;
	unsigned declared[STANZA_DEPTH_MAX]; // namespaces, by open element
	unsigned declared_total;
	struct reader reader;
};

static void fail(struct stanza_parser *parser, const char *reason)
{
	if (!parser->failed)
		parser->failed = reason;
}

static void stop(struct stanza_parser *parser, const char *reason)
{
	fail(parser, reason);
	xmlStopParser(parser->context);
}

static const char *error_reason(int code)
{
	static const struct {
		int code;
		const char *reason;
	} reasons[] = {
		{XML_NS_ERR_UNDEFINED_NAMESPACE, "undeclared prefix"},
		{XML_NS_ERR_ATTRIBUTE_REDEFINED, "duplicate attribute"},
		{XML_ERR_ATTRIBUTE_REDEFINED, "duplicate attribute"},
		{XML_ERR_TAG_NAME_MISMATCH, "mismatched end tag"},
		{XML_ERR_DOCUMENT_END, "cut"},
		{XML_ERR_DOCUMENT_EMPTY, "no element"},
		{XML_ERR_TAG_NOT_FINISHED, "cut"},
		{XML_ERR_UNDECLARED_ENTITY, "undeclared entity"},
		{XML_ERR_INVALID_CHAR, "forbidden character"},
		{XML_ERR_NAME_REQUIRED, "malformed reference or name"},
		{XML_ERR_ENTITYREF_SEMICOL_MISSING, "malformed reference or name"},
		{XML_ERR_NO_MEMORY, "out of memory"},
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].code == code)
			return reasons[i].reason;
	}
	return "not well-formed";
}

// A namespace name that is no URI is reported like an error, but it breaks no rule of XML: to us it
// is just a name that nobody knows (F115).
static bool harmless(int code)
{
	return code == XML_WAR_NS_URI || code == XML_WAR_NS_URI_RELATIVE;
}

static void on_error(void *self, xmlErrorPtr error)
{
	struct stanza_parser *parser = self;
	if (error->level < XML_ERR_ERROR || harmless(error->code))
		return;
	bool behind = error->code == XML_ERR_DOCUMENT_END && parser->root_closed;
	fail(parser, behind ? "something behind the stanza" : error_reason(error->code));
}

static void on_doctype(void *self, const xmlChar *name, const xmlChar *external,
		       const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	stop(self, "document type declaration");
}

static void on_start(void *self, const xmlChar *local, const xmlChar *prefix, const xmlChar *ns,
		     int declared, const xmlChar **declarations, int attributes, int defaulted,
		     const xmlChar **values)
{
	struct stanza_parser *parser = self;
	struct reader *reader = &parser->reader;
	(void)declarations;
	(void)defaulted;
	if (parser->failed)
		return;
	if (prefix && !ns) {
		stop(parser, "undeclared prefix");
		return;
	}
	if (reader->depth == STANZA_DEPTH_MAX) {
		stop(parser, "nested too deep");
		return;
	}
	parser->declared[reader->depth] = (unsigned)declared;
	parser->declared_total += (unsigned)declared;
	if (parser->declared_total > NAMESPACES_IN_SCOPE) {
		stop(parser, "too many namespaces");
		return;
	}
	reader->attributes = (const unsigned char *const *)values;
	reader->attribute_count = attributes;
	reader_open(reader, (const char *)ns, (const char *)local);
}

static void on_end(void *self, const xmlChar *local, const xmlChar *prefix, const xmlChar *ns)
{
	struct stanza_parser *parser = self;
	(void)local;
	(void)prefix;
	(void)ns;
	if (parser->failed)
		return;
	if (parser->reader.depth == 0) {
		fail(parser, "not well-formed");
		return;
	}
	reader_close(&parser->reader);
	parser->declared_total -= parser->declared[parser->reader.depth];
	parser->root_closed = parser->reader.depth == 0;
}

static void on_text(void *self, const xmlChar *data, int size)
{
	struct stanza_parser *parser = self;
	if (!parser->failed)
		reader_text(&parser->reader, (const char *)data, (size_t)size);
}

// References to entities need no callback: the predefined ones arrive as text, all others are
// errors.
static const xmlSAXHandler handler = {
	.initialized = XML_SAX2_MAGIC,
	.internalSubset = on_doctype,
	.startElementNs = on_start,
	.endElementNs = on_end,
	.characters = on_text,
	.ignorableWhitespace = on_text,
	.cdataBlock = on_text,
	.serror = on_error,
};

struct stanza_parser *stanza_parser_new(void)
{
	xmlInitParser();
	return xcalloc(1, sizeof(struct stanza_parser));
}

void stanza_parser_declare(struct stanza_parser *parser, const struct private_ack *acks,
			   size_t count)
{
	parser->reader.acks = acks;
	parser->reader.ack_count = count;
}

void stanza_parser_only_libxml2(struct stanza_parser *parser)
{
	parser->only_libxml2 = true;
}

static void drop_context(struct stanza_parser *parser)
{
	xmlFreeParserCtxt(parser->context);
	parser->context = NULL;
	parser->parsed = 0;
	reader_forget_names(&parser->reader);
}

void stanza_parser_free(struct stanza_parser *parser)
{
	if (!parser)
		return;
	drop_context(parser);
	plain_free(&parser->plain);
	buf_free(&parser->reader.text);
	free(parser);
}

static bool need_context(struct stanza_parser *parser)
{
	if (parser->context)
		return true;
	xmlSAXHandler sax = handler;
	parser->context = xmlCreatePushParserCtxt(&sax, parser, NULL, 0, NULL);
	if (!parser->context)
		return false;
	xmlCtxtUseOptions(parser->context, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	return true;
}

static void push(struct stanza_parser *parser, struct text xml)
{
	xmlParserCtxtPtr context = parser->context;
	if (xmlCtxtResetPush(context, xml.p, (int)xml.n, NULL, NULL) != 0) {
		drop_context(parser);
		fail(parser, "out of memory");
		return;
	}
	int code = xmlParseChunk(context, NULL, 0, 1);
	if (code != XML_ERR_OK && !harmless(code))
		fail(parser, error_reason(code));
	if (!context->wellFormed || !parser->root_closed)
		fail(parser, "not well-formed");
}

static bool worn(const struct stanza_parser *parser, struct text xml)
{
	return parser->failed || parser->parsed >= CONTEXT_STANZAS ||
	       xml.n > CONTEXT_STANZA_BYTES ||
	       xmlDictGetUsage(parser->context->dict) > CONTEXT_NAME_BYTES;
}

static void begin(struct stanza_parser *parser, struct arena *arena)
{
	parser->failed = NULL;
	parser->root_closed = false;
	parser->declared_total = 0;
	reader_begin(&parser->reader, arena);
}

static void by_libxml2(struct stanza_parser *parser, struct text xml, struct arena *arena)
{
	begin(parser, arena);
	if (need_context(parser))
		push(parser, xml);
	else
		fail(parser, "out of memory");
}

// libxml2 says so of limits of its own, too.
static bool was_memory_short(const struct stanza_parser *parser)
{
	return parser->failed && (!parser->context || parser->context->errNo == XML_ERR_NO_MEMORY);
}

static void parse(struct stanza_parser *parser, struct text xml, struct arena *arena)
{
	begin(parser, arena);
	if (!parser->only_libxml2 && plain_read(&parser->plain, &parser->reader, xml))
		return;
	by_libxml2(parser, xml, arena);
	if (was_memory_short(parser)) { // F174: no fault of the stanza; a limit is met once more
		drop_context(parser);
		by_libxml2(parser, xml, arena);
	}
	parser->parsed++;
	if (worn(parser, xml))
		drop_context(parser);
}

enum stanza_result stanza_parse(struct stanza_parser *parser, struct text xml, struct arena *arena,
				struct stanza **stanza, const char **reason)
{
	const char *refused = stanza_guard(&xml);
	if (!refused) {
		parse(parser, xml, arena);
		refused = parser->failed;
	}
	if (refused) {
		*reason = refused;
		return STANZA_UNPARSABLE;
	}
	*stanza = parser->reader.root;
	return STANZA_OK;
}
