// SPDX-License-Identifier: Apache-2.0
// What clients and servers did against the rules.
import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { count, instant } from "../format.js";
import { known, t } from "../i18n.js";
import { curlButton, emptyBox } from "../parts/boxes.js";
import { table } from "../parts/table.js";
import { here, zoneOf } from "../state.js";

const PATH = "/v1/findings";

function byRule(items) {
  const sums = new Map();
  for (const item of items) sums.set(item.rule, (sums.get(item.rule) ?? 0) + (item.count ?? 1));
  return [...sums].sort((a, b) => b[1] - a[1]);
}

export async function findings(main, { query }, signal) {
  const zone = zoneOf(query), parameters = { since: query.since, until: query.until };
  const answer = await ask(PATH, parameters, signal);
  const shown = answer.items.filter((item) => !query.rule || item.rule === query.rule);
  const explain = (rule) => (known(`rule.${rule}`) ? t(`rule.${rule}`) : "");
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.findings")), curlButton(PATH, parameters)),
    h("p", { class: "muted notice" }, t("log.recorded")),
    h("ul", { class: "chips" }, byRule(answer.items).map(([rule, n]) => h("li", {}, h("a", {
      href: here({ rule: query.rule === rule ? null : rule }), "aria-current": query.rule === rule ? "true" : null }, rule, " ", h("b", {}, count(n)))))),
    answer.items.length === 0 ? emptyBox(t("empty.findings")) : table(t("view.findings"), [
      { name: t("finding.rule"), cell: (row) => h("span", { title: explain(row.rule) }, row.rule) },
      { name: t("finding.by"), cell: (row) => row.by }, { name: t("finding.ref"), cell: (row) => row.ref },
      { name: t("finding.count"), cell: (row) => count(row.count), number: true },
      { name: t("finding.first"), cell: (row) => instant(row.first_at, zone, true) },
      { name: t("finding.last"), cell: (row) => instant(row.last_at, zone, true) }], shown),
    answer.more && h("p", { class: "muted" }, t("more")));
}
