// Click a column's header to sort by it; without script the tables read as they are.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  if (body.rows.length < 4) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const number = head.classList.contains("number");
      const descending = head.getAttribute("aria-sort") !== (number ? "descending" : "ascending") === number;
      const key = (row) => {
        const cell = row.cells[column];
        return number ? Number(cell.dataset.value ?? -Infinity) : cell.textContent;
      };
      const compare = (a, b) => (number ? key(a) - key(b) : key(a).localeCompare(key(b)));
      body.append(...[...body.rows].sort((a, b) => (descending ? compare(b, a) : compare(a, b))));
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    });
  });
}
