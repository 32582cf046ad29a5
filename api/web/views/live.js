// SPDX-License-Identifier: Apache-2.0
// What is asked and not answered right now, oldest first; it changes as the server's log does.
import { ask } from "../api.js";
import { h, keyed, replace } from "../dom.js";
import { ago, count, instant } from "../format.js";
import { t } from "../i18n.js";
import { curlButton, emptyBox, honesty, loadSources, recorded } from "../parts/boxes.js";
import { Hold, liveState } from "../parts/hold.js";
import { legend, tick } from "../parts/ticks.js";
import { limits } from "../parts/window.js";
import { follow } from "../stream.js";
import { go, here, link, zoneOf } from "../state.js";

const PATH = "/v1/unacknowledged", LIVE = "/v1/live/unacknowledged";
const SHOWN = 200, AGES = 10000;
const keyOf = (message) => `${message.conv}/${message.key}/${message.n}`;

function row(message, zone, fresh) {
  return h("li", { class: `line${fresh ? " fresh" : ""}`, "data-key": keyOf(message) },
    h("time", { datetime: message.sent_at, title: instant(message.sent_at, zone, true) }, ago(message.sent_at)), tick(message),
    h("span", { class: "who" }, h("a", { href: link("log", { participant: message.from }) }, message.from), " → ",
      h("a", { href: link("log", { participant: message.from, peer: message.to }) }, message.to)),
    h("a", { class: "id", href: link(`message/${message.conv}/${message.key}`) }, message.id || t("log.noid")));
}

class List {
  constructor(answer, verdict, zone) {
    this.zone = zone;
    this.verdict = verdict;
    this.node = h("ol", { class: "lines ages" });
    this.none = emptyBox(t(`live.none.${verdict}`));
    this.count = h("strong", { class: "number" });
    this.begun = false;
    this.hold = new Hold(this.node, () => this.draw());
    this.start(answer);
  }

  start(answer) {
    this.rows = new Map(answer.items.map((message) => [keyOf(message), message]));
    this.more = Boolean(answer.next);
    this.draw();
  }

  take(items) {
    let changed = 0;
    for (const message of items) {
      const key = keyOf(message), waits = message.verdict === this.verdict, had = this.rows.has(key);
      if (waits) this.rows.set(key, message);
      else this.rows.delete(key);
      changed += waits !== had;
    }
    this.draw(changed);
  }

  draw(changed = 0) {
    replace(this.count, count(Math.min(this.rows.size, SHOWN)), this.more && "+");
    if (this.hold.keeps(changed)) return;
    const sorted = [...this.rows.values()].sort((a, b) => a.sent_at.localeCompare(b.sent_at)).slice(0, SHOWN), begun = this.begun;
    keyed(this.node, sorted, keyOf, (message, isNew) => row(message, this.zone, begun && isNew));
    this.none.hidden = sorted.length > 0;
    this.node.hidden = sorted.length === 0;
    this.begun = true;
  }

  // Ages grow where nothing else changes.
  age() {
    if (!this.hold.keeps(0)) for (const time of this.node.querySelectorAll("time")) time.textContent = ago(time.dateTime);
  }
}

function tabs(verdict) {
  return h("div", { class: "segments", role: "group", "aria-label": t("log.verdict") }, ["pending", "expired"].map((name) =>
    h("a", { href: here({ verdict: name }), "aria-current": name === verdict ? "true" : null }, t(`live.${name}`))));
}

function domainForm(query) {
  const submit = (event) => {
    event.preventDefault();
    go(here({ domain: new FormData(event.currentTarget).get("domain").trim() }));
  };
  return h("form", { class: "filters", onsubmit: submit }, h("label", {}, h("span", {}, t("peer.domain")),
    h("input", { name: "domain", value: query.domain ?? "", autocomplete: "off", spellcheck: "false" })), h("button", { type: "submit" }, t("log.show")));
}

export async function live(main, { query }, signal) {
  const zone = zoneOf(query), verdict = query.verdict === "expired" ? "expired" : "pending";
  const parameters = { verdict, domain: query.domain, limit: SHOWN };
  if (!main.querySelector(".live-state")) replace(main, h("div", { class: "head" }, h("h1", {}, t("view.live"))), h("p", { class: "muted" }, t("loading")));
  const [answer, sources] = await Promise.all([ask(PATH, parameters, signal), loadSources(signal)]);
  const list = new List(answer, verdict, zone), state = liveState();
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.live")), tabs(verdict), state.node, list.hold.node, curlButton(PATH, parameters), limits(query, ["domain"])),
    honesty(answer, sources, zone, Date.now()), recorded(),
    h("div", { class: "live-count" }, list.count, h("span", { class: "muted" }, answer.next ? t("live.more", { n: count(SHOWN) }) : t(`live.note.${verdict}`)), domainForm(query)), legend(), list.none, list.node);
  const again = async () => { list.start(await ask(PATH, parameters, signal)); };
  const each = (name, data) => {
    if (name === "messages") list.take(data.items ?? []);
    else if (name === "resync") again().catch(() => state.tell("lost"));
    else if (name === "stale" || name === "fresh") state.tell(name === "stale" ? "stale" : "open");
  };
  const every = setInterval(() => list.age(), AGES);
  signal.addEventListener("abort", () => clearInterval(every));
  follow(LIVE, { domain: query.domain, after: answer.commit }, { each, state: state.tell, signal }).catch((problem) => { if (!signal.aborted) state.tell("lost", problem.message); });
}
