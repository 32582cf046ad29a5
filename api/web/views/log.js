// SPDX-License-Identifier: Apache-2.0
// The chat log: who sent what to whom, and what became of it.
import { ask, askIfAllowed } from "../api.js";
import { h, replace } from "../dom.js";
import { count, instant } from "../format.js";
import { t } from "../i18n.js";
import { curlButton, emptyBox, honesty, loadSources, recorded } from "../parts/boxes.js";
import { searchForm } from "../parts/search.js";
import { Lines } from "../parts/lines.js";
import { table } from "../parts/table.js";
import { legend } from "../parts/ticks.js";
import { liveState } from "../parts/hold.js";
import { limits } from "../parts/window.js";
import { follow } from "../stream.js";
import { here, link, zoneOf } from "../state.js";

const PATH = "/v1/messages", LIVE = "/v1/live/messages";
const PAGE = 100;
const PASSED = ["participant", "peer", "id", "verdict", "order", "since", "until", "domain", "state", "class", "text", "body", "cursor"];
// What the live stream can be asked for; with anything else there is no following.
const FOLLOWED = ["participant", "peer", "id", "domain", "state", "class", "body"];
const NOT_FOLLOWED = ["verdict", "error", "since", "until", "day", "text", "cursor"];
// These have no field of their own in the form.
const LIMITS = ["domain", "state", "class", "error"];
// The server does not look for a condition: the page does, in as many of the failed ones as it gets at once.
const MANY = 1000;

function parametersOf(query, zone) {
  const parameters = { limit: PAGE };
  for (const name of PASSED) if (query[name]) parameters[name] = query[name];
  if (parameters.text) parameters.body = "1";
  if (query.error) { parameters.limit = MANY; parameters.verdict ??= "failed"; }
  return query.day ? { ...parameters, since: null, until: null, day: query.day, tz: zone } : parameters;
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
  if (query.participant) return askIfAllowed("/v1/contacts", { jid: query.participant, ...span, limit: 12 }, signal);
  return ["id", "verdict", "day", "domain", "state", "text", "since"].some((name) => query[name]) ? null : askIfAllowed("/v1/conversations", span, signal);
}

// ---- following it live

function followButton(query) {
  if (NOT_FOLLOWED.some((name) => query[name])) return null;
  return h("a", { class: "button quiet-button", href: here({ live: query.live ? null : "1" }), "aria-current": query.live ? "true" : null }, t(query.live ? "log.unfollow" : "log.follow"));
}

function followLive(lines, query, commit, state, again, signal) {
  const parameters = Object.fromEntries(FOLLOWED.filter((name) => query[name]).map((name) => [name, query[name]]));
  const each = (name, data) => {
    if (name === "messages") lines.take(data.items ?? []);
    else if (name === "resync") again().catch(() => state.tell("lost"));
    else if (name === "stale" || name === "fresh") state.tell(name === "stale" ? "stale" : "open");
  };
  follow(LIVE, { ...parameters, after: commit }, { each, state: state.tell, signal }).catch((problem) => { if (!signal.aborted) state.tell("lost", problem.message); });
}

export async function log(main, { query }, signal) {
  const zone = zoneOf(query), parameters = parametersOf(query, zone);
  const place = h("div", { class: "busy" }, t("loading")), follows = followButton(query), state = follows && query.live ? liveState() : null;
  const span = query.since || query.until ? { since: instant(query.since, zone), until: instant(query.until, zone), zone } : null;
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.log")), follows, state?.node, curlButton(PATH, parameters),
    span && h("a", { class: "tag limit", href: here({ since: null, until: null, cursor: null }), title: t("limit.off") }, t("span", span), " ×"), limits(query, LIMITS)),
    searchForm(query, zone, signal), recorded(), legend(), place);
  const [answer, others, sources] = await Promise.all([ask(PATH, parameters, signal), beside(query, signal), loadSources(signal)]);
  const items = query.error ? answer.items.filter((message) => message.error === query.error) : answer.items;
  const lines = new Lines(items, zone, query.order === "asc");
  replace(place, honesty(answer, sources, zone, parameters.until ? Date.parse(parameters.until) : Date.now()),
    query.participant ? contacts(others, query) : conversations(others, zone),
    query.error && answer.next && h("p", { class: "warn" }, t("log.among", { n: count(MANY) })),
    state && lines.hold.node, lines.node,
    items.length || state ? null : emptyBox(t("empty.log"), t("empty.log.why")),
    answer.next && !state && h("p", {}, h("a", { class: "button", href: link("log", { ...query, cursor: answer.next }) }, t("log.more"))));
  place.className = "";
  if (state) followLive(lines, query, answer.commit, state, async () => lines.start((await ask(PATH, parameters, signal)).items), signal);
}
