// SPDX-License-Identifier: Apache-2.0
// Times of the dashboard as a browser sees them. Started by page.py.
import { createRequire } from "node:module";
import { join } from "node:path";

const settings = JSON.parse(process.env.SETTINGS);
const { chromium } = createRequire(join(settings.modules, "any.js"))("playwright-core");
const YEAR = `since=${settings.since}&until=${settings.until}`;
const DAY = "since=2026-03-10T00:00:00Z&until=2026-03-11T00:00:00Z";

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--enable-precise-memory-info", "--js-flags=--expose-gc"] });

const seen = {
  figure: () => document.querySelector(".figures .number") !== null,
  drawn: () => document.querySelectorAll(".plot canvas").length === 4 && document.querySelector(".heat rect") !== null,
  lines: () => document.querySelector(".days li.line") !== null && document.querySelector("main:not([aria-busy])") !== null,
  findings: () => document.querySelector("main:not([aria-busy]) .findings") !== null,
  causes: () => document.querySelector("main:not([aria-busy]) .causes .funnel") !== null,
};

// The page's own clock: performance.now() at the first frame in which it holds; begin: where it is counted from.
async function until(page, name, begin = 0) {
  const at = await page.evaluate(([source]) => new Promise((tell) => {
    const { [source]: holds } = window.benchSeen;
    const look = () => (holds() ? requestAnimationFrame(() => tell(performance.now())) : requestAnimationFrame(look));
    look();
  }), [name]);
  return at - begin;
}

async function move(page, hash, name) {
  const begin = await page.evaluate((to) => {
    document.querySelector("main").replaceChildren();
    location.hash = to;
    return performance.now();
  }, hash);
  return until(page, name, begin);
}

// What a visit asks for: how often, how much of it over the wire, how many one after the other at most: a request is behind
// another one if it began when that had ended.
async function weigh(requests) {
  const all = [];
  for (const request of requests) {
    const { responseBodySize, responseHeadersSize } = await request.sizes(), { startTime, responseEnd } = request.timing();
    all.push({ bytes: responseBodySize + responseHeadersSize, begin: startTime, end: startTime + responseEnd, api: request.url().includes("/v1/"), depth: 1 });
  }
  all.sort((a, b) => a.begin - b.begin);
  for (const [i, one] of all.entries()) for (const before of all.slice(0, i)) if (before.end <= one.begin) one.depth = Math.max(one.depth, before.depth + 1);
  const sum = (list) => list.reduce((bytes, one) => bytes + one.bytes, 0), api = all.filter((one) => one.api);
  return { count: all.length, api: api.length, bytes: sum(all), apiBytes: sum(api), depth: Math.max(...all.map((one) => one.depth)) };
}

async function round() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", timezoneId: "UTC" });
  const page = await context.newPage();
  await page.addInitScript((text) => sessionStorage.setItem("receiptd.token", text), settings.token);
  await page.addInitScript(`window.benchSeen = {${Object.entries(seen).map(([name, holds]) => `${name}: ${holds}`).join(", ")}}`);
  const found = {}, requests = [];
  page.on("requestfinished", (request) => requests.push(request));
  await page.goto(`${settings.base}#/overview?${YEAR}`, { waitUntil: "commit" });
  found["first figure of a year"] = await until(page, "figure");
  found["all charts of a year"] = await until(page, "drawn");
  const weight = await weigh([...requests]);
  found["first contentful paint"] = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN);
  const cards = await page.textContent(".figures"), shown = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 }).format(settings.sent);
  if (!cards.includes(shown)) throw new Error(`the page shows other figures: ${shown} is not in ${cards.slice(0, 300)}`);
  found["to a day of it"] = await move(page, `#/overview?${DAY}`, "drawn");
  found["and back to the year"] = await move(page, `#/overview?${YEAR}`, "drawn");
  found["causes of a day"] = await move(page, `#/causes?${DAY}`, "causes");
  found["a person's day in the log"] = await move(page, `#/log?participant=${settings.person}&day=2026-03-10`, "lines");
  found["findings of a day"] = await move(page, `#/findings?${DAY}`, "findings");
  await move(page, `#/overview?${YEAR}`, "drawn");
  const heap = await page.evaluate(() => { globalThis.gc?.(); return performance.memory.usedJSHeapSize; });
  await context.close();
  return { found, heap, weight };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
try {
  const { weight } = await round(); // the first one finds nothing in any cache
  console.log(`  a first visit: ${weight.count} requests, ${(weight.bytes / 1024).toFixed(0)} KiB; of these ${weight.api} for figures, ${(weight.apiBytes / 1024).toFixed(0)} KiB; at most ${weight.depth} one after the other`);
  const rounds = [];
  for (let i = 0; i < settings.rounds; i++) rounds.push(await round());
  for (const name of Object.keys(rounds[0].found)) {
    const values = rounds.map((one) => one.found[name]);
    console.log(`  ${name.padEnd(26)} median ${median(values).toFixed(0).padStart(5)} ms, worst ${Math.max(...values).toFixed(0).padStart(5)} ms`);
  }
  console.log(`  heap with a year shown     median ${(median(rounds.map((one) => one.heap)) / 1048576).toFixed(1).padStart(5)} MiB`);
} finally {
  await browser.close();
}
