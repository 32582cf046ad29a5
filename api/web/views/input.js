// SPDX-License-Identifier: Apache-2.0
// What the figures stand on: sources, what is known to be missing, what could not be read. Three pages.
import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { ago, count, instant } from "../format.js";
import { t, wordOf } from "../i18n.js";
import { curlButton, emptyBox, honesty, notWell } from "../parts/boxes.js";
import { table } from "../parts/table.js";
import { chosenWindow, heading, spanOf } from "../parts/window.js";
import { here, link, zoneOf } from "../state.js";

const SOURCES = "/v1/sources", GAPS = "/v1/gaps", QUARANTINE = "/v1/quarantine";

// ---- sources

function stateOf(row) {
  const bad = notWell({ items: [row] }).length > 0;
  return [h("span", { class: `dot ${bad ? "warn" : row.live ? "good" : "muted"}`, "aria-hidden": "true" }),
    row.live ? wordOf("state", row.state ?? "following") : t("source.imported"), row.note && h("p", { class: "bad" }, wordOf("note", row.note)),
    row.gone_at && h("p", { class: "bad" }, t("source.gone", { time: instant(row.gone_at) }))];
}

function sourceTable(answer, zone) {
  return table(t("input.sources"), [
    { name: t("source.name"), cell: (row) => [h("b", {}, row.name), row.path && [h("br"), h("span", { class: "muted" }, row.path)]] },
    { name: t("source.dialect"), cell: (row) => row.dialect },
    { name: t("source.state"), cell: stateOf },
    { name: t("source.stanzas"), cell: (row) => count(row.stanzas), number: true },
    { name: t("source.last"), whole: true, cell: (row) => instant(row.last_at, zone) },
    { name: t("source.read"), cell: (row) => (row.size ? `${Math.floor(100 * Math.min(1, row.read_bytes / row.size))} %` : "–"), number: true },
    { name: t("source.seen"), whole: true, cell: (row) => ago(row.seen_at) },
    { name: t("input.gaps"), cell: (row) => (row.gaps ? h("a", { href: link("gaps", { source: row.name, window: "1y" }) }, count(row.gaps)) : "0"), number: true },
    { name: t("input.quarantine"), cell: (row) => (row.quarantined ? h("a", { href: link("quarantine", { source: row.name }) }, count(row.quarantined)) : "0"), number: true }], answer.items);
}

export async function input(main, { query }, signal) {
  const zone = zoneOf(query), answer = await ask(SOURCES, {}, signal);
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.input")), curlButton(SOURCES, {})), honesty(answer, answer, zone, Date.now()),
    answer.items.length ? sourceTable(answer, zone) : emptyBox(t("empty.sources"), t("empty.sources.why")),
    answer.more && h("p", { class: "muted" }, t("more")),
    h("p", { class: "onward" }, h("a", { href: link("gaps") }, t("input.gaps")), " · ", h("a", { href: link("quarantine") }, t("input.quarantine"))));
}

// ---- gaps

function lost(row) {
  return row.lost >= 0 ? count(row.lost) : t("gap.unknown");
}

function ofSource(items, query) {
  return items.filter((row) => !query.source || row.source === query.source);
}

function sourceLimit(query) {
  return query.source && h("a", { class: "tag limit", href: here({ source: null }) }, `${query.source} ×`);
}

// The figures of just that time, so that one sees what the hole did to them.
function around(row) {
  return link("overview", { since: row.from_at, until: row.to_at, window: null });
}

export async function gaps(main, { query }, signal) {
  const zone = zoneOf(query), window = await chosenWindow(query, signal), span = spanOf(window);
  const answer = await ask(GAPS, span, signal), items = ofSource(answer.items, query);
  replace(main, heading(t("view.gaps"), window, zone, query, sourceLimit(query), curlButton(GAPS, span)), h("p", { class: "muted" }, t("gap.what")),
    !items.length ? emptyBox(t("empty.gaps"), t("empty.gaps.why")) : table(t("view.gaps"), [
      { name: t("gap.cause"), cell: (row) => wordOf("cause", row.cause) }, { name: t("source.name"), cell: (row) => row.source },
      { name: t("gap.from"), whole: true, cell: (row) => (row.from_at && row.to_at ? h("a", { href: around(row) }, instant(row.from_at, zone, true)) : instant(row.from_at, zone, true)) },
      { name: t("gap.to"), whole: true, cell: (row) => instant(row.to_at, zone, true) },
      { name: t("gap.lost"), cell: lost, number: true }, { name: t("gap.found"), cell: (row) => instant(row.found_at, zone) }], items),
    answer.more && h("p", { class: "muted" }, t("more")));
}

// ---- quarantine: where and why, never what

function byReason(items) {
  const sums = new Map();
  for (const row of items) sums.set(row.reason, (sums.get(row.reason) ?? 0) + row.records);
  return [...sums].sort((a, b) => b[1] - a[1]);
}

export async function quarantine(main, { query }, signal) {
  const zone = zoneOf(query), answer = await ask(QUARANTINE, { limit: 10000 }, signal), all = ofSource(answer.items, query);
  const items = all.filter((row) => !query.reason || row.reason === query.reason);
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.quarantine")), sourceLimit(query), curlButton(QUARANTINE, { limit: 10000 })), h("p", { class: "muted" }, t("quarantine.what")),
    h("ul", { class: "chips" }, byReason(all).map(([reason, n]) => h("li", {}, h("a", { href: here({ reason: query.reason === reason ? null : reason }),
      "aria-current": query.reason === reason ? "true" : null }, wordOf("reason", reason), " ", h("b", {}, count(n)))))),
    !items.length ? emptyBox(t("empty.quarantine")) : table(t("view.quarantine"), [
      { name: t("quarantine.reason"), cell: (row) => wordOf("reason", row.reason) }, { name: t("source.name"), cell: (row) => row.source },
      { name: t("quarantine.records"), cell: (row) => count(row.records), number: true },
      { name: t("quarantine.place"), cell: (row) => t("quarantine.at", { offset: count(row.offset), length: count(row.length) }) },
      { name: t("time"), cell: (row) => instant(row.at, zone, true) }], items),
    answer.more && h("p", { class: "muted" }, t("more")));
}
