// SPDX-License-Identifier: Apache-2.0
#include "api/http/scrape.h"

#include "api/http/handlers.h"

#include <stdlib.h>

enum { TEXT_FORM, OPEN_METRICS, FORMS };

#define FRESH USEC_PER_SEC

static const char *const media[FORMS] = {
	"text/plain; version=0.0.4; charset=utf-8",
	"application/openmetrics-text; version=1.0.0; charset=utf-8",
};

struct scrape {
	pthread_mutex_t lock; // held while one evaluates: the others wait and take what it found
	struct buf text[FORMS];
	usec_t at[FORMS]; // monotonic; 0 = never
};

struct scrape *scrape_new(void)
{
	struct scrape *scrape = xcalloc(1, sizeof *scrape);
	pthread_mutex_init(&scrape->lock, NULL);
	return scrape;
}

void scrape_free(struct scrape *scrape)
{
	if (!scrape)
		return;
	for (size_t i = 0; i < FORMS; i++)
		buf_free(&scrape->text[i]);
	pthread_mutex_destroy(&scrape->lock);
	free(scrape);
}

static bool evaluate(struct scrape *scrape, int form, struct call *call, struct err *err)
{
	struct buf out = {0};
	struct scrape_text text = {&out, form == OPEN_METRICS};
	usec_t began = usec_monotonic();
	bool fine = scrape_facts(call, &text, err);
	if (fine) {
		scrape_self(call, &text, began);
		scrape_end(&text);
		buf_free(&scrape->text[form]);
		scrape->text[form] = out;
		scrape->at[form] = began;
		return true;
	}
	buf_free(&out);
	return false;
}

// They speak about the whole realm: a token limited to domains may not see them (F134).
bool handle_metrics(struct call *call, struct err *err)
{
	struct scrape *scrape = call->service->scrape;
	struct text accept = call->request->accept;
	if (call->token.domains.count > 0)
		return call_problem(call, 403, "This token is limited to domains.", NULL);
	bool open = memmem(accept.p ? accept.p : "", accept.n, "application/openmetrics-text", 28);
	int form = open ? OPEN_METRICS : TEXT_FORM;
	pthread_mutex_lock(&scrape->lock);
	bool fresh = scrape->at[form] > 0 && usec_monotonic() - scrape->at[form] < FRESH;
	bool fine = fresh || evaluate(scrape, form, call, err);
	if (fine) {
		call->reply->type = media[form];
		buf_text(&call->reply->body, buf_view(&scrape->text[form]));
	}
	pthread_mutex_unlock(&scrape->lock);
	return fine;
}
