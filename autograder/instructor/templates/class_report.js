"use strict";
// Sorting by a column, a filter for students, and everything unfolded in print; the page reads without any of it.
const value = (row, column, numeric) => {
  const cell = row.cells[column];
  const text = cell.dataset.v ?? cell.textContent.trim();
  return numeric ? Number.parseFloat(text) : text;
};
for (const table of document.querySelectorAll("table[data-sort]")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const words = new Intl.Collator(undefined, { numeric: true });
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      const numeric = head.hasAttribute("data-number");
      const rows = [...body.rows].map((row) => [value(row, column, numeric), row]);
      // What has no number comes last, whichever way the others go.
      rows.sort(([a], [b]) =>
        numeric ? (Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : sign * (a - b)) : sign * words.compare(a, b),
      );
      body.append(...rows.map(([, row]) => row));
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    });
  });
}
for (const place of document.querySelectorAll("[data-filter]")) {
  const rows = [...document.getElementById(place.dataset.filter).tBodies[0].rows];
  const label = document.createElement("label");
  const input = document.createElement("input");
  const said = document.createElement("span");
  label.textContent = "A column's head sorts. Show students whose id holds";
  label.htmlFor = input.id = `filter-${place.dataset.filter}`;
  input.type = "search";
  input.autocomplete = "off";
  said.setAttribute("role", "status");
  place.append(label, input, said);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
      shown += row.hidden ? 0 : 1;
    }
    said.textContent = wanted ? `${shown} of ${rows.length}` : "";
  });
}
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const one of folded) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of folded) one.open = false;
});
