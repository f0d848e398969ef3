// Masks in the browser, shared by every component: grey PNGs whose values are label ids, whose
// colours are made here, so that they change without asking the server.

/** A layer's colours as a canvas: colors is id -> #rrggbb, other ids stay clear. */
function painted({ values, width, height }, colors, outlined = false) {
  const table = new Uint32Array(256); // 0 is a clear pixel
  for (const [id, color] of colors) table[id] = packed(color);
  const canvas = element("canvas", { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) {
    const value = values[i];
    if (outlined && value === values[i - 1] && value === values[i + 1] &&
        value === values[i - width] && value === values[i + width]) continue;
    pixels[i] = table[value];
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function valueAt({ values, width, height }, place) {
  const x = Math.min(width - 1, Math.max(0, Math.floor(place.x * width)));
  const y = Math.min(height - 1, Math.max(0, Math.floor(place.y * height)));
  return values[y * width + x];
}

/** #rrggbb as the 32 bits of an opaque pixel, in the order that ImageData has them. */
function packed(color) {
  const value = parseInt(color.slice(1), 16);
  return (255 << 24 | (value & 255) << 16 | (value & 0xff00) | value >> 16) >>> 0;
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
