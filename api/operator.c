// SPDX-License-Identifier: Apache-2.0
#include "api/operator.h"

#include "pairing/jid.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool operator_jid(const char *command, const char *given, struct arena *arena, struct text *jid,
		  struct err *err)
{
	struct jid parsed;
	if (!given)
		return err_set(err, ERR_USAGE, "%s: say whom: --jid JID (see --help)", command);
	if (!jid_parse(text_of(given), arena, &parsed) || jid_is_pseudonym(parsed.full))
		return err_set(err, ERR_USAGE, "%s: --jid is no JID", command);
	if (parsed.resource.p)
		return err_set(err, ERR_USAGE,
			       "%s: --jid takes a bare JID, without \"/\": all devices are meant",
			       command);
	if (!parsed.local.p)
		return err_set(err, ERR_USAGE, "%s: --jid is a domain, not a person", command);
	*jid = parsed.bare;
	return true;
}

const char *operator_name(struct arena *arena)
{
	const char *sudo = getenv("SUDO_USER");
	struct passwd *user = getpwuid(geteuid());
	if (sudo && *sudo)
		return arena_zstr(arena, text_of(sudo));
	return user ? arena_zstr(arena, text_of(user->pw_name)) : "unknown";
}

void operator_print(struct text text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < ' ' || c == 0x7f)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}
