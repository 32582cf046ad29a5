// SPDX-License-Identifier: Apache-2.0
// The form above the chat log. Days are those of the viewer's zone; names are offered as they are typed.
import { askIfAllowed } from "../api.js";
import { h, replace } from "../dom.js";
import { civil } from "../format.js";
import { t } from "../i18n.js";
import { go, here, link } from "../state.js";

const CHOICES = { verdict: ["", "confirmed", "failed", "pending", "expired", "unknown"], order: ["desc", "asc"] };
const KEPT = ["domain", "state", "class", "tz", "from", "to", "from_domain", "to_domain", "counted", "reached", "condition", "client", "version", "client_is", "took_from", "took_to"];

// Not for every question on a small screen.
const HIDDEN = ["id", "day", "text", "verdict", "order"];
const OFFERED = 20, MOST = 1000, PAUSE = 250;

// Names that begin so, from the server: asked when typing pauses, given up when it goes on. A look at names is recorded
// like any look at people, so a name that was chosen, or only grows by what is offered already, is not asked about again.
function offer(list, signal, path, parametersOf) {
  let timer = null, asking = null, known = null;
  signal.addEventListener("abort", () => { clearTimeout(timer); asking?.abort(); });
  const ask = async (prefix) => {
    const parameters = parametersOf(prefix);
    asking = new AbortController();
    const answer = await askIfAllowed(path, parameters, asking.signal).catch(() => null); // whoever types needs no suggestions
    if (!answer) return;
    known = answer.more || answer.next ? null : parameters.prefix ?? "";
    replace(list, answer.items.map((row) => h("option", { value: row.jid ?? row.contact })));
  };
  return (event) => {
    const prefix = event.currentTarget.value.trim().toLowerCase();
    clearTimeout(timer);
    asking?.abort();
    const chosen = [...list.children].some((option) => option.value === prefix);
    if (prefix && !chosen && !(known !== null && prefix.startsWith(known))) timer = setTimeout(() => ask(prefix), PAUSE);
  };
}

function offerAccounts(list, signal) {
  return offer(list, signal, "/v1/accounts", (prefix) => ({ prefix, limit: OFFERED }));
}

// With whom the participant talks, where one is named; else anybody.
function offerPeers(list, participant, signal) {
  const any = offerAccounts(list, signal), of = new Map();
  return (event) => {
    const jid = participant.value.trim();
    if (jid && !of.has(jid)) of.set(jid, offer(list, signal, "/v1/contacts", () => ({ jid, limit: MOST })));
    (of.get(jid) ?? any)(event);
  };
}

// more: on a phone only when it is asked for.
function labelled(name, control, more) {
  return h("label", { class: more ? "more-filter" : null }, h("span", {}, t(`log.${name}`)), control);
}

function moreButton(query) {
  const set = HIDDEN.some((name) => query[name]);
  const button = h("button", { type: "button", class: "quiet only-phone", "aria-expanded": String(set), onclick: () => {
    button.setAttribute("aria-expanded", String(button.closest("form").classList.toggle("all")));
  } }, t("log.filters"));
  return button;
}

function field(name, query, properties) {
  return h("input", { name, type: "text", value: query[name] ?? "", autocomplete: "off", spellcheck: "false", ...properties });
}

// The day before and after, without the mouse's way into a calendar; no day yet: yesterday and today.
function dayButtons(query, zone) {
  const at = query.day ? Date.parse(`${query.day}T12:00:00Z`) : Date.now(), step = 86400e3;
  const to = (ms) => here({ day: query.day ? new Date(ms).toISOString().slice(0, 10) : civil(ms, zone), since: null, until: null, cursor: null, live: null });
  return h("span", { class: "day-steps" }, h("a", { class: "button quiet-button", href: to(at - step), "aria-label": t("log.day.before"), title: t("log.day.before") }, "‹"),
    h("a", { class: "button quiet-button", href: to(query.day ? at + step : at), "aria-label": t(query.day ? "log.day.after" : "log.day.today"), title: t(query.day ? "log.day.after" : "log.day.today") }, query.day ? "›" : "•"));
}

export function searchForm(query, zone, signal) {
  const users = h("datalist", { id: "offer-users" }), peers = h("datalist", { id: "offer-peers" });
  const participant = field("participant", query, { list: "offer-users", oninput: offerAccounts(users, signal) });
  const peer = field("peer", query, { list: "offer-peers", oninput: offerPeers(peers, participant, signal) });
  const choice = (name) => labelled(name, h("select", { name }, CHOICES[name].map((value) =>
    h("option", { value, selected: (query[name] ?? CHOICES[name][0]) === value }, t(value ? `${name}.${value}` : "any")))), true);
  const submit = (event) => {
    event.preventDefault();
    const wanted = Object.fromEntries([...new FormData(event.currentTarget)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
    if (wanted.order === CHOICES.order[0]) delete wanted.order;
    for (const name of KEPT) wanted[name] ??= query[name];
    if (!wanted.day) { wanted.since = query.since; wanted.until = query.until; }
    go(link("log", wanted, {}));
  };
  return h("form", { class: `filters${HIDDEN.some((name) => query[name]) ? " all" : ""}`, onsubmit: submit, "aria-label": t("view.log") }, users, peers,
    labelled("participant", participant), labelled("peer", peer), labelled("id", field("id", query), true),
    h("div", { class: "day-field more-filter" }, labelled("day", field("day", query, { type: "date", max: civil(Date.now() + 86400e3, zone), title: t("log.day.zone", { zone }) })), dayButtons(query, zone)),
    labelled("text", field("text", query, { type: "search", title: t("log.text.why") }), true), choice("verdict"), choice("order"),
    h("label", { class: "check" }, h("input", { type: "checkbox", name: "body", value: "1", checked: query.body === "1" }), h("span", {}, t("log.body"))),
    moreButton(query), h("button", { type: "submit" }, t("log.show")));
}
