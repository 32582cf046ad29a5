// SPDX-License-Identifier: Apache-2.0
// Series over time: uPlot draws, the table beneath says the same to those who cannot see it. Marking a part makes it
// the window; a click, or the link in the table, leads to the messages of that time.
import { h, replace, svg } from "../dom.js";
import { spoken, t } from "../i18n.js";
import { go, here, iso } from "../state.js";
import { instant } from "../format.js";

const HEIGHT = 220, LEAST_MARKED = 8;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function axes(format, zone, { logarithmic, whole }, font) {
  const line = colour("line"), ink = colour("muted");
  const common = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: `${font}px system-ui, sans-serif` };
  const day = new Intl.DateTimeFormat(spoken.locale, { month: "short", day: "numeric", timeZone: zone });
  const hour = new Intl.DateTimeFormat(spoken.locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const times = (plot, splits, index, space, step) => splits.map((at) => (step < 86400 ? hour : day).format(at * 1000));
  return [{ ...common, values: times, size: font * 3 }, { ...common, size: font * 5.6, values: (plot, splits) => splits.map(format), ...(logarithmic ? { splits: timeSplits, filter: (plot, splits) => splits } : {}), ...(whole ? { incrs: WHOLE } : {}) }];
}

// There are no half messages.
const WHOLE = [1, 2, 5].flatMap((step) => Array.from({ length: 9 }, (none, i) => step * 10 ** i)).sort((a, b) => a - b);

// A logarithmic axis of times is marked at steps that people use.
const TIMES = [1, 10, 100, 1e3, 10e3, 60e3, 600e3, 3600e3, 6 * 3600e3, 86400e3, 7 * 86400e3, 30 * 86400e3];

function timeSplits(plot, index, min, max) {
  return TIMES.filter((at) => at >= min && at <= max);
}

// A value between two that are not known has no line: it is a point, or it would not be seen.
function lonely(plot, series) {
  const values = plot.data[series];
  return values.flatMap((value, i) => (value != null && values[i - 1] == null && values[i + 1] == null ? [i] : []));
}

function seriesOf(line) {
  const stroke = colour(line.colour);
  return {
    stroke, width: line.width ?? 2, dash: line.dash, scale: "y", spanGaps: false, points: { show: false, filter: lonely, size: 7, fill: stroke },
    fill: line.fill ? `color-mix(in srgb, ${stroke} ${line.fill}%, transparent)` : undefined,
  };
}

// The brush is the zoom: what was marked becomes the window, in the address.
function zoom(plot) {
  const { left, width } = plot.select;
  if (width < LEAST_MARKED) return;
  const since = plot.posToVal(left, "x") * 1000, until = plot.posToVal(left + width, "x") * 1000;
  go(here({ window: null, since: iso(Math.floor(since / 60e3) * 60e3), until: iso(Math.ceil(until / 60e3) * 60e3) }));
}

function drilling(drill) {
  return (plot) => {
    let from = 0;
    plot.over.addEventListener("pointerdown", (event) => { from = event.clientX; });
    plot.over.addEventListener("click", (event) => {
      if (Math.abs(event.clientX - from) < LEAST_MARKED && plot.cursor.idx !== null) go(drill(plot.cursor.idx));
    });
  };
}

// Lines are told apart by how they are drawn, too; the values are those under the cursor.
function keysOf(lines) {
  const values = lines.map(() => h("b", {}));
  const node = h("ul", { class: "keys" }, lines.map((line, i) => h("li", {},
    svg("svg", { viewBox: "0 0 28 10", width: 28, height: 10, "aria-hidden": "true" },
      svg("path", { d: "M1 5H27", class: "key-line", stroke: colour(line.colour), "stroke-width": Math.max(2, line.width ?? 2), "stroke-dasharray": line.dash?.join(" ") })),
    line.name, " ", values[i])));
  return { node, tell: (texts) => values.forEach((value, i) => { value.textContent = texts[i] ?? ""; }) };
}

function valueTable(name, times, lines, format, zone, drill) {
  const body = h("tbody", {});
  const time = (i) => (drill ? h("a", { href: drill(i) }, instant(times[i] * 1000, zone)) : instant(times[i] * 1000, zone));
  const fillIn = () => {
    if (body.childElementCount) return;
    replace(body, times.map((at, i) => h("tr", {}, h("th", { scope: "row" }, time(i)), lines.map((line) => h("td", { class: "n" }, format(line.values[i]))))));
  };
  return h("details", { class: "values", ontoggle: fillIn }, h("summary", {}, t("chart.table")),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, h("table", {}, h("caption", { class: "unseen" }, name),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("time")), lines.map((line) => h("th", { scope: "col" }, line.name)))), body)));
}

function rangeOf({ low, high, logarithmic }) {
  if (logarithmic) return (plot, min, max) => [Math.max(1, min || 1), Math.max(10, (max || 10) * 1.2)];
  return (plot, min, max) => [low ?? Math.min(0, min ?? 0), high ?? Math.max(1e-9, (max ?? 1) * 1.05)];
}

// lines: {name, values, colour, fill, dash}; times in seconds; format: value -> text; drill: number of a bucket -> address.
export function chart({ title, note, times, lines, format, zone, low, high, logarithmic, whole, sync, head, drill, signal, height = HEIGHT, font = 12, plain = false }) {
  const place = h("div", { class: `plot${drill ? " drills" : ""}`, role: "img", "aria-label": `${title}. ${note ?? ""} ${t("chart.below")}` });
  const keys = keysOf(lines), at = h("span", { class: "muted key-time" });
  const node = h("section", { class: "card chart" }, h("div", { class: "card-head" }, h("h2", {}, title), at, head),
    note && h("p", { class: "muted" }, note), keys.node, place, !plain && valueTable(title, times, lines, format, zone, drill));
  const tell = (plot) => {
    const i = plot.cursor.idx;
    at.textContent = i === null || i === undefined ? "" : instant(times[i] * 1000, zone);
    keys.tell(i === null || i === undefined ? [] : lines.map((line) => format(line.values[i])));
  };
  const draw = () => {
    place.replaceChildren();
    const options = {
      width: Math.max(240, place.clientWidth), height, tzDate: (second) => uPlot.tzDate(new Date(second * 1000), zone),
      scales: { x: { time: true }, y: { range: rangeOf({ low, high, logarithmic }), distr: logarithmic ? 3 : 1 } },
      axes: axes(format, zone, { logarithmic, whole }, font), series: [{}, ...lines.map(seriesOf)],
      cursor: { sync: sync ? { key: sync } : undefined, drag: { x: true, y: false, setScale: false } },
      hooks: { setSelect: [zoom], setCursor: [tell], ready: drill ? [drilling(drill)] : [] }, legend: { show: false },
    };
    return new uPlot(options, [times, ...lines.map((line) => line.values.map((value) => (logarithmic && value === 0 ? 1 : value)))], place);
  };
  // It has no width before it is in the page.
  let plot = null;
  const watch = new ResizeObserver(() => {
    const width = place.clientWidth;
    if (!width) return;
    if (!plot) plot = draw();
    else if (Math.abs(plot.width - width) > 4) plot.setSize({ width, height });
  });
  watch.observe(place);
  signal.addEventListener("abort", () => { watch.disconnect(); plot?.destroy(); });
  return node;
}
