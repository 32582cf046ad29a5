// SPDX-License-Identifier: Apache-2.0
#include "core/private_ack.h"

#include "core/arena.h"
#include "core/json.h"
#include "core/settings_table.h"

#include <stddef.h>
#include <stdlib.h>

// The formatter takes these braces for blocks.
// clang-format off
#define KEY(name, type, preset, help)                                                              \
	{#name, &setting_##type, preset, help, offsetof(struct private_ack, name), false}
// clang-format on

const struct setting_row private_ack_rows[] = {
	KEY(element, path, NULL, "element of the acknowledgement, or outer/inner"),
	KEY(namespace, namespace, NULL, "its namespace (of both)"),
	KEY(on, carrier, "message", "stanzas that carry it: message, iq or both"),
	KEY(ref, place, "@id",
	    "where the id is: @attr, text, child/@attr, child, or stanza (its own)"),
	KEY(means, meaning, NULL, "what it says: delivered or displayed"),
	KEY(request_element, path, NULL,
	    "element that asks for it, on the message; by default none"),
	KEY(request_namespace, namespace, NULL, "its namespace; by default that of the element"),
};

const size_t private_ack_row_count = sizeof private_ack_rows / sizeof *private_ack_rows;

static char **field(const struct setting_row *row, struct private_ack *ack)
{
	return (char **)((char *)ack + row->offset);
}

// ---- one key: is the text good?

static bool is_name(struct text name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		bool letter =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
		bool later = (c >= '0' && c <= '9') || c == '-' || c == '.';
		if (!letter && !(later && i > 0))
			return false;
	}
	return name.n > 0;
}

// "outer/name", or "name" with outer absent.
static void split(struct text path, struct text *outer, struct text *name)
{
	const char *slash = path.n ? memchr(path.p, '/', path.n) : NULL;
	size_t first = slash ? (size_t)(slash - path.p) : 0;

	*outer = slash ? (struct text){path.p, first} : TEXT_NONE;
	*name = slash ? (struct text){slash + 1, path.n - first - 1} : path;
}

static bool keep(const char *text, void *place)
{
	*(char **)place = xstrdup(text);
	return true;
}

static bool parse_path(const struct setting_row *row, const char *text, void *place,
		       struct err *err)
{
	struct text outer, name;

	(void)row;
	split(text_of(text), &outer, &name);
	if ((outer.p && !is_name(outer)) || !is_name(name))
		return err_set(err, ERR_USAGE,
			       "\"%.60s\" is no element: give its name without a prefix, as seen, "
			       "or outer/inner, as app/seen",
			       text);
	return keep(text, place);
}

// What the parser knows by itself: declared again, one element would say two things.
static const char *const known_namespaces[] = {
	"jabber:client",
	"jabber:server",
	"jabber:component:accept",
	"jabber:component:connect",
	"jabber:x:delay",
	"jabber:x:encrypted",
	"jabber:x:event",
	"jabber:x:oob",
	"eu.siacs.conversations.axolotl",
	"http://jabber.org/protocol/amp",
	"http://jabber.org/protocol/chatstates",
	"http://jabber.org/protocol/muc#user",
	"http://jabber.org/protocol/pubsub",
	"http://jabber.org/protocol/pubsub#event",
	"urn:ietf:params:xml:ns:xmpp-stanzas",
	"urn:xmpp:carbons:1",
	"urn:xmpp:carbons:2",
	"urn:xmpp:chat-markers:0",
	"urn:xmpp:delay",
	"urn:xmpp:fallback:0",
	"urn:xmpp:fasten:0",
	"urn:xmpp:forward:0",
	"urn:xmpp:hints",
	"urn:xmpp:mam:*",
	"urn:xmpp:mds:displayed:0",
	"urn:xmpp:message-correct:0",
	"urn:xmpp:message-retract:0",
	"urn:xmpp:message-retract:1",
	"urn:xmpp:occupant-id:0",
	"urn:xmpp:omemo:1",
	"urn:xmpp:omemo:2",
	"urn:xmpp:openpgp:0",
	"urn:xmpp:privilege:*",
	"urn:xmpp:reactions:0",
	"urn:xmpp:receipts",
	"urn:xmpp:reply:0",
	"urn:xmpp:sfs:0",
	"urn:xmpp:sid:0",
};

static bool is_known(struct text ns)
{
	for (size_t i = 0; i < sizeof known_namespaces / sizeof *known_namespaces; i++) {
		struct text known = text_of(known_namespaces[i]);
		bool open = known.p[known.n - 1] == '*';
		if (open ? ns.n >= known.n && !memcmp(ns.p, known.p, known.n - 1)
			 : text_same(ns, known))
			return true;
	}
	return false;
}

static bool parse_namespace(const struct setting_row *row, const char *text, void *place,
			    struct err *err)
{
	(void)row;
	if (!*text)
		return err_set(err, ERR_USAGE, "is empty: give the xmlns of the element");
	if (text[strcspn(text, "&<>\"' \t\r\n")])
		return err_set(err, ERR_USAGE,
			       "\"%.80s\": white space, quotes, &, < and > are not supported",
			       text);
	if (is_known(text_of(text)))
		return err_set(err, ERR_USAGE,
			       "%.80s is XMPP's own and is understood without a declaration: "
			       "leave this one out",
			       text);
	return keep(text, place);
}

static bool parse_carrier(const struct setting_row *row, const char *text, void *place,
			  struct err *err)
{
	(void)row;
	if (strcmp(text, "message") != 0 && strcmp(text, "iq") != 0 && strcmp(text, "both") != 0)
		return err_set(err, ERR_USAGE, "one of message, iq, both is expected");
	return keep(text, place);
}

static bool parse_meaning(const struct setting_row *row, const char *text, void *place,
			  struct err *err)
{
	(void)row;
	if (strcmp(text, "delivered") != 0 && strcmp(text, "displayed") != 0)
		return err_set(err, ERR_USAGE, "one of delivered, displayed is expected");
	return keep(text, place);
}

static bool read_place(const char *text, struct private_ack *ack)
{
	struct text last;

	ack->child = ack->attribute = TEXT_NONE;
	ack->own_id = strcmp(text, "stanza") == 0;
	if (ack->own_id || strcmp(text, "text") == 0)
		return true;
	split(text_of(text), &ack->child, &last);
	if (last.n && *last.p == '@') {
		ack->attribute = (struct text){last.p + 1, last.n - 1};
		return is_name(ack->attribute) && (!ack->child.p || is_name(ack->child));
	}
	if (ack->child.p)
		return false; // child/text: just name the child
	ack->child = last;
	return is_name(last);
}

static bool parse_place(const struct setting_row *row, const char *text, void *place,
			struct err *err)
{
	struct private_ack scratch;

	(void)row;
	if (!read_place(text, &scratch))
		return err_set(err, ERR_USAGE,
			       "\"%.60s\" is no place of an id: one of @attr, text, child/@attr, "
			       "child, stanza is expected",
			       text);
	return keep(text, place);
}

const struct setting_type setting_path = {"element", parse_path, true, false};
const struct setting_type setting_namespace = {"namespace", parse_namespace, true, false};
const struct setting_type setting_carrier = {"message|iq|both", parse_carrier, true, false};
const struct setting_type setting_meaning = {"meaning", parse_meaning, true, false};
const struct setting_type setting_place = {"place", parse_place, true, false};

// ---- one declaration

static bool is_good_label(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n <= 40 && !name[n];
}

static struct private_path path_of(const char *element, const char *ns)
{
	struct private_path path = {.ns = text_of(ns)};

	split(text_of(element), &path.outer, &path.name);
	return path;
}

static void fill(struct private_ack *ack)
{
	const char *asked_in = ack->request_namespace ? ack->request_namespace : ack->namespace;

	ack->ack = path_of(ack->element, ack->namespace);
	ack->request = (struct private_path){0};
	if (ack->request_element)
		ack->request = path_of(ack->request_element, asked_in);
	ack->on_message = strcmp(ack->on, "iq") != 0;
	ack->on_iq = strcmp(ack->on, "message") != 0;
	ack->displayed = strcmp(ack->means, "displayed") == 0;
	read_place(ack->ref, ack);
}

bool private_ack_settle(struct private_ack *ack, struct err *err)
{
	if (!is_good_label(ack->name))
		return err_set(err, ERR_USAGE,
			       "ack \"%.60s\": its name must be 1 to 40 of a-z, 0-9 and -",
			       ack->name);
	for (size_t i = 0; i < private_ack_row_count; i++) {
		const struct setting_row *row = &private_ack_rows[i];
		if (!*field(row, ack) && row->preset)
			*field(row, ack) = xstrdup(row->preset);
	}
	const struct {
		const char *key, *value;
	} needed[] = {
		{"element", ack->element}, {"namespace", ack->namespace}, {"means", ack->means}};
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!needed[i].value)
			return err_set(err, ERR_USAGE, "ack %s: %s is missing, add it", ack->name,
				       needed[i].key);
	if (ack->request_namespace && !ack->request_element)
		return err_set(
			err, ERR_USAGE,
			"ack %s: request_namespace without request_element: add that or leave "
			"this out",
			ack->name);
	fill(ack);
	return true;
}

void private_ack_copy(struct private_ack *to, const struct private_ack *from)
{
	*to = *from;
	to->name = xstrdup(from->name);
	for (size_t i = 0; i < private_ack_row_count; i++) {
		char **text = field(&private_ack_rows[i], to);
		*text = *text ? xstrdup(*text) : NULL;
	}
	fill(to);
}

void private_ack_free(struct private_ack *ack)
{
	free(ack->name);
	for (size_t i = 0; i < private_ack_row_count; i++)
		free(*field(&private_ack_rows[i], ack));
}

// ---- all of them

// One element may have one meaning; an element that holds another is nothing else.
static bool paths_clash(const struct private_path *a, const struct private_path *b)
{
	if (!a->name.p || !b->name.p || !text_same(a->ns, b->ns))
		return false;
	if (text_same(a->outer, b->outer))
		return text_same(a->name, b->name);
	return text_same(a->outer, b->name) ? !b->outer.p
					    : text_same(b->outer, a->name) && !a->outer.p;
}

static bool check_pair(const struct private_ack *a, const struct private_ack *b, struct err *err)
{
	if (strcmp(a->name, b->name) == 0)
		return err_set(err, ERR_USAGE, "ack %s: declared twice, rename one", a->name);
	if (paths_clash(&a->ack, &b->ack))
		return err_set(
			err, ERR_USAGE,
			"ack %s: element %.60s in that namespace is taken by ack %s, remove one",
			b->name, b->element, a->name);
	return true;
}

bool private_acks_check(struct private_ack *list, size_t count, struct err *err)
{
	if (count > PRIVATE_ACKS_MAX)
		return err_set(err, ERR_USAGE, "ack: more than %d declarations", PRIVATE_ACKS_MAX);
	for (size_t i = 0; i < count; i++) {
		list[i].number = (int)i;
		for (size_t j = 0; j < count; j++) {
			if (j < i && !check_pair(&list[j], &list[i], err))
				return false;
			if (!paths_clash(&list[i].request, &list[j].ack))
				continue;
			return err_set(err, ERR_USAGE,
				       "ack %s: request_element is the acknowledgement of ack %s, "
				       "name the element that asks",
				       list[i].name, list[j].name);
		}
	}
	return true;
}

// ---- JSON

static bool one_from_json(const json_t *object, struct private_ack *ack, struct err *err)
{
	const char *name = json_string_value(json_object_get(object, "name"));

	ack->name = xstrdup(name ? name : "");
	for (size_t i = 0; i < private_ack_row_count; i++) {
		const struct setting_row *row = &private_ack_rows[i];
		const json_t *value = json_object_get(object, row->name);
		if (!value || json_is_null(value))
			continue;
		if (!json_is_string(value))
			return err_set(err, ERR_USAGE, "%s: a text is expected", row->name);
		if (!row->type->parse(row, json_string_value(value), field(row, ack), err))
			return err_wrap(err, "%s", row->name);
	}
	return private_ack_settle(ack, err);
}

bool private_acks_from_json(const json_t *array, struct private_ack **list, size_t *count,
			    struct err *err)
{
	if (!json_is_array(array))
		return err_set(err, ERR_USAGE, "a list is expected");
	size_t many = json_array_size(array), made = 0;
	struct private_ack *acks = xcalloc(many + 1, sizeof *acks);
	bool good = true;

	while (good && made < many) {
		good = one_from_json(json_array_get(array, made), &acks[made], err);
		made++;
	}
	if (good && private_acks_check(acks, many, err)) {
		*list = acks;
		*count = many;
		return true;
	}
	for (size_t i = 0; i < made; i++)
		private_ack_free(&acks[i]);
	free(acks);
	return false;
}

json_t *private_acks_to_json(const struct private_ack *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		struct private_ack ack = list[i];
		json_t *object = json_object();
		json_object_set_new(object, "name", json_text(text_of(ack.name)));
		for (size_t k = 0; k < private_ack_row_count; k++)
			json_put_text(object, private_ack_rows[k].name,
				      text_of(*field(&private_ack_rows[k], &ack)));
		json_array_append_new(array, object);
	}
	return array;
}
