// What a visitor has chosen in the viewer, and how it stands in the page's address: only what
// differs from the start, as view=zoom-2.5_x-0.41_hidden-7.8, so that a link opens the same view.
//
// The browser alone reads and writes it. Asking the server to do so would redraw the whole page
// after each move.

const PARAMETER = "view";

const START = {
  zoom: 1, x: 0.5, y: 0.5, // magnification, and the middle of the view as shares of the picture
  opacity: 0.75,
  masks: "filled", // or outlined, or truth: filled, with the truth's outlines over them
  palette: "color", // or safe
  layer: "labels", // of the predictions; or confidence, entropy
  map: "", // which of the maps; "" is the first
  arrangement: "panels", // or swipe
  left: "a", right: "b", divider: 0.5, // of the swipe
  alone: "", // the one panel shown
  hidden: [], // label ids
  only: -1, // the label id singled out
  epoch: 0, // of those that are played; 0 is the last
};

const ALLOWED = {
  masks: ["filled", "outlined", "truth"],
  palette: ["color", "safe"],
  layer: ["labels", "confidence", "entropy"],
  arrangement: ["panels", "swipe"],
};

const chosenBefore = new Map(); // name of the viewer -> what was chosen in it

/** What was chosen in the viewer of this name, else what the address says, else the start. */
function choicesOf({ name, inAddress }) {
  if (!chosenBefore.has(name)) {
    const address = inAddress && new URLSearchParams(location.search).get(PARAMETER);
    chosenBefore.set(name, { ...START, ...(address ? parsed(address) : {}) });
  }
  return chosenBefore.get(name);
}

/** Whether the masks show a label. */
function isShown({ hidden, only }, id) {
  return only === -1 ? !hidden.includes(id) : only === id;
}

/** Puts the choices into the address, without a new entry in the browser's history. */
function keepInAddress(chosen) {
  const url = new URL(location.href);
  const words = written(chosen);
  if ((url.searchParams.get(PARAMETER) ?? "") === words) return;
  words ? url.searchParams.set(PARAMETER, words) : url.searchParams.delete(PARAMETER);
  history.replaceState(history.state, "", url);
}

function written(chosen) {
  return Object.keys(START)
    .filter((key) => String(chosen[key]) !== String(START[key]))
    .map((key) => `${key}-${inWords(chosen[key])}`)
    .join("_");
}

function inWords(value) {
  return Array.isArray(value) ? value.join(".") : value;
}

/** The choices in a part of an address that anyone may have written; what is no choice is left. */
function parsed(words) {
  const found = {};
  for (const part of words.split("_")) {
    const [, key, value] = part.match(/^([a-z]+)-(.*)$/) ?? [];
    if (!Object.hasOwn(START, key)) continue;
    const start = START[key];
    if (Array.isArray(start)) {
      found[key] = value.split(".").map(Number).filter(Number.isInteger);
    } else if (typeof start === "number") {
      if (value !== "" && Number.isFinite(Number(value))) found[key] = Number(value);
    } else if (!ALLOWED[key] || ALLOWED[key].includes(value)) {
      found[key] = value;
    }
  }
  return found;
}
