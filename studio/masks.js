// Masks in the browser, shared by every component: grey PNGs whose values are label ids, whose
// colours are made here, so that they change without asking the server.

const LOOK_HERE = "look-here"; // said to the window: the image that was just chosen is shown above

/** A layer's values as colours on a canvas: table holds a packed pixel for each of the 256 values.

    With an outline of n pixels only what lies so close to another value is painted. */
function painted({ values, width, height }, table, outline = 0) {
  const canvas = element("canvas", { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const below = outline * width;
  for (let i = 0; i < pixels.length; i++) {
    const value = values[i];
    if (outline && value === values[i - outline] && value === values[i + outline] &&
        value === values[i - below] && value === values[i + below]) continue;
    pixels[i] = table[value];
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The table of some values' colours, value -> #rrggbb; all others stay clear. */
function tableOf(colors) {
  const table = new Uint32Array(256); // 0 is a clear pixel
  for (const [value, color] of colors) table[value] = packed(color);
  return table;
}

function valueAt({ values, width, height }, place) {
  const x = Math.min(width - 1, Math.max(0, Math.floor(place.x * width)));
  const y = Math.min(height - 1, Math.max(0, Math.floor(place.y * height)));
  return values[y * width + x];
}

/** #rrggbb as the 32 bits of a pixel, opaque unless told, in the order that ImageData has them. */
function packed(color, alpha = 255) {
  const value = parseInt(color.slice(1), 16);
  return (alpha << 24 | (value & 255) << 16 | (value & 0xff00) | value >> 16) >>> 0;
}

async function picture(url) {
  return createImageBitmap(await (await fetch(url)).blob());
}

async function greyValues(url) {
  const image = await picture(url);
  const canvas = element("canvas", { width: image.width, height: image.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const values = new Uint8Array(data.length / 4);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * i];
  return { values, width: image.width, height: image.height };
}

function element(tag, properties = {}, children = []) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
