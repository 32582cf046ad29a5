// SPDX-License-Identifier: Apache-2.0
// The form above the chat log. Days are those of the viewer's zone; names are offered as they are typed.
import { askIfAllowed } from "../api.js";
import { h, replace } from "../dom.js";
import { civil } from "../format.js";
import { t } from "../i18n.js";
import { go, here, link } from "../state.js";

const CHOICES = { verdict: ["", "confirmed", "failed", "pending", "expired", "unknown"], order: ["desc", "asc"] };
const OFFERED = 1000;
const KEPT = ["domain", "state", "class", "tz"];

// Accounts that wrote lately; asked for once, when somebody wants to type one: it is recorded like any look at people.
function offerUsers(list, signal) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    askIfAllowed("/v1/metrics/users", { order: "sent", limit: OFFERED }, signal).then((answer) => {
      if (answer) replace(list, answer.items.map((row) => h("option", { value: row.jid })));
    }).catch(() => { asked = false; });
  };
}

function offerContacts(list, participant, signal) {
  return () => {
    const jid = participant.value.trim();
    if (!jid || list.of === jid) return;
    list.of = jid;
    askIfAllowed("/v1/contacts", { jid, limit: OFFERED }, signal).then((answer) => {
      if (answer) replace(list, answer.items.map((row) => h("option", { value: row.contact })));
    }).catch(() => { list.of = null; });
  };
}

function labelled(name, control) {
  return h("label", {}, h("span", {}, t(`log.${name}`)), control);
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
  const participant = field("participant", query, { list: "offer-users", onfocus: offerUsers(users, signal) });
  const peer = field("peer", query, { list: "offer-peers", onfocus: offerContacts(peers, participant, signal) });
  const choice = (name) => labelled(name, h("select", { name }, CHOICES[name].map((value) =>
    h("option", { value, selected: (query[name] ?? CHOICES[name][0]) === value }, t(value ? `${name}.${value}` : "any")))));
  const submit = (event) => {
    event.preventDefault();
    const wanted = Object.fromEntries([...new FormData(event.currentTarget)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
    if (wanted.order === CHOICES.order[0]) delete wanted.order;
    for (const name of KEPT) wanted[name] ??= query[name];
    if (!wanted.day) { wanted.since = query.since; wanted.until = query.until; }
    go(link("log", wanted, {}));
  };
  return h("form", { class: "filters", onsubmit: submit, "aria-label": t("view.log") }, users, peers,
    labelled("participant", participant), labelled("peer", peer), labelled("id", field("id", query)),
    h("div", { class: "day-field" }, labelled("day", field("day", query, { type: "date", max: civil(Date.now() + 86400e3, zone), title: t("log.day.zone", { zone }) })), dayButtons(query, zone)),
    labelled("text", field("text", query, { type: "search", title: t("log.text.why") })), choice("verdict"), choice("order"),
    h("label", { class: "check" }, h("input", { type: "checkbox", name: "body", value: "1", checked: query.body === "1" }), h("span", {}, t("log.body"))),
    h("button", { type: "submit" }, t("log.show")));
}
