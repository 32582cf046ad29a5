// SPDX-License-Identifier: Apache-2.0
// For a screen on the wall, read from three metres: is it healthy, four numbers, two charts. Nothing to operate.
import { h, replace } from "../dom.js";
import { count, duration, percent, range } from "../format.js";
import { t } from "../i18n.js";
import { honesty, isComplete, waitBox } from "../parts/boxes.js";
import { change } from "../parts/compare.js";
import { rangeBar } from "../parts/figure.js";
import { healthLine } from "../parts/health.js";
import { redrawn, refresher } from "../parts/refresh.js";
import { deliveryCharts } from "../parts/series.js";
import { here, link, zoneOf } from "../state.js";
import { WALL, load } from "./overview.js";

const PRESET = "24h";

function figure(title, value, more) {
  return h("section", { class: "card" }, h("h2", {}, title), h("span", { class: "number" }, value), more);
}

function figures({ now, then }) {
  const { totals } = now, before = then.totals;
  return h("div", { class: "grid" },
    figure(t("delivery.rate"), percent(totals.rate), [rangeBar(totals.rate_lower, totals.rate_upper), before && change(totals.rate_lower, totals.rate_upper, before.rate)]),
    figure(t("latency.title"), duration(totals.time_to_deliver_ms.p50), h("p", { class: "muted" }, `p95 ${duration(totals.time_to_deliver_ms.p95)}`)),
    figure(t("open.title"), count(totals.pending), h("p", { class: "muted" }, totals.expired ? t("open.expired", { n: count(totals.expired) }) : t("open.none"))),
    figure(t("failed.title"), count(totals.failed_all), h("p", { class: "muted" }, t("failed.share", { share: percent(totals.failed_all / totals.sent, 2) }))));
}

export async function wall(main, { query }, signal) {
  const zone = zoneOf(query), chosen = { window: PRESET, ...query };
  if (!main.querySelector(".wall")) replace(main, waitBox());
  await redrawn(signal, async (shown, again) => {
    const all = await load(chosen, zone, signal, { fields: WALL, reading: false }), { window } = all;
    const share = isComplete(all.now, all.sources, window.until) ? 0.25 : 0.13; // the warning needs its place
    replace(main, h("div", { class: "wall" }, h("div", { class: "head" }, h("h1", {}, t("view.wall")),
      h("p", { class: "muted" }, t("span", { range: range(window.since, window.until, zone), zone })),
      refresher(main, zone, shown, again), h("a", { href: link("overview") }, t("wall.leave")), h("a", { href: here({ window: chosen.window === PRESET ? "7d" : PRESET, since: null, until: null }) }, t(`window.${chosen.window === PRESET ? "7d" : PRESET}`))),
    honesty(all.now, all.sources, zone, window.until), all.health && healthLine(all.health), figures(all),
    h("div", { class: "charts" }, deliveryCharts(all, zone, shown, { only: ["rate", "volume"], plain: true, font: 18, height: Math.max(130, Math.round(innerHeight * share)) }))));
  });
}
