// SPDX-License-Identifier: Apache-2.0
// Numbers and times as people read them, in their language and the zone of the page.
import { spoken, t } from "./i18n.js";

const NONE = "–";
const made = new Map();

function maker(kind, options) {
  const key = spoken.locale + kind.name + JSON.stringify(options);
  if (!made.has(key)) made.set(key, new kind(spoken.locale, options));
  return made.get(key);
}

export function count(value) {
  return Number.isFinite(value) ? maker(Intl.NumberFormat, {}).format(value) : NONE;
}

export function short(value) {
  if (!Number.isFinite(value)) return NONE;
  return maker(Intl.NumberFormat, { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

// A rate is never rounded up to 100 % while something is missing, nor down to 0 %.
export function percent(value, digits = 1) {
  if (!Number.isFinite(value)) return NONE;
  const step = 10 ** -(digits + 2);
  let shown = Math.round(value / step) * step;
  if (shown >= 1 && value < 1) shown = 1 - step;
  if (shown <= 0 && value > 0) shown = step;
  return maker(Intl.NumberFormat, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(shown);
}

export function points(value) {
  if (!Number.isFinite(value)) return NONE;
  const text = maker(Intl.NumberFormat, { maximumFractionDigits: 2, }).format(value * 100);
  return t("unit.points", { n: text });
}

const UNITS = [[86400000, "d"], [3600000, "h"], [60000, "min"], [1000, "s"], [1, "ms"]];

export function duration(ms) {
  if (!Number.isFinite(ms)) return NONE;
  for (const [size, unit] of UNITS) {
    if (Math.abs(ms) < size && size > 1) continue;
    const value = ms / size;
    const text = maker(Intl.NumberFormat, { maximumFractionDigits: value < 10 && size > 1 ? 1 : 0 }).format(value);
    return t(`unit.${unit}`, { n: text });
  }
  return t("unit.ms", { n: "0" });
}

export function instant(text, zone, seconds = false) {
  if (!text) return NONE;
  return maker(Intl.DateTimeFormat, {
    dateStyle: "medium", timeStyle: seconds ? "medium" : "short", timeZone: zone,
  }).format(new Date(text));
}

// "14 – 21 March 2026, 01:00" says no day twice.
export function range(since, until, zone) {
  return maker(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "short", timeZone: zone }).formatRange(new Date(since), new Date(until));
}

export function clock(text, zone) {
  if (!text) return NONE;
  return maker(Intl.DateTimeFormat, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone })
    .format(new Date(text));
}

// As short as the step between two of them allows: labels of an axis.
export function mark(at, step, zone) {
  const options = step < 86400e3 ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : { month: "short", day: "numeric" };
  return maker(Intl.DateTimeFormat, { ...options, timeZone: zone }).format(at);
}

export function day(text, zone) {
  return maker(Intl.DateTimeFormat, { dateStyle: "full", timeZone: zone }).format(new Date(text));
}

// "2026-03-01" of an instant in a zone.
export function civil(at, zone) {
  const parts = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone });
  return parts.format(at);
}

export function ago(text, now = Date.now()) {
  return text ? t("ago", { time: duration(Math.max(0, now - Date.parse(text))) }) : NONE;
}
