// A page of thumbnails with their masks: the class under the pointer is named, the masks' opacity
// and a class lit alone change here; a click asks Python for that picture.

const choices = { opacity: 0.55, only: null }; // kept from page to page of thumbnails

export default function ({ parentElement, data, setTriggerValue }) {
  const names = new Map(data.labels.map((label) => [label.id, label.name]));
  const redraws = [];
  const redraw = () => redraws.forEach((draw) => draw());
  const choose = (key) => {
    setTriggerValue("opened", key);
    dispatchEvent(new Event(LOOK_HERE));
  };
  const items = data.items.map((item) => thumbnail(item, data, names, redraws, choose));
  const root = element("div", { className: "gallery" }, [
    ...(data.labels.length ? [controls(redraw)] : []),
    element("div", { className: "grid" }, items),
    ...(data.labels.length ? [legend(data.labels, redraw)] : []),
  ]);
  parentElement.querySelector(".gallery")?.remove();
  parentElement.append(root);
  return () => root.remove();
}

function thumbnail(item, data, names, redraws, choose) {
  const isChosen = item.key === data.chosen;
  const canvas = element("canvas", { className: "mask" });
  const photo = element("img", { src: item.photo, alt: item.caption, loading: "lazy" });
  const hint = element("span", { className: "hint" });
  const open = element("button", { type: "button", className: "picture",
    ariaLabel: `Look closer at ${item.key}`, onclick: () => choose(item.key) },
    [photo, canvas, hint]);
  open.style.aspectRatio = item.ratio; // keeps the place until the picture is there
  if (item.mask) {
    greyValues(item.mask).then((layer) => {
      const draw = () => drawMask(canvas, layer, data);
      redraws.push(draw);
      draw();
      open.addEventListener("pointermove", (event) => {
        const box = open.getBoundingClientRect();
        const place = { x: (event.clientX - box.left) / box.width,
          y: (event.clientY - box.top) / box.height };
        hint.textContent = names.get(valueAt(layer, place)) ?? "unlabelled";
      });
      open.addEventListener("pointerleave", () => { hint.textContent = ""; });
    });
  }
  if (isChosen) open.ariaCurrent = "true";
  const words = isChosen ? `Shown above · ${item.caption}` : item.caption;
  return element("figure", {}, [open, element("figcaption", { textContent: words })]);
}

function drawMask(canvas, layer, { labels }) {
  const { only } = choices;
  const shown = labels.filter((label) => only === null || label.id === only);
  const table = tableOf(shown.map((label) => [label.id, label.color]));
  canvas.width = layer.width;
  canvas.height = layer.height;
  canvas.getContext("2d").drawImage(painted(layer, table), 0, 0);
  canvas.style.opacity = choices.opacity;
}

function controls(redraw) {
  const opacity = element("input", { type: "range", min: 0, max: 100,
    value: choices.opacity * 100, ariaLabel: "Mask opacity" });
  opacity.oninput = () => { choices.opacity = opacity.value / 100; redraw(); };
  return element("label", { className: "controls" }, ["Masks", opacity]);
}

function legend(labels, redraw) {
  const list = element("ul", { className: "legend" });
  const press = (id) => {
    choices.only = choices.only === id ? null : id;
    [...list.children].forEach((entry, i) =>
      entry.firstChild.setAttribute("aria-pressed", String(labels[i].id === choices.only)));
    redraw();
  };
  if (!labels.some((label) => label.id === choices.only)) choices.only = null;
  list.append(...labels.map((label) => {
    const swatch = element("i");
    swatch.style.background = label.color;
    const button = element("button", { type: "button", title: "This class alone, or all again",
      onclick: () => press(label.id) }, [swatch, `${label.name} ${label.note}`]);
    button.setAttribute("aria-pressed", String(label.id === choices.only));
    return element("li", {}, [button]);
  }));
  return list;
}
