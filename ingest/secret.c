// SPDX-License-Identifier: Apache-2.0
#include "ingest/secret.h"

// SASL and SASL2, components' handshakes, old log-in, registration, and commands of administrators.
// End tags too: the bytes may begin in the middle.
static const char *const signs[] = {
	"<auth",
	"/auth>",
	"<response",
	"/response>",
	"<challenge",
	"/challenge>",
	"<success",
	"<initial-response",
	"/initial-response>",
	"<handshake",
	"/handshake>",
	"<password",
	"/password>",
	"<digest",
	"/digest>",
	"xmpp-sasl",
	"urn:xmpp:sasl",
	"jabber:iq:auth",
	"jabber:iq:register",
	"'password",
	"\"password",
	"accountpassword",
};

bool secret_maybe(struct text raw)
{
	for (size_t i = 0; raw.n && i < sizeof signs / sizeof *signs; i++)
		if (memmem(raw.p, raw.n, signs[i], strlen(signs[i])))
			return true;
	return false;
}
