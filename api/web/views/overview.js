// SPDX-License-Identifier: Apache-2.0
// Is delivery healthy, and if not: since when and how badly? Ten seconds, or an hour.
import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { ago, count, duration, percent, short } from "../format.js";
import { t } from "../i18n.js";
import { emptyBox, honesty, isComplete, loadSources, notWell, waitBox } from "../parts/boxes.js";
import { WEEK, change } from "../parts/compare.js";
import { card, percentiles, rangeBar } from "../parts/figure.js";
import { healthLine, judge, loadHealth } from "../parts/health.js";
import { heatMap } from "../parts/heat.js";
import { redrawn, refresher } from "../parts/refresh.js";
import { deliveryCharts } from "../parts/series.js";
import { DELIVERY, chosenWindow, heading, seriesParameters, spanOf } from "../parts/window.js";
import { iso, link, zoneOf } from "../state.js";

const READ = "/v1/metrics/read", LONGEST_BESIDE = 14 * 86400e3;

// "The same time last week" says nothing about a window that is longer: most of both would be the same.
const NOTHING = { totals: null, series: [] };

// No more than is shown is asked for, all of it at once.
export const WALL = "sent,requested,confirmed,pending,expired,failed_all,rate,rate_lower,rate_upper,time_to_deliver_ms";
const FIELDS = `${WALL},failed,unknown,stored,coverage,time_to_deliver_stored_ms,time_to_deliver_bands`;
const THEN = "sent,failed_all,rate,rate_lower,time_to_deliver_ms,read";
const READ_FIELDS = "requested,read,rate,rate_upper,time_to_read_ms";

export async function load(query, zone, signal, { fields = FIELDS, reading = true } = {}) {
  const window = await chosenWindow(query, signal);
  const parameters = seriesParameters(query, window, zone);
  const back = { since: iso(window.since - WEEK), until: iso(window.until - WEEK) };
  const compared = window.until - window.since <= LONGEST_BESIDE;
  const end = Math.min(window.until, Date.parse(window.read ?? iso(window.until)));
  const [now, then, read, sources, day] = await Promise.all([
    ask(DELIVERY, { ...parameters, fields }, signal), compared ? ask(DELIVERY, { ...parameters, ...back, fields: THEN }, signal) : NOTHING,
    reading && ask(READ, { ...parameters, bucket: "none", fields: READ_FIELDS }, signal), loadSources(signal),
    window.name && loadHealth(end, { from_domain: query.from_domain, to_domain: query.to_domain }, signal)]);
  // A gap of last Monday does not make today uncertain: what the day's own answer stands on counts.
  const health = day ? judge(day, isComplete(day.answer, sources, end)) : null;
  return { query, window, parameters, now, then, read: read?.totals, sources, health };
}

// ---- figures

function lastWeek(then, shown) {
  return then.totals && h("p", { class: "muted" }, t("before.value", { value: shown(then.totals) }));
}

function tone(totals) {
  if (!Number.isFinite(totals.rate_upper) || totals.requested < 20) return "";
  if (totals.rate_upper < 0.9) return "bad";
  return totals.rate_upper < 0.97 ? "warn" : "good";
}

function deliveryCard({ now, then, parameters, query }, behind) {
  const totals = now.totals;
  const unknown = h("a", { href: behind({ counted: "sent", verdict: "unknown" }) }, t("delivery.coverage", { coverage: percent(totals.coverage, 0) }));
  return card({ title: t("delivery.rate"), value: percent(totals.rate), tone: tone(totals), curl: [DELIVERY, { ...parameters, bucket: "none" }],
    href: behind({ counted: "requested", verdict: "confirmed" }), more: [rangeBar(totals.rate_lower, totals.rate_upper), then.totals && change(totals.rate_lower, totals.rate_upper, then.totals.rate)],
    detail: Number.isFinite(totals.rate) ? [t("delivery.of", { confirmed: count(totals.confirmed), requested: count(totals.requested) }), " ", unknown]
      : t("delivery.few", { requested: count(totals.requested), sent: count(totals.sent) }) });
}

function latencyCard({ now, then, parameters }, behind) {
  const latency = now.totals.time_to_deliver_ms, stored = now.totals.time_to_deliver_stored_ms;
  return card({ title: t("latency.title"), value: duration(latency.p50), unit: t("median"), curl: [DELIVERY, { ...parameters, bucket: "none" }], href: behind({ counted: "requested", verdict: "confirmed" }),
    more: [percentiles(latency), lastWeek(then, (before) => duration(before.time_to_deliver_ms?.p50))],
    detail: [t("latency.of", { n: count(latency.n) }), stored?.n ? ` ${t("latency.stored", { n: count(stored.n), time: duration(stored.p50) })}` : ""] });
}

function readCards({ then, parameters, read: totals }, behind) {
  const before = then.totals?.read, time = totals.time_to_read_ms, curl = [READ, { ...parameters, bucket: "none" }];
  return [
    card({ title: t("read.rate"), value: percent(totals.rate), curl, href: behind({ counted: "read_requested", reached: "displayed" }),
      more: [rangeBar(totals.rate, totals.rate_upper ?? totals.rate), then.totals && change(totals.rate, totals.rate_upper, before?.rate)],
      detail: t("read.of", { read: count(totals.read), requested: count(totals.requested) }) }),
    card({ title: t("read.time"), value: duration(time?.p50), unit: t("median"), curl, href: behind({ counted: "read_requested", reached: "displayed" }),
      more: [percentiles(time), lastWeek(then, () => duration(before?.time_to_read_ms?.p50))], detail: t("read.time.of", { n: count(time?.n) }) })];
}

function openCard({ now, parameters }, behind) {
  const { pending, expired, requested } = now.totals;
  const older = expired ? t("open.expired", { n: count(expired) }) : t("open.none");
  return card({ title: t("open.title"), value: count(pending), curl: [DELIVERY, { ...parameters, bucket: "none" }], href: behind({ counted: "requested", verdict: "pending", order: "asc" }),
    more: h("p", {}, expired ? h("a", { href: behind({ counted: "requested", verdict: "expired" }) }, older) : older),
    detail: [t("open.of"), " ", h("a", { href: link("live") }, t("open.live"))], tone: expired > 0.05 * requested ? "warn" : "" });
}

function failedCard({ now, then, parameters }, behind) {
  const { failed_all: failed, sent } = now.totals;
  return card({ title: t("failed.title"), value: count(failed), curl: [DELIVERY, { ...parameters, bucket: "none" }], href: behind({ counted: "sent", verdict: "failed" }),
    tone: failed > 0.02 * sent ? "bad" : "",
    more: [h("p", {}, t("failed.share", { share: percent(failed / sent, 2) })), lastWeek(then, (before) => count(before.failed_all))],
    detail: h("a", { href: link("causes") }, t("failed.why")) });
}

function sentCard({ now, then, parameters }, behind) {
  const { sent, unknown, stored } = now.totals;
  return card({ title: t("sent.title"), value: short(sent), curl: [DELIVERY, { ...parameters, bucket: "none" }], href: behind({ counted: "sent" }),
    more: lastWeek(then, (before) => short(before.sent)), detail: t("sent.of", { unknown: count(unknown), stored: count(stored) }) });
}

// How far the input is behind, and whose fault that is.
function sourcesCard({ now, sources, window }) {
  const all = sources?.items ?? [], live = all.filter((source) => source.live), bad = notWell(sources);
  const value = sources ? (live.length ? t("sources.well", { n: count(live.length - bad.length), of: count(live.length) }) : t("sources.none")) : "–";
  return card({ title: t("input.sources"), value, href: link("input"), curl: ["/v1/sources", {}], tone: bad.length || now.gaps ? "warn" : "",
    more: h("p", {}, h("a", { href: link("gaps", spanOf(window)) }, t("sources.gaps", { n: count(now.gaps) }))),
    detail: now.complete_until ? t("sources.until", { ago: ago(now.complete_until) }) : t("honest.unknown") });
}

function figures(all) {
  const behind = (more) => link("log", { ...spanOf(all.window), window: null, ...more });
  return h("div", { class: "grid figures" }, deliveryCard(all, behind), latencyCard(all, behind), openCard(all, behind), failedCard(all, behind),
    readCards(all, behind), sentCard(all, behind), sourcesCard(all));
}

export async function overview(main, { query }, signal) {
  const zone = zoneOf(query);
  if (!main.querySelector(".overview")) replace(main, waitBox());
  await redrawn(signal, async (shown, again) => {
    const all = await load(query, zone, signal);
    const body = all.now.totals?.sent ? [all.health && healthLine(all.health), figures(all), h("div", { class: "charts" }, deliveryCharts(all, zone, shown)), heatMap(all, zone)]
      : emptyBox(t("empty.window"), t("empty.window.why"));
    replace(main, h("div", { class: "overview" }, heading(t("view.overview"), all.window, zone, query, all.window.name && refresher(main, zone, shown, again)),
      honesty(all.now, all.sources, zone, all.window.until), body));
  });
}
