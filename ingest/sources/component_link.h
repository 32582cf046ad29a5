// SPDX-License-Identifier: Apache-2.0
// The way to a server: TCP, or TLS from the first byte on, with the certificate checked against the host's
// name. Nothing here waits longer than it was told, and everything that waits ends when the wake descriptor
// becomes readable. What is to be sent is kept until the socket takes it.
#ifndef INGEST_SOURCES_COMPONENT_LINK_H
#define INGEST_SOURCES_COMPONENT_LINK_H

#include "core/err.h"
#include "core/text.h"
#include "core/ztime.h"

struct component_link;

struct component_link_options {
	const char *host;
	int port;
	bool tls;
	const char *ca_file; // NULL: the system's authorities
	usec_t deadline;     // for connecting and TLS together
	int wake;
};

// NULL on failure. *refused: trying again soon is of no use (the certificate is not the host's).
struct component_link *component_link_open(const struct component_link_options *options,
					   bool *refused, struct err *err);
void component_link_close(struct component_link *link); // NULL is fine

// Until something can be read, what waits was sent, or the time is over. read false: nothing is read now.
void component_link_wait(struct component_link *link, bool read, usec_t timeout);
// Bytes read; 0: none now; -1: the connection is over.
long component_link_read(struct component_link *link, char *bytes, size_t size, struct err *err);
bool component_link_send(struct component_link *link, struct text bytes, struct err *err);
// Sends what waited. False: the connection is over.
bool component_link_flush(struct component_link *link, struct err *err);
size_t component_link_waiting(const struct component_link *link); // bytes not sent yet

#endif
