// SPDX-License-Identifier: Apache-2.0
// Every view in every state: empty, loading, incomplete, refused, asked too often, without database, hostile. With
// RECEIPTD_LONG each is looked at by axe, else each kind of state once.
import { VIEWS, Visit, WINDOW, ok, settings } from "./visit.mjs";

const LONG = Boolean(process.env.RECEIPTD_LONG);
const HOSTILE = "<img src=x onerror=window.hit=1>\"'><script>window.hit=2</script>javascript:\u202e";

// One page for all views of a state: change(answer, path) -> {status, body}, or null for an answer that never comes.
async function under(state, token, change, look) {
  const visit = await Visit.make(token);
  await visit.page.route((url) => url.pathname.startsWith("/v1/"), async (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path.startsWith("/v1/live")) return route.fulfill({ status: 503, body: "{}" });
    const made = await change(async () => (await route.fetch()).json(), path);
    if (!made) return undefined;
    return route.fulfill({ status: made.status ?? 200, contentType: made.status ? "application/problem+json" : "application/json", body: JSON.stringify(made.body),
      headers: made.status === 429 ? { "Retry-After": "1" } : {} }).catch(() => {});
  });
  await visit.page.goto(settings.base);
  let looked = false;
  for (const view of VIEWS) {
    await look(visit, view);
    if (LONG || !looked) {
      const wrong = await visit.axe();
      ok(!wrong, `${state}, ${view}: accessible`, wrong);
    }
    looked = true;
  }
  ok(visit.outside.length === 0, `${state}: nobody else is asked`, visit.outside.join("\n"));
  return visit;
}

async function at(visit, hash) {
  await visit.page.evaluate((to) => { document.querySelector("main").setAttribute("aria-busy", "true"); location.hash = to; }, hash);
  await visit.settle();
}

// ---- nothing there

function emptied(answer) {
  const out = { ...answer };
  for (const name of ["items", "others", "series"]) if (Array.isArray(out[name])) out[name] = [];
  return { ...out, next: null, more: false };
}

async function empty() {
  const visit = await under("empty", settings.all, async (fetched) => ({ body: emptied(await fetched()) }), async (page, view) => {
    await at(page, `#/${view}?since=2020-01-01T00:00:00.000Z&until=2020-01-02T00:00:00.000Z`);
    const text = await page.text();
    ok(/No |Nothing |Every record|Everything that asked|too few/i.test(text) && !/\b(100(\.0)?|0\.0)\s?%(?! or)/.test(text.replace("0 % or 100 %", "")), `empty, ${view}: said in words, no rate is made up`, text.slice(0, 400));
  });
  await visit.close();
}

// ---- nothing yet

async function loading() {
  const visit = await under("loading", settings.all, async () => null, async (page, view) => {
    await page.page.evaluate((to) => { location.hash = to; }, `#/${view}?${WINDOW}`);
    await page.page.waitForSelector(".ghost, .busy, main .muted, main[aria-busy]");
    ok((await page.page.getAttribute("main", "aria-busy")) === "true" && (await page.page.textContent("#said")).length > 0, `loading, ${view}: it is told`);
  });
  await visit.close();
}

// ---- something is missing

const FIGURES = ["overview", "causes", "live", "log", "findings", "input", "wall"];

async function incomplete() {
  const visit = await under("incomplete", settings.all, async (fetched) => ({ body: { ...(await fetched()), gaps: 3 } }), async (page, view) => {
    await at(page, `#/${view}?${WINDOW}`);
    if (!FIGURES.includes(view)) return;
    const first = await page.page.evaluate(() => {
      const warning = document.querySelector(".incomplete"), figure = document.querySelector(".number, table, .lines");
      return Boolean(warning) && (!figure || Boolean(warning.compareDocumentPosition(figure) & Node.DOCUMENT_POSITION_FOLLOWING));
    });
    ok(first && (await page.text()).includes("3 gaps"), `incomplete, ${view}: said before any figure`);
  });
  await visit.close();
}

// ---- no answer

const ERRORS = [[403, "Not with this token"], [429, "Asked too often"], [503, "The database cannot be asked"]];

async function refused() {
  for (const [status, words] of ERRORS) {
    const visit = await under(`${status}`, settings.all, async () => ({ status, body: { status, detail: "In the words of the server.", request_id: "0123456789abcdef" } }), async (page, view) => {
      await at(page, `#/${view}?${WINDOW}`);
      const text = await page.text();
      ok(text.includes(words) && text.includes("In the words of the server.") && text.includes("0123456789abcdef"), `${status}, ${view}: what it is, what to do, and which request`, text.slice(0, 300));
    });
    await visit.close();
  }
}

async function signedOut() {
  const visit = await Visit.make(null);
  await visit.page.route((url) => url.pathname.startsWith("/v1/"), (route) => route.fulfill({ status: 401, contentType: "application/problem+json", body: "{\"status\":401}" }));
  await visit.page.goto(settings.base);
  for (const view of VIEWS) {
    await visit.page.evaluate(([text, to]) => {
      sessionStorage.setItem("receiptd.token", text);
      document.querySelector("main").replaceChildren();
      location.hash = to;
    }, [settings.all, `#/${view}?${WINDOW}`]);
    await visit.page.locator("[role=alert]", { hasText: "not accepted" }).waitFor();
    ok((await visit.page.evaluate(() => sessionStorage.length)) === 0 && (await visit.page.locator("nav").count()) === 0, `401, ${view}: signed out, and said so`);
  }
  await visit.close();
}

// ---- hostile words in every place that a server fills (F148)

const PLAIN = /^(\d{4}-\d\d-\d\dT.*|[0-9a-f]{16}|item|to|from|pending|expired|confirmed|failed|unknown)$/;

function poisoned(value, name) {
  if (Array.isArray(value)) return value.map((one) => poisoned(one, name));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [name === "devices" || name === "readers" ? HOSTILE + key : key, poisoned(inner, key)]));
  return typeof value === "string" && !PLAIN.test(value) && !["complete_until", "tz", "bucket"].includes(name) ? HOSTILE : value;
}

const LISTS = {
  "/v1/reports": { items: [{ name: "2026-03-03", day: "d", period: "p", zone: "z", revision: 1, made_at: "2026-03-04T00:00:00Z", incomplete: true, final: false, kept: true,
    files: [{ format: "html", name: "n", bytes: 1, sha256: "s" }], deliveries: [{ way: "w", tries: 1, done_at: null, next_at: null, problem: "p" }] }] },
  "/v1/gaps": { items: [{ source: "s", cause: "c", from_at: "2026-03-02T00:00:00Z", to_at: "2026-03-02T01:00:00Z", found_at: "2026-03-02T02:00:00Z" }] },
  "/v1/quarantine": { items: [{ source: "s", reason: "r", at: "2026-03-02T00:00:00Z", offset: 1, length: 2, records: 3 }] },
};

async function hostile() {
  const visit = await under("hostile", settings.all, async (fetched, path) => ({ body: poisoned({ ...(await fetched()), ...LISTS[path] }) }), async (page, view) => {
    await at(page, `#/${view}?${WINDOW}${{ log: "&participant=ada@harbor.example&body=1", live: "&verdict=expired" }[view] ?? ""}`);
    if (view === "findings") await at(page, `#/findings?${WINDOW}&rule=${encodeURIComponent(HOSTILE)}`);
    const found = await page.page.evaluate(() => [window.hit ?? null, document.querySelectorAll("main script, main img, main iframe, main [onerror]").length, document.querySelectorAll("a[href^='javascript']").length]);
    ok(found.every((one) => !one), `hostile, ${view}: nothing runs`, JSON.stringify(found));
    if (!["overview", "wall"].includes(view)) ok((await page.text()).includes(HOSTILE), `hostile, ${view}: shown as text`);
  });
  ok(!visit.troubles.some((text) => /Content Security Policy/i.test(text)), "hostile: and no policy had to stop it", visit.troubles.join("\n"));
  await visit.close();
}

export const allStates = [empty, loading, incomplete, refused, signedOut, hostile];
