// SPDX-License-Identifier: Apache-2.0
// One message: what happened to it, device by device, and the lines of the logs that say so.
import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { duration, instant } from "../format.js";
import { known, t } from "../i18n.js";
import { curlButton, emptyBox } from "../parts/boxes.js";
import { table } from "../parts/table.js";
import { tick } from "../parts/ticks.js";
import { link, zoneOf } from "../state.js";

const STEPS = ["composed_at", "sent_at", "accepted_at", "stored_at", "routed_at", "delivered_at", "displayed_at", "read_inferred_at", "failed_at", "retracted_at"];
const VIA = { delivered_at: "delivered_via", displayed_at: "displayed_via", read_inferred_at: "read_via", failed_at: "error" };

function step(message, name, zone) {
  const after = Date.parse(message[name]) - Date.parse(message.sent_at), via = message[VIA[name]];
  return h("li", {}, h("span", { class: "step" }, t(`step.${name}`)), h("time", { datetime: message[name] }, instant(message[name], zone, true)),
    h("span", { class: "muted" }, name === "sent_at" ? "" : t("step.after", { time: duration(Math.max(0, after)) })),
    via && h("span", { class: "tag" }, known(`via.${via}`) ? t(`via.${via}`) : via));
}

function devices(message, zone) {
  const rows = Object.entries(message.devices ?? {});
  if (!rows.length) return null;
  return [h("h3", {}, t("message.devices")), table(t("message.devices"), [
    { name: t("message.device"), cell: ([name]) => name },
    { name: t("step.delivered_at"), cell: ([, times]) => instant(times.delivered, zone, true) },
    { name: t("step.displayed_at"), cell: ([, times]) => instant(times.displayed, zone, true) }], rows)];
}

function people(message, zone) {
  return ["receivers", "readers"].map((kind) => message[kind] && [h("h3", {}, t(`message.${kind}`)), table(t(`message.${kind}`), [
    { name: t("message.who"), cell: ([who]) => who }, { name: t("time"), cell: ([, at]) => instant(at, zone, true) }], Object.entries(message[kind]))]);
}

function evidence(message) {
  const lines = message.evidence ?? message.acks;
  if (!Array.isArray(lines) || !lines.length) return null;
  const columns = Object.keys(Object.assign({}, ...lines)).map((name) => ({ name, cell: (row) => (typeof row[name] === "object" ? JSON.stringify(row[name]) : row[name] ?? "") }));
  return [h("h3", {}, t("message.evidence")), table(t("message.evidence"), columns, lines)];
}

function incarnation(message, zone) {
  return h("article", { class: "card message" },
    h("div", { class: "card-head" }, h("h2", {}, tick(message), " ", message.id || t("log.noid"), message.n > 1 && ` (${message.n})`)),
    h("p", {}, h("a", { href: link("log", { participant: message.from }) }, message.from), " → ",
      h("a", { href: link("log", { participant: message.from, peer: message.to }) }, message.to)),
    message.body !== undefined && h("blockquote", { class: "body" }, message.body),
    h("ol", { class: "steps" }, STEPS.filter((name) => message[name]).map((name) => step(message, name, zone))),
    devices(message, zone), people(message, zone), evidence(message));
}

export async function message(main, { parts, query }, signal) {
  const zone = zoneOf(query), path = `/v1/messages/${parts.map(encodeURIComponent).join("/")}`;
  const answer = await ask(path, {}, signal);
  const items = answer.items ?? answer.incarnations ?? [answer];
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.message")), curlButton(path, {})),
    h("p", { class: "muted notice" }, t("log.recorded")),
    items.length ? items.map((item) => incarnation(item, zone)) : emptyBox(t("empty.message")));
}
