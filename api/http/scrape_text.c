// SPDX-License-Identifier: Apache-2.0
#include "api/http/scrape_text.h"

#include <stdio.h>

static const char *const types[] = {
	[SCRAPE_GAUGE] = "gauge",
	[SCRAPE_COUNTER] = "counter",
	[SCRAPE_HISTOGRAM] = "histogram",
};

static void add_escaped(struct buf *out, struct text text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '\n')
			buf_zstr(out, "\\n");
		else if (c == '\\' || c == '"')
			buf_printf(out, "\\%c", c);
		else
			buf_char(out, c);
	}
}

// OpenMetrics names a counter without _total and escapes quotes in HELP too; ours hold neither quotes nor
// backslashes.
void scrape_family(struct scrape_text *text, const char *name, enum scrape_type type,
		   const char *help)
{
	int n = (int)strlen(name);
	if (type == SCRAPE_COUNTER && text->open_metrics)
		n -= (int)strlen("_total");
	buf_printf(text->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", n, name, help, n, name,
		   types[type]);
}

static void add_name(struct scrape_text *text, const char *name, const struct scrape_label *labels,
		     size_t count)
{
	buf_zstr(text->out, name);
	for (size_t i = 0; i < count; i++) {
		buf_printf(text->out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
		add_escaped(text->out, labels[i].value);
		buf_char(text->out, '"');
	}
	buf_zstr(text->out, count > 0 ? "} " : " ");
}

void scrape_int(struct scrape_text *text, const char *name, const struct scrape_label *labels,
		size_t count, int64_t value)
{
	add_name(text, name, labels, count);
	buf_printf(text->out, "%lld\n", (long long)value);
}

// Without printf's floating point, whose point depends on the locale (F177).
void scrape_seconds(struct scrape_text *text, const char *name, const struct scrape_label *labels,
		    size_t count, int64_t micros)
{
	uint64_t size = micros < 0 ? 0 - (uint64_t)micros : (uint64_t)micros;
	add_name(text, name, labels, count);
	buf_printf(text->out, "%s%llu.%06llu\n", micros < 0 ? "-" : "",
		   (unsigned long long)(size / 1000000), (unsigned long long)(size % 1000000));
}

void scrape_end(struct scrape_text *text)
{
	if (text->open_metrics)
		buf_zstr(text->out, "# EOF\n");
}
