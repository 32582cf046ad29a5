// SPDX-License-Identifier: Apache-2.0
// The chat log: who sent what to whom, and what became of it.
import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { civil, clock, day } from "../format.js";
import { t } from "../i18n.js";
import { curlButton, emptyBox, honesty } from "../parts/boxes.js";
import { legend, tick } from "../parts/ticks.js";
import { go, link, zoneOf } from "../state.js";

const PATH = "/v1/messages";
const FIELDS = [["participant", "text"], ["peer", "text"], ["id", "text"], ["day", "date"]];
const CHOICES = { verdict: ["", "confirmed", "failed", "pending", "expired", "unknown"], order: ["desc", "asc"] };
const PASSED = ["participant", "peer", "id", "verdict", "order", "since", "until", "domain", "state", "class", "cursor"];

// The start of a civil day of a zone: noon is in it whatever the clocks do, and how far that is from
// midnight is read off the clock of the zone.
function dayWindow(text, zone) {
  const startOf = (date) => {
    for (let at = Date.parse(`${date}T00:00:00Z`) - 16 * 3600e3, end = at + 34 * 3600e3; at < end; at += 900e3)
      if (civil(at, zone) === date) return at;
    return Date.parse(`${date}T00:00:00Z`);
  };
  const next = new Date(Date.parse(`${text}T12:00:00Z`) + 86400e3).toISOString().slice(0, 10);
  return { since: new Date(startOf(text)).toISOString(), until: new Date(startOf(next)).toISOString() };
}

function parametersOf(query, zone) {
  const parameters = { limit: 100 };
  for (const name of PASSED) if (query[name]) parameters[name] = query[name];
  return query.day ? { ...parameters, ...dayWindow(query.day, zone) } : parameters;
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

export async function log(main, { query }, signal) {
  const zone = zoneOf(query), parameters = parametersOf(query, zone);
  const place = h("div", { class: "busy" }, t("loading"));
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.log")), curlButton(PATH, parameters)), form(query),
    h("p", { class: "muted notice" }, t("log.recorded")), legend(), place);
  const answer = await ask(PATH, parameters, signal);
  replace(place, honesty(answer, null, zone, parameters.until ? Date.parse(parameters.until) : Date.now()),
    answer.items.length ? byDay(answer.items, zone) : emptyBox(t("empty.log"), t("empty.log.why")),
    answer.next && h("p", {}, h("a", { class: "button", href: link("log", { ...query, cursor: answer.next }) }, t("log.more"))));
  place.className = "";
}
