// SPDX-License-Identifier: Apache-2.0
// Series over time: uPlot draws, the table beneath says the same to those who cannot see it.
import { h, replace } from "../dom.js";
import { language, t } from "../i18n.js";
import { go, here, iso } from "../state.js";
import { instant } from "../format.js";

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function axes(format, zone, logarithmic) {
  const line = colour("line"), ink = colour("muted");
  const common = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui, sans-serif" };
  const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: zone });
  const hour = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const times = (plot, splits, index, space, step) => splits.map((at) => (step < 86400 ? hour : day).format(at * 1000));
  return [{ ...common, values: times }, { ...common, size: 68, values: (plot, splits) => splits.map(format), ...(logarithmic ? { splits: timeSplits, filter: (plot, splits) => splits } : {}) }];
}

// A logarithmic axis of times is marked at steps that people use.
const TIMES = [1, 10, 100, 1e3, 10e3, 60e3, 600e3, 3600e3, 6 * 3600e3, 86400e3, 7 * 86400e3, 30 * 86400e3];

function timeSplits(plot, index, min, max) {
  return TIMES.filter((at) => at >= min && at <= max);
}

function seriesOf(line, format) {
  const stroke = colour(line.colour);
  return {
    label: line.name, stroke, width: line.width ?? 2, dash: line.dash, scale: "y", spanGaps: false, points: { show: false },
    fill: line.fill ? `color-mix(in srgb, ${stroke} ${line.fill}%, transparent)` : undefined,
    value: (plot, value) => format(value), paths: line.bars ? uPlot.paths.bars({ size: [0.9, 40] }) : undefined,
  };
}

// The brush is the zoom: what was marked becomes the window, in the address.
function zoom(plot) {
  const { left, width } = plot.select;
  if (width < 8) return;
  const since = plot.posToVal(left, "x") * 1000, until = plot.posToVal(left + width, "x") * 1000;
  go(here({ window: null, since: iso(Math.floor(since / 60e3) * 60e3), until: iso(Math.ceil(until / 60e3) * 60e3) }));
}

function valueTable(name, times, lines, format, zone) {
  const body = h("tbody", {});
  const fillIn = () => {
    if (body.childElementCount) return;
    replace(body, times.map((at, i) => h("tr", {}, h("th", { scope: "row" }, instant(at * 1000, zone)),
      lines.map((line) => h("td", { class: "n" }, format(line.values[i]))))));
  };
  return h("details", { class: "values", ontoggle: fillIn }, h("summary", {}, t("chart.table")),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, h("table", {}, h("caption", { class: "unseen" }, name),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("time")), lines.map((line) => h("th", { scope: "col" }, line.name)))), body)));
}

// lines: {name, values, colour, fill, dash, bars}; times in seconds; format: value -> text.
export function chart({ title, note, times, lines, format, zone, low, high, logarithmic, sync, head, signal }) {
  const place = h("div", { class: "plot", role: "img", "aria-label": `${title}. ${note ?? ""} ${t("chart.below")}` });
  const node = h("section", { class: "card chart" }, h("div", { class: "card-head" }, h("h2", {}, title), head),
    note && h("p", { class: "muted" }, note), place, valueTable(title, times, lines, format, zone));
  const draw = () => {
    place.replaceChildren();
    const options = {
      width: Math.max(240, place.clientWidth), height: 220, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
      scales: { x: { time: true }, y: { range: (plot, min, max) => [low ?? Math.min(0, min ?? 0), high ?? Math.max(1e-9, (max ?? 1) * 1.05)], distr: logarithmic ? 3 : 1 } },
      axes: axes(format, zone, logarithmic), series: [{ value: (plot, at) => (at ? instant(at * 1000, zone) : "") }, ...lines.map((line) => seriesOf(line, format))],
      cursor: { sync: sync ? { key: sync } : undefined, drag: { x: true, y: false, setScale: false } },
      hooks: { setSelect: [zoom] }, legend: { live: true },
    };
    if (logarithmic) options.scales.y.range = (plot, min, max) => [Math.max(1, min || 1), Math.max(10, (max || 10) * 1.2)];
    return new uPlot(options, [times, ...lines.map((line) => line.values.map((value) => (logarithmic && value === 0 ? 1 : value)))], place);
  };
  // It has no width before it is in the page.
  let plot = null;
  const watch = new ResizeObserver(() => {
    const width = place.clientWidth;
    if (!width) return;
    if (!plot) plot = draw();
    else if (Math.abs(plot.width - width) > 4) plot.setSize({ width, height: 220 });
  });
  watch.observe(place);
  signal.addEventListener("abort", () => { watch.disconnect(); plot?.destroy(); });
  return node;
}
