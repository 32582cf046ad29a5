// SPDX-License-Identifier: Apache-2.0
// How far messages got: bars of one length for all that was sent.
import { h, svg } from "../dom.js";
import { count, percent } from "../format.js";
import { t } from "../i18n.js";
import { link } from "../state.js";

const STAGES = ["sent", "accepted", "routed", "delivered", "displayed"];
const BESIDE = ["stored", "failed", "retracted", "unknown"];

// Those whose state is this one now; how many got at least so far is what the bar says.
const STATES = { sent: {}, failed: { verdict: "failed" }, unknown: { verdict: "unknown" }, displayed: { state: "displayed" } };

export function funnelBars(totals, span) {
  const behind = (name) => (STATES[name] && totals[name] ? h("a", { href: link("log", { ...span, ...STATES[name], window: null }) }, count(totals[name])) : count(totals[name]));
  const bar = (name) => h("li", {}, h("span", { class: "stage" }, t(`funnel.${name}`)),
    svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { width: 100, height: 10, class: "range-ground" }),
      svg("rect", { width: totals.sent ? (100 * totals[name]) / totals.sent : 0, height: 10, class: `bar-${name}` })),
    h("span", { class: "n" }, behind(name)), h("span", { class: "n muted" }, totals.sent ? percent(totals[name] / totals.sent) : "–"));
  return [h("ol", { class: "funnel" }, STAGES.map(bar)), h("dl", { class: "pairs wide" }, BESIDE.map((name) =>
    [h("dt", {}, t(`funnel.${name}`)), h("dd", {}, behind(name))]))];
}
