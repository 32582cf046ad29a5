// SPDX-License-Identifier: Apache-2.0
// The report as one page that needs nothing beside itself: no script, no request, prints on A4. What it shows is
// in tables of columns and lines; numbers carry their exact value and their place in the document.
#include "api/report/chart.h"
#include "api/report/html_parts.h"
#include "api/report/report.h"
#include "api/report/words.h"

#include <stdio.h>

// ---- head

static void put_said(struct page *page, const json_t *list)
{
	size_t i;
	json_t *said;
	if (!json_array_size(list))
		return;
	buf_zstr(page->out, "<ul>");
	json_array_foreach((json_t *)list, i, said) {
		const char *name;
		json_t *value;
		buf_zstr(page->out, "<li>");
		page_word(page, json_string_value(json_object_get(said, "what")));
		json_object_foreach(said, name, value) {
			if (strcmp(name, "what") == 0)
				continue;
			buf_char(page->out, ' ');
			page_value(page, "", value, json_is_string(value) ? SHOW_TIME : SHOW_ANY);
		}
		buf_zstr(page->out, "</li>");
	}
	buf_zstr(page->out, "</ul>");
}

// The first line that is seen: may the rest be believed?
static void put_status(struct page *page)
{
	bool incomplete = json_is_true(page_member(page->document, "incomplete"));
	page_raw(page, "<div class=\"status %s\" role=\"status\">", incomplete ? "bad" : "good");
	page_word(page, incomplete ? "is_incomplete" : "is_complete");
	put_said(page, page_member(page->document, "status.reasons"));
	buf_zstr(page->out, "</div>\n");
}

static void put_finality(struct page *page)
{
	bool is_final = json_is_true(page_member(page->document, "status.final"));
	buf_zstr(page->out, "<div class=\"note\"><p>");
	page_word(page, is_final ? "is_final" : "is_not_final");
	if (!is_final) {
		buf_char(page->out, ' ');
		page_figure(page, "status.final_at", SHOW_TIME);
	}
	buf_zstr(page->out, "</p>");
	put_said(page, page_member(page->document, "status.notes"));
	buf_zstr(page->out, "</div>\n");
}

static void put_fact(struct page *page, const char *word, const char *path, enum show show)
{
	buf_zstr(page->out, "<span>");
	page_word(page, word);
	buf_zstr(page->out, " <b>");
	page_figure(page, path, show);
	buf_zstr(page->out, "</b></span>\n");
}

static void put_title(struct page *page)
{
	const char *period = json_string_value(page_member(page->document, "report.period"));
	page_word(page, "title");
	buf_zstr(page->out, " \xc2\xb7 ");
	page_word(page, period);
	buf_char(page->out, ' ');
	page_figure(page, "report.name", SHOW_TEXT);
}

static void put_header(struct page *page)
{
	buf_zstr(page->out, "<header><h1>");
	put_title(page);
	buf_zstr(page->out, "</h1>\n<div class=\"facts\">");
	put_fact(page, "realm", "report.realm", SHOW_TEXT);
	put_fact(page, "zone", "report.zone", SHOW_TEXT);
	put_fact(page, "from_to", "report.since", SHOW_TIME);
	put_fact(page, "until", "report.until", SHOW_TIME);
	put_fact(page, "hours", "report.hours", SHOW_ANY);
	put_fact(page, "revision", "report.revision", SHOW_COUNT);
	put_fact(page, "made_at", "report.made_at", SHOW_TIME);
	put_fact(page, "complete_until", "status.complete_until", SHOW_TIME);
	buf_zstr(page->out, "</div></header>\n");
}

// ---- at a glance

static void put_card(struct page *page, const char *word, const char *path, enum show show)
{
	buf_zstr(page->out, "<div class=\"card\"><span>");
	page_word(page, word);
	buf_zstr(page->out, "</span><b>");
	page_figure(page, path, show);
	buf_zstr(page->out, "</b><span>");
}

static void put_rate_card(struct page *page, const char *word, const char *section)
{
	static const char *const rates[] = {"rate", "rate_lower", "rate_upper", "requested"};
	char path[4][32];
	for (int i = 0; i < 4; i++)
		snprintf(path[i], sizeof path[i], "%s.%s", section, rates[i]);
	put_card(page, word, path[0], SHOW_RATE);
	page_word(page, "bounds");
	buf_char(page->out, ' ');
	page_figure(page, path[1], SHOW_RATE);
	buf_zstr(page->out, " \xe2\x80\x93 ");
	page_figure(page, path[2], SHOW_RATE);
	buf_zstr(page->out, ", ");
	page_figure(page, path[3], SHOW_COUNT);
	buf_char(page->out, ' ');
	page_word(page, "of_requested");
	buf_zstr(page->out, "</span></div>\n");
}

static void put_time_card(struct page *page, const char *word, const char *path)
{
	char p50[64], p95[64];
	snprintf(p50, sizeof p50, "%s.p50", path);
	snprintf(p95, sizeof p95, "%s.p95", path);
	put_card(page, word, p50, SHOW_MS);
	page_word(page, "median");
	buf_zstr(page->out, ", p95 ");
	page_figure(page, p95, SHOW_MS);
	buf_zstr(page->out, "</span></div>\n");
}

static void put_glance(struct page *page)
{
	page_section(page, "glance", "at_a_glance");
	buf_zstr(page->out, "<div class=\"cards\">\n");
	put_card(page, "sent", "delivery.sent", SHOW_COUNT);
	page_word(page, "coverage");
	buf_char(page->out, ' ');
	page_figure(page, "delivery.coverage", SHOW_RATE);
	buf_zstr(page->out, "</span></div>\n");
	put_rate_card(page, "delivery_rate", "delivery");
	put_rate_card(page, "read_rate", "read");
	put_time_card(page, "time_to_deliver", "delivery.time_to_deliver_ms");
	put_time_card(page, "time_to_read", "read.time_to_read_ms");
	put_card(page, "waiting_at_end", "unacknowledged.at_end", SHOW_COUNT);
	page_word(page, "pending");
	buf_char(page->out, ' ');
	page_figure(page, "unacknowledged.pending", SHOW_COUNT);
	buf_zstr(page->out, ", ");
	page_word(page, "expired");
	buf_char(page->out, ' ');
	page_figure(page, "unacknowledged.expired", SHOW_COUNT);
	buf_zstr(page->out, "</span></div>\n</div>\n<h3>");
	page_word(page, "chart_buckets");
	buf_zstr(page->out, "</h3>\n");
	chart_buckets(page);
	buf_zstr(page->out, "<h3>");
	page_word(page, "chart_trend");
	buf_zstr(page->out, "</h3>\n");
	chart_trend(page);
	page_section_end(page);
}

// ---- figures

static void put_delivery(struct page *page)
{
	buf_zstr(page->out, "<div class=\"two\">\n");
	page_section(page, "delivery", "delivery");
	page_lines(page, LINES({"sent", "delivery.sent", SHOW_COUNT, NULL},
			       {"requested", "delivery.requested", SHOW_COUNT, "of_sent"},
			       {"confirmed", "delivery.confirmed", SHOW_COUNT, "of_requested"},
			       {"failed", "delivery.failed", SHOW_COUNT, "of_requested"},
			       {"pending", "delivery.pending", SHOW_COUNT, "of_requested"},
			       {"expired", "delivery.expired", SHOW_COUNT, "of_requested"},
			       {"rate", "delivery.rate", SHOW_RATE, "of_requested"},
			       {"rate_lower", "delivery.rate_lower", SHOW_RATE, NULL},
			       {"rate_upper", "delivery.rate_upper", SHOW_RATE, NULL},
			       {"interval_low", "delivery.rate_wilson.low", SHOW_RATE, NULL},
			       {"interval_high", "delivery.rate_wilson.high", SHOW_RATE, NULL},
			       {"coverage", "delivery.coverage", SHOW_RATE, "of_sent"},
			       {"unknown", "delivery.unknown", SHOW_COUNT, "of_sent_unknown"},
			       {"failed_all", "delivery.failed_all", SHOW_COUNT, "of_sent"},
			       {"stored", "delivery.stored", SHOW_COUNT, "of_sent"},
			       {"resends", "delivery.resends", SHOW_COUNT, NULL},
			       {"skew_clamped", "delivery.skew_clamped", SHOW_COUNT, "of_sent"}));
	page_section_end(page);
	page_section(page, "read", "reading");
	page_lines(page, LINES({"read_requested", "read.requested", SHOW_COUNT, "of_sent"},
			       {"read", "read.read", SHOW_COUNT, "of_requested"},
			       {"read_direct", "read.read_direct", SHOW_COUNT, NULL},
			       {"read_upto", "read.read_upto", SHOW_COUNT, NULL},
			       {"inferred", "read.inferred", SHOW_COUNT, "of_requested"},
			       {"pending", "read.pending", SHOW_COUNT, "of_requested"},
			       {"expired", "read.expired", SHOW_COUNT, "of_requested"},
			       {"rate", "read.rate", SHOW_RATE, "of_requested"},
			       {"rate_lower", "read.rate_lower", SHOW_RATE, NULL},
			       {"rate_upper", "read.rate_upper", SHOW_RATE, NULL},
			       {"interval_low", "read.rate_wilson.low", SHOW_RATE, NULL},
			       {"interval_high", "read.rate_wilson.high", SHOW_RATE, NULL},
			       {"coverage", "read.coverage", SHOW_RATE, "of_sent"}));
	page_section_end(page);
	buf_zstr(page->out, "</div>\n");
}

static void put_horizons(struct page *page)
{
	static const char *const horizons[] = {"10s", "1m", "1h", "24h", "7d"};
	static const char *const sections[] = {"delivery", "read"};
	page_section(page, "within", "horizons");
	buf_zstr(page->out, "<table><thead><tr><th>");
	page_word(page, "within");
	buf_zstr(page->out, "</th><th class=\"n\" colspan=\"2\">");
	page_word(page, "confirmed");
	buf_zstr(page->out, "</th><th class=\"n\" colspan=\"2\">");
	page_word(page, "read");
	buf_zstr(page->out, "</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < 5; i++) {
		page_raw(page, "<tr><td>%s</td>", horizons[i]);
		for (size_t k = 0; k < 2; k++) {
			char path[64];
			snprintf(path, sizeof path, "%s.within.%s.count", sections[k], horizons[i]);
			buf_zstr(page->out, "<td class=\"n\">");
			page_figure(page, path, SHOW_COUNT);
			snprintf(path, sizeof path, "%s.within.%s.rate", sections[k], horizons[i]);
			buf_zstr(page->out, "</td><td class=\"n\">");
			page_figure(page, path, SHOW_RATE);
			buf_zstr(page->out, "</td>");
		}
		buf_zstr(page->out, "</tr>\n");
	}
	buf_zstr(page->out, "</tbody></table>\n");
	page_section_end(page);
}

static const char *const latency_paths[] = {
	"delivery.time_to_deliver_ms",
	"delivery.time_to_deliver_stored_ms",
	"delivery.time_to_deliver_expected_ms",
	"read.time_to_read_ms",
	"read.time_to_read_direct_ms",
	"read.time_to_read_expected_ms",
	"response.response_ms",
	"typing.typing_ms",
};

static void put_latencies(struct page *page)
{
	static const char *const columns[] = {"n", "p50", "p90", "p95", "p99", "max"};
	page_section(page, "times", "latencies");
	buf_zstr(page->out, "<table><thead><tr><th></th>");
	for (size_t k = 0; k < 6; k++) {
		buf_zstr(page->out, "<th class=\"n\">");
		page_word(page, columns[k]);
		buf_zstr(page->out, "</th>");
	}
	buf_zstr(page->out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < sizeof latency_paths / sizeof *latency_paths; i++) {
		buf_zstr(page->out, "<tr><td>");
		page_word(page, strchr(latency_paths[i], '.') + 1);
		buf_zstr(page->out, "</td>");
		for (size_t k = 0; k < 6; k++) {
			char path[96];
			snprintf(path, sizeof path, "%s.%s", latency_paths[i], columns[k]);
			buf_zstr(page->out, "<td class=\"n\">");
			page_figure(page, path, k ? SHOW_MS : SHOW_COUNT);
			buf_zstr(page->out, "</td>");
		}
		buf_zstr(page->out, "</tr>\n");
	}
	buf_zstr(page->out, "</tbody></table>\n<p class=\"note\">");
	page_word(page, "times_note");
	buf_zstr(page->out, "</p>\n");
	page_section_end(page);
}

static void put_comparison(struct page *page)
{
	page_section(page, "comparison", "comparison");
	page_table(page, "comparison",
		   COLUMNS({"period", "what", SHOW_WORD}, {"sent", "delivery.sent", SHOW_COUNT},
			   {"requested", "delivery.requested", SHOW_COUNT},
			   {"delivery_rate", "delivery.rate", SHOW_RATE},
			   {"rate_upper", "delivery.rate_upper", SHOW_RATE},
			   {"p95", "delivery.time_to_deliver_ms.p95", SHOW_MS},
			   {"read_rate", "read.rate", SHOW_RATE},
			   {"within_1h", "delivery.within.1h.rate", SHOW_RATE},
			   {"final", "delivery.final", SHOW_ANY}),
		   "none_changes");
	page_note(page, "comparison_note");
	page_section_end(page);
}

static void put_stages(struct page *page)
{
	buf_zstr(page->out, "<div class=\"two\">\n");
	page_section(page, "funnel", "funnel");
	page_lines(page, LINES({"sent", "funnel.sent", SHOW_COUNT, NULL},
			       {"accepted", "funnel.accepted", SHOW_COUNT, NULL},
			       {"stored", "funnel.stored", SHOW_COUNT, NULL},
			       {"routed", "funnel.routed", SHOW_COUNT, NULL},
			       {"delivered", "funnel.delivered", SHOW_COUNT, NULL},
			       {"displayed", "funnel.displayed", SHOW_COUNT, NULL},
			       {"failed", "funnel.failed", SHOW_COUNT, NULL},
			       {"retracted", "funnel.retracted", SHOW_COUNT, NULL}));
	page_section_end(page);
	page_section(page, "responses", "responses");
	page_lines(page, LINES({"answered", "response.answered", SHOW_COUNT, NULL},
			       {"response_ms", "response.response_ms.p50", SHOW_MS, "median"},
			       {"intervals", "typing.intervals", SHOW_COUNT, NULL},
			       {"typing_ms", "typing.typing_ms.p50", SHOW_MS, "median"}));
	page_section_end(page);
	buf_zstr(page->out, "</div>\n");
}

// ---- all of it

void report_html(struct buf *out, const json_t *document, const struct zone *zone)
{
	static void (*const parts[])(struct page * page) = {
		put_status,     put_header,   put_finality,      part_changes,
		put_glance,     put_delivery, put_horizons,      put_latencies,
		put_comparison, put_stages,   part_who,          part_open,
		part_findings,  part_missing, part_restatements, part_rules,
	};
	struct page page = {
		.out = out,
		.document = document,
		.zone = zone,
		.language =
			word_language(json_string_value(page_member(document, "report.language"))),
	};
	page_raw(&page,
		 "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
		 "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
		 page.language ? "zh" : "en");
	put_title(&page);
	buf_zstr(out, "</title>\n<style>\n");
	page_style(&page);
	buf_zstr(out, "</style></head><body>\n");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		parts[i](&page);
	buf_zstr(out, "<footer>");
	page_word(&page, "footer");
	buf_zstr(out, "</footer>\n</body></html>\n");
}
