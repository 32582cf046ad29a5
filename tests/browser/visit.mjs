// SPDX-License-Identifier: Apache-2.0
// One visit of the dashboard in Chromium, and TAP: what all parts of the browser test share.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export const settings = JSON.parse(process.env.SETTINGS);
const require = createRequire(join(settings.modules, "any.js"));
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const WINDOW = "since=2026-03-02T00:00:00.000Z&until=2026-03-05T00:00:00.000Z";
const EXPECTED = 20000;

let number = 0, bad = 0;
export function ok(good, text, why) {
  number++;
  if (!good) bad++;
  console.log(`${good ? "ok" : "not ok"} ${number} - ${text}`);
  if (!good && why) for (const line of String(why).split("\n").slice(0, 12)) console.log(`# ${line.slice(0, 300)}`);
  return good;
}

export const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });

export class Visit {
  // options of the context; token: of the session, or none
  static async make(token, options = {}) {
    const visit = new Visit();
    visit.context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...options });
    visit.page = await visit.context.newPage();
    visit.page.setDefaultTimeout(EXPECTED);
    visit.troubles = [];
    visit.outside = [];
    visit.page.on("pageerror", (error) => visit.troubles.push(error.message));
    visit.page.on("console", (message) => { if (message.type() === "error") visit.troubles.push(message.text()); });
    visit.page.on("dialog", (dialog) => { visit.troubles.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    visit.page.on("request", (request) => { if (!request.url().startsWith(settings.base)) visit.outside.push(request.url()); });
    await visit.page.addInitScript(() => {
      globalThis.heard = location.hash || "#/overview";
      addEventListener("hashchange", () => { globalThis.heard = location.hash; });
    });
    if (token) await visit.page.addInitScript((text) => sessionStorage.setItem("receiptd.token", text), token);
    return visit;
  }

  async open(hash) {
    await this.page.goto(settings.base + hash);
    await this.settle();
  }

  // After what leads to another address.
  async moved(pattern) {
    await this.page.waitForURL(pattern);
    await this.settle();
  }

  // At rest, and of the address that it has: until the page has heard of a new one, it shows at rest what was there before.
  async settle() {
    await this.until(() => globalThis.heard === location.hash);
    await this.page.waitForSelector("main:not([aria-busy]) h1, main:not([aria-busy]) [role=alert]");
  }

  async axe() {
    await this.page.evaluate(axeSource);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
    return violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 150)} ${v.nodes[0].failureSummary.split("\n")[1] ?? ""}`).join("\n");
  }

  // Until the page says so; Playwright's own way would need eval, which the policy of the page refuses.
  async until(condition) {
    for (const end = Date.now() + EXPECTED; Date.now() < end; await this.page.waitForTimeout(25)) if (await this.page.evaluate(condition)) return;
    throw new Error(`never: ${condition}`);
  }

  text() { return this.page.textContent("main"); }

  shot(name) { return settings.shots ? this.page.screenshot({ path: join(settings.shots, `${name}.png`) }) : null; }

  async close() { await this.context.close(); }
}

// The end: what TAP wants to know.
export function plan() {
  console.log(`1..${number}`);
  return bad ? 1 : 0;
}

export const VIEWS = ["overview", "causes", "live", "log", "findings", "reports", "input", "gaps", "quarantine", "wall"];
