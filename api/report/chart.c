// SPDX-License-Identifier: Apache-2.0
#include "api/report/chart.h"

#include <stdio.h>

enum { WIDTH = 720, HEIGHT = 200, LEFT = 52, RIGHT = 12, TOP = 12, BOTTOM = 30, MARKS = 8 };

#define INNER_WIDTH (WIDTH - LEFT - RIGHT)
#define INNER_HEIGHT (HEIGHT - TOP - BOTTOM)

static int64_t number(const json_t *row, const char *member)
{
	return json_integer_value(page_member(row, member));
}

static void open_chart(struct page *page, const char *title)
{
	page_raw(page,
		 "<svg viewBox=\"0 0 %d %d\" role=\"img\" class=\"chart\" "
		 "preserveAspectRatio=\"xMidYMid meet\"><title>",
		 WIDTH, HEIGHT);
	page_word(page, title);
	buf_zstr(page->out, "</title>\n");
}

static void grid_line(struct page *page, double y, const char *label)
{
	page_raw(page,
		 "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>"
		 "<text x=\"%d\" y=\"%.1f\" class=\"y\">%s</text>\n",
		 LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 3.5, label);
}

// 1, 2 or 5 times a power of ten, so that four of them are at least "most".
static int64_t step_for(int64_t most)
{
	int64_t step = 1;
	for (int i = 0; step * 4 < most; i++)
		step = i % 3 == 1 ? step / 2 * 5 : step * 2;
	return step;
}

// Days as 03-02, hours as 14.
static void label_of(const struct page *page, const json_t *row, char out[16])
{
	usec_t at;
	struct civil civil;
	const json_t *bucket = page_member(page->document, "series.bucket");
	usec_parse(json_get_text(row, "start"), &at);
	zone_to_civil(page->zone, at, &civil);
	if (json_is_string(bucket) && strcmp(json_string_value(bucket), "1h") == 0)
		snprintf(out, 16, "%02d:%02d", civil.hour, civil.minute);
	else
		snprintf(out, 16, "%02d-%02d", civil.month, civil.day);
}

static void put_labels(struct page *page, const json_t *rows, bool days)
{
	size_t n = json_array_size(rows), every = n / MARKS + 1;
	double width = (double)INNER_WIDTH / (double)(n ? n : 1);
	for (size_t i = 0; i < n; i += every) {
		char label[16];
		struct page of = *page;
		JSON_AUTO *none = json_object();
		if (days)
			of.document = none;
		label_of(&of, json_array_get(rows, i), label);
		page_raw(page, "<text x=\"%.1f\" y=\"%d\" class=\"x\">%s</text>\n",
			 LEFT + ((double)i + 0.5) * width, HEIGHT - BOTTOM + 16, label);
	}
}

// ---- what was sent

static const struct {
	const char *member, *word;
} parts[] = {
	{"confirmed", "confirmed"},
	{"waiting", "not_answered"},
	{"failed", "failed"},
	{"not_asked", "not_asked"},
};

enum { PARTS = sizeof parts / sizeof *parts };

static void parts_of(const json_t *row, int64_t values[PARTS])
{
	values[0] = number(row, "confirmed");
	values[1] = number(row, "pending") + number(row, "expired");
	values[2] = number(row, "failed");
	values[3] = number(row, "sent") - number(row, "requested");
}

static void put_bar(struct page *page, const json_t *row, double x, double width, int64_t top)
{
	int64_t values[PARTS];
	double y = TOP + INNER_HEIGHT;
	parts_of(row, values);
	for (size_t i = 0; i < PARTS; i++) {
		double height = (double)values[i] / (double)top * INNER_HEIGHT;
		y -= height;
		if (values[i] > 0)
			page_raw(page,
				 "<rect x=\"%.1f\" y=\"%.2f\" width=\"%.1f\" height=\"%.2f\" "
				 "class=\"%s\"/>",
				 x, y, width, height, parts[i].member);
	}
	buf_char(page->out, '\n');
}

static void put_legend(struct page *page)
{
	buf_zstr(page->out, "<p class=\"legend\">");
	for (size_t i = 0; i < PARTS; i++) {
		page_raw(page,
			 "<span><svg viewBox=\"0 0 10 10\" class=\"key\"><rect width=\"10\" "
			 "height=\"10\" class=\"%s\"/></svg> ",
			 parts[i].member);
		page_word(page, parts[i].word);
		buf_zstr(page->out, "</span> ");
	}
	buf_zstr(page->out, "</p>\n");
}

void chart_buckets(struct page *page)
{
	const json_t *rows = page_member(page->document, "series.items");
	size_t i, n = json_array_size(rows);
	json_t *row;
	int64_t most = 1;
	json_array_foreach((json_t *)rows, i, row) {
		most = number(row, "sent") > most ? number(row, "sent") : most;
	}
	int64_t step = step_for(most), top = (most + step - 1) / step * step;
	double width = (double)INNER_WIDTH / (double)(n ? n : 1);
	open_chart(page, "chart_buckets");
	for (int64_t value = 0; value <= top; value += step) {
		char label[24];
		snprintf(label, sizeof label, "%lld", (long long)value);
		grid_line(page, TOP + INNER_HEIGHT * (1 - (double)value / (double)top), label);
	}
	json_array_foreach((json_t *)rows, i, row) {
		put_bar(page, row, LEFT + ((double)i + 0.1) * width, width * 0.8, top);
	}
	put_labels(page, rows, false);
	buf_zstr(page->out, "</svg>\n");
	put_legend(page);
}

// ---- rates of 28 days

// A day without a rate is a hole in the line, not a zero.
static void put_line(struct page *page, const json_t *rows, const char *member, const char *class)
{
	size_t i, n = json_array_size(rows);
	double width = (double)INNER_WIDTH / (double)(n ? n : 1);
	json_t *row;
	bool drawing = false;
	page_raw(page, "<path class=\"%s\" d=\"", class);
	json_array_foreach((json_t *)rows, i, row) {
		const json_t *rate = page_member(row, member);
		if (json_is_number(rate))
			page_raw(page, "%s%.1f %.2f", drawing ? "L" : "M",
				 LEFT + ((double)i + 0.5) * width,
				 TOP + INNER_HEIGHT * (1 - json_number_value(rate)));
		drawing = json_is_number(rate);
	}
	buf_zstr(page->out, "\"/>\n");
	json_array_foreach((json_t *)rows, i, row) {
		const json_t *rate = page_member(row, member);
		if (json_is_number(rate))
			page_raw(page, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.2f\" r=\"2.2\"/>",
				 class, LEFT + ((double)i + 0.5) * width,
				 TOP + INNER_HEIGHT * (1 - json_number_value(rate)));
	}
}

void chart_trend(struct page *page)
{
	const json_t *rows = page_member(page->document, "trend");
	open_chart(page, "chart_trend");
	for (int percent = 0; percent <= 100; percent += 25) {
		char label[16];
		snprintf(label, sizeof label, "%d %%", percent);
		grid_line(page, TOP + INNER_HEIGHT * (1 - percent / 100.0), label);
	}
	put_line(page, rows, "rate", "delivery");
	put_line(page, rows, "read.rate", "read");
	put_labels(page, rows, true);
	buf_zstr(page->out, "</svg>\n<p class=\"legend\">");
	page_raw(page,
		 "<span><svg viewBox=\"0 0 10 10\" class=\"key\"><rect width=\"10\" height=\"10\" "
		 "class=\"delivery-key\"/></svg> ");
	page_word(page, "delivery_rate");
	page_raw(page, "</span> <span><svg viewBox=\"0 0 10 10\" class=\"key\"><rect width=\"10\" "
		       "height=\"10\" class=\"read-key\"/></svg> ");
	page_word(page, "read_rate");
	buf_zstr(page->out, "</span></p>\n");
}
