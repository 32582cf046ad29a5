// SPDX-License-Identifier: Apache-2.0
// A figure at a glance: one large number, what it stands on, how it was a week ago.
import { h, svg } from "../dom.js";
import { duration, percent } from "../format.js";
import { t } from "../i18n.js";
import { curlButton } from "./boxes.js";

// href: the messages behind the number.
export function card({ title, value, unit, tone, detail, more, curl, href }) {
  const shown = [value, unit && " ", unit && h("small", {}, unit)], spoken = `${title}: ${value}${unit ? ` ${unit}` : ""}`;
  const number = href ? h("a", { href, class: "number", title: t("figure.behind"), "aria-label": spoken }, shown) : h("span", { class: "number" }, shown);
  return h("section", { class: `card ${tone ?? ""}` },
    h("div", { class: "card-head" }, h("h2", {}, title), curl && curlButton(curl[0], curl[1], title)),
    number, more, detail && h("p", { class: "muted" }, detail));
}

// Where the true rate can lie: the part that is not known yet is paler, not left out.
export function rangeBar(lower, upper) {
  if (!Number.isFinite(lower)) return null;
  const low = Math.max(0, Math.min(1, lower)) * 100, high = Math.max(low, Math.min(1, upper ?? lower) * 100);
  return svg("svg", { class: "range", viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img",
    "aria-label": t("range", { lower: percent(lower), upper: percent(upper) }) },
    svg("rect", { width: 100, height: 6, rx: 2, class: "range-ground" }),
    svg("rect", { width: high, height: 6, class: "range-open" }),
    svg("rect", { width: low, height: 6, class: "range-sure" }));
}

export function percentiles(latency) {
  return h("dl", { class: "pairs" }, ["p90", "p95", "p99"].map((name) => h("div", {}, h("dt", {}, name), h("dd", {}, duration(latency?.[name])))));
}
