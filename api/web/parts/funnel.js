// SPDX-License-Identifier: Apache-2.0
// How far messages got: bars of one length for all that was sent.
import { h, svg } from "../dom.js";
import { count, percent } from "../format.js";
import { t } from "../i18n.js";
import { link } from "../state.js";

const STAGES = ["sent", "accepted", "routed", "delivered", "displayed"];
const BESIDE = ["stored", "failed", "retracted", "unknown"];

// How the chat log asks for the messages of a stage; for others by how far they got.
const ASKED = { sent: {}, failed: { verdict: "failed" }, unknown: { verdict: "unknown" } };

export function funnelBars(totals, span) {
  const asked = (name) => ({ ...span, window: null, counted: "sent", ...(ASKED[name] ?? { reached: name }) });
  const behind = (name) => (totals[name] ? h("a", { href: link("log", asked(name)) }, count(totals[name])) : count(totals[name]));
  const bar = (name) => h("li", {}, h("span", { class: "stage" }, t(`funnel.${name}`)),
    svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { width: 100, height: 10, class: "range-ground" }),
      svg("rect", { width: totals.sent ? (100 * totals[name]) / totals.sent : 0, height: 10, class: `bar-${name}` })),
    h("span", { class: "n" }, behind(name)), h("span", { class: "n muted" }, totals.sent ? percent(totals[name] / totals.sent) : "–"));
  return [h("ol", { class: "funnel" }, STAGES.map(bar)), h("dl", { class: "pairs wide" }, BESIDE.map((name) =>
    [h("dt", {}, t(`funnel.${name}`)), h("dd", {}, behind(name))]))];
}
