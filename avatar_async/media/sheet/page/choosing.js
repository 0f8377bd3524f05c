// Choosing a cell: its fragment goes to the clipboard and into a file.

const FILE = "picked.toml";
let chosen = null;

function say(text) {
  const open = byId("details").open;
  byId(open ? "details-said" : "said").textContent = text;
  if (open) byId("said").textContent = text;
}

async function copy(cell) {
  try {
    await navigator.clipboard.writeText(cell.toml);
    return true;
  } catch {
    return copyBySelection(cell.toml);
  }
}

// Where the page may not write to the clipboard itself, copying a selection often works.
function copyBySelection(text) {
  const before = document.activeElement;
  const field = make("textarea", "unseen");
  field.value = text;
  field.readOnly = true;
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch {
    done = false;
  }
  field.remove();
  before?.focus?.({ preventScroll: true });
  return done;
}

function save(cell) {
  const address = URL.createObjectURL(new Blob([cell.toml], { type: "application/toml" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: FILE });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function mark(cell) {
  for (const other of allCells()) {
    const own = other === cell;
    other.article.classList.toggle("chosen", own);
    const button = other.article.querySelector('[data-act="choose"]');
    button.textContent = own ? "Chosen" : "Choose";
    button.setAttribute("aria-pressed", own);
  }
  chosen = cell;
}

async function choose(cell) {
  mark(cell);
  byId("tray").hidden = false;
  const text = byId("text");
  text.value = cell.toml;
  text.hidden = true;
  save(cell);
  const copied = await copy(cell);
  say(`${cell.name}: ${copied ? "copied, and" : "could not be copied, but"} saved as ${FILE}.`);
  if (!copied) offerText();
}

async function copyOnly(cell) {
  const copied = await copy(cell);
  say(copied ? `${cell.name}: copied.` : "The browser refused to copy.");
  if (!copied) offerText();
}

// The last way: the text itself, selected, for the person's own Ctrl+C.
function offerText() {
  if (byId("details").open) {
    getSelection().selectAllChildren(byId("details-toml").querySelector(".toml"));
    return;
  }
  const text = byId("text");
  text.hidden = false;
  text.focus();
  text.select();
}

function listenToTray() {
  byId("again-copy").addEventListener("click", () => chosen && copyOnly(chosen));
  byId("again-save").addEventListener("click", () => {
    if (!chosen) return;
    save(chosen);
    say(`${chosen.name}: saved as ${FILE}.`);
  });
  byId("put-away").addEventListener("click", () => {
    byId("tray").hidden = true;
    mark(null);
  });
}
