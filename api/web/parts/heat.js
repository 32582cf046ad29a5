// SPDX-License-Identifier: Apache-2.0
// How soon messages are confirmed, over time: a band is twice as long as the one before, a cell's strength is its share
// of what asked for a receipt; what did not come back stands below. Each cell leads to its messages.
import { h, svg } from "../dom.js";
import { civil, count, duration, instant, mark, percent } from "../format.js";
import { t } from "../i18n.js";
import { go, link } from "../state.js";
import { curlButton } from "./boxes.js";
import { drillOf } from "./series.js";
import { table } from "./table.js";
import { DELIVERY, spanOf } from "./window.js";

const BAND = 12, BESIDE = 18, GAP = 8, LABELS = 7, LEAST = 65536;
const MARKS = [100, 1e3, 10e3, 60e3, 600e3, 3600e3, 6 * 3600e3, 86400e3, 7 * 86400e3];
const OTHERS = ["pending", "expired", "failed"]; // in the order in which hope fades

// From the first band to the last one that is in use, or to the minute: bands above that hold nothing say nothing.
function bandsOf(totals) {
  const starts = Object.keys(totals.time_to_deliver_bands).map(Number).sort((a, b) => a - b);
  const last = starts.findLast((from) => totals.time_to_deliver_bands[from] > 0 || from <= LEAST / 2);
  return starts.filter((from) => from <= last).map((from, i, all) => ({ from, to: starts[i + 1] ?? null, top: (all.length - 1 - i) * BAND, height: BAND }));
}

// A row: how many of a bucket are in it, how the chat log asks for them, what it is called.
function rowsOf(totals) {
  const bands = bandsOf(totals), below = bands.length * BAND + GAP;
  const asked = { counted: "requested" };
  return [...bands.map((band) => ({ ...band, n: (bucket) => bucket.time_to_deliver_bands[band.from], bad: false, name: nameOf(band),
    asked: { ...asked, verdict: "confirmed", took_from: band.from, took_to: band.to } })),
  ...OTHERS.map((name, i) => ({ top: below + i * BESIDE, height: BESIDE, n: (bucket) => bucket[name], bad: name !== "pending", name: t(`heat.${name}`), asked: { ...asked, verdict: name } }))];
}

function nameOf({ from, to }) {
  return to === null ? t("heat.longer", { from: duration(from) }) : t("heat.band", { from: duration(from), to: duration(to) });
}

function heightOf(rows) {
  const last = rows.at(-1);
  return last.top + last.height;
}

function cell(bucket, x, row, n, width, drill, zone) {
  return svg("rect", {
    x: x * width, y: row.top, width: width + 0.05, height: row.height - 1, class: row.bad ? "heat-bad" : row.from === undefined ? "heat-open" : "heat-good",
    "fill-opacity": (0.14 + 0.86 * Math.sqrt(n / bucket.requested)).toFixed(3), onclick: () => go(drill(x)) },
  svg("title", {}, `${instant(bucket.start, zone)}\n${row.name}: ${count(n)} (${percent(n / bucket.requested)})`));
}

function cells(series, rows, zone) {
  const width = 100 / Math.max(1, series.length);
  return rows.flatMap((row) => {
    const drill = drillOf(series, row.asked);
    return series.map((bucket, x) => bucket.requested > 0 && row.n(bucket) > 0 && cell(bucket, x, row, row.n(bucket), width, drill, zone));
  });
}

// Marks at times that people use, where these lie between the edges of bands.
function axis(rows) {
  const bands = rows.filter((row) => row.from !== undefined), bottom = bands.length * BAND;
  const at = (ms) => bottom - (Math.log2(ms / 64) + 1) * BAND;
  const text = (y, words) => svg("text", { x: "100%", y, "text-anchor": "end", "dominant-baseline": "middle" }, words);
  return svg("svg", { class: "heat-axis", width: 92, height: heightOf(rows), "aria-hidden": "true" },
    MARKS.filter((ms) => at(ms) >= BAND / 2).map((ms) => text(at(ms), duration(ms))),
    rows.filter((row) => row.from === undefined).map((row) => text(row.top + BESIDE / 2, row.name)));
}

// The name of a day stands where it begins in the zone of the page.
function timesOf(series, zone) {
  const width = 100 / series.length, span = Date.parse(series.at(-1).end) - Date.parse(series[0].start);
  const dayOf = (bucket) => civil(Date.parse(bucket.start), zone);
  const marked = series.map((bucket, i) => [bucket, i]).filter(([bucket, i]) => span <= 2 * 86400e3 || (i > 0 && dayOf(bucket) !== dayOf(series[i - 1])));
  const step = Math.max(1, Math.ceil(marked.length / LABELS));
  const shown = marked.filter(([, i], place) => place % step === 0 && i * width < 94);
  return svg("svg", { class: "heat-times", width: "100%", height: 16, "aria-hidden": "true" }, shown.map(([bucket, i]) =>
    svg("text", { x: `${(i * width).toFixed(2)}%`, y: 12 }, mark(Date.parse(bucket.start), span > 2 * 86400e3 ? 86400e3 : 900e3, zone))));
}

// The same without a mouse or a screen: the whole window, band by band.
function sums(totals, rows, window) {
  return h("details", { class: "values" }, h("summary", {}, t("heat.table")), table(t("heat.title"), [
    { name: t("heat.took"), cell: (row) => row.name },
    { name: t("sent.title"), number: true, cell: (row) => (row.n(totals) ? h("a", { href: link("log", { ...spanOf(window), window: null, ...row.asked }) }, count(row.n(totals))) : count(0)) },
    { name: t("heat.share"), number: true, cell: (row) => percent(row.n(totals) / totals.requested) }], rows));
}

export function heatMap({ now, parameters, window }, zone) {
  const { series, totals } = now, rows = rowsOf(totals), height = heightOf(rows);
  return h("section", { class: "card heat-card" }, h("div", { class: "card-head" }, h("h2", {}, t("heat.title")), curlButton(DELIVERY, parameters, t("heat.title"))),
    h("p", { class: "muted" }, t("heat.note")), h("div", { class: "heat" }, axis(rows),
      h("div", {}, svg("svg", { viewBox: `0 0 100 ${height}`, height, preserveAspectRatio: "none", role: "img", "aria-label": `${t("heat.note")} ${t("chart.below")}` }, cells(series, rows, zone)),
        timesOf(series, zone))), totals.requested > 0 && sums(totals, rows, window));
}
