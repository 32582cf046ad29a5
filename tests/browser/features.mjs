// SPDX-License-Identifier: Apache-2.0
// What an operator does with the page: see how it is, go from a figure to its messages, look for somebody, keep a report.
import { readFileSync } from "node:fs";
import { VIEWS, Visit, WINDOW, ok, settings } from "./visit.mjs";

const hashOf = (visit) => visit.page.evaluate(() => decodeURIComponent(location.hash));

// ---- is it healthy

const hour = (requested, confirmed, failed, soon) => ({ requested, confirmed, failed, pending: requested - confirmed - failed, within: { "1m": { count: soon } } });

async function health() {
  const visit = await Visit.make(settings.metrics);
  await visit.open("#/overview");
  const judged = await visit.page.evaluate(async ([usual, cases]) => {
    const { judge } = await import("/parts/health.js");
    return cases.map(([now, complete]) => judge({ now: Array(24).fill(usual).concat(now).slice(-24), then: Array(24).fill(usual) }, complete)).map(({ name, hours, reasons }) => [name, hours, ...reasons].join(" "));
  }, [hour(100, 97, 1, 95), [
    [[hour(100, 96, 2, 95)], true], [[hour(100, 96, 2, 95)], false], [[hour(100, 60, 38, 60)], true], [[hour(100, 90, 0, 50)], true],
    [[hour(20, 18, 1, 18)], true], [Array(24).fill(hour(1, 1, 0, 1)), true], [[hour(100, 60, 0, 60)], true]]]);
  ok(judged.join() === "good 1,unsure 1,bad 1 health.failing health.lost health.slow,bad 1 health.slow,good 2,few 24,warn 1 health.slow",
    "health: by what is sure, of enough messages, never good when the input is incomplete", judged.join());
  const compared = await visit.page.evaluate(async () => {
    const { compare } = await import("/parts/compare.js");
    return [compare(0.9, 0.95, 0.97), compare(0.9, 0.98, 0.97), compare(0.98, 0.99, 0.97), compare(0.97, 0.97, 0.97), compare(0.9, 0.95, null)].map((found) => found?.kind ?? null);
  });
  ok(compared.join() === "worse,open,better,same,", "last week: worse or better only where that is sure", compared.join());
  ok((await visit.page.locator(".health h2").count()) === 1 && (await visit.text()).includes("same time last week"), "the overview says how it is, and how it was");
  let gaps = { day: 0, window: 1 };
  await visit.page.route((url) => url.pathname === "/v1/metrics/delivery", async (route) => {
    const answer = await (await route.fetch()).json(), day = route.request().url().includes("within");
    await route.fulfill({ contentType: "application/json", body: JSON.stringify({ ...answer, gaps: day ? gaps.day : gaps.window, ...(day ? { series: Array(24).fill(hour(100, 97, 1, 95)) } : {}) }) });
  });
  await visit.page.reload();
  await visit.settle();
  const old = await visit.page.locator(".health.good").count() === 1 && await visit.page.locator(".incomplete").count() === 1;
  gaps = { day: 1, window: 1 };
  await visit.page.reload();
  await visit.settle();
  ok(old && (await visit.page.locator(".health.unsure").count()) === 1, "a gap of today makes it uncertain, one of days ago is told beside it");
  await visit.close();
}

// ---- from figures to messages

async function rows(visit) {
  await visit.settle();
  await visit.page.waitForSelector("main:not([aria-busy]) .days");
  return visit.page.locator("li.line").count();
}

async function drilling() {
  const visit = await Visit.make(settings.all);
  await visit.open(`#/overview?${WINDOW}`);
  for (const [title, least] of [["Failed", 1], ["Messages", 50]]) {
    const number = visit.page.locator(".figures .card", { has: visit.page.getByRole("heading", { name: title, exact: true }) }).locator(".number");
    const shown = Number((await number.textContent()).replaceAll(",", ""));
    await number.click();
    const found = await rows(visit);
    ok(found >= least && found === Math.min(shown, 100), `${title}: the figure leads to as many messages`, `${shown} ${found}`);
    await visit.page.goBack();
    await visit.page.waitForSelector(".figures");
  }
  const plot = visit.page.locator(".plot .u-over").nth(2);
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  await visit.page.mouse.click(box.x + box.width * 0.15, box.y + 60);
  await visit.moved(/#\/log/);
  const hash = await hashOf(visit);
  const [, since, until] = hash.match(/since=([^&]+).*until=([^&]+)/) ?? [];
  ok(Date.parse(until) - Date.parse(since) === 3600e3, "a click into a chart leads to the messages of that hour", hash);
  await visit.open(`#/overview?${WINDOW}`);
  for (const [kind, verdict] of [["bad", "failed|expired"], ["good", "confirmed"]]) {
    await visit.open(`#/overview?${WINDOW}`);
    const cell = visit.page.locator(`rect.heat-${kind}`).first(), told = Number((await cell.textContent()).match(/: (\d+) \(/)[1]);
    await cell.click();
    await visit.moved(new RegExp(`#/log\\?.*verdict=(${verdict})`));
    const shown = await rows(visit);
    ok(shown === told && (await hashOf(visit)).includes("since="), `so does a cell of how soon receipts came (${kind}), to as many as it says`, `${told} ${shown} ${await hashOf(visit)}`);
  }
  await visit.open(`#/overview?${WINDOW}`);
  await visit.page.locator("details.values summary").nth(2).click();
  await visit.page.locator("details.values[open] tbody a").first().focus(); // the rows come when it has opened
  await visit.page.keyboard.press("Enter");
  await visit.moved(/#\/log/);
  ok(true, "and the table below a chart, without a mouse");
  await visit.open(`#/causes?${WINDOW}`);
  for (const table of ["Why messages failed", "Client software", "Users"]) {
    await visit.open(`#/causes?${WINDOW}`);
    const links = visit.page.locator(`.scroll[aria-label='${table}'] td.n a`), figures = await links.allTextContents(), wrong = [];
    for (let i = 0; i < Math.min(figures.length, 3); i++) {
      await links.nth(i).click();
      const found = await rows(visit);
      if (found !== Math.min(Number(figures[i].replaceAll(",", "")), 100)) wrong.push(`${figures[i]}: ${found} at ${await hashOf(visit)}`);
      await visit.page.goBack();
      await visit.page.waitForSelector("main:not([aria-busy]) .causes");
    }
    ok(figures.length > 0 && wrong.length === 0, `${table}: a figure leads to as many messages`, wrong.join("\n"));
  }
  await visit.close();
}

async function findingsByPeriod() {
  const visit = await Visit.make(settings.all);
  await visit.open(`#/findings?${WINDOW}`);
  ok((await visit.page.locator(".bars li").count()) >= 20 && (await visit.page.locator(".severity").count()) >= 1, "findings: over time, and by weight");
  await visit.page.locator("td a").first().click();
  await visit.moved(/rule=/);
  await visit.page.locator(".scroll[aria-label='Whose'] td a").first().waitFor();
  const all = await visit.page.locator(".scroll[aria-label='One by one, the newest first'] tbody tr").count();
  const full = visit.page.locator(".bars li", { has: visit.page.locator("rect:not([height='0'])") }).first().locator("a");
  await full.focus();
  await visit.page.keyboard.press("Enter");
  await visit.moved((url) => url.hash.includes("rule=") && !decodeURIComponent(url.hash).includes("2026-03-02T00:00:00.000Z"));
  await visit.page.waitForSelector("main:not([aria-busy]) .bars");
  const some = await visit.page.locator(".scroll[aria-label='One by one, the newest first'] tbody tr").count();
  ok(some >= 1 && some <= all && (await hashOf(visit)).includes("since="), "findings: a bar leads to its period", `${some} of ${all}`);
  const ref = visit.page.locator(".scroll[aria-label='One by one, the newest first'] td a").first(), name = await ref.textContent();
  await ref.click();
  await visit.moved(/#\/log\?.*id=/);
  ok((await visit.page.inputValue("input[name=id]")) === name, "findings: an id leads to its message");
  await visit.close();
}

// ---- the chat log

async function searching() {
  const visit = await Visit.make(settings.all, { timezoneId: "Asia/Kolkata" });
  await visit.open("#/log");
  const names = [];
  visit.page.on("request", (request) => { if (request.url().includes("/v1/accounts")) names.push(request.url()); });
  await visit.page.locator("input[name=participant]").evaluate((field) => {
    for (const text of ["A", "AD"]) {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
  await visit.until(() => document.querySelectorAll("#offer-users option").length > 0);
  ok(names.length === 1 && names[0].includes("prefix=ad"), "names are asked for once typing pauses, by how they begin", names.join("\n"));
  await visit.page.locator("input[name=participant]").press("End");
  await visit.page.locator("input[name=participant]").pressSequentially("a@");
  await visit.page.waitForTimeout(400);
  ok(names.length === 1, "not again where the answer is known", names.join("\n"));
  ok((await visit.page.locator("#offer-users option").evaluateAll((all) => all.map((one) => one.value))).includes("ada@harbor.example"), "names are offered");
  await visit.page.fill("input[name=participant]", "ada@harbor.example");
  await visit.page.locator("input[name=peer]").pressSequentially("b");
  await visit.until(() => document.querySelector("#offer-peers option")?.value === "ben@quay.example");
  await visit.page.fill("input[name=peer]", "");
  const asked = [];
  visit.page.on("request", (request) => { if (request.url().includes("/v1/messages")) asked.push(decodeURIComponent(request.url())); });
  await visit.page.fill("input[name=day]", "2026-03-03");
  await visit.page.keyboard.press("Enter");
  await visit.moved(/day=2026-03-03/);
  await rows(visit);
  ok(asked.some((url) => /day=2026-03-03&tz=Asia\/(Kolkata|Calcutta)/.test(url)), "a day is one of the viewer's zone", asked.join("\n"));
  await visit.page.getByRole("link", { name: "the day before" }).click();
  await visit.moved(/day=2026-03-02/);
  ok((await rows(visit)) > 0 && (await visit.page.locator(".day h2").allTextContents()).join().includes("2 March 2026"), "and the day before is one step away");
  ok((await visit.text()).includes("Looking at messages is recorded"), "that looking is recorded is said");
  ok((await visit.page.locator("li.line .body").count()) === 0, "texts are not shown before they are asked for");
  await visit.page.getByLabel("show texts").check();
  await visit.page.getByRole("button", { name: "Show" }).click();
  await visit.page.locator("li.line .body").first().waitFor();
  ok((await hashOf(visit)).includes("body=1"), "then they are, and the address says so");
  await visit.page.fill("input[name=text]", "你好");
  await visit.page.keyboard.press("Enter");
  await visit.moved(/text=/);
  await rows(visit);
  ok((await visit.page.locator("li.line").count()) > 0 && (await visit.page.locator("li.line .body").allTextContents()).every((text) => text.includes("你好")), "texts can be searched");
  await visit.page.getByRole("link", { name: "UTC", exact: true }).click();
  await visit.moved(/tz=UTC/);
  ok((await visit.page.locator(".zones [aria-current]").textContent()) === "UTC", "the zone of the page can be changed");
  await visit.close();
}

// ---- reports

const file = (name, format) => ({ format, name: `${name}.${format}`, bytes: 13, sha256: "0".repeat(64) });
const REPORTS = { items: [
  { name: "2026-03-03", day: "2026-03-03", period: "day", zone: "Europe/Berlin", revision: 2, made_at: "2026-03-04T00:31:00Z", incomplete: true, final: false, kept: true,
    files: ["html", "json", "csv"].map((format) => file("2026-03-03", format)), deliveries: [{ way: "mail", tries: 3, done_at: null, next_at: null, problem: "no such command" }] },
  { name: "2026-W10", day: "2026-03-02", period: "week", zone: "UTC", revision: 1, made_at: "2026-03-09T00:30:00Z", incomplete: false, final: true, kept: true, files: [file("2026-W10", "html")], deliveries: [] },
  { name: "2026-03-02", day: "2026-03-02", period: "day", zone: "UTC", revision: 1, made_at: "2026-03-03T00:30:00Z", incomplete: false, final: true, kept: false, files: [], deliveries: [] }] };

async function reports() {
  const visit = await Visit.make(settings.all);
  const asked = [];
  let status = 404;
  await visit.page.route((url) => url.pathname.startsWith("/v1/reports"), (route) => {
    const url = new URL(route.request().url());
    asked.push(`${url.pathname}${url.search} ${route.request().headers().authorization?.startsWith("Bearer rcd_")}`);
    if (url.pathname !== "/v1/reports") return route.fulfill({ contentType: "text/html", body: "<h1>kept</h1>" });
    return route.fulfill({ status, contentType: "application/json", body: JSON.stringify(REPORTS) });
  });
  await visit.open("#/reports");
  ok((await visit.text()).includes("No reports are made yet"), "reports: none where the server has none");
  status = 200;
  await visit.page.reload();
  await visit.settle();
  const text = await visit.text();
  ok(text.includes("2026-03-03") && text.includes("incomplete") && text.includes("not final") && text.includes("Europe/Berlin") && text.includes("no longer kept") && text.includes("no such command") && (await visit.page.locator("td button").count()) === 4, "reports: what they stand on, and their forms", text);
  const wrong = await visit.axe();
  ok(!wrong, "reports: accessible", wrong);
  const [download] = await Promise.all([visit.page.waitForEvent("download"), visit.page.getByRole("button", { name: "save the report of 2026-03-03 as html" }).click()]);
  ok(download.suggestedFilename() === "2026-03-03.html" && readFileSync(await download.path(), "utf8") === "<h1>kept</h1>", "reports: one is saved as a file", download.suggestedFilename());
  ok(asked.at(-1) === "/v1/reports/2026-03-03.html?zone=Europe%2FBerlin&revision=2 true", "reports: asked for with the token in the header, not in the address", asked.at(-1));
  await visit.close();
}

// ---- gaps and quarantine

async function missing() {
  const visit = await Visit.make(settings.metrics);
  const items = { gaps: [{ source: "a", cause: "queue full", from_at: "2026-03-02T10:00:00Z", to_at: "2026-03-02T11:00:00Z", found_at: "2026-03-02T12:00:00Z", lost: 7 }],
    quarantine: [{ source: "a", reason: "malformed tag", at: "2026-03-02T10:00:00Z", offset: 12, length: 40, records: 3 }, { source: "b", reason: "too many attributes", at: "2026-03-02T10:00:00Z", offset: 1, length: 4, records: 1 }] };
  for (const name of Object.keys(items)) await visit.page.route((url) => url.pathname === `/v1/${name}`, (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify({ items: items[name] }) }));
  await visit.open(`#/gaps?${WINDOW}`);
  ok((await visit.text()).includes("the queue was full"), "gaps: why, in words");
  await visit.page.locator("td a").first().click();
  await visit.moved(/#\/overview\?.*since=2026-03-02T10/);
  ok(true, "gaps: lead to the figures of their time");
  await visit.open("#/quarantine");
  await visit.page.locator(".chips a", { hasText: "malformed tag" }).click();
  await visit.moved(/reason=/);
  ok((await visit.page.locator("tbody tr").count()) === 1, "quarantine: by reason");
  await visit.close();
}

// ---- wall, phone, curl, keyboard

async function wall() {
  const visit = await Visit.make(settings.metrics, { viewport: { width: 1920, height: 1080 } });
  await visit.open("#/wall?window=7d");
  const found = await visit.page.evaluate(() => {
    const size = (selector) => parseFloat(getComputedStyle(document.querySelector(selector)).fontSize);
    return { number: size(".wall .number"), health: size(".wall .health h2"), over: document.documentElement.scrollHeight - innerHeight, header: getComputedStyle(document.querySelector("header")).display };
  });
  ok(found.number >= 96 && found.health >= 48 && found.over <= 0 && found.header === "none", "wall: all of it on one screen, to be read from three metres", JSON.stringify(found));
  await visit.page.route((url) => url.pathname === "/v1/metrics/delivery", async (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify({ ...(await (await route.fetch()).json()), gaps: 3, complete_until: null }) }));
  await visit.page.reload();
  await visit.settle();
  const over = await visit.page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
  ok((await visit.page.locator(".incomplete").count()) === 1 && over <= 0, "wall: also with its warning", `${over}`);
  await visit.page.getByRole("link", { name: "leave" }).click();
  await visit.page.waitForSelector(".figures");
  ok((await visit.page.locator("header nav").isVisible()), "wall: there is a way back");
  await visit.close();
}

async function everywhere() {
  const visit = await Visit.make(settings.all);
  const without = [];
  for (const view of VIEWS) {
    await visit.open(`#/${view}?${WINDOW}`);
    if (view !== "wall" && (await visit.page.locator("button.small[aria-label^='Copy as curl']").count()) === 0) without.push(view);
  }
  ok(without.length === 0, "every view can be copied as curl", without.join());
  await visit.open(`#/overview?${WINDOW}`);
  const open = await visit.page.locator(".card:has(.number), .card.chart, .heat-card").evaluateAll((all) => all.filter((card) => !card.querySelector("button.small")).length);
  ok(open === 0, "so can every figure and chart of the overview");
  const rounds = await visit.page.evaluate(() => [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")].filter((one) => one.checkVisibility()).length);
  const reached = new Set();
  for (let i = 0; i < rounds + 5; i++) {
    await visit.page.keyboard.press("Tab");
    reached.add(await visit.page.evaluate(() => { window.seen ??= new Map(); const one = document.activeElement; if (!window.seen.has(one)) window.seen.set(one, window.seen.size); return `${window.seen.get(one)}${one !== document.body && getComputedStyle(one).outlineStyle === "none" ? " unseen" : ""}`; }));
  }
  ok(reached.size >= rounds && ![...reached].some((one) => one.endsWith("unseen")), "everything that can be used is reached by Tab, and shows it", `${reached.size} of ${rounds} ${[...reached].filter((one) => one.endsWith("unseen"))}`);
  await visit.close();
}

// ---- words

const catalogue = (name) => JSON.parse(readFileSync(new URL(`../../api/web/lang/${name}.json`, import.meta.url), "utf8"));

async function words() {
  const en = catalogue("en"), zh = catalogue("zh");
  const lack = [...Object.keys(en).filter((key) => !(key in zh)), ...Object.keys(zh).filter((key) => !(key in en))];
  ok(lack.length === 0, "both catalogues have the same keys", lack.join());
  const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
  const other = Object.keys(en).filter((key) => places(en[key]) !== places(zh[key] ?? ""));
  ok(other.length === 0, "and the same places in each text", other.join());
  const visit = await Visit.make(settings.all, { locale: "zh-CN" });
  await visit.open("#/overview");
  const rules = await visit.page.evaluate(async () => (await import("/parts/rules.js")).rules);
  ok(rules.length >= 56 && rules.every((rule) => en[`rule.${rule}`] && zh[`rule.${rule}`]), "every rule is explained", rules.filter((rule) => !en[`rule.${rule}`]).join());
  // A text of the English catalogue that is seen in Chinese was not translated; short ones (p50, ms) may be the same.
  const english = new Set(Object.entries(en).filter(([key, text]) => /[a-z]{3}/.test(text) && zh[key] !== text).map(([, text]) => text));
  const latin = new Set();
  for (const view of VIEWS) {
    await visit.open(`#/${view}?${WINDOW}`);
    const texts = await visit.page.evaluate(() => {
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
      while (walk.nextNode()) found.push(walk.currentNode.textContent.trim());
      for (const one of document.querySelectorAll("[title], [aria-label]")) found.push(one.title, one.getAttribute("aria-label") ?? "");
      return found;
    });
    for (const text of texts) if (english.has(text)) latin.add(`${view}: ${text}`);
  }
  ok(latin.size === 0, "nothing is English in the Chinese views", [...latin].join("\n"));
  await visit.close();
}

// What a first visit asks for: one file of each kind, whatever the page consists of; metrics say which figures they want.
async function fewRequests() {
  const visit = await Visit.make(settings.all);
  const asked = [], order = [];
  visit.page.on("request", (request) => { asked.push(new URL(request.url())); order.push(request.url()); });
  visit.page.on("requestfinished", (request) => order.push(`done ${request.url()}`));
  await visit.open("#/overview");
  const files = asked.filter((url) => !url.pathname.startsWith("/v1/")).map((url) => url.pathname.replace(/v-[0-9a-f]{16}/, "v")).sort();
  ok(files.join() === "/,/icon.svg,/lang/en.json,/v/page.css,/v/page.js", "the page is one script, one style sheet and its words", files.join());
  const first = order.findIndex((url) => url.includes("/v1/metrics/delivery")), words = order.findIndex((url) => url.startsWith("done ") && url.includes("lang/en.json"));
  ok(first >= 0 && first < words, "the first figures are asked for before the words are there", order.slice(0, 8).join("\n"));
  ok(asked.filter((url) => url.pathname.startsWith("/v1/")).length === 7, "seven questions for the whole overview", asked.join("\n"));
  const kept = await visit.page.evaluate(async () => {
    const url = document.querySelector("script").src;
    return Promise.all([url, url.replace(/v-[0-9a-f]+/, "v-0000000000000000"), "."].map(async (one) => (await fetch(one)).headers.get("Cache-Control")));
  });
  ok(kept.join("|") === "public, max-age=31536000, immutable|no-cache|no-cache", "what is named by what it holds is kept, all else is asked about", kept.join("|"));
  for (const view of ["causes", "wall", `overview?${WINDOW}`]) await visit.open(`#/${view}`);
  const all = asked.filter((url) => /^\/v1\/metrics\/(delivery|read|funnel)$/.test(url.pathname) && !url.searchParams.has("fields"));
  ok(all.length === 0, "metrics are asked for what is shown", all.join("\n"));
  await visit.close();
}

export const features = [fewRequests, health, drilling, findingsByPeriod, searching, reports, missing, wall, everywhere, words];
