// The linked viewer on the whole screen.

/** Goes there, or back. A browser that refuses, as an iPhone does, gives it the whole page. */
async function fullScreen(viewer) {
  const isFull = viewer.root.classList.contains("full");
  try {
    await (isFull ? document.exitFullscreen() : viewer.root.requestFullscreen());
  } catch {
    enlarge(viewer, !isFull);
  }
}

/** Redraws the viewer for the whole screen, or for its place on the page. */
function enlarge(viewer, isFull) {
  viewer.root.classList.toggle("full", isFull);
  const press = viewer.root.querySelector(".screen");
  if (press) press.textContent = screenLabel(viewer);
  viewer.draw();
}

function screenLabel({ root }) {
  return root.classList.contains("full") ? "Leave full screen" : "Full screen";
}

function screenButton(viewer) {
  return element("button", { type: "button", className: "screen",
    textContent: screenLabel(viewer), onclick: () => fullScreen(viewer) });
}
