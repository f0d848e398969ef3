// Masks of several epochs in the linked viewer: one after another, four a second, or the chosen one.
//
// A panel's frames are {epoch, mask, note}, the masks of all panels turned together; a network that
// was trained for fewer epochs stays at its last.

const EPOCHS_A_SECOND = 4;

/** Reads the frames of all panels: panel id -> those with their values, for panels that have any. */
async function readFrames({ panels }) {
  const read = async (frame) => ({ ...frame, labels: await greyValues(frame.mask) });
  const found = await Promise.all(panels.map(async ({ id, frames }) =>
    [id, await Promise.all(frames.map(read))]));
  return new Map(found.filter(([, frames]) => frames.length));
}

function epochsOf({ frames }) {
  const each = [...frames.values()].flat().map(({ epoch }) => epoch);
  return [...new Set(each)].sort((a, b) => a - b);
}

/** The chosen epoch, else the last. */
function shownEpoch(viewer) {
  const epochs = epochsOf(viewer);
  return epochs.includes(viewer.chosen.epoch) ? viewer.chosen.epoch : epochs.at(-1);
}

/** Puts the masks of the shown epoch, or of the last one before it, into the panels. */
function turn(viewer) {
  const shown = shownEpoch(viewer);
  for (const [id, frames] of viewer.frames) {
    const frame = frames.findLast(({ epoch }) => epoch <= shown) ?? frames[0];
    viewer.layers.get(id).labels = frame.labels;
    viewer.panelOf(id).note = frame.note;
  }
}

function turnTo(viewer, epoch) {
  viewer.chosen.epoch = epoch;
  turn(viewer);
  for (const id of viewer.frames.keys()) {
    const note = viewer.canvases.get(id)?.closest("figure").querySelector("figcaption span");
    if (note) note.textContent = viewer.panelOf(id).note;
  }
  tellEpoch(viewer);
  viewer.paint();
  viewer.changed = performance.now();
}

/** Plays from the shown epoch on, from the first after the last; or pauses. */
function play(viewer) {
  if (viewer.player) {
    pause(viewer);
    return;
  }
  const epochs = epochsOf(viewer);
  if (shownEpoch(viewer) === epochs.at(-1)) turnTo(viewer, epochs[0]);
  viewer.player = setInterval(() => {
    const next = epochs.find((epoch) => epoch > shownEpoch(viewer));
    if (next !== undefined) turnTo(viewer, next);
    if (next === undefined || next === epochs.at(-1)) pause(viewer);
  }, 1000 / EPOCHS_A_SECOND);
  tellEpoch(viewer);
}

function pause(viewer) {
  clearInterval(viewer.player);
  viewer.player = null;
  tellEpoch(viewer);
}

/** The button that plays and the slider, where there is more than one epoch. */
function epochBar(viewer) {
  const epochs = epochsOf(viewer);
  if (epochs.length < 2) return [];
  const at = element("input", { type: "range", min: 0, max: epochs.length - 1, step: 1,
    ariaLabel: "Epoch", title: "Epoch" });
  at.oninput = () => {
    const wanted = epochs[Number(at.value)]; // before the pause writes what is shown
    pause(viewer);
    turnTo(viewer, wanted);
  };
  const bar = element("span", { className: "epochs" },
    [button("", "", () => play(viewer)), at, element("output")]);
  fillIn(bar, viewer);
  return [bar];
}

function tellEpoch(viewer) {
  const bar = viewer.root.querySelector(".epochs");
  if (bar) fillIn(bar, viewer);
}

function fillIn(bar, viewer) {
  const [press, at, words] = bar.children;
  const epochs = epochsOf(viewer);
  const shown = shownEpoch(viewer);
  press.textContent = viewer.player ? "Pause" : "▶ Play";
  press.title = press.ariaLabel = viewer.player ? "Pause the epochs" : "Play the epochs";
  at.value = epochs.indexOf(shown);
  words.textContent = `epoch ${shown} of ${epochs.at(-1)}`;
}
