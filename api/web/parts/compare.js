// SPDX-License-Identifier: Apache-2.0
// "Against the same time last week", without a false alarm: what is still open may yet be confirmed, so a rate is
// worse only if it cannot reach last week's any more, and better only if it has.
import { h } from "../dom.js";
import { percent, points } from "../format.js";
import { t } from "../i18n.js";

export const WEEK = 7 * 86400e3;
const SAME = 0.0005;

// "better", "worse", "open" (last week's lies between the bounds), "same", or null where there is none.
export function compare(lower, upper, before) {
  if (!Number.isFinite(lower) || !Number.isFinite(before)) return null;
  const most = Number.isFinite(upper) ? upper : lower;
  if (most < before - SAME) return { kind: "worse", by: most - before };
  if (lower > before + SAME) return { kind: "better", by: lower - before };
  return { kind: most - lower < SAME ? "same" : "open", by: 0 };
}

const SIGN = { better: "▲", worse: "▼", open: "■", same: "■" };

export function change(lower, upper, before) {
  const found = compare(lower, upper, before);
  if (!found) return h("p", { class: "muted" }, t("before.none"));
  return h("p", { class: `change ${{ better: "good", worse: "bad" }[found.kind] ?? ""}` }, `${SIGN[found.kind]} `,
    t(`before.${found.kind}`, { points: points(Math.abs(found.by)) }), " ", h("span", { class: "muted" }, t("before.week", { rate: percent(before) })));
}
