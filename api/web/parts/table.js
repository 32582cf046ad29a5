// SPDX-License-Identifier: Apache-2.0
// A table of rows: columns say how their cells are made; wide ones scroll by themselves, not the page.
import { h } from "../dom.js";

// columns: {name, cell: row -> node or text, number, whole: does not break}
export function table(title, columns, rows, more) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title }, h("table", {},
    h("caption", { class: "unseen" }, title),
    h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col", class: `${column.number ? "n" : ""}${/\d/.test(column.name) ? " exact" : ""}`.trim() || null }, column.name)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((column) =>
      h("td", { class: column.number ? "n" : column.whole ? "whole" : null }, column.cell(row))))))), more);
}
