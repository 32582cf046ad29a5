// SPDX-License-Identifier: Apache-2.0
// Parts of the page of a report that html_lists.c makes.
#ifndef API_REPORT_HTML_PARTS_H
#define API_REPORT_HTML_PARTS_H

#include "api/report/page.h"

#define COLUMNS(...)                                                                               \
	(const struct column[]){__VA_ARGS__},                                                      \
		sizeof((const struct column[]){__VA_ARGS__}) / sizeof(struct column)
#define LINES(...)                                                                                 \
	(const struct line[]){__VA_ARGS__},                                                        \
		sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line)

typedef void part_fn(struct page *page);

part_fn part_who, part_open, part_findings, part_missing, part_restatements, part_changes,
	part_rules;

#endif
