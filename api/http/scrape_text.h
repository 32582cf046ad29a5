// SPDX-License-Identifier: Apache-2.0
// The text that Prometheus reads, in its own form (0.0.4) or as OpenMetrics 1.0: the same samples, the few
// differences are here.
#ifndef API_HTTP_SCRAPE_TEXT_H
#define API_HTTP_SCRAPE_TEXT_H

#include "core/buf.h"

#include <stdint.h>

enum scrape_type { SCRAPE_GAUGE, SCRAPE_COUNTER, SCRAPE_HISTOGRAM };

struct scrape_text {
	struct buf *out;
	bool open_metrics;
};

struct scrape_label {
	const char *name;
	struct text value;
};

// HELP and TYPE; samples of this name follow.
void scrape_family(struct scrape_text *text, const char *name, enum scrape_type type,
		   const char *help);
void scrape_int(struct scrape_text *text, const char *name, const struct scrape_label *labels,
		size_t count, int64_t value);
void scrape_seconds(struct scrape_text *text, const char *name, const struct scrape_label *labels,
		    size_t count, int64_t micros);
void scrape_end(struct scrape_text *text);

#endif
