// SPDX-License-Identifier: Apache-2.0
// What live lists share: nothing moves beneath a pointer or the focus, and the page says what it holds back.
import { h, replace } from "../dom.js";
import { count } from "../format.js";
import { t } from "../i18n.js";

export class Hold {
  constructor(node, release) {
    this.pointed = false;
    this.focused = false;
    this.waiting = 0;
    this.node = h("span", { class: "muted hold", role: "status" });
    const set = (name, value) => {
      this[name] = value;
      this.tell();
      if (!this.pointed && !this.focused) { this.waiting = 0; this.tell(); release(); }
    };
    node.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") set("pointed", true); });
    node.addEventListener("pointerleave", () => set("pointed", false));
    node.addEventListener("focusin", () => set("focused", true));
    node.addEventListener("focusout", () => set("focused", false));
  }

  tell() {
    replace(this.node, this.pointed || this.focused ? t("live.held", { n: count(this.waiting) }) : "");
  }

  // True while nothing may move; changed: how many rows would have.
  keeps(changed) {
    if (!this.pointed && !this.focused) return false;
    this.waiting += changed;
    this.tell();
    return true;
  }
}

export function liveState() {
  const node = h("span", { class: "live-state muted", role: "status" });
  const tell = (name, why) => replace(node, h("span", { class: `dot ${name === "open" ? "good" : "warn"}`, "aria-hidden": "true" }), t(`live.${name}`), why && ` ${why}`);
  tell("lost");
  return { node, tell };
}
