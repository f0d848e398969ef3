// Mouse and fingers on a panel of the linked viewer: zoom, move, pull the divider, ask what is there.

const NEAR = 0.04; // of the panel's width: what counts as touching the divider

function listen(canvas, viewer) {
  const pointers = new Map(); // id -> its last event
  let pulled = "view";
  canvas.addEventListener("wheel", (event) => {
    const wanted = event.ctrlKey || event.metaKey || viewer.chosen.zoom > 1;
    if (!wanted) return; // the page scrolls
    event.preventDefault();
    viewer.zoomBy(Math.exp(-event.deltaY / 300), placeOf(canvas, event, viewer.chosen));
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) =>
    viewer.zoomBy(2, placeOf(canvas, event, viewer.chosen)));
  canvas.addEventListener("pointerdown", (event) => {
    viewer.root.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
    const { arrangement, divider } = viewer.chosen;
    const isNear = Math.abs(acrossOf(canvas, event) - divider) < NEAR;
    pulled = arrangement === "swipe" && isNear ? "divider" : "view";
    viewer.tell(placeOf(canvas, event, viewer.chosen)); // a finger points without moving before
  });
  canvas.addEventListener("pointermove", (event) => {
    if (pointers.has(event.pointerId)) drag(canvas, event, pointers, pulled, viewer);
    viewer.tell(placeOf(canvas, event, viewer.chosen));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch") viewer.tell(null); // a lifted finger leaves its words behind
  });
}

function drag(canvas, event, pointers, pulled, viewer) {
  const box = canvas.getBoundingClientRect();
  const before = pointers.get(event.pointerId);
  const { zoom, x, y } = viewer.chosen;
  if (pointers.size === 2) {
    const [other] = [...pointers].filter(([id]) => id !== event.pointerId);
    const apart = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
    const factor = apart(event, other[1]) / apart(before, other[1]);
    viewer.zoomBy(factor, placeOf(canvas, event, viewer.chosen));
  } else if (pulled === "divider") {
    viewer.divide(acrossOf(canvas, event));
  } else {
    viewer.look({
      x: x - (event.clientX - before.clientX) / box.width / zoom,
      y: y - (event.clientY - before.clientY) / box.height / zoom,
    });
  }
  pointers.set(event.pointerId, event);
}

/** How far to the right of the panel an event is, from 0 to 1. */
function acrossOf(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
}

/** Where an event is, as shares of the picture. */
function placeOf(canvas, event, { zoom, x, y }) {
  const box = canvas.getBoundingClientRect();
  return {
    x: x + ((event.clientX - box.left) / box.width - 0.5) / zoom,
    y: y + ((event.clientY - box.top) / box.height - 0.5) / zoom,
  };
}
