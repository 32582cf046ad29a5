// SPDX-License-Identifier: Apache-2.0
// One message: what happened to it, device by device, and the lines of the logs that say so.
import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { duration, instant } from "../format.js";
import { known, t, wordOf } from "../i18n.js";
import { curlButton, honesty, loadSources, recorded } from "../parts/boxes.js";
import { table } from "../parts/table.js";
import { tick } from "../parts/ticks.js";
import { here, link, zoneOf } from "../state.js";

const ACK_KINDS = { receipt: "via.receipt", "marker-displayed": "via.marker" };

function place(position) {
  if (!position) return "";
  const name = position.source ?? t("message.generation", { n: position.generation });
  return h("span", { class: "muted place", title: position.path ?? "" }, t("message.place", { name, offset: position.offset, index: position.index }));
}

function step(event, sent, zone) {
  const after = Date.parse(event.at) - Date.parse(sent);
  return h("li", {}, h("span", { class: "step" }, wordOf("event", event.event)), h("time", { datetime: event.at }, instant(event.at, zone, true)),
    h("span", { class: "muted" }, event.event === "sent" || after < 0 ? "" : t("step.after", { time: duration(after) })),
    event.via && h("span", { class: "tag" }, wordOf("via", event.via)), event.error && h("span", { class: "tag bad" }, event.error), place(event.position));
}

function devices(message, zone) {
  const rows = Object.entries(message.devices ?? {});
  return rows.length > 0 && [h("h3", {}, t("message.devices")), table(t("message.devices"), [
    { name: t("message.device"), cell: ([name]) => name },
    { name: t("event.delivered"), cell: ([, times]) => instant(times.delivered, zone, true) },
    { name: t("event.displayed"), cell: ([, times]) => instant(times.displayed, zone, true) }], rows)];
}

function people(message, zone) {
  return ["receivers", "readers"].map((kind) => message[kind] && [h("h3", {}, t(`message.${kind}`)), table(t(`message.${kind}`), [
    { name: t("message.who"), cell: ([who]) => who }, { name: t("time"), cell: ([, at]) => instant(at, zone, true) }], Object.entries(message[kind]))]);
}

function incarnation(message, zone) {
  return h("article", { class: "card message" },
    h("div", { class: "card-head" }, h("h2", {}, tick(message), " ", message.id || t("log.noid"), message.n > 1 && ` (${message.n})`)),
    h("p", {}, h("a", { href: link("log", { participant: message.from }) }, message.from), " → ",
      h("a", { href: link("log", { participant: message.from, peer: message.to }) }, message.to)),
    h("p", { class: "muted" }, message.requests?.length ? t("message.asked", { what: message.requests.map((name) => wordOf("request", name)).join(", ") }) : t("message.asked.nothing")),
    message.body !== undefined && h("blockquote", { class: "body" }, message.body),
    h("ol", { class: "steps" }, (message.timeline ?? []).map((event) => step(event, message.sent_at, zone))),
    devices(message, zone), people(message, zone));
}

function acks(list, zone) {
  return list.length > 0 && h("section", { class: "part" }, h("h2", {}, t("message.acks")), table(t("message.acks"), [
    { name: t("message.kind"), cell: (row) => (ACK_KINDS[row.kind] ? t(ACK_KINDS[row.kind]) : row.kind) },
    { name: t("message.counts"), cell: (row) => (row.class === "paired" ? t("message.paired") : h("span", { class: "warn" }, row.class)) },
    { name: t("finding.by"), cell: (row) => row.by }, { name: t("time"), cell: (row) => instant(row.at, zone, true) },
    { name: t("message.evidence"), cell: (row) => place(row.position) }], list));
}

function found(list, zone) {
  return list.length > 0 && h("section", { class: "part" }, h("h2", {}, t("view.findings")), table(t("view.findings"), [
    { name: t("finding.rule"), cell: (row) => [row.rule, h("br"), h("span", { class: "muted" }, known(`rule.${row.rule}`) ? t(`rule.${row.rule}`) : "")] },
    { name: t("finding.by"), cell: (row) => row.by }, { name: t("finding.count"), cell: (row) => row.count, number: true },
    { name: t("finding.last"), cell: (row) => instant(row.last_at, zone, true) }, { name: t("message.evidence"), cell: (row) => place(row.position) }], list));
}

export async function message(main, { parts, query }, signal) {
  const zone = zoneOf(query), path = `/v1/messages/${parts.map(encodeURIComponent).join("/")}`;
  const parameters = { body: query.body };
  const [answer, sources] = await Promise.all([ask(path, parameters, signal), loadSources(signal)]);
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.message")), curlButton(path, parameters),
    h("a", { href: here({ body: query.body ? null : "1" }) }, t(query.body ? "message.nobody" : "message.body"))),
    honesty(answer, sources, zone, Date.now()), recorded(),
    answer.incarnations.map((item) => incarnation(item, zone)), acks(answer.acks, zone), found(answer.findings, zone));
}
