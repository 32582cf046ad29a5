// SPDX-License-Identifier: Apache-2.0
// Inline SVG: what was sent and what became of it by bucket, and rates of 28 days. No script, no style of its own
// but classes of report.css.
#ifndef API_REPORT_CHART_H
#define API_REPORT_CHART_H

#include "api/report/page.h"

void chart_buckets(struct page *page); // of document.series
void chart_trend(struct page *page);   // of document.trend

#endif
