// The list of all results of a sheet of several pages: search and sort.

function listenToIndex() {
  const index = byId("index");
  if (!index) return;
  const body = index.querySelector("tbody");
  const made = [...body.rows];
  const texts = made.map((row) => row.textContent.toLowerCase());
  byId("find").addEventListener("input", ({ target }) => {
    const words = target.value.toLowerCase().split(/\s+/).filter(Boolean);
    made.forEach((row, at) => { row.hidden = !words.every((word) => texts[at].includes(word)); });
  });
  const heads = [...index.querySelectorAll("[data-column]")];
  heads.forEach((button, column) => {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const each of heads) each.closest("th").removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
      const rows = made.map((row, at) => [key(row), at, row]);
      rows.sort(([a, atA], [b, atB]) => {
        if (a === "" || b === "") return (a === "") - (b === "") || atA - atB; // unknown last
        const apart = "sort" in made[0].cells[column].dataset ? a - b : a.localeCompare(b, "en", { numeric: true });
        return (down ? -apart : apart) || atA - atB;
      });
      body.append(...rows.map(([, , row]) => row));
    });
  });
}
