// SPDX-License-Identifier: Apache-2.0
// What is asked and not answered right now, oldest first; it changes as the server's log does.
import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { ago, count, instant } from "../format.js";
import { t } from "../i18n.js";
import { curlButton, emptyBox, honesty, loadSources } from "../parts/boxes.js";
import { tick } from "../parts/ticks.js";
import { follow } from "../stream.js";
import { link, zoneOf } from "../state.js";

const PATH = "/v1/unacknowledged", LIVE = "/v1/live/unacknowledged";
const SHOWN = 200;
const keyOf = (message) => `${message.conv}/${message.key}/${message.n}`;
const waits = (message) => message.verdict === "pending" || message.verdict === "expired";

function row(message, zone, fresh) {
  return h("li", { class: `line${fresh ? " fresh" : ""}`, "data-key": keyOf(message) },
    h("time", { datetime: message.sent_at, title: instant(message.sent_at, zone, true) }, ago(message.sent_at)), tick(message),
    h("span", { class: "who" }, h("a", { href: link("log", { participant: message.from }) }, message.from), " → ",
      h("a", { href: link("log", { participant: message.from, peer: message.to }) }, message.to)),
    h("a", { class: "id", href: link(`message/${message.conv}/${message.key}`) }, message.id || t("log.noid")));
}

class List {
  constructor(items, zone) {
    this.zone = zone;
    this.rows = new Map(items.map((message) => [keyOf(message), message]));
    this.node = h("ol", { class: "lines" });
    this.count = h("strong", { class: "number" });
    this.held = false; // while the pointer or the focus is on the list nothing moves beneath it
    for (const name of ["pointerenter", "focusin"]) this.node.addEventListener(name, () => { this.held = true; });
    for (const name of ["pointerleave", "focusout"]) this.node.addEventListener(name, () => { this.held = false; this.draw(new Set()); });
  }

  take(items) {
    const fresh = new Set();
    for (const message of items) {
      const key = keyOf(message);
      if (!waits(message)) this.rows.delete(key);
      else if (!this.rows.has(key)) fresh.add(key);
      if (waits(message)) this.rows.set(key, message);
    }
    this.draw(fresh);
  }

  draw(fresh) {
    replace(this.count, count(this.rows.size));
    if (this.held) return;
    const sorted = [...this.rows.values()].sort((a, b) => a.sent_at.localeCompare(b.sent_at)).slice(0, SHOWN);
    replace(this.node, sorted.length ? sorted.map((message) => row(message, this.zone, fresh.has(keyOf(message)))) : emptyBox(t("live.none")));
  }
}

export async function live(main, { query }, signal) {
  const zone = zoneOf(query), parameters = { limit: SHOWN };
  if (!main.querySelector(".live-state")) replace(main, h("div", { class: "head" }, h("h1", {}, t("view.live"))));
  const [answer, sources] = await Promise.all([ask(PATH, parameters, signal), loadSources(signal)]);
  const list = new List(answer.items, zone), state = h("span", { class: "live-state muted", role: "status" });
  const tell = (name) => replace(state, h("span", { class: `dot ${name === "open" ? "good" : "warn"}`, "aria-hidden": "true" }), t(`live.${name}`));
  tell("lost");
  list.draw(new Set());
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.live")), state, curlButton(PATH, parameters)),
    honesty(answer, sources, zone, Date.now()), h("p", { class: "muted notice" }, t("log.recorded")),
    h("p", { class: "card" }, list.count, h("span", { class: "muted" }, answer.next ? t("live.more", { n: count(SHOWN) }) : t("live.note"))), list.node);
  const again = async () => { list.rows.clear(); list.take((await ask(PATH, parameters, signal)).items); };
  const each = (name, data) => { if (name === "messages") list.take(data.items ?? []); else if (name === "resync") again().catch(() => tell("lost")); };
  const every = setInterval(() => list.draw(new Set()), 10000); // ages grow
  signal.addEventListener("abort", () => clearInterval(every));
  follow(LIVE, {}, { each, state: tell, signal }).catch(() => tell("lost"));
}
