// SPDX-License-Identifier: Apache-2.0
// What clients and servers did against the rules: by rule and time, then whose it was, then the messages.
import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { count, instant } from "../format.js";
import { known, t } from "../i18n.js";
import { curlButton, emptyBox, honesty, loadSources, recorded, waitBox } from "../parts/boxes.js";
import { severities, severityOf } from "../parts/rules.js";
import { bars, periodsOf, spark, sumsOf } from "../parts/spark.js";
import { table } from "../parts/table.js";
import { chosenWindow, heading, spanOf } from "../parts/window.js";
import { here, link, zoneOf } from "../state.js";

const PATH = "/v1/findings", MOST = 10000, SHOWN = 500;
const at = (item) => Date.parse(item.last_at), times = (item) => item.count ?? 1;
const explain = (rule) => (known(`rule.${rule}`) ? t(`rule.${rule}`) : "");

function groupsOf(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, { key, items: [], n: 0, last: "" });
    const group = groups.get(key);
    group.items.push(item);
    group.n += times(item);
    if (item.last_at > group.last) group.last = item.last_at;
  }
  return [...groups.values()].sort((a, b) => b.n - a.n);
}

function severity(rule) {
  const name = severityOf(rule);
  return h("span", { class: `severity ${name}` }, t(`severity.${name}`));
}

// The gravest first, then the most frequent.
function byRule(items, periods, zone) {
  const groups = groupsOf(items, (item) => item.rule).sort((a, b) => severities.indexOf(severityOf(a.key)) - severities.indexOf(severityOf(b.key)) || b.n - a.n);
  return table(t("findings.rules"), [
    { name: t("finding.severity"), cell: (group) => severity(group.key) },
    { name: t("finding.rule"), cell: (group) => [h("a", { href: here({ rule: group.key }) }, group.key), h("br"), h("span", { class: "muted" }, explain(group.key))] },
    { name: t("finding.count"), cell: (group) => count(group.n), number: true },
    { name: t("findings.by"), cell: (group) => count(new Set(group.items.map((item) => item.by)).size), number: true },
    { name: t("findings.trend"), cell: (group) => spark(sumsOf(periods, group.items, at, times)) },
    { name: t("finding.last"), whole: true, cell: (group) => instant(group.last, zone) }], groups);
}

function byWhom(items, zone) {
  return table(t("findings.whose"), [
    { name: t("finding.by"), cell: (group) => h("a", { href: here({ by: group.key }) }, group.key || "–") },
    { name: t("finding.count"), cell: (group) => count(group.n), number: true },
    { name: t("finding.last"), whole: true, cell: (group) => instant(group.last, zone) }], groupsOf(items, (item) => item.by).slice(0, SHOWN));
}

// A message id is not told apart from another's of the same name: the chat log shows all that bear it.
function each(items, zone) {
  const newest = [...items].sort((a, b) => b.last_at.localeCompare(a.last_at)).slice(0, SHOWN);
  return table(t("findings.each"), [
    { name: t("finding.rule"), cell: (row) => h("span", { title: explain(row.rule) }, row.rule) },
    { name: t("finding.by"), cell: (row) => row.by },
    { name: t("finding.ref"), cell: (row) => (row.ref ? h("a", { href: link("log", { id: row.ref, window: null, since: null, until: null }) }, row.ref) : "") },
    { name: t("finding.count"), cell: (row) => count(row.count), number: true },
    { name: t("finding.first"), whole: true, cell: (row) => instant(row.first_at, zone, true) },
    { name: t("finding.last"), whole: true, cell: (row) => instant(row.last_at, zone, true) }], newest,
  items.length > SHOWN && h("p", { class: "muted more" }, t("findings.newest", { n: count(SHOWN), of: count(items.length) })));
}

function limit(query, name) {
  return query[name] && h("a", { class: "tag limit", href: here({ [name]: null }), title: t("limit.off") }, `${query[name]} ×`);
}

export async function findings(main, { query }, signal) {
  const zone = zoneOf(query);
  if (!main.querySelector(".findings")) replace(main, waitBox());
  const window = await chosenWindow(query, signal), parameters = { ...spanOf(window), limit: MOST };
  const [answer, sources] = await Promise.all([ask(PATH, parameters, signal), loadSources(signal)]), periods = periodsOf(window);
  const items = answer.items.filter((item) => (!query.rule || item.rule === query.rule) && (!query.by || item.by === query.by));
  const narrowed = query.rule || query.by;
  replace(main, h("div", { class: "findings" }, heading(t("view.findings"), window, zone, query, limit(query, "rule"), limit(query, "by"), curlButton(PATH, parameters)),
    honesty(answer, sources, zone, window.until), recorded(),
    query.rule && h("p", {}, severity(query.rule), " ", explain(query.rule)),
    answer.more && h("p", { class: "warn" }, t("findings.cut", { n: count(MOST) })),
    items.length === 0 ? emptyBox(t("empty.findings"), t("empty.findings.why")) : h("div", { class: "stack" },
      bars(t("findings.time"), periods, sumsOf(periods, items, at, times), zone),
      query.rule ? null : h("section", {}, byRule(items, periods, zone)),
      narrowed && [h("section", {}, h("h2", {}, t("findings.whose")), byWhom(items, zone)), h("section", {}, h("h2", {}, t("findings.each")), each(items, zone))])));
}
