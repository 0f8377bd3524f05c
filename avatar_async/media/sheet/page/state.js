// What the page holds: sources, cells, and what is being shown of them.

const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const shown = {
  pair: "composite", // which pictures lie over each other
  part: "whole", // or "edges"
  ground: "made", // what stands behind the subject
  split: 50, // where the divider is, in percent
  zoom: 1,
  x: 0.5, // what is in the middle of each picture, as shares of its sides
  y: 0.5,
};

const ZOOM_MOST = 8;

class Source {
  constructor(section) {
    this.section = section;
    this.id = section.id;
    this.name = section.querySelector("h2").textContent;
    this.list = section.querySelector(".cells");
    this.card = section.querySelector(".original");
    this.pictures = picturesOf(this.card);
    this.cells = [...section.querySelectorAll(".cell[data-facts]")].map((article) => new Cell(article, this));
    this.reference = this.cells.find((cell) => cell.facts.changed.length === 0) ?? this.cells[0] ?? null;
  }
}

class Cell {
  constructor(article, source) {
    this.article = article;
    this.source = source;
    this.facts = JSON.parse(article.dataset.facts);
    this.pictures = picturesOf(article);
    this.view = null;
  }

  get name() {
    return this.article.querySelector("h3").textContent;
  }

  get toml() {
    return this.article.querySelector(".toml").textContent;
  }
}

// Every picture stands in the page once, as a hidden image; what is shown takes its address.
function picturesOf(element) {
  const found = {};
  for (const image of element.querySelectorAll("img[data-layer]")) found[image.dataset.layer] = image;
  return found;
}

let sources = [];
const allCells = () => sources.flatMap((source) => source.cells);

// Apply zoom and divider to every picture at once: they are custom properties of the root.
function applyPlace() {
  const { zoom, split } = shown;
  const left = clamp(shown.x - 0.5 / zoom, 0, 1 - 1 / zoom);
  const top = clamp(shown.y - 0.5 / zoom, 0, 1 - 1 / zoom);
  shown.x = left + 0.5 / zoom;
  shown.y = top + 0.5 / zoom;
  root.style.setProperty("--zoom", zoom);
  root.style.setProperty("--tx", `${-left * zoom * 100}%`);
  root.style.setProperty("--ty", `${-top * zoom * 100}%`);
  root.style.setProperty("--split", `${split}%`);
  root.classList.toggle("zoomed", zoom > 1);
  root.classList.toggle("edges", shown.part === "edges");
  root.classList.toggle("sharp", zoom >= 3 || (shown.part === "edges" && zoom > 1));
  for (const times of document.querySelectorAll(".times")) times.textContent = `${Number(zoom.toFixed(1))}×`;
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.setAttribute("aria-disabled", button.dataset.zoom === "out" ? zoom <= 1 : zoom >= ZOOM_MOST);
  }
  for (const handle of document.querySelectorAll(".handle")) {
    handle.setAttribute("aria-valuenow", Math.round(split));
    handle.setAttribute("aria-valuetext", `${Math.round(split)} percent from the left`);
  }
}

// Zoom so that the spot under (atX, atY), shares of the view's sides, stays where it is.
function zoomTo(zoom, atX = 0.5, atY = 0.5) {
  const next = clamp(zoom, 1, ZOOM_MOST);
  const spotX = shown.x + (atX - 0.5) / shown.zoom;
  const spotY = shown.y + (atY - 0.5) / shown.zoom;
  shown.x = spotX - (atX - 0.5) / next;
  shown.y = spotY - (atY - 0.5) / next;
  shown.zoom = next;
  applyPlace();
}

// Move the picture by shares of the view's sides.
function moveBy(acrossShare, downShare) {
  shown.x -= acrossShare / shown.zoom;
  shown.y -= downShare / shown.zoom;
  applyPlace();
}

function splitTo(percent) {
  shown.split = clamp(percent, 0, 100);
  applyPlace();
}
