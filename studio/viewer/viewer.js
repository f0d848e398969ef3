// The linked viewer: photograph, truth and predictions of one picture, seen through one view.
//
// Masks arrive as grey PNGs whose values are label ids. Their colours are made here, so that
// opacity, outline, palette and hidden classes change without asking the server.

const LARGEST_ZOOM = 40;
const REST_MS = 400; // without a change before the address follows
const SWAPPED = { a: "b", b: "a" }; // while A blinks against B

const viewers = new WeakMap(); // element -> Viewer

export default function ({ parentElement, data, setTriggerValue }) {
  if (!viewers.has(parentElement)) {
    viewers.set(parentElement, new Viewer(parentElement, data, setTriggerValue));
  }
  const viewer = viewers.get(parentElement);
  viewer.show(data);
  return () => {
    viewer.close();
    viewers.delete(parentElement);
  };
}

class Viewer {
  comeIntoView = () => this.root.scrollIntoView({ behavior: "smooth" });

  constructor(parent, data, trigger) {
    this.chosen = choicesOf(data);
    this.trigger = trigger;
    this.blinking = false;
    this.root = element("div", { className: "viewer", tabIndex: 0, role: "group",
      ariaLabel: "Linked images; press ? for the keys" });
    parent.append(this.root);
    this.root.addEventListener("keydown", (event) => this.pressed(event));
    this.root.addEventListener("keyup", (event) => event.key === " " && this.blink(false));
    this.root.addEventListener("blur", () => this.blink(false));
    this.root.addEventListener("fullscreenchange",
      () => enlarge(this, this.root.matches(":fullscreen")));
    if (data.inAddress) addEventListener(LOOK_HERE, this.comeIntoView);
    this.resizes = new ResizeObserver(() => this.draw());
    this.resizes.observe(this.root);
    this.path = location.pathname;
    this.clock = setInterval(() => this.rest(), REST_MS);
  }

  close() {
    removeEventListener(LOOK_HERE, this.comeIntoView);
    clearInterval(this.player);
    clearInterval(this.clock);
    this.resizes.disconnect();
    this.root.remove();
  }

  // --- what is shown ---------------------------------------------------------------------------

  async show(data) {
    const sent = JSON.stringify(data); // a page that is redrawn sends the same picture again
    if (sent === this.sent) return;
    this.sent = sent;
    this.wanted = data;
    const [photo, frames, ...labels] = await Promise.all([
      picture(data.photo), readFrames(data),
      ...data.panels.map(({ mask }) => mask && greyValues(mask)),
    ]);
    if (this.wanted !== data) return; // another picture was chosen meanwhile
    this.data = data;
    this.photo = photo;
    this.layers = new Map(data.panels.map((panel, i) => [panel.id, { labels: labels[i] }]));
    this.frames = frames;
    this.labels = new Map(data.labels.map((label) => [label.id, label]));
    this.look({}); // an address may have said anything
    const scalars = this.readScalars();
    if (this.layer() !== "labels") await scalars; // without a glimpse of the labels
    if (this.wanted !== data) return;
    this.build();
    await scalars;
    if (this.wanted === data && this.layer() !== "labels") this.paint(); // asked for meanwhile
  }

  /** Confidence and entropy, which are larger than the labels and seldom what is looked at. */
  async readScalars() {
    const { data, layers } = this;
    await Promise.all(data.panels.map(async ({ id, confidence, entropy }) => {
      if (confidence) layers.get(id).confidence = await greyValues(confidence);
      if (entropy) layers.get(id).entropy = await greyValues(entropy);
    }));
  }

  panelOf(id) {
    return this.data.panels.find((panel) => panel.id === id);
  }

  maps() {
    return this.data.panels.filter((panel) => panel.meaning.length);
  }

  shownMap() {
    return this.maps().find((panel) => panel.id === this.chosen.map) ?? this.maps()[0];
  }

  /** All panels, but of the maps only the chosen one. */
  shownPanels() {
    const map = this.shownMap();
    return this.data.panels.filter((panel) => !panel.meaning.length || panel === map);
  }

  /** Whether a panel is to be seen, as a panel or as a side of the swipe. */
  shows(id) {
    const { left, right } = this.chosen;
    return this.canvases.has(this.canvases.has("swipe") && [left, right].includes(id) ? "swipe" : id);
  }

  /** What the predictions are shown as: labels where they have nothing else. */
  layer() {
    const { layer } = this.chosen;
    return this.data.panels.some((panel) => panel[layer]) ? layer : "labels";
  }

  build() {
    const { chosen } = this;
    turn(this);
    this.root.style.setProperty("--ratio", this.photo.width / this.photo.height);
    const panels = this.shownPanels();
    for (const [key, other] of [["left", "right"], ["right", "left"]]) {
      if (panels.some(({ id }) => id === chosen[key])) continue;
      chosen[key] = (panels.find(({ id }) => id !== chosen[other]) ?? panels[0]).id;
    }
    if (!panels.some(({ id }) => id === chosen.alone)) chosen.alone = "";
    this.canvases = new Map();
    const title = (id) => this.panelOf(id).title;
    const figures = chosen.arrangement === "swipe"
      ? [this.figure({ id: "swipe", title: `${title(chosen.left)} | ${title(chosen.right)}`,
          note: "", accent: "transparent", pending: "" })]
      : panels.filter(({ id }) => !chosen.alone || id === chosen.alone)
          .map((panel) => this.figure(panel));
    const grid = element("div", { className: "grid" }, figures);
    grid.classList.toggle("single", figures.length === 1);
    grid.classList.toggle("two", figures.length === 2);
    grid.classList.toggle("three", figures.length === 3);
    grid.classList.toggle("four", figures.length === 4);
    this.readout = element("p", { className: "readout" });
    this.readout.setAttribute("aria-live", "polite");
    const focused = this.root.getRootNode().activeElement?.ariaLabel; // stays where it was
    this.root.replaceChildren(toolbar(this), grid, this.readout, legend(this));
    keepHeight(this);
    if (focused) this.root.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
    this.tell(null);
    this.paint();
  }

  figure({ id, title, note, accent, pending }) {
    const canvas = element("canvas", { className: "picture", role: "img",
      ariaLabel: this.described(id, title) });
    listen(canvas, this);
    this.canvases.set(id, canvas);
    const figure = element("figure", {}, [
      element("figcaption", {}, [
        element("b", { textContent: title }), element("span", { textContent: note }),
      ]),
      element("div", { className: "frame" }, [
        canvas, element("span", { className: "here", ariaHidden: "true" }),
        ...(pending ? [element("p", { className: "pending", textContent: pending })] : []),
      ]),
    ]);
    figure.style.setProperty("--accent", accent);
    figure.dataset.panel = id;
    return figure;
  }

  /** The title with the largest shares of the panel's mask, for who does not see it. */
  described(id, title) {
    const layer = this.layers.get(id)?.labels;
    if (!layer) return title;
    const counts = new Map();
    for (const value of layer.values) counts.set(value, (counts.get(value) ?? 0) + 1);
    const largest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4);
    const share = (count) => Math.round((100 * count) / layer.values.length);
    const words = largest.map(([value, n]) => `${this.nameOf(id, value)} ${share(n)} %`);
    return `${title}: ${words.join(", ")}`;
  }

  // --- what the visitor chooses ----------------------------------------------------------------

  /** Takes a choice over that changes more than the view. */
  choose(changes) {
    Object.assign(this.chosen, changes);
    this.build();
    this.changed = performance.now();
  }

  fade(opacity) {
    this.look({ opacity });
  }

  divide(divider) {
    this.look({ divider });
  }

  /** Hides or shows a class; one that was singled out no longer is. */
  toggle(id) {
    const { hidden } = this.chosen;
    const isHidden = hidden.includes(id);
    this.light({ hidden: isHidden ? hidden.filter((other) => other !== id) : [...hidden, id] });
  }

  /** Singles a class out, or shows all again. */
  single(id) {
    this.light({ only: this.chosen.only === id ? -1 : id, hidden: [] });
  }

  light(changes) {
    Object.assign(this.chosen, { only: -1 }, changes);
    this.root.querySelector(".legends").replaceWith(legend(this));
    keepHeight(this);
    this.paint();
    this.changed = performance.now();
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
    if (event.target.matches("select, input")) return;
    const panel = this.shownPanels()[Number(event.key) - 1];
    const act = panel ? () => this.alone(panel.id) : this.actions(event)[event.key];
    if (!act || (event.key === " " && event.target !== this.root)) return;
    event.preventDefault();
    act();
  }

  actions({ shiftKey }) {
    const { zoom, x, y } = this.chosen;
    const step = 0.2 / zoom;
    const others = this.data.hasOthers && {
      ArrowLeft: () => this.trigger("step", -1),
      ArrowRight: () => this.trigger("step", 1),
    };
    const moves = {
      ArrowLeft: () => this.look({ x: x - step }), ArrowRight: () => this.look({ x: x + step }),
      ArrowUp: () => this.look({ y: y - step }), ArrowDown: () => this.look({ y: y + step }),
    };
    return {
      ...(shiftKey ? moves : others),
      "+": () => this.zoomBy(STEP),
      "-": () => this.zoomBy(1 / STEP),
      0: () => this.look(WHOLE),
      " ": () => this.blink(true),
      "?": () => this.tellKeys(),
      f: () => fullScreen(this),
      ...(this.root.classList.contains("full") && { Escape: () => fullScreen(this) }),
      ...(epochsOf(this).length > 1 && { p: () => play(this) }),
    };
  }

  alone(id) {
    this.choose({ alone: this.chosen.alone === id ? "" : id, arrangement: "panels" });
    this.root.focus();
  }

  isPair() {
    return Object.keys(SWAPPED).every((id) => this.panelOf(id));
  }

  /** Shows B in A's place and A in B's, titles too, as long as it is on. */
  blink(on) {
    if (this.blinking === on || !this.isPair()) return;
    this.blinking = on;
    for (const id of Object.keys(SWAPPED)) {
      const title = this.canvases.get(id)?.closest("figure").querySelector("b");
      const shown = this.panelOf(on ? SWAPPED[id] : id);
      if (title && shown) title.textContent = shown.title;
    }
    this.draw();
  }

  tellKeys() {
    this.readout.textContent = (this.data.hasOthers ? "Arrows: another image · " : "") +
      "digits: one panel alone · " + (this.isPair() ? "space: A against B · " : "") +
      "+ − 0 or Ctrl and the wheel: zoom · " +
      "drag, or Shift and arrows: move · f: full screen" +
      (epochsOf(this).length > 1 ? " · p: play the epochs" : "");
  }

  /** Once nothing has changed for a moment: outlines as fine as the view, and the address.

      The address is looked at all the time, for Streamlit writes it again from what it knows. */
  rest() {
    if (!this.canvases || performance.now() - this.changed < REST_MS) return;
    if (this.outline !== this.outlineWidth()) this.paint();
    if (this.data.inAddress && location.pathname === this.path) keepInAddress(this.chosen);
  }

  // --- the view --------------------------------------------------------------------------------

  look(view) {
    const { chosen } = this;
    Object.assign(chosen, view);
    // As fine as in the address, far below a pixel, so that a link shows exactly the same.
    const within = (low, high, value) => Number(Math.min(high, Math.max(low, value)).toFixed(5));
    chosen.zoom = within(1, LARGEST_ZOOM, chosen.zoom);
    const margin = 0.5 / chosen.zoom;
    chosen.x = within(margin, 1 - margin, chosen.x);
    chosen.y = within(margin, 1 - margin, chosen.y);
    chosen.opacity = within(0, 1, chosen.opacity);
    chosen.divider = within(0, 1, chosen.divider);
    this.draw();
    this.changed = performance.now();
  }

  /** Zooms so that the place (shares of the picture) stays where it is. */
  zoomBy(factor, place = { x: this.chosen.x, y: this.chosen.y }) {
    const before = this.chosen.zoom;
    const zoom = Math.min(LARGEST_ZOOM, Math.max(1, before * factor));
    const pull = before / zoom;
    this.look({
      zoom,
      x: place.x + (this.chosen.x - place.x) * pull,
      y: place.y + (this.chosen.y - place.y) * pull,
    });
  }

  // --- drawing ---------------------------------------------------------------------------------

  /** Recolours every layer, then draws. */
  paint() {
    this.outline = this.outlineWidth();
    this.overlays = new Map(this.data.panels.map((panel) => [panel.id, this.painted(panel)]));
    this.draw();
  }

  /** In pixels of the masks, so that an outline is about one pixel of the screen. */
  outlineWidth() {
    if (this.chosen.masks === "filled") return 0;
    const [canvas] = this.canvases.values();
    return Math.max(1, Math.round(this.photo.width / (canvas.clientWidth * this.chosen.zoom)));
  }

  /** The canvases that lie over the photograph of a panel. */
  painted({ id, meaning }) {
    const { labels, ...scalars } = this.layers.get(id);
    if (!labels) return [];
    if (meaning.length) {
      const colors = meaning.map(({ color }, value) => [value, color]);
      return [painted(labels, tableOf(colors.filter(([, color]) => color)))];
    }
    const { palette, masks } = this.chosen;
    const shown = this.data.labels.filter(({ id, color }) => color && isShown(this.chosen, id));
    const table = tableOf(shown.map((label) => [label.id, label[palette]]));
    const truth = this.layers.get("truth")?.labels;
    const over = masks === "truth" && truth && id !== "truth"
      ? [painted(truth, tableOf(shown.map((label) => [label.id, "#ffffff"])), this.outline)] : [];
    const scalar = scalars[this.layer()];
    if (scalar) return [painted(unsureness(scalar, this.layer()), glow()), ...over];
    return [painted(labels, table, masks === "outlined" ? this.outline : 0), ...over];
  }

  draw() {
    if (!this.canvases || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      for (const [id, canvas] of this.canvases) drawPanel(canvas, id, this);
      const { zoom, x, y } = this.chosen;
      Object.assign(this.root.dataset, { zoom: zoom.toFixed(3), x: x.toFixed(4), y: y.toFixed(4) });
    });
  }

  // --- what is under the pointer ---------------------------------------------------------------

  /** Says in every panel and below them what each side sees at the place; null is nowhere. */
  tell(place) {
    this.place = place;
    this.draw();
    for (const [id, canvas] of this.canvases) {
      canvas.nextSibling.textContent = place && this.layers.get(id)?.labels ? this.at(id, place) : "";
    }
    if (!place) {
      this.readout.textContent = "Point at the image to read its labels here.";
      return;
    }
    const words = this.shownPanels().filter((panel) => this.layers.get(panel.id).labels)
      .map((panel) => `${panel.title}: ${this.at(panel.id, place)}`);
    this.readout.textContent = words.join("   ·   ");
  }

  at(id, place) {
    const { labels, confidence, entropy } = this.layers.get(id);
    const percent = (layer) => `${Math.round((100 * valueAt(layer, place)) / 255)} %`;
    const sure = confidence ? ` ${percent(confidence)}` : "";
    const torn = entropy && this.layer() === "entropy" ? `, entropy ${percent(entropy)}` : "";
    return this.nameOf(id, valueAt(labels, place)) + sure + torn;
  }

  nameOf(id, value) {
    const { meaning } = this.panelOf(id);
    return meaning.length ? meaning[value].name : this.labels.get(value)?.name ?? "unlabelled";
  }
}

/** A confidence or an entropy as one that grows with doubt. */
function unsureness(layer, kind) {
  return kind === "entropy" ? layer : { ...layer, values: layer.values.map((value) => 255 - value) };
}
