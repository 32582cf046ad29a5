// SPDX-License-Identifier: Apache-2.0
// The reports that were made, as files: a report is kept and sent on, so it is saved rather than shown here, where
// the policy of this page would not let its own styles in.
import { Problem, ask, load } from "../api.js";
import { h, replace } from "../dom.js";
import { count, instant } from "../format.js";
import { t, wordOf } from "../i18n.js";
import { curlButton, emptyBox } from "../parts/boxes.js";
import { table } from "../parts/table.js";
import { zoneOf } from "../state.js";

const PATH = "/v1/reports";
const KEPT = 60e3; // a browser may still be asking where to put it

function parametersOf(row) {
  return { period: row.period === "day" ? null : row.period, zone: row.zone, revision: row.revision };
}

async function save(row, format, button) {
  const name = `receiptd-${row.period}-${row.day}-r${row.revision}.${format}`;
  button.disabled = true;
  try {
    const where = URL.createObjectURL(await load(`${PATH}/${encodeURIComponent(row.day)}.${format}`, parametersOf(row)));
    h("a", { href: where, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(where), KEPT);
    button.nextElementSibling?.matches(".bad") && button.nextElementSibling.remove();
  } catch (problem) {
    button.after(h("span", { class: "bad", role: "alert" }, ` ${problem.message}`));
  } finally {
    button.disabled = false;
  }
}

function formats(row) {
  return (row.formats ?? []).map((format) => [h("button", { type: "button", class: "quiet small", "aria-label": t("report.save", { day: row.day, format }),
    onclick: (event) => save(row, format, event.currentTarget) }, format), " "]);
}

function stands(row) {
  return [row.incomplete && h("span", { class: "tag bad" }, t("report.incomplete")), " ", h("span", { class: "tag" }, t(row.final ? "report.final" : "report.open"))];
}

async function listOf(signal) {
  try {
    return (await ask(PATH, {}, signal)).reports ?? [];
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return [];
    throw problem;
  }
}

export async function reports(main, { query }, signal) {
  const zone = zoneOf(query), rows = await listOf(signal);
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.reports")), curlButton(PATH, {})),
    !rows.length ? emptyBox(t("empty.reports"), t("empty.reports.why")) : table(t("view.reports"), [
      { name: t("report.day"), cell: (row) => h("b", {}, row.day) }, { name: t("report.period"), cell: (row) => wordOf("period", row.period) },
      { name: t("zone"), cell: (row) => row.zone }, { name: t("report.revision"), cell: (row) => count(row.revision), number: true },
      { name: t("report.made"), cell: (row) => instant(row.made_at, zone) }, { name: t("report.stands"), cell: stands },
      { name: t("report.files"), cell: formats }], rows));
}
