// SPDX-License-Identifier: Apache-2.0
// Words of the page: one catalogue per language, lang/NAME.json. A key that is missing shows itself.

export const languages = [["en", "English"], ["zh", "中文"]];
const KEPT = "receiptd.language";
let words = {};
// locale: of numbers and times, the viewer's own kind of that language.
export const spoken = { language: "en", locale: "en" };

function wanted() {
  const names = [localStorage.getItem(KEPT), ...(navigator.languages ?? [])];
  for (const name of names) {
    const short = (name ?? "").slice(0, 2).toLowerCase();
    if (languages.some(([known]) => known === short)) return short;
  }
  return "en";
}

export async function loadWords() {
  const language = wanted();
  spoken.language = language;
  spoken.locale = (navigator.languages ?? []).find((name) => name.slice(0, 2).toLowerCase() === language) ?? language;
  words = await (await fetch(`lang/${language}.json`)).json();
  document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
}

export async function chooseLanguage(name) {
  localStorage.setItem(KEPT, name);
  await loadWords();
}

// t("x.y", {n: 3}): {n} in the text is replaced.
export function t(key, values) {
  const text = words[key] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all) : text;
}

export function known(key) {
  return Object.hasOwn(words, key);
}

// A word of the server (a state, a cause) in the language of the page; one that the catalogue lacks as it is.
export function wordOf(prefix, value) {
  const key = `${prefix}.${value}`;
  return known(key) ? t(key) : value ?? "";
}
