// SPDX-License-Identifier: Apache-2.0
// Then why: where messages get lost or late. Every row leads to the messages behind it.
import { ask, askIfAllowed } from "../api.js";
import { h, replace, svg } from "../dom.js";
import { count, duration, percent } from "../format.js";
import { known, t } from "../i18n.js";
import { curlButton, emptyBox, honesty, loadSources, waitBox } from "../parts/boxes.js";
import { funnelBars } from "../parts/funnel.js";
import { table } from "../parts/table.js";
import { chosenWindow, heading, spanOf } from "../parts/window.js";
import { here, link, zoneOf } from "../state.js";

const FUNNEL = "/v1/metrics/funnel";
const STAGES = "sent,accepted,routed,delivered,displayed,stored,failed,retracted,unknown";
const number = (name, cell) => ({ name, cell, number: true });
// A count that leads to what it counts; nothing to go to where there is nothing, or more than one thing.
const counted = (n, href) => (n > 0 && href ? h("a", { href }, count(n)) : n === 0 ? h("span", { class: "muted" }, "0") : count(n));

// behind(row): parameters of the chat log for the messages of a row, or null.
const figures = (behind) => {
  const to = (row, more) => { const own = behind(row); return own && link("log", { ...own, counted: "requested", ...more, window: null }); };
  return [
    number(t("requested"), (row) => counted(row.requested, to(row, {}))),
    number(t("delivery.rate"), (row) => percent(row.rate)),
    number(t("failed.title"), (row) => counted(row.failed, to(row, { verdict: "failed" }))),
    number(t("expired"), (row) => counted(row.expired, to(row, { verdict: "expired" }))),
    number(t("pending"), (row) => counted(row.pending, to(row, { verdict: "pending" }))),
    number("p50", (row) => duration(row.time_to_deliver_ms?.p50)),
    number("p95", (row) => duration(row.time_to_deliver_ms?.p95)),
  ];
};

function shareBar(n, all) {
  return h("span", { class: "share" }, svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { width: 100, height: 10, class: "range-ground" }), svg("rect", { width: all ? (100 * n) / all : 0, height: 10, class: "bar" })), percent(all ? n / all : NaN, 0));
}

function rest(row, name) {
  return row.row === "item" ? null : t(`rest.${row.row}`, { n: count(row[name] ?? 0) });
}

function userLog(row, span, more) {
  return row.jid ? link("log", { from: row.jid, ...span, window: null, ...more }) : null;
}

// Which messages are those of a row: of one software, of devices that said nothing, or of no device.
function ofClient(row) {
  if (row.row === "item") return { client: row.software, version: row.version, client_is: row.version === null ? "no_version" : null };
  return row.row === "other" ? null : { client_is: row.row };
}

const parts = {
  peers: {
    path: "/v1/metrics/peers", parameters: { order: "worst", limit: 15 },
    columns: (span) => [
      { name: t("peer.domain"), cell: (row) => rest(row, "domains") ?? h("a", { href: here(row.direction === "to" ? { to_domain: row.domain, from_domain: null } : { from_domain: row.domain, to_domain: null }) }, row.domain) },
      { name: t("peer.direction"), cell: (row) => t(`peer.${row.direction}`) }, ...figures((row) => row.row === "item" && { [`${row.direction}_domain`]: row.domain, ...span })],
  },
  clients: {
    path: "/v1/metrics/clients", parameters: { order: "worst", limit: 15 },
    columns: (span) => [{ name: t("client.software"), cell: (row) => rest(row, "clients") ?? [row.software, " ", h("span", { class: "muted" }, row.version ?? "")] }, ...figures((row) => { const own = ofClient(row); return own && { ...own, ...span }; })],
    note: (answer) => t("client.known", { share: percent(answer.known_share, 0) }),
  },
  conditions: {
    path: "/v1/metrics/breakdown", parameters: { by: "condition", limit: 15 },
    columns: (span, rows) => [
      { name: t("condition"), cell: (row) => rest(row, "values") ?? (known(`condition.${row.value}`) ? [row.value, h("br"), h("span", { class: "muted" }, t(`condition.${row.value}`))] : row.value) },
      number(t("failed.title"), (row) => counted(row.failed_all, row.row === "item" ? link("log", { condition: row.value, counted: "sent", verdict: "failed", ...span, window: null }) : null)),
      { name: t("heat.share"), cell: (row) => shareBar(row.failed_all, rows.reduce((sum, one) => sum + one.failed_all, 0)) }],
  },
  users: {
    path: "/v1/metrics/users", parameters: { order: "worst", limit: 15 },
    columns: (span) => [
      { name: t("message.who"), cell: (row) => rest(row, "users") ?? h("a", { href: link("log", { participant: row.jid, ...span, window: null }) }, row.jid) },
      number(t("sent.title"), (row) => counted(row.sent, userLog(row, span, { counted: "sent" }))), number(t("requested"), (row) => counted(row.requested, userLog(row, span, { counted: "requested" }))),
      number(t("confirmed"), (row) => counted(row.confirmed, userLog(row, span, { counted: "requested", verdict: "confirmed" }))), number(t("delivery.rate"), (row) => percent(row.rate)),
      number(t("failed.title"), (row) => counted(row.failed_all, userLog(row, span, { counted: "sent", verdict: "failed" })))],
    note: () => t("log.recorded"),
  },
};

// Figures by dimension are of whole UTC days: the messages behind them, too.
function part(name, answer, asked) {
  const span = { since: answer.window.since, until: answer.window.until };
  const { path, parameters, columns, note } = parts[name];
  const rows = [...(answer.items ?? []), ...(answer.others ?? []).filter((row) => row.sent !== 0)];
  return h("section", { class: `part-${name}` }, h("div", { class: "card-head" }, h("h2", {}, t(`causes.${name}`)), curlButton(path, { ...parameters, ...asked }, t(`causes.${name}`))),
    note && h("p", { class: "muted" }, note(answer)), rows.length ? table(t(`causes.${name}`), columns(span, rows), rows) : emptyBox(t(`causes.${name}.none`)));
}

export async function causes(main, { query }, signal) {
  const zone = zoneOf(query);
  if (!main.querySelector(".causes")) replace(main, waitBox());
  const window = await chosenWindow(query, signal), span = spanOf(window);
  const limits = { from_domain: query.from_domain, to_domain: query.to_domain };
  const names = Object.keys(parts);
  const [sources, funnel, ...answers] = await Promise.all([loadSources(signal),
    askIfAllowed(FUNNEL, { ...span, ...limits, bucket: "none", fields: STAGES }, signal),
    ...names.map((name) => askIfAllowed(parts[name].path, { ...parts[name].parameters, ...span }, signal))]);
  if (!funnel && !answers.some(Boolean)) await ask(FUNNEL, { ...span, bucket: "none", fields: "sent" }, signal); // whose refusal says why there is nothing
  replace(main, h("div", { class: "causes" }, heading(t("view.causes"), window, zone, query),
    funnel && honesty(funnel, sources, zone, window.until),
    h("div", { class: "stack" },
      funnel && h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, t("funnel.title")), curlButton(FUNNEL, { ...span, ...limits, bucket: "none" }, t("funnel.title"))), funnelBars(funnel.totals, span)),
      names.map((name, i) => answers[i] && part(name, answers[i], span)))));
}
