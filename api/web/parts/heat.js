// SPDX-License-Identifier: Apache-2.0
// How soon messages are confirmed, over time: a cell's strength is its share of what asked for a receipt.
import { h, svg } from "../dom.js";
import { instant, percent } from "../format.js";
import { t } from "../i18n.js";

const STEPS = ["10s", "1m", "1h", "24h", "7d"];
const ROWS = [...STEPS, "later", "failed", "open"];
const BAD = new Set(["failed", "open"]);

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

export function heatMap(series, zone) {
  const width = 100 / Math.max(1, series.length), height = 26;
  const cells = series.flatMap((bucket, x) => (bucket.requested ? cellsOf(bucket).map((n, y) => n > 0 && svg("rect", {
    x: x * width, y: y * height, width: width + 0.05, height: height - 2, class: BAD.has(ROWS[y]) ? "heat-bad" : "heat-good",
    "fill-opacity": (0.12 + 0.88 * Math.sqrt(n / bucket.requested)).toFixed(3) },
    svg("title", {}, `${instant(bucket.start, zone)} – ${t(`heat.${ROWS[y]}`)}: ${percent(n / bucket.requested)}`))) : []));
  return h("div", { class: "heat" },
    h("ul", { "aria-hidden": "true" }, ROWS.map((name) => h("li", {}, t(`heat.${name}`)))),
    svg("svg", { viewBox: `0 0 100 ${ROWS.length * height}`, preserveAspectRatio: "none", role: "img", "aria-label": t("heat.note") }, cells));
}
