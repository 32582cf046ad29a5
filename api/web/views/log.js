// SPDX-License-Identifier: Apache-2.0
// The chat log: who sent what to whom, and what became of it.
import { ask, askIfAllowed } from "../api.js";
import { h, replace } from "../dom.js";
import { civil, clock, count, day, instant } from "../format.js";
import { t } from "../i18n.js";
import { curlButton, emptyBox, honesty, loadSources } from "../parts/boxes.js";
import { table } from "../parts/table.js";
import { legend, tick } from "../parts/ticks.js";
import { go, link, zoneOf } from "../state.js";

const PATH = "/v1/messages";
const FIELDS = [["participant", "text"], ["peer", "text"], ["id", "text"], ["day", "date"]];
const CHOICES = { verdict: ["", "confirmed", "failed", "pending", "expired", "unknown"], order: ["desc", "asc"] };
const PASSED = ["participant", "peer", "id", "verdict", "order", "since", "until", "domain", "state", "class", "cursor"];

function parametersOf(query, zone) {
  const parameters = { limit: 100 };
  for (const name of PASSED) if (query[name]) parameters[name] = query[name];
  return query.day ? { ...parameters, since: null, until: null, day: query.day, tz: zone } : parameters;
}

function form(query) {
  const field = ([name, type]) => h("label", {}, h("span", {}, t(`log.${name}`)),
    h("input", { name, type, value: query[name] ?? "", autocomplete: "off", spellcheck: "false" }));
  const choice = (name) => h("label", {}, h("span", {}, t(`log.${name}`)), h("select", { name }, CHOICES[name].map((value) =>
    h("option", { value, selected: (query[name] ?? CHOICES[name][0]) === value }, t(value ? `${name}.${value}` : "any")))));
  const submit = (event) => {
    event.preventDefault();
    const wanted = Object.fromEntries([...new FormData(event.currentTarget)].filter(([, value]) => value));
    if (wanted.day) { wanted.since = null; wanted.until = null; }
    go(link("log", { ...wanted, tz: query.tz }, wanted.day ? {} : query));
  };
  return h("form", { class: "filters", onsubmit: submit }, FIELDS.map(field), Object.keys(CHOICES).map(choice),
    h("button", { type: "submit" }, t("log.show")));
}

function line(message, zone) {
  const to = `message/${message.conv}/${message.key}`;
  return h("li", { class: "line" }, h("time", { datetime: message.sent_at, title: message.sent_at }, clock(message.sent_at, zone)),
    tick(message),
    h("span", { class: "who" }, h("a", { href: link("log", { participant: message.from, peer: null, cursor: null }) }, message.from), " → ",
      h("a", { href: link("log", { participant: message.from, peer: message.to, cursor: null }) }, message.to)),
    message.body !== undefined && h("span", { class: "body" }, message.body),
    h("span", { class: "tags" }, message.class !== "chat" && h("span", { class: "tag" }, message.class),
      message.error && h("span", { class: "tag bad" }, message.error),
      message.stored_at && h("span", { class: "tag" }, t("state.stored"))),
    h("a", { class: "id", href: link(to), title: t("log.timeline") }, message.id || t("log.noid")));
}

function byDay(items, zone) {
  const groups = [];
  for (const message of items) {
    const date = civil(Date.parse(message.sent_at), zone);
    if (groups.at(-1)?.date !== date) groups.push({ date, at: message.sent_at, items: [] });
    groups.at(-1).items.push(message);
  }
  return groups.map((group) => h("section", { class: "day" }, h("h2", {}, day(group.at, zone)),
    h("ol", { class: "lines" }, group.items.map((message) => line(message, zone)))));
}

// With whom one account talks: who asks about one is often looking for a pair.
function contacts(answer, query) {
  if (!answer?.items.length) return null;
  return h("ul", { class: "chips", "aria-label": t("log.contacts") }, answer.items.map((row) => h("li", {}, h("a", {
    href: link("log", { ...query, peer: row.room ? null : row.contact, participant: row.room ? row.contact : query.participant, cursor: null }),
    "aria-current": row.contact === query.peer ? "true" : null }, row.contact, " ", h("b", {}, count(row.sent + row.received))))));
}

function conversations(answer, zone) {
  if (!answer?.items.length) return null;
  return table(t("log.conversations"), [
    { name: t("log.conversations"), cell: (row) => (row.room ? h("a", { href: link("log", { participant: row.b }) }, row.b)
      : h("a", { href: link("log", { participant: row.a, peer: row.b }) }, `${row.a} ↔ ${row.b}`)) },
    { name: t("sent.title"), cell: (row) => count(row.messages), number: true },
    { name: t("log.unanswered"), cell: (row) => (row.room ? "–" : count(row.unanswered_of_a + row.unanswered_of_b)), number: true },
    { name: t("log.last"), cell: (row) => instant(row.last_at, zone) }], answer.items);
}

// Nothing was asked for yet: an overview of who talks; one account: its contacts.
function beside(query, signal) {
  const span = { since: query.since, until: query.until, limit: 20 };
  if (query.participant) return askIfAllowed("/v1/contacts", { jid: query.participant, ...span }, signal);
  return Object.keys(query).some((name) => ["id", "verdict", "day"].includes(name)) ? null : askIfAllowed("/v1/conversations", span, signal);
}

export async function log(main, { query }, signal) {
  const zone = zoneOf(query), parameters = parametersOf(query, zone);
  const place = h("div", { class: "busy" }, t("loading"));
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.log")), curlButton(PATH, parameters)), form(query),
    h("p", { class: "muted notice" }, t("log.recorded")), legend(), place);
  const [answer, others, sources] = await Promise.all([ask(PATH, parameters, signal), beside(query, signal), loadSources(signal)]);
  replace(place, honesty(answer, sources, zone, parameters.until ? Date.parse(parameters.until) : Date.now()),
    query.participant ? contacts(others, query) : conversations(others, zone),
    answer.items.length ? byDay(answer.items, zone) : emptyBox(t("empty.log"), t("empty.log.why")),
    answer.next && h("p", {}, h("a", { class: "button", href: link("log", { ...query, cursor: answer.next }) }, t("log.more"))));
  place.className = "";
}
