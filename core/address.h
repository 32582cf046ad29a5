// SPDX-License-Identifier: Apache-2.0
// Addresses of hosts, IPv4 as mapped into IPv6, so that there is one form of each.
#ifndef CORE_ADDRESS_H
#define CORE_ADDRESS_H

#include "core/text.h"

#include <sys/socket.h>

enum { ADDRESS_TEXT = 46 };

struct address {
	unsigned char bytes[16];
};

// Literals only; a port behind it ("1.2.3.4:80", "[::1]:80") and brackets are passed over.
bool address_parse(struct text text, struct address *address);
// False: of another family.
bool address_of(const struct sockaddr *from, struct address *address);
bool address_is_loopback(const struct address *address);
bool address_same(const struct address *a, const struct address *b);
const char *address_format(const struct address *address, char out[ADDRESS_TEXT]); // returns out

// "10.0.0.0/8", "fd00::/8" or one address.
struct address_range {
	struct address first;
	int bits; // of 128
};

bool address_range_parse(struct text text, struct address_range *range);
bool address_in(const struct address *address, const struct address_range *range);

#endif
