// SPDX-License-Identifier: Apache-2.0
// How soon messages are confirmed, over time: a cell's strength is its share of what asked for a receipt. A column
// leads to its messages.
import { h, svg } from "../dom.js";
import { instant, mark, percent } from "../format.js";
import { t } from "../i18n.js";
import { go } from "../state.js";
import { curlButton } from "./boxes.js";
import { drillOf } from "./series.js";
import { DELIVERY } from "./window.js";

const STEPS = ["10s", "1m", "1h", "24h", "7d"];
const ROWS = [...STEPS, "later", "failed", "open"];
const BAD = new Set(["failed", "open"]);
const VERDICTS = { failed: "failed", open: "pending" };
const HEIGHT = 26, LABELS = 7;

// Counts within each horizon are cumulative; a cell is what came between two of them.
function cellsOf(bucket) {
  let before = 0;
  const counts = STEPS.map((name) => {
    const until = bucket.within?.[name]?.count ?? before, n = until - before;
    before = Math.max(before, until);
    return Math.max(0, n);
  });
  counts.push(Math.max(0, bucket.confirmed - before), bucket.failed, bucket.pending + bucket.expired);
  return counts;
}

function cell(bucket, x, y, n, width, drill, zone) {
  const row = ROWS[y];
  return svg("rect", {
    x: x * width, y: y * HEIGHT, width: width + 0.05, height: HEIGHT - 2, class: BAD.has(row) ? "heat-bad" : "heat-good",
    "fill-opacity": (0.12 + 0.88 * Math.sqrt(n / bucket.requested)).toFixed(3), onclick: () => go(drill(row)(x)) },
    svg("title", {}, `${instant(bucket.start, zone)} – ${t(`heat.${row}`)}: ${percent(n / bucket.requested)}`));
}

function timesOf(series, zone) {
  const step = Math.max(1, Math.ceil(series.length / LABELS)), width = 100 / series.length;
  const span = Date.parse(series.at(-1).end) - Date.parse(series[0].start);
  const shown = series.map((bucket, i) => [bucket, i]).filter(([, i]) => i % step === 0 && i * width < 94);
  return h("div", { class: "heat-times", "aria-hidden": "true" }, svg("svg", { width: "100%", height: 16 }, shown.map(([bucket, i]) =>
    svg("text", { x: `${(i * width).toFixed(2)}%`, y: 12 }, mark(Date.parse(bucket.start), span > 2 * 86400e3 ? 86400e3 : 900e3, zone)))));
}

function cells(series, zone, query) {
  const width = 100 / Math.max(1, series.length);
  const drill = (row) => drillOf(series, query, VERDICTS[row] ? { verdict: VERDICTS[row] } : {});
  return series.flatMap((bucket, x) => (bucket.requested ? cellsOf(bucket).map((n, y) => n > 0 && cell(bucket, x, y, n, width, drill, zone)) : []));
}

export function heatMap({ now, parameters, query }, zone) {
  return h("section", { class: "card heat-card" }, h("div", { class: "card-head" }, h("h2", {}, t("heat.title")), curlButton(DELIVERY, parameters)),
    h("p", { class: "muted" }, t("heat.note")), h("div", { class: "heat" },
      h("ul", { "aria-hidden": "true" }, ROWS.map((name) => h("li", {}, t(`heat.${name}`)))),
      h("div", {}, svg("svg", { viewBox: `0 0 100 ${ROWS.length * HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": t("heat.note") }, cells(now.series, zone, query)),
        timesOf(now.series, zone))));
}
