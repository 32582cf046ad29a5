// SPDX-License-Identifier: Apache-2.0
// Drives the dashboard in Chromium and prints TAP. Started by dashboard.t, which has made what is shown; the
// parts that are long are beside it.
import { VIEWS, Visit, WINDOW, browser, ok, plan, settings } from "./visit.mjs";
import { allStates } from "./states.mjs";
import { features } from "./features.mjs";
import { liveTests } from "./live.mjs";

// ---- every view, in both themes and languages, wide and narrow

const LOOKS = [["light", "en-GB", 1280], ["dark", "zh-CN", 360]];

async function everyView() {
  for (const [colorScheme, locale, width] of LOOKS) {
    const visit = await Visit.make(settings.all, { colorScheme, locale, viewport: { width, height: 900 } });
    for (const view of VIEWS) {
      const name = `${view}, ${colorScheme}, ${locale}, ${width} wide`;
      await visit.open(`#/${view}?${WINDOW}`);
      const wrong = await visit.axe();
      ok(!wrong, `${name}: accessible`, wrong);
      const wide = await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      ok(wide <= 1, `${name}: does not scroll sideways`, `${wide} pixels`);
      const keys = (await visit.page.evaluate(() => document.body.innerText)).match(/\b[a-z]+\.[a-z]+(\.[a-z]+)?\b(?!@)/g) ?? [];
      ok(!keys.some((key) => /^(view|honest|empty|log|delivery|causes|live|chart|tick|unit|rest|funnel|heat|source|gap|health|before|limit|refresh|report|findings?|severity|quarantine|rule|problem)\./.test(key)), `${name}: every word is in the catalogue`, keys.join(" "));
      await visit.shot(`${view}-${colorScheme}-${width}`);
    }
    ok(visit.troubles.length === 0, `${colorScheme}: nothing in the console`, visit.troubles.join("\n"));
    ok(visit.outside.length === 0, `${colorScheme}: nobody else is asked`, visit.outside.join("\n"));
    await visit.close();
  }
}

// ---- figures

async function figures() {
  const visit = await Visit.make(settings.all);
  await visit.open(`#/overview?${WINDOW}`);
  const answer = await (await fetch(`${settings.base}v1/metrics/delivery?${WINDOW}&bucket=none`, { headers: { Authorization: `Bearer ${settings.all}` } })).json();
  const text = await visit.text(), { totals } = answer;
  const rate = `${(totals.rate * 100).toFixed(1)}%`;
  ok(text.includes(rate) && text.includes(`${totals.confirmed} of ${totals.requested}`), "the page says what the API says", `${rate} ${text.slice(0, 300)}`);
  await visit.until(() => document.querySelectorAll(".plot canvas").length === 4);
  ok(true, "four charts are drawn");
  ok((await visit.page.locator(".heat rect").count()) > 5, "how soon receipts came is drawn");
  await visit.page.locator("details.values summary").first().click();
  ok((await visit.page.locator("details.values tbody tr").first().count()) === 1, "the values of a chart can be read as a table");
  const box = await visit.page.locator(".plot .u-over").first().boundingBox();
  await visit.page.mouse.move(box.x + 40, box.y + 60);
  await visit.page.mouse.down();
  await visit.page.mouse.move(box.x + box.width / 2, box.y + 60, { steps: 5 });
  await visit.page.mouse.up();
  await visit.moved((url) => !url.hash.includes(WINDOW.slice(0, 40)));
  ok((await visit.page.evaluate(() => location.hash)).includes("since="), "the brush becomes the window, in the address");
  await visit.page.goBack();
  await visit.settle();
  ok((await visit.page.evaluate(() => location.hash)).includes("2026-03-02T00%3A00") || (await visit.page.evaluate(() => location.hash)).includes(WINDOW.slice(0, 30)), "the back button takes it back");
  await visit.close();
}

async function copying() {
  const visit = await Visit.make(settings.all, { permissions: ["clipboard-read", "clipboard-write"] });
  await visit.open(`#/overview?${WINDOW}`);
  await visit.page.locator(".card button.small").first().click();
  const copied = await visit.page.evaluate(() => navigator.clipboard.readText());
  ok(copied.startsWith('curl -H "Authorization: Bearer $TOKEN"') && copied.includes("/v1/metrics/delivery?since=") && !copied.includes("rcd_"), "copied as curl, without the token", copied);
  await visit.close();
}

// ---- hostile content (F148)

async function hostile() {
  const visit = await Visit.make(settings.all);
  for (const view of ["log?body=1", "log?participant=ada@harbor.example&peer=ben@quay.example&order=asc", "findings", "causes", "live"]) {
    await visit.open(`#/${view}${view.includes("?") ? "&" : "?"}${WINDOW}`);
    await visit.page.waitForTimeout(200);
  }
  await visit.open(`#/log?participant=ada@harbor.example&${WINDOW}`);
  ok((await visit.page.locator(".line").count()) >= 50, "the chat log shows its lines");
  ok((await visit.text()).includes("<script>window.hit=1</script>"), "an id with markup is shown as text");
  await visit.page.locator(".line .id").nth(3).click();
  await visit.page.waitForSelector("ol.steps");
  ok((await visit.page.locator(".steps li").count()) >= 2, "a message has its steps");
  for (const link of await visit.page.locator("main a").all()) await link.hover();
  const injected = await visit.page.evaluate(() => [window.hit, document.querySelectorAll("main script, main img, main iframe").length]);
  ok(injected[0] === undefined && injected[1] === 0, "nothing that a message holds runs", JSON.stringify(injected));
  const quiet = visit.troubles.filter((text) => !text.includes("404"));
  ok(quiet.length === 0, "and no policy had to stop it", quiet.join("\n"));
  await visit.close();
}

// ---- signing in

async function signingIn() {
  const visit = await Visit.make(null);
  await visit.page.goto(settings.base);
  await visit.page.waitForSelector("#token");
  const wrong = await visit.axe();
  ok(!wrong, "signing in is accessible", wrong);
  await visit.page.fill("#token", "nonsense");
  await visit.page.keyboard.press("Enter");
  await visit.page.waitForSelector("[role=alert]");
  ok((await visit.text()).includes("rcd_"), "what is no token is told at once");
  await visit.page.fill("#token", `rcd_${"A".repeat(43)}`);
  await visit.page.keyboard.press("Enter");
  await visit.page.locator("[role=alert]", { hasText: "not accepted" }).waitFor();
  ok((await visit.page.locator("nav").count()) === 0, "a wrong token is refused");
  await visit.page.fill("#token", settings.metrics);
  await visit.page.keyboard.press("Enter");
  await visit.settle();
  ok((await visit.page.locator("nav").count()) === 1, "a right one opens the page");
  ok(!(await visit.page.evaluate(() => location.href + document.cookie + JSON.stringify({ ...localStorage }))).includes("rcd_"), "the token is in no address, cookie or lasting store");
  await visit.page.goto(`${settings.base}#/log`);
  await visit.page.waitForSelector(".problem");
  ok((await visit.text()).includes("messages"), "what the token may not see is refused in words");
  await visit.page.getByRole("button", { name: "Sign out" }).click();
  await visit.page.waitForSelector("#token");
  ok((await visit.page.evaluate(() => sessionStorage.length)) === 0, "signed out: nothing is kept");
  await visit.close();
}

// ---- states

async function answering(hash, path, change) {
  const visit = await Visit.make(settings.all);
  await visit.page.route((url) => url.pathname === path, async (route) => {
    const answer = await route.fetch();
    const { status, body } = change(await answer.json());
    await route.fulfill({ status: status ?? 200, contentType: status ? "application/problem+json" : "application/json", body: JSON.stringify(body) });
  });
  await visit.open(hash);
  return visit;
}

async function states() {
  const delivery = "/v1/metrics/delivery";
  let visit = await answering(`#/overview?${WINDOW}`, delivery, (body) => ({ body: { ...body, gaps: 2, final: false } }));
  const order = await visit.page.evaluate(() => {
    const warning = document.querySelector(".incomplete"), figure = document.querySelector(".card .number");
    return Boolean(warning && figure && warning.compareDocumentPosition(figure) & Node.DOCUMENT_POSITION_FOLLOWING);
  });
  ok(order && (await visit.text()).includes("2 gaps"), "incomplete: said before any number");
  await visit.shot("incomplete");
  await visit.close();
  visit = await answering(`#/overview?${WINDOW}`, delivery, () => ({ status: 503, body: { status: 503, detail: "The database cannot be asked at the moment.", request_id: "0123456789abcdef" } }));
  ok((await visit.text()).includes("0123456789abcdef") && (await visit.page.getByRole("button", { name: "Try again" }).count()) === 1, "error: with the request id, and a way to try again");
  const wrong = await visit.axe();
  ok(!wrong, "error: accessible", wrong);
  await visit.close();
  visit = await Visit.make(settings.all);
  await visit.open("#/overview?since=2020-01-01T00:00:00.000Z&until=2020-01-02T00:00:00.000Z");
  const text = await visit.text();
  ok(text.includes("No messages in this window") && !/\b(0|100)(\.0)?\s?%(?! or)/.test(text.replace("0 % or 100 %", "")), "empty: no rate is made up", text);
  let release;
  const held = new Promise((go) => { release = go; });
  await visit.page.route("**/v1/metrics/delivery*", async (route) => { await held; await route.continue(); });
  await visit.open("#/input");
  await visit.page.goto(`${settings.base}#/overview?${WINDOW}`);
  await visit.page.locator(".ghost").first().waitFor();
  ok((await visit.page.getAttribute("main", "aria-busy")) === "true", "loading: places are held, and it is told");
  release();
  await visit.settle();
  await visit.close();
}

// ---- without a mouse

async function keyboard() {
  const visit = await Visit.make(settings.all);
  await visit.open(`#/overview?${WINDOW}`);
  await visit.page.keyboard.press("Tab");
  ok((await visit.page.evaluate(() => document.activeElement.id)) === "skip", "the first stop is the way to the content");
  await visit.page.keyboard.press("Enter");
  ok((await visit.page.evaluate(() => document.activeElement.id)) === "main", "which goes there");
  const reached = new Set(), hidden = [];
  for (let i = 0; i < 60; i++) {
    await visit.page.keyboard.press("Tab");
    reached.add(await visit.page.evaluate(() => document.activeElement.textContent.trim().slice(0, 20)));
    const unseen = await visit.page.evaluate(() => {
      const at = document.activeElement, box = at.getBoundingClientRect(), head = document.querySelector("header").getBoundingClientRect();
      if (at === document.body || at.id === "skip") return null;
      const covered = !at.closest("header") && box.top < head.bottom - 1, outside = box.bottom < 0 || box.top > innerHeight;
      return covered || outside || getComputedStyle(at).outlineStyle === "none" ? at.outerHTML.slice(0, 80) : null;
    });
    if (unseen) hidden.push(unseen);
  }
  // Backwards the page scrolls up, to where the head would cover what has the focus.
  for (let i = 0; i < 40; i++) {
    await visit.page.keyboard.press("Shift+Tab");
    const covered = await visit.page.evaluate(() => {
      const at = document.activeElement;
      return !at.closest("header") && at !== document.body && at.id !== "skip" && at.getBoundingClientRect().top < document.querySelector("header").getBoundingClientRect().bottom - 1 ? at.outerHTML.slice(0, 80) : null;
    });
    if (covered) hidden.push(covered);
  }
  ok(hidden.length === 0, "what has the focus is seen: not beneath the head, and with a frame", hidden.join("\n"));
  ok(reached.has("curl") && [...reached].some((text) => text.includes("Show the values")), "everything can be reached by Tab", [...reached].join(" | "));
  await visit.close();
}

// BROWSER_TESTS="health words": only these.
const wanted = process.env.BROWSER_TESTS?.split(" ");
try {
  for (const test of [everyView, figures, copying, hostile, signingIn, states, keyboard, ...features, ...liveTests, ...allStates]) if (!wanted || wanted.includes(test.name)) await test();
} catch (error) {
  ok(false, "the browser could be driven to the end", error.stack);
} finally {
  await browser.close();
}
process.exit(plan());
