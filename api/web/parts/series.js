// SPDX-License-Identifier: Apache-2.0
// The four charts of delivery: how much arrived, how fast, how many there were, what did not arrive. Where there is
// a week before, it is drawn beneath.
import { duration, percent, short } from "../format.js";
import { t } from "../i18n.js";
import { link } from "../state.js";
import { curlButton } from "./boxes.js";
import { WEEK } from "./compare.js";
import { chart } from "./chart.js";
import { DELIVERY } from "./window.js";

// A rate near 1 is told apart from 1 only on an axis that does not begin at 0: the axis says where it does.
function rateFloor(series) {
  const lowest = Math.min(1, ...series.map((bucket) => bucket.rate_lower).filter(Number.isFinite));
  return [0.95, 0.9, 0.75, 0.5].find((floor) => lowest >= floor) ?? 0;
}

function aWeekBefore(series, then) {
  const known = new Map(then.map((bucket) => [Date.parse(bucket.start) + WEEK, bucket]));
  return series.map((bucket) => known.get(Date.parse(bucket.start)));
}

// The messages of one bucket; more: what else they have in common. Domains of both ends go along by themselves.
export function drillOf(series, more) {
  return (i) => link("log", { since: series[i].start, until: series[i].end, window: null, ...more });
}

// read: up to when the input was read. What lies behind is not 0, it is not known.
function chartsOf(series, past, read) {
  const of = (pick) => series.map((bucket) => (Date.parse(bucket.start) < read ? pick(bucket) ?? null : null));
  const before = (pick) => past.map((bucket) => (bucket ? pick(bucket) ?? null : null));
  const beneath = (pick) => (past.some(Boolean) ? [{ name: t("before.line"), values: before(pick), colour: "open", dash: [1, 3], width: 1.5 }] : []);
  return {
    rate: { format: (v) => percent(v), low: rateFloor(series), high: 1, more: { counted: "requested" },
      lines: [...beneath((b) => b.rate_lower), { name: t("rate.upper"), values: of((b) => b.rate_upper), colour: "open", dash: [4, 4], width: 1.5 },
        { name: t("rate.lower"), values: of((b) => b.rate_lower), colour: "accent", fill: 14 }] },
    latency: { format: (v) => duration(v), logarithmic: true, more: { counted: "requested", verdict: "confirmed" },
      lines: ["p50", "p95", "p99"].map((name, i) => ({ name, values: of((b) => b.time_to_deliver_ms[name]), colour: ["accent", "warn", "bad"][i], dash: [null, [6, 3], [2, 3]][i] })) },
    volume: { whole: true, format: (v) => short(v), more: { counted: "sent" },
      lines: [...beneath((b) => b.sent), { name: t("sent.title"), values: of((b) => b.sent), colour: "muted", fill: 12, width: 1 },
        { name: t("requested"), values: of((b) => b.requested), colour: "accent", width: 1.5, dash: [6, 3] },
        { name: t("confirmed"), values: of((b) => b.confirmed), colour: "good", fill: 22, width: 1.5 }] },
    trouble: { whole: true, format: (v) => short(v), more: { counted: "sent", verdict: "failed" },
      lines: [{ name: t("failed.title"), values: of((b) => b.failed_all), colour: "bad", width: 2 },
        { name: t("expired"), values: of((b) => b.expired), colour: "warn", dash: [6, 3] },
        { name: t("pending"), values: of((b) => b.pending), colour: "open", dash: [2, 3] }] },
  };
}

export function deliveryCharts({ now, then, parameters }, zone, signal, { only, ...looks } = {}) {
  const series = now.series, times = series.map((bucket) => Date.parse(bucket.start) / 1000);
  const made = chartsOf(series, aWeekBefore(series, then?.series ?? []), now.complete_until ? Date.parse(now.complete_until) : Infinity);
  return Object.entries(made).filter(([name]) => !only || only.includes(name)).map(([name, { more, ...own }]) =>
    chart({ times, zone, signal, sync: "delivery", title: t(`chart.${name}`), note: t(`chart.${name}.note`), drill: drillOf(series, more),
      head: !looks.plain && curlButton(DELIVERY, parameters, t(`chart.${name}`)), ...own, ...looks }));
}
