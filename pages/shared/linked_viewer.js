// The linked viewer: photograph, truth and predictions of one picture, seen through one view.
//
// Masks arrive as grey PNGs whose values are label ids. Their colours are made here, so that
// opacity, outline, palette and hidden classes change without asking the server.

const LARGEST_ZOOM = 40;
const STEP = 1.25;

const viewers = new WeakMap(); // element -> Viewer
const choices = new Map(); // data.name -> what the visitor chose, kept when the picture changes

export default function ({ parentElement, data, setTriggerValue }) {
  if (!viewers.has(parentElement)) {
    viewers.set(parentElement, new Viewer(parentElement, data.name, setTriggerValue));
  }
  const viewer = viewers.get(parentElement);
  viewer.show(data);
  return () => {
    viewer.close();
    viewers.delete(parentElement);
  };
}

class Viewer {
  constructor(parent, name, trigger) {
    if (!choices.has(name)) {
      choices.set(name, {
        zoom: 1, x: 0.5, y: 0.5, // the view: magnification, and its centre as shares of the picture
        opacity: 0.75, outline: false, palette: "color",
        hidden: new Set(), // label ids
        swipe: false, left: "a", right: "b", divider: 0.5,
        solo: null, // the panel shown alone
      });
    }
    this.chosen = choices.get(name);
    this.trigger = trigger;
    this.blinking = false;
    this.pointers = new Map();
    this.root = element("div", { className: "viewer", tabIndex: 0 });
    this.root.setAttribute("aria-label", "Linked pictures; press ? for the keys");
    parent.append(this.root);
    this.root.addEventListener("keydown", (event) => this.pressed(event));
    this.root.addEventListener("keyup", (event) => event.key === " " && this.blink(false));
    this.root.addEventListener("blur", () => this.blink(false));
    this.resizes = new ResizeObserver(() => this.draw());
    this.resizes.observe(this.root);
  }

  close() {
    this.resizes.disconnect();
    this.root.remove();
  }

  // --- what is shown ---------------------------------------------------------------------------

  async show(data) {
    this.wanted = data;
    const masks = data.panels.filter((panel) => panel.mask);
    const [photo, ...ids] = await Promise.all([
      picture(data.photo), ...masks.map((panel) => greyValues(panel.mask)),
    ]);
    const confidences = await Promise.all(
      masks.map((panel) => (panel.confidence ? greyValues(panel.confidence) : null)),
    );
    if (this.wanted !== data) return; // another picture was chosen meanwhile
    this.data = data;
    this.photo = photo;
    this.layers = new Map(
      masks.map((panel, i) => [panel.id, { ...ids[i], confidence: confidences[i] }]),
    );
    this.labels = new Map(data.labels.map((label) => [label.id, label]));
    this.build();
  }

  build() {
    const { data, chosen } = this;
    this.panels = new Map();
    const panel = (id, title, note, accent) => {
      const canvas = element("canvas", { className: "picture" });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", this.described(id, title));
      this.listen(canvas);
      this.panels.set(id, canvas);
      const figure = element("figure", {}, [
        element("figcaption", {}, [
          element("b", { textContent: title }), element("span", { textContent: note ?? "" }),
        ]),
        canvas,
      ]);
      figure.style.setProperty("--accent", accent);
      figure.dataset.panel = id;
      return figure;
    };
    const title = (id) => data.panels.find((found) => found.id === id).title;
    const shown = chosen.swipe
      ? [panel("swipe", `${title(chosen.left)} | ${title(chosen.right)}`, "", "transparent")]
      : data.panels
          .filter((found) => !chosen.solo || found.id === chosen.solo)
          .map((found) => panel(found.id, found.title, found.note, found.accent));
    const grid = element("div", { className: "grid" }, shown);
    grid.classList.toggle("single", shown.length === 1);
    grid.classList.toggle("four", shown.length === 4);
    this.readout = element("p", { className: "readout" });
    this.root.replaceChildren(this.toolbar(), grid, this.readout, this.legend());
    this.tell(null);
    this.paint();
  }

  described(id, title) {
    const layer = this.layers.get(id);
    if (!layer || id === "map") return title;
    const counts = new Map();
    for (const value of layer.values) counts.set(value, (counts.get(value) ?? 0) + 1);
    const largest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4);
    const share = (count) => Math.round((100 * count) / layer.values.length);
    const words = largest.map(([value, n]) => `${this.nameOf(value)} ${share(n)} %`);
    return `${title}: ${words.join(", ")}`;
  }

  // --- controls --------------------------------------------------------------------------------

  toolbar() {
    const { chosen, data } = this;
    const change = (changes, rebuild) => {
      Object.assign(chosen, changes);
      rebuild ? this.build() : this.paint();
    };
    const choice = (label, value, options, pick) => {
      const select = element("select", { ariaLabel: label },
        options.map(([key, text]) => element("option", { value: key, textContent: text })));
      select.value = value;
      select.onchange = () => pick(select.value);
      return select;
    };
    const button = (text, label, act) =>
      element("button", { type: "button", textContent: text, title: label, ariaLabel: label,
        onclick: act });
    const opacity = element("input", { type: "range", min: 0, max: 100,
      value: chosen.opacity * 100, ariaLabel: "Overlay opacity" });
    opacity.oninput = () => change({ opacity: opacity.value / 100 });
    const sides = data.panels.filter((panel) => panel.id !== "map")
      .map((panel) => [panel.id, panel.title]);
    const swiped = chosen.swipe
      ? [choice("Left", chosen.left, sides, (left) => change({ left }, true)),
         choice("Right", chosen.right, sides, (right) => change({ right }, true))]
      : [];
    return element("div", { className: "toolbar" }, [
      choice("Arrangement", chosen.swipe ? "swipe" : "panels",
        [["panels", "Side by side"], ["swipe", "Swipe"]],
        (mode) => change({ swipe: mode === "swipe", solo: null }, true)),
      ...swiped,
      choice("Masks as", chosen.outline ? "outline" : "fill",
        [["fill", "Filled"], ["outline", "Outlines"]],
        (style) => change({ outline: style === "outline" })),
      choice("Colours", chosen.palette,
        [["color", "Cityscapes colours"], ["safe", "Colour-blind safe"]],
        (palette) => change({ palette }, true)),
      element("label", {}, [element("span", { textContent: "Overlay" }), opacity]),
      element("span", { className: "zoom" }, [
        button("−", "Zoom out", () => this.zoomBy(1 / STEP)),
        button("+", "Zoom in", () => this.zoomBy(STEP)),
        button("⤢", "Whole picture", () => this.look({ zoom: 1, x: 0.5, y: 0.5 })),
      ]),
      button("?", "Keys", () => this.tellKeys()),
    ]);
  }

  legend() {
    const entries = this.data.labels.map((label) => {
      const swatch = element("i");
      swatch.style.background = label[this.chosen.palette];
      const toggle = element("button", { type: "button", title: "Hide or show",
        onclick: () => this.toggle(label.id) }, [swatch, label.name]);
      toggle.setAttribute("aria-pressed", String(!this.chosen.hidden.has(label.id)));
      const only = element("button", { type: "button", className: "only", textContent: "only",
        ariaLabel: `Show only ${label.name}`, onclick: () => this.single(label.id) });
      return element("li", {}, [toggle, only]);
    });
    return element("ul", { className: "legend" }, entries);
  }

  toggle(id) {
    const { hidden } = this.chosen;
    hidden.has(id) ? hidden.delete(id) : hidden.add(id);
    this.relegend();
  }

  single(id) {
    const others = this.data.labels.map((label) => label.id).filter((other) => other !== id);
    const { hidden } = this.chosen;
    const isSingle = !hidden.has(id) && others.every((other) => hidden.has(other));
    this.chosen.hidden = new Set(isSingle ? [] : others);
    this.relegend();
  }

  relegend() {
    this.root.querySelector(".legend").replaceWith(this.legend());
    this.paint();
  }

  pressed(event) {
    if (event.target.matches("select, input")) return;
    const panel = this.data.panels[Number(event.key) - 1];
    const steps = this.data.hasOthers && {
      ArrowLeft: () => this.trigger("step", -1),
      ArrowRight: () => this.trigger("step", 1),
    };
    const actions = {
      ...steps,
      "+": () => this.zoomBy(STEP),
      "-": () => this.zoomBy(1 / STEP),
      0: () => this.look({ zoom: 1, x: 0.5, y: 0.5 }),
      " ": () => this.blink(true),
      "?": () => this.tellKeys(),
    };
    const act = panel ? () => this.alone(panel.id) : actions[event.key];
    if (!act || (event.key === " " && event.target !== this.root)) return;
    event.preventDefault();
    act();
  }

  alone(id) {
    this.chosen.solo = this.chosen.solo === id ? null : id;
    this.chosen.swipe = false;
    this.build();
    this.root.focus();
  }

  blink(on) {
    if (this.blinking === on) return;
    this.blinking = on;
    this.draw();
  }

  tellKeys() {
    this.readout.textContent = (this.data.hasOthers ? "Arrows: another picture · " : "") +
      "digits: one panel alone · space: A against B · + − 0 or Ctrl and the wheel: zoom · " +
      "drag: move";
  }

  // --- the view --------------------------------------------------------------------------------

  look(view) {
    Object.assign(this.chosen, view);
    const { chosen } = this;
    chosen.zoom = Math.min(LARGEST_ZOOM, Math.max(1, chosen.zoom));
    const margin = 0.5 / chosen.zoom;
    chosen.x = Math.min(1 - margin, Math.max(margin, chosen.x));
    chosen.y = Math.min(1 - margin, Math.max(margin, chosen.y));
    this.draw();
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

  /** Where an event of the mouse is, as shares of the picture. */
  placeOf(canvas, event) {
    const box = canvas.getBoundingClientRect();
    const { zoom, x, y } = this.chosen;
    return {
      x: x + ((event.clientX - box.left) / box.width - 0.5) / zoom,
      y: y + ((event.clientY - box.top) / box.height - 0.5) / zoom,
    };
  }

  listen(canvas) {
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && this.chosen.zoom === 1) return; // the page scrolls
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY / 300), this.placeOf(canvas, event));
    }, { passive: false });
    canvas.addEventListener("dblclick", (event) => this.zoomBy(2, this.placeOf(canvas, event)));
    canvas.addEventListener("pointerdown", (event) => {
      this.root.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, event);
      this.drags = this.chosen.swipe && this.isNearDivider(canvas, event) ? "divider" : "view";
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.pointers.has(event.pointerId)) this.dragged(canvas, event);
      this.tell(this.placeOf(canvas, event));
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener("pointerleave", () => this.tell(null));
  }

  isNearDivider(canvas, event) {
    const box = canvas.getBoundingClientRect();
    return Math.abs((event.clientX - box.left) / box.width - this.chosen.divider) < 0.04;
  }

  dragged(canvas, event) {
    const box = canvas.getBoundingClientRect();
    const before = this.pointers.get(event.pointerId);
    const { zoom, x, y } = this.chosen;
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId);
      const apart = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
      this.zoomBy(apart(event, other[1]) / apart(before, other[1]), this.placeOf(canvas, event));
    } else if (this.drags === "divider") {
      this.chosen.divider = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      this.draw();
    } else {
      this.look({
        x: x - (event.clientX - before.clientX) / box.width / zoom,
        y: y - (event.clientY - before.clientY) / box.height / zoom,
      });
    }
    this.pointers.set(event.pointerId, event);
  }

  // --- drawing ---------------------------------------------------------------------------------

  /** Colours every mask anew, then draws. */
  paint() {
    for (const [id, layer] of this.layers) layer.canvas = this.colored(id, layer);
    this.draw();
  }

  colored(id, layer) {
    const colors = new Map();
    if (id === "map") {
      this.data.meaning.forEach(({ color }, value) => color && colors.set(value, color));
    } else {
      for (const label of this.data.labels) {
        if (!this.chosen.hidden.has(label.id)) colors.set(label.id, label[this.chosen.palette]);
      }
    }
    return painted(layer, colors, this.chosen.outline && id !== "map");
  }

  draw() {
    if (!this.data || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      for (const [id, canvas] of this.panels) drawPanel(canvas, id, this);
      const { zoom, x, y } = this.chosen;
      Object.assign(this.root.dataset, { zoom: zoom.toFixed(3), x: x.toFixed(4), y: y.toFixed(4) });
    });
  }

  // --- what is under the pointer ---------------------------------------------------------------

  tell(place) {
    this.place = place;
    this.draw();
    if (!place) {
      this.readout.textContent = "Point at the picture: what each side sees there stands here.";
      return;
    }
    const words = this.data.panels.filter((panel) => this.layers.has(panel.id))
      .map((panel) => `${panel.title}: ${this.at(panel.id, place)}`);
    this.readout.textContent = words.join("   ·   ");
  }

  at(id, place) {
    const layer = this.layers.get(id);
    const value = valueAt(layer, place);
    if (id === "map") return this.data.meaning[value].name;
    const confidence = layer.confidence && valueAt(layer.confidence, place);
    const sure = confidence === null ? "" : ` ${Math.round((100 * confidence) / 255)} %`;
    return this.nameOf(value) + sure;
  }

  nameOf(value) {
    return this.labels.get(value)?.name ?? "unlabelled";
  }
}
