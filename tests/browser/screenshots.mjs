// SPDX-License-Identifier: Apache-2.0
// Takes the pictures that screenshots.py asks for.
import { createRequire } from "node:module";
import { join } from "node:path";

const settings = JSON.parse(process.env.SETTINGS);
const { chromium } = createRequire(join(settings.modules, "any.js"))("playwright-core");

// name, view, look; the window ends where the clock of the scene stands.
const PICTURES = [
  ["overview", "overview", {}],
  ["overview-dark", "overview", { colorScheme: "dark" }],
  ["overview-phone", "overview", { colorScheme: "dark", viewport: { width: 360, height: 780 } }],
  ["how-soon", "overview", { only: ".heat-card" }],
  ["causes", "causes", {}],
  ["log", "log?participant=ada@harbor.example&body=1", { viewport: { width: 1280, height: 600 } }],
  ["findings", "findings", {}],
  ["live-zh", "live", { locale: "zh-CN", viewport: { width: 1280, height: 600 } }],
  ["wall", "wall", { colorScheme: "dark", viewport: { width: 1920, height: 1080 }, deviceScaleFactor: 0.6 }],
];

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const [name, hash, look] of PICTURES) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme: "light", locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...look });
  const page = await context.newPage();
  await page.clock.setFixedTime(new Date(settings.now));
  await page.addInitScript((text) => sessionStorage.setItem("receiptd.token", text), settings.token);
  await page.goto(`${settings.base}#/${hash}`);
  await page.waitForSelector("main:not([aria-busy]) h1");
  await page.waitForTimeout(500); // charts are drawn when they have a width
  if (hash.startsWith("live")) await page.waitForSelector(".live-state .good");
  await (look.only ? page.locator(look.only) : page).screenshot({ path: join(settings.folder, `${name}.png`) });
  await context.close();
  console.log(`${name}.png`);
}
await browser.close();
