// SPDX-License-Identifier: Apache-2.0
// What moves by itself: live lists, the followed chat log, figures that are asked for again. The stream is the test's
// own, so that it is known what came when.
import { Visit, ok, settings } from "./visit.mjs";

// In the page: /v1/live/… is answered by a stream that push(event, data) writes to.
function takeStreams() {
  const real = window.fetch, streams = [];
  window.streams = streams;
  window.push = (event, data) => streams.forEach((one) => one.write(new TextEncoder().encode(`event: ${event}\nid: 9\ndata: ${JSON.stringify(data)}\n\n`)));
  window.fetch = (input, init) => {
    if (!String(input).includes("/v1/live/")) return real(input, init);
    const pipe = new TransformStream(), writer = pipe.writable.getWriter();
    streams.push(writer);
    window.asked = String(input);
    return Promise.resolve(new Response(pipe.readable, { status: 200, headers: { "Content-Type": "text/event-stream" } }));
  };
}

const message = (id, more) => ({ conv: "00000000000000aa", key: id.padStart(16, "0"), n: 1, id, from: "ada@harbor.example", to: "ben@quay.example", type: "chat", class: "chat",
  state: "accepted", verdict: "pending", tick: "accepted", sent_at: `2026-03-04T1${id.slice(-1)}:00:00.000000Z`, devices: {}, ...more });

async function streaming(hash, options) {
  const visit = await Visit.make(settings.all, options);
  await visit.page.addInitScript(takeStreams);
  await visit.page.route((url) => ["/v1/unacknowledged", "/v1/messages"].includes(url.pathname), async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ contentType: "application/json", body: JSON.stringify({ ...answer, items: [message("1"), message("2"), message("3")], next: null }) });
  });
  await visit.open(hash);
  await visit.until(() => window.streams.length > 0);
  return visit;
}

const ids = (visit) => visit.page.locator(".lines .id").allTextContents();

async function liveList() {
  const visit = await streaming("#/live");
  ok((await ids(visit)).join() === "1,2,3", "live: the oldest first", (await ids(visit)).join());
  await visit.page.evaluate(() => { window.kept = [...document.querySelectorAll("li.line")]; });
  await visit.page.evaluate((items) => window.push("messages", { items }), [message("4"), message("2", { verdict: "confirmed", state: "delivered", tick: "delivered" })]);
  await visit.until(() => document.querySelectorAll("li.line").length === 3 && document.querySelector("[data-key*='0004']"));
  ok((await ids(visit)).join() === "1,3,4", "live: what was answered goes, what is new comes");
  ok(await visit.page.evaluate(() => [...document.querySelectorAll("li.line")].slice(0, 2).every((row) => window.kept.includes(row))), "live: rows that stay are not made anew, so nothing flickers");
  await visit.page.locator("li.line").first().hover();
  await visit.page.evaluate((items) => window.push("messages", { items }), [message("5"), message("1", { verdict: "confirmed" })]);
  await visit.page.locator(".hold", { hasText: "2" }).waitFor();
  ok((await ids(visit)).join() === "1,3,4", "live: nothing moves beneath the pointer, and it says what waits");
  await visit.page.mouse.move(5, 5);
  await visit.until(() => document.querySelectorAll("li.line").length === 3 && document.querySelector("[data-key*='0005']"));
  ok((await ids(visit)).join() === "3,4,5" && (await visit.page.textContent(".hold")) === "", "live: then it does");
  await visit.page.locator("li.line a").first().focus();
  await visit.page.evaluate((items) => window.push("messages", { items }), [message("6")]);
  await visit.page.locator(".hold", { hasText: "1" }).waitFor();
  ok((await ids(visit)).length === 3, "live: nor beneath the focus");
  await visit.page.evaluate(() => window.push("stale", {}));
  await visit.page.locator(".live-state", { hasText: "cannot be asked" }).waitFor();
  ok(true, "live: a database that is away is told");
  await visit.close();
}

async function followed() {
  const visit = await streaming("#/log?participant=ada@harbor.example&live=1");
  ok((await visit.page.evaluate(() => window.asked)).includes("participant=ada%40harbor.example"), "followed: with the filter of the page");
  await visit.page.evaluate((items) => window.push("messages", { items }), [message("7"),
    message("3", { state: "displayed", verdict: "confirmed", tick: "read", devices: { "ben@quay.example/desk": { displayed: "2026-03-04T14:00:00Z" }, "ben@quay.example/phone": { delivered: "2026-03-04T13:00:00Z" } } })]);
  await visit.page.locator("li.line", { hasText: "phone" }).waitFor();
  ok((await ids(visit)).join() === "7,3,2,1", "followed: the newest on top", (await ids(visit)).join());
  const devices = await visit.page.locator(".device .tick").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  ok(devices.join() === "read,delivered", "followed: device by device, told apart in words too", devices.join());
  await visit.close();
}

async function motion() {
  const names = [];
  for (const reducedMotion of ["no-preference", "reduce"]) {
    const visit = await streaming("#/live", { reducedMotion });
    await visit.page.evaluate((items) => window.push("messages", { items }), [message("8")]);
    await visit.page.locator(".fresh").waitFor();
    names.push(await visit.page.evaluate(() => getComputedStyle(document.querySelector(".fresh")).animationName));
    await visit.close();
  }
  ok(names.join() === "fresh,none", "who wants no motion gets none", names.join());
}

async function again() {
  const visit = await Visit.make(settings.all);
  await visit.page.clock.install({ time: new Date("2026-03-20T12:00:00Z") });
  let asked = 0, fail = false;
  await visit.page.route((url) => url.pathname === "/v1/metrics/delivery", async (route) => {
    asked++;
    return fail ? route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }) : route.continue();
  });
  await visit.open("#/overview?window=1y");
  const quiet = async () => { for (let was = -1; was !== asked;) { was = asked; await new Promise((go) => { setTimeout(go, 500); }); } };
  await quiet();
  const first = asked, figures = await visit.page.textContent(".figures");
  await visit.page.evaluate(() => { globalThis.old = document.querySelector(".overview"); });
  await visit.page.clock.fastForward(31000);
  for (let i = 0; i < 100 && asked === first; i++) await new Promise((go) => { setTimeout(go, 50); });
  ok(asked > first, "the overview asks again by itself");
  await visit.until(() => document.querySelector(".overview") !== globalThis.old && document.querySelectorAll(".plot canvas").length === 4);
  await quiet();
  ok((await visit.page.textContent(".figures")) === figures && (await visit.page.locator(".plot canvas").count()) === 4, "and shows the same where nothing changed, charts too");
  const second = asked;
  await visit.page.locator(".plot").first().hover();
  await visit.page.clock.fastForward(31000);
  await visit.page.locator(".refresh", { hasText: "held" }).waitFor();
  ok(asked === second, "not while somebody reads a chart, and it says so");
  await visit.page.mouse.move(5, 5);
  fail = true;
  await visit.page.clock.fastForward(31000);
  await visit.page.locator(".refresh .bad").waitFor();
  ok((await visit.page.textContent(".figures")) === figures, "where it fails the old figures stay, and are called old");
  await visit.page.getByRole("button", { name: "pause" }).click();
  await visit.page.evaluate(() => document.activeElement.blur());
  const third = asked;
  await visit.page.clock.fastForward(95000);
  await visit.page.waitForTimeout(200);
  ok(asked === third, "and it can be stopped");
  await visit.close();
}

export const liveTests = [liveList, followed, motion, again];
