// SPDX-License-Identifier: Apache-2.0
// Lines of the chat log by the day of the viewer, with ticks, device by device; rows that change keep their place.
import { h, keyed } from "../dom.js";
import { civil, clock, day, instant } from "../format.js";
import { t, wordOf } from "../i18n.js";
import { link } from "../state.js";
import { Hold } from "./hold.js";
import { tick } from "./ticks.js";

const MOST = 500; // that a followed log keeps
const DEVICES = 4;
const keyOf = (message) => `${message.conv}/${message.key}/${message.n}`;

function resourceOf(device) {
  const slash = device.indexOf("/");
  return slash < 0 ? device : device.slice(slash + 1);
}

// What each device said; the room's readers are counted, their names are in the message's own view.
function devices(message, zone) {
  const all = Object.entries(message.devices ?? {}), readers = Object.keys(message.readers ?? {}).length;
  return [all.slice(0, DEVICES).map(([device, times]) => h("span", { class: "device", title: `${device} – ${instant(times.displayed ?? times.delivered, zone, true)}` },
    tick({ tick: times.displayed ? "read" : "delivered" }), " ", resourceOf(device))),
  all.length > DEVICES && h("span", { class: "tag" }, `+${all.length - DEVICES}`),
  readers > 0 && h("span", { class: "tag" }, t("log.readers", { n: readers }))];
}

function line(message, zone, fresh) {
  return h("li", { class: `line${fresh ? " fresh" : ""}` }, h("time", { datetime: message.sent_at, title: instant(message.sent_at, zone, true) }, clock(message.sent_at, zone)),
    tick(message),
    h("span", { class: "who" }, h("a", { href: link("log", { participant: message.from, peer: null, cursor: null }) }, message.nick ? `${message.from} (${message.nick})` : message.from), " → ",
      h("a", { href: link("log", message.class === "group" ? { participant: message.to, peer: null, cursor: null } : { participant: message.from, peer: message.to, cursor: null }) }, message.to)),
    message.body !== undefined && h("span", { class: "body" }, message.body),
    h("span", { class: "tags" }, message.class !== "chat" && h("span", { class: "tag" }, wordOf("class", message.class)),
      message.error && h("span", { class: "tag bad" }, message.error),
      message.stored_at && h("span", { class: "tag" }, t("state.stored")), devices(message, zone)),
    h("a", { class: "id", href: link(`message/${message.conv}/${message.key}`), title: t("log.timeline") }, message.id || t("log.noid")));
}

export class Lines {
  constructor(items, zone, oldestFirst) {
    this.zone = zone;
    this.oldestFirst = oldestFirst;
    this.node = h("div", { class: "days" });
    this.hold = new Hold(this.node, () => this.draw());
    this.begun = false;
    this.start(items);
  }

  start(items) {
    this.rows = new Map(items.map((message) => [keyOf(message), message]));
    this.draw();
  }

  take(items) {
    for (const message of items) this.rows.set(keyOf(message), message);
    this.draw(items.length);
  }

  days() {
    const order = this.oldestFirst ? 1 : -1, groups = new Map();
    const sorted = [...this.rows.values()].sort((a, b) => order * a.sent_at.localeCompare(b.sent_at));
    for (const message of this.oldestFirst ? sorted.slice(-MOST) : sorted.slice(0, MOST)) {
      const date = civil(Date.parse(message.sent_at), this.zone);
      if (!groups.has(date)) groups.set(date, { date, at: message.sent_at, items: [] });
      groups.get(date).items.push(message);
    }
    return [...groups.values()];
  }

  // A day keeps its element: its lines are told apart by their own keys.
  draw(changed = 0) {
    if (this.hold.keeps(changed)) return;
    const groups = this.days(), begun = this.begun;
    this.lists ??= new Map();
    const sections = groups.map((group) => {
      if (!this.lists.has(group.date)) this.lists.set(group.date, { date: group.date, title: day(group.at, this.zone), list: h("ol", { class: "lines" }) });
      return this.lists.get(group.date);
    });
    keyed(this.node, sections, (section) => section.date, (section) => h("section", { class: "day" }, h("h2", {}, section.title), section.list));
    groups.forEach((group, i) => keyed(sections[i].list, group.items, keyOf, (message) => line(message, this.zone, begun)));
    this.begun = true;
  }
}
