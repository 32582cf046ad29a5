// SPDX-License-Identifier: Apache-2.0
// How many there were, period by period, as bars; each leads to its period.
import { h, svg } from "../dom.js";
import { count, instant, mark } from "../format.js";
import { t } from "../i18n.js";
import { here, iso } from "../state.js";

const MOST = 40, HOUR = 3600e3, DAY = 24 * HOUR;
const STEPS = [HOUR, 3 * HOUR, 6 * HOUR, DAY, 7 * DAY, 14 * DAY];

// Periods of one length, the last one cut by the window.
export function periodsOf({ since, until }) {
  const step = STEPS.find((size) => (until - since) / size <= MOST) ?? STEPS.at(-1);
  const periods = [];
  for (let at = since; at < until; at += step) periods.push({ since: at, until: Math.min(until, at + step), step });
  return periods;
}

// sums of "n" by the period that "at" (ms) lies in; what lies outside of all is in none.
export function sumsOf(periods, items, at, n) {
  const sums = periods.map(() => 0), first = periods[0]?.since, step = periods[0]?.step;
  for (const item of items) {
    const i = Math.floor((at(item) - first) / step);
    if (i >= 0 && i < sums.length) sums[i] += n(item);
  }
  return sums;
}

export function bars(title, periods, sums, zone) {
  const most = Math.max(1, ...sums);
  const one = (period, i) => h("li", {}, h("a", { href: here({ since: iso(period.since), until: iso(period.until), window: null }),
    title: `${instant(period.since, zone)}: ${count(sums[i])}`, "aria-label": `${instant(period.since, zone)}: ${count(sums[i])}` },
  svg("svg", { viewBox: "0 0 10 100", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { y: 100 - (100 * sums[i]) / most, width: 10, height: (100 * sums[i]) / most, class: "bar" }))),
  i % Math.ceil(periods.length / 8) === 0 && h("span", { class: `muted${(i / Math.ceil(periods.length / 8)) % 2 ? " second" : ""}`, "aria-hidden": "true" }, mark(period.since, period.step >= DAY / 4 ? DAY : HOUR, zone)));
  return h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, title), h("span", { class: "muted" }, t("bars.most", { n: count(most) }))), h("ol", { class: "bars" }, periods.map(one)));
}

export function spark(sums) {
  const most = Math.max(1, ...sums);
  return svg("svg", { class: "spark", viewBox: `0 0 ${sums.length * 4} 20`, preserveAspectRatio: "none", "aria-hidden": "true" },
    sums.map((n, i) => n > 0 && svg("rect", { x: i * 4, y: 20 - (20 * n) / most, width: 3, height: (20 * n) / most, class: "bar" })));
}
