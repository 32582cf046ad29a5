// SPDX-License-Identifier: Apache-2.0
// The page: who is signed in, which view the address names, and nothing about what the views show.
import { h, replace, say, svg } from "./dom.js";
import { chooseLanguage, languages, loadWords, spoken, t } from "./i18n.js";
import { Problem } from "./api.js";
import { looksRight, signIn, signOut, token } from "./session.js";
import { here, link, read, zoneOf } from "./state.js";
import { problemBox } from "./parts/boxes.js";
import { askEarly } from "./parts/window.js";
import { causes } from "./views/causes.js";
import { live } from "./views/live.js";
import { overview } from "./views/overview.js";
import { log } from "./views/log.js";
import { message } from "./views/message.js";
import { findings } from "./views/findings.js";
import { reports } from "./views/reports.js";
import { gaps, input, quarantine } from "./views/input.js";
import { wall } from "./views/wall.js";

// name, view, in the menu
const views = [
  ["overview", overview, true],
  ["causes", causes, true],
  ["live", live, true],
  ["log", log, true],
  ["message", message, false],
  ["findings", findings, true],
  ["reports", reports, true],
  ["input", input, true],
  ["gaps", gaps, true],
  ["quarantine", quarantine, true],
  ["wall", wall, false],
];
const EARLY = new Set(["overview", "causes", "findings", "gaps", "wall"]); // are about a window
const THEME = "receiptd.theme";
let leaving = null; // ends what the view before still does
let seen = null; // the view that was shown last

// ---- head of the page

function logo() {
  return svg("svg", { viewBox: "0 0 32 32", width: 26, height: 26, "aria-hidden": "true" },
    svg("rect", { width: 32, height: 32, rx: 7, class: "logo-ground" }),
    svg("path", { d: "M6 17l5 5L20 11M14 20l2 2L26 11", class: "logo-ticks" }));
}

function menu(now) {
  return h("nav", { "aria-label": t("menu") }, h("ul", { class: "menu" }, views.filter((view) => view[2]).map(([name]) =>
    h("li", {}, h("a", { href: link(name), "aria-current": name === now.view ? "page" : null }, t(`view.${name}`))))));
}

function theme() {
  const kept = localStorage.getItem(THEME);
  return kept === "dark" || kept === "light" ? kept : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function applyTheme() {
  document.documentElement.dataset.theme = theme();
}

function switchTheme() {
  localStorage.setItem(THEME, theme() === "dark" ? "light" : "dark");
  applyTheme();
  show();
}

function tools() {
  const next = languages[(languages.findIndex(([name]) => name === spoken.language) + 1) % languages.length];
  return h("div", { class: "tools" },
    h("button", { type: "button", class: "quiet", lang: next[0], onclick: async () => { await chooseLanguage(next[0]); show(); } }, next[1]),
    h("button", { type: "button", class: "quiet", onclick: switchTheme, "aria-label": t("theme") },
      svg("svg", { viewBox: "0 0 20 20", width: 18, height: 18, "aria-hidden": "true" },
        svg("path", { d: "M10 2a8 8 0 1 0 0 16z", class: "ink" }), svg("circle", { cx: 10, cy: 10, r: 8, class: "ring" }))),
    token() && h("button", { type: "button", class: "quiet", onclick: () => { signOut(); show(); } }, t("signout")));
}

// All times of the page are of one zone: the viewer's, or UTC, which logs and colleagues elsewhere speak of.
function zones(now) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC", chosen = zoneOf(now.query);
  return [...new Set([own, "UTC", chosen])].map((zone) =>
    h("a", { href: here({ tz: zone === own ? null : zone }), "aria-current": zone === chosen ? "true" : null }, zone));
}

function frame(now) {
  document.documentElement.dataset.view = token() ? now.view : "signin";
  replace(document.getElementById("top"),
    h("a", { class: "brand", href: link("overview") }, logo(), "receiptd"), token() && menu(now), tools());
  const chosen = document.querySelector(".menu [aria-current]"); // on a phone the menu is wider than the screen
  if (chosen) chosen.closest("nav").scrollLeft = chosen.offsetLeft - chosen.offsetWidth;
  replace(document.getElementById("foot"), token() && [h("span", { class: "zones" }, t("zone"), zones(now)),
    h("a", { href: link("wall") }, t("view.wall")), h("a", { href: "openapi.yaml" }, t("foot.api"))]);
  replace(document.getElementById("skip"), t("skip"));
}

// ---- signing in

function signInBox(problem) {
  const field = h("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const submit = (event) => {
    event.preventDefault();
    if (!looksRight(field.value)) { show(t("signin.form")); return; }
    signIn(field.value);
    show();
  };
  return h("form", { class: "box signin", onsubmit: submit },
    h("h1", {}, t("signin.title")), h("p", {}, t("signin.why")),
    h("label", { htmlFor: "token", for: "token" }, t("signin.token")), field,
    problem && h("p", { class: "bad", role: "alert" }, problem),
    h("button", { type: "submit" }, t("signin.go")),
    h("p", { class: "muted" }, t("signin.how")),
    h("pre", { tabindex: 0 }, "receiptd token add dashboard --scopes metrics,messages,reports"));
}

// ---- views

function fail(main, problem) {
  if (problem.name === "AbortError") return;
  if (problem instanceof Problem && problem.status === 401) {
    signOut();
    show(t("signin.refused"));
    return;
  }
  replace(main, problemBox(problem, show));
}

async function show(problem) {
  const now = read(), main = document.getElementById("main");
  leaving?.abort();
  leaving = new AbortController();
  const signal = leaving.signal;
  if (seen !== now.view) { // a move within a view keeps the place
    scrollTo(0, 0);
    if (seen !== null) main.focus({ preventScroll: true });
  }
  seen = now.view;
  frame(now);
  if (!token()) {
    document.title = "receiptd";
    replace(main, signInBox(typeof problem === "string" ? problem : null));
    document.getElementById("token").focus();
    return;
  }
  const view = views.find(([name]) => name === now.view) ?? views[0];
  document.title = `${t(`view.${view[0]}`)} – receiptd`;
  say(t("loading"));
  main.setAttribute("aria-busy", "true");
  try {
    await view[1](main, now, signal);
    if (!signal.aborted) say(document.title);
  } catch (error) {
    fail(main, error);
  } finally {
    if (!signal.aborted) main.removeAttribute("aria-busy");
  }
}

// What most views ask first need not wait for the words.
function begin() {
  const { view, query } = read();
  if (token() && EARLY.has(view) && !(query.since && query.until)) askEarly();
}

applyTheme();
begin();
await loadWords();
window.addEventListener("hashchange", () => show());
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
if (!location.hash) history.replaceState(null, "", "#/overview");
show();
