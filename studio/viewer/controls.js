// The linked viewer's bar and its legends.

const STEP = 1.25; // of the zoom

const MANY = 24; // classes in a picture: the legend of more can be searched

const WHOLE = { zoom: 1, x: 0.5, y: 0.5 };

/** The bar above the panels. */
function toolbar(viewer) {
  const { chosen } = viewer;
  const hasTruth = viewer.panelOf("truth")?.mask;
  const pick = (label, key, options) => picker(label, chosen[key], options,
    (value) => viewer.choose({ [key]: value }));
  const sides = viewer.shownPanels().map((panel) => [panel.id, panel.title]);
  const isSwiped = chosen.arrangement === "swipe";
  const opacity = slider("Overlay opacity", chosen.opacity, (value) => viewer.fade(value));
  return element("div", { className: "toolbar" }, [
    ...epochBar(viewer),
    picker("Arrangement", chosen.arrangement, [["panels", "Side by side"], ["swipe", "Swipe"]],
      (arrangement) => viewer.choose({ arrangement, alone: "" })),
    ...(isSwiped ? [pick("Left", "left", sides), pick("Right", "right", sides),
      slider("Divider", chosen.divider, (value) => viewer.divide(value))] : []),
    pick("Masks as", "masks", [["filled", "Filled"], ["outlined", "Outlines"],
      ...(hasTruth ? [["truth", "Filled, truth outlined"]] : [])]),
    ...layerPicker(viewer, pick),
    ...(viewer.maps().length > 1
      ? [pick("Map", "map", viewer.maps().map((panel) => [panel.id, panel.title]))] : []),
    pick("Colours", "palette",
      [["color", viewer.data.palette], ["safe", "Colour-blind safe"]]),
    element("label", {}, [element("span", { textContent: "Overlay" }), opacity]),
    element("span", { className: "zoom" }, [
      button("−", "Zoom out", () => viewer.zoomBy(1 / STEP)),
      button("+", "Zoom in", () => viewer.zoomBy(STEP)),
      button("⤢", "Whole image", () => viewer.look(WHOLE)),
      screenButton(viewer),
      button("?", "Keys", () => viewer.tellKeys()),
    ]),
  ]);
}

/** What the predictions are shown as, where there is more of them than labels. */
function layerPicker(viewer, pick) {
  const sides = viewer.data.panels;
  const options = [["labels", "Labels"], ["confidence", "Confidence"], ["entropy", "Entropy"]]
    .filter(([key]) => key === "labels" || sides.some((panel) => panel[key]));
  return options.length > 1 ? [pick("Predictions as", "layer", options)] : [];
}

/** The classes, each to hide, to show, or to single out; beside them what a map's colours mean. */
function legend(viewer) {
  const { chosen, data } = viewer;
  const classes = data.legend.map((id) => viewer.labels.get(id)).map((label) => {
    const toggle = element("button", { type: "button", title: "Hide or show",
      onclick: () => viewer.toggle(label.id) }, [swatch(label[chosen.palette]), label.name]);
    toggle.setAttribute("aria-pressed", String(isShown(chosen, label.id)));
    const only = element("button", { type: "button", className: "only", textContent: "only",
      ariaLabel: `Show only ${label.name}`, onclick: () => viewer.single(label.id) });
    only.setAttribute("aria-pressed", String(chosen.only === label.id));
    return element("li", {}, [toggle, only]);
  });
  return element("div", { className: "legends" }, [
    ...(classes.length > MANY ? [finder(viewer, classes)] : []),
    ...(viewer.layer() === "labels" ? [] : [scale(viewer.layer())]),
    ...(viewer.shows(viewer.shownMap()?.id) ? [meanings(viewer.shownMap())] : []),
    element("ul", { className: "legend", ariaLabel: "Classes" }, classes),
  ]);
}

/** Keeps the legend as tall as it was at this width, so that what lies below does not move when the
    next image has fewer classes. */
function keepHeight(viewer) {
  const legends = viewer.root.querySelector(".legends");
  const { width, height } = legends.getBoundingClientRect();
  const before = viewer.tallest?.width === width ? viewer.tallest.height : 0;
  viewer.tallest = { width, height: Math.max(before, height) };
  legends.style.minHeight = `${viewer.tallest.height}px`;
}

/** A field that leaves the classes in the legend whose names hold what is typed. */
function finder(viewer, classes) {
  const find = (text) => {
    viewer.sought = text;
    for (const item of classes) {
      item.hidden = !item.firstChild.textContent.toLowerCase().includes(text.trim().toLowerCase());
    }
  };
  find(viewer.sought ?? "");
  return element("input", { type: "search", className: "finder", value: viewer.sought,
    placeholder: `Find one of ${classes.length} classes`, ariaLabel: "Find a class",
    oninput: ({ target }) => find(target.value) });
}

function meanings(map) {
  const entries = map.meaning.filter(({ color }) => color)
    .map(({ name, color }) => element("li", {}, [swatch(color), name]));
  return element("ul", { className: "meaning", ariaLabel: map.title }, entries);
}

/** What the colours of a confidence or an entropy say. */
function scale(layer) {
  const bar = element("i");
  bar.style.background = `linear-gradient(to right, transparent, ${RAMP.join(", ")})`;
  const [sure, unsure] = layer === "confidence" ? ["100 % sure", "0 %"] : ["sure", "any class"];
  return element("p", { className: "scale" }, [sure, bar, unsure]);
}

function swatch(color) {
  const made = element("i");
  made.style.background = color;
  return made;
}

function picker(label, value, options, act) {
  const select = element("select", { ariaLabel: label, title: label },
    options.map(([key, text]) => element("option", { value: key, textContent: text })));
  select.value = options.some(([key]) => key === value) ? value : options[0][0];
  select.onchange = () => act(select.value);
  return select;
}

function slider(label, value, act) {
  const input = element("input", { type: "range", min: 0, max: 100, value: value * 100,
    ariaLabel: label, title: label });
  input.oninput = () => act(input.value / 100);
  return input;
}

function button(text, label, act) {
  return element("button", { type: "button", textContent: text, title: label, ariaLabel: label,
    onclick: act });
}
