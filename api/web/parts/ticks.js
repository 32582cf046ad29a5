// SPDX-License-Identifier: Apache-2.0
// What became of a message, told apart by shape first and by colour second.
import { h, svg } from "../dom.js";
import { t } from "../i18n.js";

const SHAPES = {
  sent: [["circle", { cx: 10, cy: 8, r: 4, class: "line" }]],
  accepted: [["path", { d: "M4 8.5l3.5 3.5L15 4", class: "line" }]],
  delivered: [["path", { d: "M1.5 8.5L5 12l7.5-8M8 11l1 1 7.5-8", class: "line" }]],
  read: [["rect", { x: 0.5, y: 0.5, width: 19, height: 15, rx: 4, class: "full" }],
    ["path", { d: "M3 8.5L6 11.5l6.5-7M9 11l.6.6 7-7", class: "line on-full" }]],
  failed: [["path", { d: "M10 1.5l8 13H2z", class: "line" }], ["path", { d: "M10 6v4M10 12v.6", class: "line" }]],
  unknown: [["circle", { cx: 10, cy: 8, r: 6, class: "line dashed" }]],
};
const OF_STATE = {
  sent: "sent", accepted: "accepted", stored: "accepted", routed: "accepted", delivered: "delivered", displayed: "read", failed: "failed",
};

// A message that asked for nothing and got nothing is not known to be lost (PAIRING S4).
export function tickOf(message) {
  if (Object.hasOwn(SHAPES, message.tick ?? "")) return message.tick;
  if (message.verdict === "unknown") return "unknown";
  return OF_STATE[message.state] ?? "unknown";
}

export function tick(message) {
  const kind = tickOf(message);
  const late = message.verdict === "expired";
  const name = t(`tick.${kind}`) + (late ? ` – ${t("tick.expired")}` : "");
  return h("span", { class: `tick ${kind}${late ? " late" : ""}`, role: "img", "aria-label": name, title: name },
    svg("svg", { viewBox: "0 0 20 16", width: 20, height: 16, "aria-hidden": "true" },
      SHAPES[kind].map(([tag, properties]) => svg(tag, properties))));
}

export function legend() {
  return h("ul", { class: "legend", "aria-label": t("tick.legend") }, Object.keys(SHAPES).map((kind) =>
    h("li", {}, tick({ tick: kind }), " ", t(`tick.${kind}`))));
}
