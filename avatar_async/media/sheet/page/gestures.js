// Pointer, wheel and keys on a view: divider, zoom and moving the picture.

const CLICK_PX = 4; // a pointer that moved less was a click
const CLICK_ZOOM = 4;

function spotIn(element, event) {
  const box = element.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

function listen(view) {
  const { element } = view;
  const pointers = new Map();
  let act = null; // "divide", "move" or "pinch"
  let moved = false;
  let start = null;
  let apart = 0;

  const spread = () => {
    const [a, b] = [...pointers.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, event);
    if (pointers.size === 2) {
      act = "pinch";
      moved = true;
      apart = spread();
      return;
    }
    start = event;
    moved = false;
    const { compares } = view;
    const onHandle = event.target === view.handle;
    act = compares && (onHandle || shown.zoom === 1) ? "divide" : shown.zoom > 1 ? "move" : null;
    element.setPointerCapture(event.pointerId);
    if (onHandle) view.handle.focus({ preventScroll: true });
  });

  element.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    pointers.set(event.pointerId, event);
    if (act === "pinch" && pointers.size === 2) {
      const now = spread();
      const [a, b] = [...pointers.values()].map((each) => spotIn(element, each));
      zoomTo((shown.zoom * now) / Math.max(1, apart), (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
      apart = now;
      return;
    }
    if (!moved && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < CLICK_PX) return;
    moved = true;
    root.classList.add("dragging");
    if (act === "divide") splitTo(spotIn(element, event)[0] * 100);
    if (act === "move") {
      const box = element.getBoundingClientRect();
      moveBy((event.clientX - before.clientX) / box.width, (event.clientY - before.clientY) / box.height);
    }
  });

  const end = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    root.classList.remove("dragging");
    if (event.type === "pointerup" && !moved && event.target !== view.handle) {
      const zoomed = shown.zoom > 1;
      if (zoomed) zoomTo(1);
      else aim(CLICK_ZOOM, ...spotIn(element, event));
    }
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);

  element.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !element.closest("dialog")) return; // the page scrolls
      event.preventDefault();
      const step = clamp(event.deltaY * (event.deltaMode ? 20 : 1), -120, 120);
      zoomTo(shown.zoom * Math.exp(-step / 240), ...spotIn(element, event));
    },
    { passive: false },
  );
  element.addEventListener("keydown", (event) => onKey(view, event));
}

// Bring a spot to the middle of every view.
function aim(zoom, atX, atY) {
  shown.x = atX;
  shown.y = atY;
  shown.zoom = zoom;
  applyPlace();
}

const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function onKey(view, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const divides = event.target === view.handle;
  const step = event.shiftKey ? 10 : 2;
  const { key } = event;
  if (key === "+" || key === "=") zoomTo(shown.zoom * 1.5);
  else if (key === "-" || key === "_") zoomTo(shown.zoom / 1.5);
  else if (key === "0") zoomTo(1);
  else if (key === "Enter" && view.cell) openDetails(view.cell);
  else if (divides && key === "ArrowLeft") splitTo(shown.split - step);
  else if (divides && key === "ArrowRight") splitTo(shown.split + step);
  else if (divides && key === "Home") splitTo(0);
  else if (divides && key === "End") splitTo(100);
  else if (key in ARROWS && shown.zoom > 1) moveBy(ARROWS[key][0] * 0.1, ARROWS[key][1] * 0.1);
  else return;
  event.preventDefault();
  event.stopPropagation();
}
