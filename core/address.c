// SPDX-License-Identifier: Apache-2.0
#include "core/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

static void set_v4(struct address *address, const void *bytes)
{
	memcpy(address->bytes, mapped, sizeof mapped);
	memcpy(address->bytes + sizeof mapped, bytes, 4);
}

static bool is_v4(const struct address *address)
{
	return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

static bool parse_literal(struct text text, struct address *address)
{
	char copy[ADDRESS_TEXT];
	unsigned char v4[4];
	if (text.n == 0 || text.n >= sizeof copy)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (strlen(copy) != text.n)
		return false;
	if (inet_pton(AF_INET, copy, v4) == 1) {
		set_v4(address, v4);
		return true;
	}
	return inet_pton(AF_INET6, copy, address->bytes) == 1;
}

bool address_parse(struct text text, struct address *address)
{
	if (text.n > 0 && text.p[0] == '[') {
		const char *end = memchr(text.p, ']', text.n);
		if (!end)
			return false;
		text = (struct text){text.p + 1, (size_t)(end - text.p) - 1};
	} else if (text.n > 0) {
		const char *colon = memchr(text.p, ':', text.n);
		if (colon && memchr(text.p, '.', (size_t)(colon - text.p)))
			text.n = (size_t)(colon - text.p);
	}
	return parse_literal(text, address);
}

bool address_of(const struct sockaddr *from, struct address *address)
{
	*address = (struct address){{0}};
	if (from->sa_family == AF_INET)
		set_v4(address, &((const struct sockaddr_in *)(const void *)from)->sin_addr);
	else if (from->sa_family == AF_INET6)
		memcpy(address->bytes,
		       &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
	else
		return false;
	return true;
}

bool address_is_loopback(const struct address *address)
{
	static const unsigned char one[16] = {[15] = 1};
	return is_v4(address) ? address->bytes[12] == 127
			      : memcmp(address->bytes, one, sizeof one) == 0;
}

bool address_same(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const char *address_format(const struct address *address, char out[ADDRESS_TEXT])
{
	bool v4 = is_v4(address);
	const char *text = inet_ntop(v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? 12 : 0), out,
				     ADDRESS_TEXT);
	return text ? text : "";
}

bool address_range_parse(struct text text, struct address_range *range)
{
	const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
	struct text literal = {text.p, slash ? (size_t)(slash - text.p) : text.n};
	int bits = 0;
	if (!parse_literal(literal, &range->first))
		return false;
	int most = is_v4(&range->first) && !memchr(literal.p, ':', literal.n) ? 32 : 128;
	if (!slash) {
		range->bits = 128;
		return true;
	}
	struct text digits = {slash + 1, text.n - literal.n - 1};
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9' || i > 2)
			return false;
		bits = bits * 10 + (digits.p[i] - '0');
	}
	range->bits = bits + 128 - most;
	return digits.n > 0 && bits <= most;
}

bool address_in(const struct address *address, const struct address_range *range)
{
	int whole = range->bits / 8, rest = range->bits % 8;
	if (memcmp(address->bytes, range->first.bytes, (size_t)whole) != 0)
		return false;
	int differs = rest ? address->bytes[whole] ^ range->first.bytes[whole] : 0;
	return differs >> (8 - rest) == 0 || rest == 0;
}
