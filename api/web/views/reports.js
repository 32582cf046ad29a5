// SPDX-License-Identifier: Apache-2.0
// The reports that were made, as files: a report is kept and sent on, so it is saved rather than shown here, where
// the policy of this page would not let its own styles in.
import { Problem, ask, load } from "../api.js";
import { h, replace } from "../dom.js";
import { count, instant } from "../format.js";
import { t, wordOf } from "../i18n.js";
import { curlButton, emptyBox, recorded } from "../parts/boxes.js";
import { table } from "../parts/table.js";
import { here, zoneOf } from "../state.js";

const PATH = "/v1/reports";
const KEPT = 60e3; // a browser may still be asking where to put it

async function save(row, file, button) {
  button.disabled = true;
  try {
    const path = `${PATH}/${encodeURIComponent(row.name)}.${encodeURIComponent(file.format)}`;
    const where = URL.createObjectURL(await load(path, { zone: row.zone, revision: row.revision }));
    h("a", { href: where, download: file.name }).click();
    setTimeout(() => URL.revokeObjectURL(where), KEPT);
    if (button.nextElementSibling?.matches(".bad")) button.nextElementSibling.remove();
  } catch (problem) {
    button.after(h("span", { class: "bad", role: "alert" }, ` ${problem.message}`));
  } finally {
    button.disabled = false;
  }
}

function files(row) {
  if (!row.kept) return h("span", { class: "muted" }, t("report.gone"));
  return row.files.map((file) => [h("button", { type: "button", class: "quiet small", title: `SHA-256 ${file.sha256}`, "aria-label": t("report.save", { day: row.name, format: file.format }),
    onclick: (event) => save(row, file, event.currentTarget) }, file.format), " "]);
}

// What a hook or a mail was to take, and has not.
function deliveries(row) {
  return row.deliveries.map((one) => h("p", { class: one.done_at ? "muted" : "warn" }, t(one.done_at ? "report.delivered" : "report.waits", { way: wordOf("way", one.way) }), one.problem && ` – ${one.problem}`));
}

function stands(row) {
  return [row.incomplete && h("span", { class: "tag bad" }, t("report.incomplete")), " ", h("span", { class: "tag" }, t(row.final ? "report.final" : "report.open"))];
}

// A server of before reports has no such path.
async function listOf(parameters, signal) {
  try {
    return await ask(PATH, parameters, signal);
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return { items: [] };
    throw problem;
  }
}

export async function reports(main, { query }, signal) {
  const zone = zoneOf(query), parameters = { revisions: query.revisions === "all" ? "all" : null }, { items, more } = await listOf(parameters, signal);
  replace(main, h("div", { class: "head" }, h("h1", {}, t("view.reports")), curlButton(PATH, parameters),
    h("a", { href: here({ revisions: parameters.revisions ? null : "all" }) }, t(parameters.revisions ? "report.newest" : "report.all"))), recorded(),
  !items.length ? emptyBox(t("empty.reports"), t("empty.reports.why")) : table(t("view.reports"), [
    { name: t("report.day"), cell: (row) => h("b", {}, row.name) }, { name: t("report.period"), cell: (row) => wordOf("period", row.period) },
    { name: t("zone"), cell: (row) => row.zone }, { name: t("report.revision"), cell: (row) => count(row.revision), number: true },
    { name: t("report.made"), cell: (row) => instant(row.made_at, zone) }, { name: t("report.stands"), cell: stands },
    { name: t("report.files"), cell: (row) => [files(row), deliveries(row)] }], items),
  more && h("p", { class: "muted" }, t("more")));
}
