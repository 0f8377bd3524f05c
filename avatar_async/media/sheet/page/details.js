// The details of one cell: a large view, every parameter, and what to do with it.

let bigView = null;
let opened = null;

function openDetails(cell) {
  opened = cell;
  byId("details-name").textContent = `${cell.source.name}: ${cell.name}`;
  byId("details-said").textContent = "";
  const body = byId("details-body");
  body.replaceChildren();
  for (const part of cell.article.querySelectorAll(".caption .row, .caption .chips, .caption .notes, .more > .label, .more > .params")) {
    const copied = part.cloneNode(true);
    copied.querySelector("h3")?.remove();
    if (copied.querySelector(".score") || !copied.matches(".row")) body.append(copied);
  }
  byId("details-toml").replaceChildren(cell.article.querySelector(".toml").cloneNode(true));
  const element = make("div", "view");
  byId("details").querySelector(".big").replaceChildren(element);
  bigView = new View(element, cell.source, cell);
  bigView.setNear(true);
  listen(bigView);
  applyPlace();
  const row = inOrder(cell.source);
  byId("before").disabled = row.indexOf(cell) <= 0;
  byId("after").disabled = row.indexOf(cell) >= row.length - 1;
  showReference();
  for (const list of byId("details").querySelectorAll("[data-mirror]")) list.value = shown[list.dataset.mirror];
  byId("details").querySelector(".side").scrollTop = 0;
  if (!byId("details").open) byId("details").showModal();
}

function showReference() {
  const button = byId("details-reference");
  const own = opened.source.reference === opened;
  button.textContent = own ? "Is the reference" : "Use as reference";
  button.disabled = own;
}

function setReference(cell) {
  cell.source.reference = cell;
  for (const each of cell.source.cells) markReference(each);
  renderAll();
  showReference();
  say(`${cell.name} is what others are compared with.`);
}

function markReference(cell) {
  cell.article.querySelector(".badge.reference").hidden = cell.source.reference !== cell;
}

// The cells of a source as they stand on the page.
function inOrder(source) {
  return [...source.section.querySelectorAll(".cell[data-facts]")]
    .filter((article) => !article.hidden)
    .map((article) => source.cells.find((cell) => cell.article === article));
}

function step(by) {
  const row = inOrder(opened.source);
  const next = row[row.indexOf(opened) + by];
  if (next) openDetails(next);
}

function listenToDetails() {
  const dialog = byId("details");
  for (const list of dialog.querySelectorAll("[data-mirror]")) {
    list.addEventListener("change", () => setShown(list.dataset.mirror, list.value));
  }
  byId("leave").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    bigView?.setNear(false);
    bigView = null;
    opened?.article.querySelector('[data-act="details"]')?.focus({ preventScroll: true });
    opened?.article.scrollIntoView({ block: "nearest" });
  });
  byId("details-choose").addEventListener("click", () => choose(opened));
  byId("details-copy").addEventListener("click", () => copyOnly(opened));
  byId("details-save").addEventListener("click", () => {
    save(opened);
    say(`${opened.name}: saved as ${FILE}.`);
  });
  byId("details-reference").addEventListener("click", () => setReference(opened));
  byId("before").addEventListener("click", () => step(-1));
  byId("after").addEventListener("click", () => step(1));
}
