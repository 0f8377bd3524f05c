// A view: the picture of one cell, or two with a divider, at the common zoom.

const PAIRS = {
  composite: ["composite", null],
  "only-matte": ["matte", null],
  original: ["original", "composite"],
  matte: ["composite", "matte"],
  reference: ["reference", "composite"],
};
const GROUNDS = { white: [255, 255, 255], black: [0, 0, 0], grey: [128, 128, 128] };
const LOST = { matte: "no matte is known" };
const CHECKER = [204, 153];
const CHECKER_PX = 12;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

class View {
  // `cell` is null for the original's own card.
  constructor(element, source, cell) {
    this.element = element;
    this.source = source;
    this.cell = cell;
    this.near = false;
    this.halves = [this.#half("under"), this.#half("over")];
    this.handle = make("div", "handle");
    for (const [name, value] of [["role", "slider"], ["tabindex", "0"], ["aria-valuemin", "0"], ["aria-valuemax", "100"]]) {
      this.handle.setAttribute(name, value);
    }
    element.append(...this.halves.map((half) => half.box), this.handle);
    this.render();
  }

  #half(side) {
    const half = { box: make("div", `half ${side}`), image: make("img"), canvas: null, gone: make("p", "gone"), tag: make("span", "tag"), derived: make("span", "derived", "derived background"), wanted: 0 };
    half.image.decoding = "async";
    half.image.draggable = false;
    half.box.append(half.image, half.gone, half.tag, half.derived);
    return half;
  }

  // The layers to show; where one of a pair is not there, the other alone, and which is lost.
  #shownLayers() {
    const layers = this.cell ? PAIRS[shown.pair] : ["original", null];
    if (layers[1] === null) return [layers, null];
    const there = layers.filter((layer) => this.#picture(layer));
    if (there.length === 2) return [layers, null];
    return [[there[0] ?? "composite", null], there.length ? layers.find((layer) => layer !== there[0]) : null];
  }

  #tell(half, text) {
    half.tag.hidden = false;
    half.tag.textContent = text;
  }

  // Pictures are set only where they are near the window, so that memory stays bounded.
  setNear(near) {
    if (near === this.near) return;
    this.near = near;
    this.render();
  }

  render() {
    const [layers, lost] = this.#shownLayers();
    const size = this.#size();
    if (size) {
      this.element.style.aspectRatio = `${size[0]} / ${size[1]}`;
      this.element.style.setProperty("--ratio", size[0] / size[1]);
    }
    const compares = layers[1] !== null;
    this.compares = compares;
    this.element.classList.toggle("pair", compares);
    this.handle.hidden = !compares;
    this.halves[1].box.hidden = !compares;
    this.element.tabIndex = compares ? -1 : 0;
    const name = this.cell ? `${this.source.name}, ${this.cell.name}` : `${this.source.name}, original`;
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", `Picture of ${name}`);
    this.handle.setAttribute("aria-label", `Divider: ${layers.filter(Boolean).join(" left, ")} right, ${name}`);
    this.halves.forEach((half, side) => this.#show(half, layers[side], compares, name));
    if (lost) this.#tell(this.halves[0], `${layers[0]}; ${LOST[lost] ?? `no ${lost}`}`);
    const frame = this.element.querySelector(".frame");
    frame?.classList.toggle("on", shown.part === "whole");
  }

  #size() {
    const image = this.#picture(this.cell ? "composite" : "original") ?? this.#picture("original");
    return image && [image.getAttribute("width"), image.getAttribute("height")].map(Number);
  }

  // The cell that a layer is taken from, and the name of the picture there.
  #from(layer) {
    if (layer === "original") return [this.source, "original"];
    return layer === "reference" ? [this.source.reference, "composite"] : [this.cell, layer];
  }

  #picture(layer) {
    const [owner, name] = this.#from(layer);
    return owner?.pictures[shown.part === "edges" ? `${name}-edges` : name];
  }

  #show(half, layer, compares, name) {
    half.wanted += 1;
    half.derived.hidden = true;
    const image = layer && this.#picture(layer);
    half.gone.hidden = Boolean(image) || !layer;
    half.gone.textContent = LOST[layer] ?? `no ${layer} to show`;
    half.tag.hidden = !compares || !image;
    half.tag.textContent = layer;
    half.image.hidden = !image;
    half.image.alt = layer ? `${layer} of ${name}` : "";
    if (half.canvas) half.canvas.hidden = true;
    if (!image || !this.near) {
      half.image.removeAttribute("src");
      if (half.canvas) half.canvas.width = half.canvas.height = 0;
      return;
    }
    if (half.image.getAttribute("src") !== image.getAttribute("src")) half.image.src = image.getAttribute("src");
    if (shown.ground !== "made" && (layer === "composite" || layer === "reference")) this.#derive(half, layer, image);
  }

  // Lay the subject over another background: exact where the matte is, since the composite's own is known.
  async #derive(half, layer, image) {
    const [owner] = this.#from(layer);
    const matte = owner.pictures[shown.part === "edges" ? "matte-edges" : "matte"];
    const made = owner.facts.background;
    if (!matte || !made) {
      this.#tell(half, "as made: no matte");
      return;
    }
    const wanted = half.wanted;
    const pictures = await Promise.all([image, matte].map((each) => decoded(each.getAttribute("src"))));
    if (wanted !== half.wanted) return;
    half.canvas ??= half.box.insertBefore(make("canvas"), half.gone);
    half.canvas.setAttribute("role", "img");
    half.canvas.setAttribute("aria-label", `${half.image.alt}, over another background (derived)`);
    overGround(half.canvas, pictures, made, shown.ground);
    half.canvas.hidden = false;
    half.image.hidden = true;
    half.derived.hidden = false;
  }
}

async function decoded(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

// composite = alpha * subject + (1 - alpha) * made, so the other is composite + (1 - alpha) * (other - made).
function overGround(canvas, [composite, matte], made, ground) {
  const { naturalWidth: width, naturalHeight: height } = composite;
  const read = (picture) => {
    const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  };
  const pixels = read(composite);
  const { data } = pixels;
  const alpha = read(matte).data;
  const plain = GROUNDS[ground];
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, at += 4) {
      const clear = (255 - alpha[at]) / 255;
      if (clear === 0) continue;
      const square = CHECKER[((row / CHECKER_PX) ^ (column / CHECKER_PX)) & 1];
      for (let band = 0; band < 3; band += 1) data[at + band] += clear * ((plain ? plain[band] : square) - made[band]);
    }
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

const views = new Map(); // by the card they stand in
const watcher = new IntersectionObserver(
  (entries) => entries.forEach((entry) => views.get(entry.target)?.setNear(entry.isIntersecting)),
  { rootMargin: "300px" },
);

function addView(card, source, cell) {
  const view = new View(card.querySelector(".view"), source, cell);
  views.set(card, view);
  watcher.observe(card);
  listen(view);
  if (cell) cell.view = view;
}

// Show other pictures everywhere; another part of them begins without zoom.
function setShown(name, value) {
  shown[name] = value;
  if (name === "part") Object.assign(shown, { zoom: 1, x: 0.5, y: 0.5 });
  byId("bar").elements[name].value = value;
  renderAll();
}

function renderAll() {
  for (const view of views.values()) view.render();
  bigView?.render();
  applyPlace();
}
