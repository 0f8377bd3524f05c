// Bring the page to life.

function listenToBar() {
  const bar = byId("bar");
  bar.addEventListener("submit", (event) => event.preventDefault());
  bar.addEventListener("change", ({ target }) => {
    if (["pair", "part", "ground"].includes(target.name)) setShown(target.name, target.value);
    else if (target.name === "layout") arrange();
    else if (target.name === "full") showFull(target.checked);
  });
  document.addEventListener("click", ({ target }) => {
    if (target.dataset.zoom === "in") zoomTo(shown.zoom * 1.5);
    if (target.dataset.zoom === "out") zoomTo(shown.zoom / 1.5);
  });
  byId("fold").addEventListener("click", () => {
    const open = bar.classList.toggle("open");
    byId("fold").setAttribute("aria-expanded", open);
  });
  const filter = byId("filter");
  document.addEventListener("pointerdown", ({ target }) => {
    if (filter.open && !filter.contains(target)) filter.open = false;
  });
  filter.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    filter.open = false;
    filter.querySelector("summary").focus();
  });
}

function showFull(full) {
  root.classList.toggle("full", full);
  for (const cell of allCells()) cell.article.querySelector(".more").open = full;
}

function start() {
  root.classList.add("js");
  sources = [...document.querySelectorAll(".source")].map((section) => new Source(section));
  byId("bar").hidden = false;
  for (const source of sources) {
    addView(source.card, source, null);
    for (const cell of source.cells) {
      addView(cell.article, source, cell);
      markReference(cell);
    }
  }
  byId("cells").addEventListener("click", ({ target }) => {
    const act = target.dataset.act;
    const article = act && target.closest(".cell");
    const cell = article && allCells().find((each) => each.article === article);
    if (act === "choose") choose(cell);
    if (act === "details") openDetails(cell);
  });
  fillPanel();
  listenToBar();
  listenToTray();
  listenToDetails();
  listenToIndex();
  arrange();
  applyPlace();
}

start();
