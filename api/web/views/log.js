// SPDX-License-Identifier: Apache-2.0
// The chat log: who sent what to whom, and what became of it.
import { ask, askIfAllowed } from "../api.js";
import { h, replace } from "../dom.js";
import { count, instant, range } from "../format.js";
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
// What leads here from a figure: told apart as metrics do. Without fields of their own in the form, each can be taken off.
const NARROW = ["from", "to", "from_domain", "to_domain", "counted", "reached", "condition", "client", "version", "client_is", "took_from", "took_to"];
const PASSED = ["participant", "peer", "id", "verdict", "order", "since", "until", "domain", "state", "class", "text", "body", "cursor", ...NARROW];
// What the live stream can be asked for; with anything else there is no following.
const FOLLOWED = ["participant", "peer", "id", "domain", "state", "class", "body"];
const NOT_FOLLOWED = ["verdict", "since", "until", "day", "text", "cursor", ...NARROW];
const LIMITS = ["domain", "state", "class", ...NARROW];

function parametersOf(query, zone) {
  const parameters = { limit: PAGE };
  for (const name of PASSED) if (query[name]) parameters[name] = query[name];
  if (parameters.text) parameters.body = "1";
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
  return ["id", "verdict", "day", "domain", "state", "text", "since", ...NARROW].some((name) => query[name]) ? null : askIfAllowed("/v1/conversations", span, signal);
}

function spanWords({ since, until }, zone) {
  if (since && until) return t("span", { range: range(Date.parse(since), Date.parse(until), zone), zone });
  return since || until ? t(since ? "span.since" : "span.until", { at: instant(since ?? until, zone), zone }) : null;
}

// Whoever came from a figure compares.
function howMany(answer, order) {
  const n = answer.items.length;
  if (n === 0) return null;
  return h("p", { class: "muted" }, answer.next ? t(order === "asc" ? "log.first" : "log.newest", { n: count(n) }) : t(n === 1 ? "log.one" : "log.all", { n: count(n) }));
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
  const span = spanWords(query, zone);
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.log")), follows, state?.node, curlButton(PATH, parameters),
    span && h("a", { class: "tag limit", href: here({ since: null, until: null, cursor: null }), title: t("limit.off") }, span, " ×"), limits(query, LIMITS)),
    searchForm(query, zone, signal), recorded(), legend(), place);
  const [answer, others, sources] = await Promise.all([ask(PATH, parameters, signal), beside(query, signal), loadSources(signal)]);
  const lines = new Lines(answer.items, zone, query.order === "asc");
  replace(place, honesty(answer, sources, zone, parameters.until ? Date.parse(parameters.until) : Date.now()),
    query.participant ? contacts(others, query) : conversations(others, zone),
    state ? lines.hold.node : howMany(answer, query.order), lines.node,
    answer.items.length || state ? null : emptyBox(t("empty.log"), t("empty.log.why")),
    answer.next && !state && h("p", {}, h("a", { class: "button", href: link("log", { ...query, cursor: answer.next }) }, t("log.more"))));
  place.className = "";
  if (state) followLive(lines, query, answer.commit, state, async () => lines.start((await ask(PATH, parameters, signal)).items), signal);
}
