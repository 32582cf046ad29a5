// SPDX-License-Identifier: Apache-2.0
#include "api/pseudonyms.h"

#include "pairing/jid.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME = 16 + 1, SALTED = 16 };

void pseudonyms_begin(struct pseudonyms *pseudonyms, const struct privacy_key *key)
{
	pseudonyms->key = *key;
	randombytes_buf(pseudonyms->salt, sizeof pseudonyms->salt);
}

static void name_of(const struct pseudonyms *it, struct text text, char out[NAME])
{
	unsigned char print[32];
	char *bytes = xcalloc(1, SALTED + text.n);
	memcpy(bytes, it->salt, SALTED);
	memcpy(bytes + SALTED, text.p, text.n);
	privacy_print(&it->key, "export", (struct text){bytes, SALTED + text.n}, print);
	sodium_bin2hex(out, NAME, print, (NAME - 1) / 2);
	free(bytes);
}

// "alice@a.example/phone": "p-0123@a.example/r-4567"; a domain stays, and a room's occupant is one of its own.
static struct text address(const struct pseudonyms *it, struct text jid, struct buf *out)
{
	char name[NAME];
	struct text bare = jid_without_resource(jid), resource = jid_resource(jid);
	const char *at = bare.n ? memchr(bare.p, '@', bare.n) : NULL;
	if (at) {
		name_of(it, bare, name);
		buf_printf(out, "p-%s", name);
		buf_add(out, at, bare.n - (size_t)(at - bare.p));
	} else {
		buf_text(out, bare);
	}
	if (resource.p) {
		name_of(it, jid, name);
		buf_printf(out, "/r-%s", name);
	}
	return buf_view(out);
}

static struct text word(const struct pseudonyms *it, struct text text, struct buf *out)
{
	char name[NAME];
	if (text.n) {
		name_of(it, text, name);
		buf_printf(out, "x-%s", name);
	}
	return buf_view(out);
}

typedef struct text other_name(const struct pseudonyms *it, struct text text, struct buf *out);

static const struct member {
	const char *name;
	other_name *other;
} members[] = {
	{"from", address},    {"to", address},      {"by", address},        {"from_resource", word},
	{"nick", word},       {"id", word},         {"ref", word},          {"corrects", word},
	{"devices", address}, {"readers", address}, {"receivers", address},
};

static json_t *renamed(const struct pseudonyms *it, other_name *other, const json_t *value)
{
	struct buf out = {0};
	struct text text = {json_string_value(value), json_string_length(value)};
	struct text name = other(it, text, &out);
	json_t *made = json_stringn(name.p, name.n);
	buf_free(&out);
	return made;
}

// Devices and readers: who is the name of the member.
static json_t *renamed_members(const struct pseudonyms *it, other_name *other, json_t *value)
{
	json_t *made = json_object(), *one;
	const char *who;
	json_object_foreach(value, who, one) {
		struct buf out = {0};
		// A nick has no domain that could stay.
		struct text name = strchr(who, '@') ? other(it, text_of(who), &out)
						    : word(it, text_of(who), &out);
		json_object_setn(made, name.p, name.n, one);
		buf_free(&out);
	}
	return made;
}

void pseudonyms_apply(const struct pseudonyms *it, json_t *row)
{
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		json_t *value = json_object_get(row, members[i].name);
		if (json_is_string(value))
			json_object_set_new(row, members[i].name,
					    renamed(it, members[i].other, value));
		else if (json_is_object(value))
			json_object_set_new(row, members[i].name,
					    renamed_members(it, members[i].other, value));
	}
}
