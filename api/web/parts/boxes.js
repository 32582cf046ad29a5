// SPDX-License-Identifier: Apache-2.0
// What stands where there is nothing to show, and what every view says of its input.
import { asCurl, askIfAllowed } from "../api.js";
import { h } from "../dom.js";
import { ago, count, instant } from "../format.js";
import { t } from "../i18n.js";
import { link } from "../state.js";

export function problemBox(problem, again) {
  return h("div", { class: "box problem", role: "alert" },
    h("h1", {}, problem.status === 0 ? t("problem.unreachable") : problem.status === 503 ? t("problem.database") : t("problem.title")),
    h("p", {}, problem.message),
    problem.id && h("p", { class: "muted" }, t("problem.id", { id: problem.id })),
    again && h("button", { type: "button", onclick: () => again() }, t("again")));
}

export function emptyBox(title, text) {
  return h("div", { class: "box empty" }, h("h2", {}, title), text && h("p", { class: "muted" }, text));
}

export function waitBox() {
  return h("div", { class: "grid" }, Array.from({ length: 6 }, () => h("div", { class: "card ghost", "aria-hidden": "true" })));
}

// What honesty() needs besides an answer; null for a token that may not look.
export function loadSources(signal) {
  return askIfAllowed("/v1/sources", {}, signal);
}

// Before any number: is this the whole truth? (DESIGN: a dashboard that reads 100 % because a tail stopped
// is the worst bug this product can have.)
export function honesty(answer, sources, zone, until) {
  const silent = (sources?.items ?? []).filter((source) => source.live && source.state && source.state !== "ok" && source.state !== "following");
  const imported = sources && !sources.items.some((source) => source.live);
  const late = !imported && answer.complete_until && Date.parse(answer.complete_until) < Math.min(until, Date.now()) - 120e3;
  const unknown = !answer.complete_until;
  const troubles = [
    unknown && t("honest.unknown"),
    answer.gaps > 0 && t("honest.gaps", { n: count(answer.gaps) }),
    late && t("honest.late", { time: instant(answer.complete_until, zone) }),
    silent.length > 0 && t("honest.sources", { names: silent.map((source) => source.name).join(", ") }),
  ].filter(Boolean);
  const known = answer.complete_until
    ? imported ? t("honest.imported", { time: instant(answer.complete_until, zone) }) : t("honest.complete", { time: instant(answer.complete_until, zone), ago: ago(answer.complete_until) }) : "";
  if (troubles.length === 0)
    return h("p", { class: "honest" }, h("span", { class: "dot good", "aria-hidden": "true" }), known, " ",
      answer.final ? t("honest.final") : t("honest.open"));
  return h("div", { class: "honest incomplete", role: "alert" },
    h("strong", {}, t("honest.title")),
    h("ul", {}, troubles.map((trouble) => h("li", {}, trouble))),
    h("a", { href: link("input") }, t("honest.look")));
}

export function curlButton(path, parameters) {
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
  return h("button", { type: "button", class: "quiet small", title: t("curl"), "aria-label": t("curl"), onclick: copy }, "curl");
}
