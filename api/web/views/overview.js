// SPDX-License-Identifier: Apache-2.0
// Is delivery healthy, and if not: since when and how badly? Ten seconds, or an hour.
import { ask, askIfAllowed } from "../api.js";
import { h, replace } from "../dom.js";
import { count, duration, percent, short } from "../format.js";
import { t } from "../i18n.js";
import { chart } from "../parts/chart.js";
import { curlButton, emptyBox, honesty, loadSources, waitBox } from "../parts/boxes.js";
import { card, change, rangeBar } from "../parts/figure.js";
import { DELIVERY, chosenWindow, heading, seriesParameters, spanOf } from "../parts/window.js";
import { heatMap } from "../parts/heat.js";
import { iso, link, zoneOf } from "../state.js";

const WEEK = 7 * 86400e3;

async function load(query, zone, signal) {
  const window = await chosenWindow(query, signal);
  const parameters = seriesParameters(query, window, zone), totalsOnly = { ...parameters, bucket: "none" };
  const before = { ...totalsOnly, since: iso(window.since - WEEK), until: iso(window.until - WEEK) };
  const [now, then, read, sources] = await Promise.all([
    ask(DELIVERY, parameters, signal), ask(DELIVERY, before, signal),
    askIfAllowed("/v1/metrics/read", totalsOnly, signal), loadSources(signal)]);
  return { window, parameters, now, then, read: read?.totals, sources };
}

function tone(totals) {
  if (!Number.isFinite(totals.rate_upper) || totals.requested < 20) return "";
  if (totals.rate_upper < 0.9) return "bad";
  return totals.rate_upper < 0.97 ? "warn" : "good";
}

function readCard(totals, before, read) {
  const rate = read?.rate ?? totals.read.rate, n = read?.read ?? totals.read.confirmed, of = read?.requested ?? totals.read.requested;
  const time = read?.time_to_read_ms ?? totals.read.time_to_read_ms;
  return card({ title: t("read.rate"), value: percent(rate), more: [rangeBar(rate, read?.rate_upper ?? rate), change(rate, before?.read?.rate)],
    detail: t("read.of", { read: count(n), requested: count(of), time: duration(time?.p50) }) });
}

function latencyCard(latency, stored) {
  return card({ title: t("latency.title"), value: duration(latency.p50),
    more: h("dl", { class: "pairs" }, ["p90", "p95", "p99"].map((name) => h("div", {}, h("dt", {}, name), h("dd", {}, duration(latency[name]))))),
    detail: [t("latency.of", { n: count(latency.n) }), stored?.n ? ` ${t("latency.stored", { n: count(stored.n), time: duration(stored.p50) })}` : ""] });
}

function deliveryCard(totals, before, parameters) {
  return card({ title: t("delivery.rate"), value: percent(totals.rate), tone: tone(totals), curl: [DELIVERY, parameters],
    more: [rangeBar(totals.rate_lower, totals.rate_upper), change(totals.rate, before?.rate)],
    detail: Number.isFinite(totals.rate)
      ? t("delivery.of", { confirmed: count(totals.confirmed), requested: count(totals.requested), coverage: percent(totals.coverage, 0) })
      : t("delivery.few", { requested: count(totals.requested), sent: count(totals.sent) }) });
}

function openCard(totals, span) {
  return card({ title: t("open.title"), value: count(totals.pending), href: link("log", { verdict: "pending", order: "asc", ...span }),
    more: h("p", {}, h("a", { href: link("log", { verdict: "expired", ...span }) }, t("open.expired", { n: count(totals.expired) }))),
    detail: t("open.of"), tone: totals.expired > 0.05 * totals.requested ? "warn" : "" });
}

function failedCard(totals, span) {
  return card({ title: t("failed.title"), value: count(totals.failed_all), href: link("log", { verdict: "failed", ...span }),
    tone: totals.failed_all > 0.02 * totals.sent ? "bad" : "",
    more: h("p", {}, t("failed.share", { share: percent(totals.failed_all / totals.sent, 2) })),
    detail: h("a", { href: link("causes") }, t("failed.why")) });
}

function figures({ now, then, parameters, window, read }) {
  const totals = now.totals, before = then.totals, span = spanOf(window);
  return h("div", { class: "grid" }, deliveryCard(totals, before, parameters),
    latencyCard(totals.time_to_deliver_ms, totals.time_to_deliver_stored_ms), readCard(totals, before, read),
    openCard(totals, span), failedCard(totals, span),
    card({ title: t("sent.title"), value: short(totals.sent), more: h("p", {}, t("sent.before", { n: short(before?.sent) })),
      detail: t("sent.of", { unknown: count(totals.unknown), stored: count(totals.stored) }) }));
}

// A rate near 1 is told apart from 1 only on an axis that does not begin at 0: the axis says where it does.
function rateFloor(series) {
  const lowest = Math.min(1, ...series.map((bucket) => bucket.rate_lower).filter(Number.isFinite));
  return [0.95, 0.9, 0.75, 0.5].find((floor) => lowest >= floor) ?? 0;
}

function charts({ now, parameters }, zone, signal) {
  const series = now.series, times = series.map((bucket) => Date.parse(bucket.start) / 1000);
  const of = (pick) => series.map((bucket) => pick(bucket) ?? null);
  const common = { times, zone, signal, sync: "overview" };
  return h("div", { class: "charts" },
    chart({ ...common, title: t("chart.rate"), note: t("chart.rate.note"), format: (v) => percent(v), low: rateFloor(series), high: 1, head: curlButton(DELIVERY, parameters),
      lines: [{ name: t("rate.upper"), values: of((b) => b.rate_upper), colour: "open", dash: [4, 4], width: 1.5 },
        { name: t("rate.lower"), values: of((b) => b.rate_lower), colour: "accent", fill: 14 }] }),
    chart({ ...common, title: t("chart.latency"), note: t("chart.latency.note"), format: (v) => duration(v), logarithmic: true,
      lines: ["p50", "p95", "p99"].map((name, i) => ({ name, values: of((b) => b.time_to_deliver_ms[name]), colour: ["accent", "warn", "bad"][i], dash: [null, [6, 3], [2, 3]][i] })) }),
    chart({ ...common, title: t("chart.volume"), note: t("chart.volume.note"), format: (v) => short(v),
      lines: [{ name: t("sent.title"), values: of((b) => b.sent), colour: "muted", fill: 12, width: 1 },
        { name: t("requested"), values: of((b) => b.requested), colour: "accent", width: 1.5 },
        { name: t("confirmed"), values: of((b) => b.confirmed), colour: "good", fill: 22, width: 1.5 }] }),
    chart({ ...common, title: t("chart.trouble"), note: t("chart.trouble.note"), format: (v) => short(v),
      lines: [{ name: t("failed.title"), values: of((b) => b.failed_all), colour: "bad", width: 2 },
        { name: t("expired"), values: of((b) => b.expired), colour: "warn", dash: [6, 3] },
        { name: t("pending"), values: of((b) => b.pending), colour: "open", dash: [2, 3] }] }));
}

function soonness({ now, parameters }, zone) {
  return h("section", { class: "card heat-card" }, h("div", { class: "card-head" }, h("h2", {}, t("heat.title")), curlButton(DELIVERY, parameters)),
    h("p", { class: "muted" }, t("heat.note")), heatMap(now.series, zone));
}

export async function overview(main, { query }, signal) {
  const zone = zoneOf(query);
  if (!main.querySelector(".overview")) replace(main, waitBox());
  const all = await load(query, zone, signal);
  const body = all.now.totals?.sent ? [figures(all), charts(all, zone, signal), soonness(all, zone)]
    : emptyBox(t("empty.window"), t("empty.window.why"));
  replace(main, h("div", { class: "overview" }, heading(t("view.overview"), all.window, zone, query),
    honesty(all.now, all.sources, zone, all.window.until), body));
}
