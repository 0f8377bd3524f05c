// Filter, sort, and the table of a sweep.

const filters = new Map(); // parameter -> text of its value
const limits = { source: "", least: NaN, most: NaN };

// The values of a parameter among cells: text -> what to sort by.
function valuesOf(cells, name) {
  const found = new Map();
  for (const { facts } of cells) if (name in facts.values) found.set(facts.values[name].text, facts.values[name].sort);
  return new Map([...found].sort(([textA, a], [textB, b]) => (a ?? 0) - (b ?? 0) || textA.localeCompare(textB, "en", { numeric: true })));
}

function varying(cells) {
  const names = Object.keys(cells[0]?.facts.values ?? {});
  return names.filter((name) => valuesOf(cells, name).size > 1);
}

function passes(cell) {
  if (limits.source && cell.source.id !== limits.source) return false;
  const { score, values } = cell.facts;
  if (!Number.isNaN(limits.least) && !(score !== null && score >= limits.least)) return false;
  if (!Number.isNaN(limits.most) && !(score !== null && score <= limits.most)) return false;
  return [...filters].every(([name, text]) => values[name]?.text === text);
}

function sorted(cells, by) {
  const [what, name] = [by.slice(0, by.indexOf(":")), by.slice(by.indexOf(":") + 1)];
  const rank = (cell) => (what === "score" ? cell.facts.score : what === "value" ? cell.facts.values[name]?.sort : null) ?? null;
  const sign = name === "down" ? -1 : 1;
  const order = (cell) => cell.facts.order;
  return [...cells].sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    if (x === null || y === null) return (x === null) - (y === null) || order(a) - order(b); // unknown last
    return sign * (x - y) || order(a) - order(b);
  });
}

function arrange() {
  const by = byId("sort").value;
  const wantsTable = byId("bar").elements.layout.value === "table";
  let count = 0;
  for (const source of sources) {
    const kept = sorted(source.cells.filter(passes), by);
    count += kept.length;
    for (const cell of source.cells) cell.article.hidden = true;
    for (const cell of kept) cell.article.hidden = false;
    source.section.hidden = kept.length === 0 && (source.cells.length > 0 || (limits.source !== "" && limits.source !== source.id));
    source.list.append(source.card, ...kept.map((cell) => cell.article));
    source.section.classList.remove("sweeping");
    source.section.querySelector(".sweep")?.remove();
    source.section.querySelector(".hint")?.remove();
    if (!wantsTable || !kept.length) continue;
    const names = varying(kept);
    source.section.classList.toggle("sweeping", names.length === 2);
    if (names.length === 2) source.section.append(table(source, kept, names));
    else source.section.append(make("p", "hint", `A table needs exactly two parameters that vary; here ${names.length ? `${names.length} do: ${names.join(", ")}` : "none does"}.`));
  }
  const total = allCells().length;
  const where = document.querySelector(".pages") ? " on this page" : "";
  byId("count").textContent = count === total ? `${total} results${where}` : `${count} of ${total} results${where}`;
  const active = filters.size + Boolean(limits.source) + !Number.isNaN(limits.least) + !Number.isNaN(limits.most);
  byId("filter").classList.toggle("active", active > 0);
  byId("filter").querySelector("summary").textContent = active ? `Filter and sort (${active})` : "Filter and sort";
  byId("clear").disabled = active === 0;
}

function table(source, cells, [down, across]) {
  const region = make("div", "sweep");
  region.tabIndex = 0;
  region.setAttribute("role", "region");
  region.setAttribute("aria-label", `${source.name}: ${down} down, ${across} across`);
  const grid = region.appendChild(make("div"));
  grid.setAttribute("role", "table");
  const [rows, columns] = [[...valuesOf(cells, down).keys()], [...valuesOf(cells, across).keys()]];
  const narrow = source.section.classList.contains("tall") ? 172 : 200;
  grid.style.gridTemplateColumns = `max-content repeat(${columns.length}, minmax(${narrow}px, 320px))`;
  const line = () => {
    const strip = grid.appendChild(make("div", "strip"));
    strip.setAttribute("role", "row");
    return strip;
  };
  const put = (strip, role, className, text) => {
    const element = strip.appendChild(make("div", className, text));
    element.setAttribute("role", role);
    return element;
  };
  const head = line();
  put(head, "columnheader", "corner", `${down} ↓\n${across} →`);
  for (const text of columns) put(head, "columnheader", "col", `${across} ${text}`);
  for (const rowText of rows) {
    const strip = line();
    put(strip, "rowheader", "rowhead", rowText);
    for (const columnText of columns) {
      const spot = put(strip, "cell", "spot");
      const here = cells.filter(({ facts: { values } }) => values[down].text === rowText && values[across].text === columnText);
      spot.append(...here.map((cell) => cell.article));
      if (!here.length) spot.append(make("p", "none-yet", "not made"));
    }
  }
  return region;
}

function fillPanel() {
  const cells = allCells();
  const names = varying(cells);
  const box = byId("filters");
  const select = (label, options, change) => {
    const field = make("label", "pick", label);
    const list = field.appendChild(make("select"));
    list.setAttribute("aria-label", `Only ${label}`);
    list.append(new Option("any", ""), ...options.map(([text, value]) => new Option(text, value)));
    list.addEventListener("change", () => {
      change(list.value);
      arrange();
    });
    box.append(field);
  };
  if (sources.length > 1) select("source", sources.map((each) => [each.name, each.id]), (value) => { limits.source = value; });
  for (const name of names) {
    select(name, [...valuesOf(cells, name).keys()].map((text) => [text, text]), (value) => (value ? filters.set(name, value) : filters.delete(name)));
  }
  const scored = cells.some((cell) => cell.facts.score !== null);
  if (scored) {
    for (const [key, label] of [["least", "score at least"], ["most", "score at most"]]) {
      const field = make("label", "pick", label);
      const input = Object.assign(make("input"), { type: "number", step: "any" });
      input.addEventListener("input", () => {
        limits[key] = input.valueAsNumber;
        arrange();
      });
      input.setAttribute("aria-label", `Only ${label}`);
      field.append(input);
      box.append(field);
    }
  }
  byId("sort").append(
    new Option("order made", ":"),
    ...(scored ? [new Option("score, low to high", "score:up"), new Option("score, high to low", "score:down")] : []),
    ...names.filter((name) => cells.every(({ facts }) => typeof facts.values[name]?.sort === "number")).map((name) => new Option(name, `value:${name}`)),
  );
  byId("sort").addEventListener("change", arrange);
  byId("clear").addEventListener("click", () => {
    filters.clear();
    Object.assign(limits, { source: "", least: NaN, most: NaN });
    for (const field of box.querySelectorAll("select, input")) field.value = "";
    arrange();
  });
}
