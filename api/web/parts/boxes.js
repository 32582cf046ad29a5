// SPDX-License-Identifier: Apache-2.0
// What stands where there is nothing to show, and what every view says of its input.
import { asCurl, askIfAllowed } from "../api.js";
import { h } from "../dom.js";
import { ago, count, instant } from "../format.js";
import { t, wordOf } from "../i18n.js";
import { link } from "../state.js";

const TITLES = { 0: "problem.unreachable", 403: "problem.scope", 404: "problem.nothing", 429: "problem.often", 503: "problem.database" };
const ADVICE = new Set([0, 403, 429, 503]);

export function problemBox(problem, again) {
  return h("div", { class: "box problem", role: "alert" },
    h("h1", {}, t(TITLES[problem.status] ?? "problem.title")),
    ADVICE.has(problem.status) && h("p", {}, t(`problem.${problem.status}`)),
    h("p", { class: "muted" }, problem.message),
    problem.id && h("p", { class: "muted" }, t("problem.id", { id: problem.id })),
    again && h("button", { type: "button", onclick: () => again() }, t("again")));
}

export function emptyBox(title, text) {
  return h("div", { class: "box empty" }, h("h2", {}, title), text && h("p", { class: "muted" }, text));
}

export function waitBox() {
  return [h("h1", { class: "unseen" }, t("loading")), h("div", { class: "grid" }, Array.from({ length: 6 }, () => h("div", { class: "card ghost", "aria-hidden": "true" })))];
}

// What honesty() needs besides an answer; null for a token that may not look.
export function loadSources(signal) {
  return askIfAllowed("/v1/sources", {}, signal);
}

const WELL = new Set(["ok", "following"]);
const LATE = 120e3;

// Followed sources that are not as they should be.
export function notWell(sources) {
  return (sources?.items ?? []).filter((source) => source.live && source.state && !WELL.has(source.state));
}

function isImported(sources) {
  return Boolean(sources) && !sources.items.some((source) => source.live);
}

function isLate(answer, sources, until) {
  return !isImported(sources) && answer.complete_until && Date.parse(answer.complete_until) < Math.min(until, Date.now()) - LATE;
}

export function isComplete(answer, sources, until) {
  return Boolean(answer.complete_until) && !answer.gaps && !isLate(answer, sources, until) && notWell(sources).length === 0;
}

// Before any number: is this the whole truth? (DESIGN: a dashboard that reads 100 % because a tail stopped
// is the worst bug this product can have.)
export function honesty(answer, sources, zone, until) {
  const silent = notWell(sources), at = { time: instant(answer.complete_until, zone), ago: ago(answer.complete_until) };
  const troubles = [
    !answer.complete_until && t("honest.unknown"),
    answer.gaps > 0 && h("a", { href: link("gaps") }, t("honest.gaps", { n: count(answer.gaps) })),
    isLate(answer, sources, until) && t("honest.late", at),
    silent.length > 0 && t("honest.sources", { names: silent.map((source) => `${source.name} (${wordOf("state", source.state)})`).join(", ") }),
  ].filter(Boolean);
  if (troubles.length === 0)
    return h("p", { class: "honest" }, h("span", { class: "dot good", "aria-hidden": "true" }),
      t(isImported(sources) ? "honest.imported" : "honest.complete", at), " ", answer.final ? t("honest.final") : t("honest.open"));
  return h("div", { class: "honest incomplete", role: "alert" },
    h("strong", {}, t("honest.title")),
    h("ul", {}, troubles.map((trouble) => h("li", {}, trouble))),
    h("a", { href: link("input") }, t("honest.look")));
}

// Whoever looks at people's messages is told that this is on record.
export function recorded() {
  return h("p", { class: "muted notice" }, t("log.recorded"));
}

// of: what it copies, for those who hear a page with many of them.
export function curlButton(path, parameters, of) {
  const copy = async (event) => {
    const button = event.currentTarget;
    try {
      await navigator.clipboard.writeText(asCurl(path, parameters));
      button.textContent = t("curl.done");
    } catch {
      window.prompt(t("curl"), asCurl(path, parameters));
    }
    setTimeout(() => { button.textContent = "curl"; }, 1500);
  };
  return h("button", { type: "button", class: "quiet small", title: t("curl"), "aria-label": of ? `${t("curl")} – ${of}` : t("curl"), onclick: copy }, "curl");
}
