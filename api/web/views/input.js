// SPDX-License-Identifier: Apache-2.0
// What the figures stand on: sources, what is known to be missing, what could not be read.
import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { ago, count, instant } from "../format.js";
import { known, t } from "../i18n.js";
import { curlButton, emptyBox } from "../parts/boxes.js";
import { table } from "../parts/table.js";
import { zoneOf } from "../state.js";

const word = (prefix, value) => (known(`${prefix}.${value}`) ? t(`${prefix}.${value}`) : value ?? "");

function sources(answer, zone) {
  if (!answer.items.length) return emptyBox(t("empty.sources"), t("empty.sources.why"));
  return table(t("input.sources"), [
    { name: t("source.name"), cell: (row) => [h("b", {}, row.name), h("br"), h("span", { class: "muted" }, row.path)] },
    { name: t("source.dialect"), cell: (row) => row.dialect },
    { name: t("source.state"), cell: (row) => [row.live ? word("state", row.state ?? "following") : t("source.imported"), row.note && h("p", { class: "bad" }, row.note)] },
    { name: t("source.stanzas"), cell: (row) => count(row.stanzas), number: true },
    { name: t("source.last"), cell: (row) => instant(row.last_at, zone) },
    { name: t("source.read"), cell: (row) => (row.size ? `${Math.floor(100 * Math.min(1, row.read_bytes / row.size))} %` : "–"), number: true },
    { name: t("source.seen"), cell: (row) => ago(row.seen_at) }], answer.items);
}

function gaps(answer, zone) {
  if (!answer.items.length) return emptyBox(t("empty.gaps"));
  return table(t("input.gaps"), [
    { name: t("gap.cause"), cell: (row) => word("cause", row.cause) }, { name: t("source.name"), cell: (row) => row.source },
    { name: t("gap.from"), cell: (row) => instant(row.from_at, zone, true) }, { name: t("gap.to"), cell: (row) => instant(row.to_at, zone, true) },
    { name: t("gap.lost"), cell: (row) => (row.lost >= 0 ? count(row.lost) : t("gap.unknown")), number: true },
    { name: t("gap.found"), cell: (row) => instant(row.found_at, zone) }], answer.items);
}

function quarantine(answer, zone) {
  if (!answer.items.length) return emptyBox(t("empty.quarantine"));
  return table(t("input.quarantine"), [
    { name: t("quarantine.reason"), cell: (row) => word("reason", row.reason) }, { name: t("source.name"), cell: (row) => row.source },
    { name: t("quarantine.records"), cell: (row) => count(row.records), number: true },
    { name: t("quarantine.place"), cell: (row) => t("quarantine.at", { offset: count(row.offset), length: count(row.length) }) },
    { name: t("time"), cell: (row) => instant(row.at, zone, true) }], answer.items);
}

export async function input(main, { query }, signal) {
  const zone = zoneOf(query), span = { since: query.since, until: query.until };
  const parts = [["sources", "/v1/sources", {}, sources], ["gaps", "/v1/gaps", span, gaps], ["quarantine", "/v1/quarantine", {}, quarantine]];
  const answers = await Promise.all(parts.map(([, path, parameters]) => ask(path, parameters, signal)));
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.input"))), parts.map(([name, path, parameters, show], i) =>
    h("section", { class: "part" }, h("div", { class: "card-head" }, h("h2", {}, t(`input.${name}`)), curlButton(path, parameters)),
      show(answers[i], zone), answers[i].more && h("p", { class: "muted" }, t("more")))));
}
