// SPDX-License-Identifier: Apache-2.0
#include "pairing/jid.h"

#include "core/buf.h"

#include <unicase.h>
#include <unictype.h>
#include <unistr.h>

enum { PART_MAX = 1023 }; // octets, RFC 7622 section 3

static size_t find(struct text text, char c)
{
	const char *hit = text.n ? memchr(text.p, c, text.n) : NULL;
	return hit ? (size_t)(hit - text.p) : text.n;
}

// J2, J3: simple one-to-one lower case; U+0130 is the one code point whose full mapping is longer
// than one, so it stays (the rule says such a mapping is not applied). False: white space or bad UTF-8.
bool jid_lower(struct text in, struct arena *arena, struct text *out)
{
	char *to = arena_alloc(arena, in.n * 2 + 8); // a mapping never doubles its octets
	size_t used = 0;

	for (size_t at = 0; at < in.n;) {
		ucs4_t c;
		int length = u8_mbtoucr(&c, (const uint8_t *)in.p + at, in.n - at);
		if (length <= 0 || uc_is_property_white_space(c))
			return false;
		at += (size_t)length;
		if (c != 0x130)
			c = uc_tolower(c);
		int wrote = u8_uctomb((uint8_t *)to + used, c, 8);
		if (wrote <= 0)
			return false;
		used += (size_t)wrote;
	}
	*out = (struct text){to, used};
	return true;
}

static bool part_ok(struct text part)
{
	return part.n > 0 && part.n <= PART_MAX;
}

// J1: first the resource at the first "/", then the localpart at the first "@".
static bool split(struct text text, struct jid *jid)
{
	size_t slash = find(text, '/');
	struct text bare = {text.p, slash};
	size_t at = find(bare, '@');

	*jid = (struct jid){.resource = TEXT_NONE, .local = TEXT_NONE};
	if (slash < text.n)
		jid->resource = (struct text){text.p + slash + 1, text.n - slash - 1};
	if (at < bare.n) {
		jid->local = (struct text){bare.p, at};
		bare = (struct text){bare.p + at + 1, bare.n - at - 1};
	}
	jid->domain = bare;
	return (!jid->resource.p || part_ok(jid->resource)) &&
	       (!jid->local.p || part_ok(jid->local)) && part_ok(bare) && find(bare, '@') == bare.n;
}

static struct text join(struct arena *arena, struct jid *jid)
{
	size_t local = jid->local.p ? jid->local.n + 1 : 0;
	size_t resource = jid->resource.p ? jid->resource.n + 1 : 0;
	char *full = arena_alloc(arena, local + jid->domain.n + resource + 1);

	if (local) {
		memcpy(full, jid->local.p, jid->local.n);
		full[jid->local.n] = '@';
		jid->local.p = full;
	}
	memcpy(full + local, jid->domain.p, jid->domain.n);
	jid->domain.p = full + local;
	jid->bare = (struct text){full, local + jid->domain.n};
	if (resource) {
		full[jid->bare.n] = '/';
		memcpy(full + jid->bare.n + 1, jid->resource.p, jid->resource.n);
		jid->resource.p = full + jid->bare.n + 1;
	}
	return (struct text){full, jid->bare.n + resource};
}

bool jid_parse(struct text text, struct arena *arena, struct jid *jid)
{
	if (!text.p || !split(text, jid))
		return false;
	if (jid->local.p && !jid_lower(jid->local, arena, &jid->local))
		return false;
	if (!jid_lower(jid->domain, arena, &jid->domain))
		return false;
	if (jid->domain.p[jid->domain.n - 1] == '.')
		jid->domain.n--;
	if (!jid->domain.n ||
	    (jid->resource.p && u8_check((const uint8_t *)jid->resource.p, jid->resource.n)))
		return false;
	jid->full = join(arena, jid);
	return true;
}

bool jid_is_muc(const struct jid *jid, const struct realm_settings *rules)
{
	return string_list_has(&rules->muc_domains, jid->domain);
}

struct text jid_party(const struct jid *jid, const struct realm_settings *rules)
{
	return jid->resource.p && jid_is_muc(jid, rules) ? jid->full : jid->bare;
}

struct text party_domain(struct text party)
{
	size_t slash = find(party, '/');
	struct text bare = {party.p, slash};
	size_t at = find(bare, '@');
	return at < bare.n ? (struct text){bare.p + at + 1, bare.n - at - 1} : bare;
}

struct text jid_without_resource(struct text jid)
{
	const char *slash = jid.p ? memchr(jid.p, '/', jid.n) : NULL;

	return (struct text){jid.p, slash ? (size_t)(slash - jid.p) : jid.n};
}

struct text jid_resource(struct text jid)
{
	const char *slash = memchr(jid.p, '/', jid.n);

	if (!slash)
		return TEXT_NONE;
	return (struct text){slash + 1, jid.n - (size_t)(slash - jid.p) - 1};
}

bool jid_is_pseudonym(struct text jid)
{
	return text_starts(jid, "erased:") || text_starts(jid_resource(jid), "erased:");
}
