// SPDX-License-Identifier: Apache-2.0
// GET /metrics. What it shows is evaluated once a second at most, however many ask.
#ifndef API_HTTP_SCRAPE_H
#define API_HTTP_SCRAPE_H

#include "api/http/call.h"
#include "api/http/scrape_text.h"

struct scrape; // the answers of the last evaluation

struct scrape *scrape_new(void);
void scrape_free(struct scrape *scrape); // NULL is fine

// scrape_facts.c: what is stored. False: err.
bool scrape_facts(struct call *call, struct scrape_text *text, struct err *err);
// scrape_self.c: how this process does.
void scrape_self(struct call *call, struct scrape_text *text, usec_t began);

#endif
