// How the linked viewer draws one panel of its picture.

const RAMP = ["#3b0f70", "#8c2981", "#de4968", "#fe9f6d", "#fcfdbf"]; // from sure to unsure

/** Colours of the steps 0 to 255 of an unsureness: sure pixels are clear, unsure ones glow. */
function glow() {
  return Uint32Array.from({ length: 256 }, (_, step) => {
    const at = (step / 255) * (RAMP.length - 1);
    const below = Math.min(RAMP.length - 2, Math.floor(at));
    const [low, high] = [RAMP[below], RAMP[below + 1]].map((color) => parseInt(color.slice(1), 16));
    const mixed = [16, 8, 0].map((shift) => {
      const [from, to] = [low, high].map((value) => (value >> shift) & 255);
      return Math.round(from + (to - from) * (at - below)).toString(16).padStart(2, "0");
    });
    return packed(`#${mixed.join("")}`, Math.min(255, 2 * step));
  });
}

/** Draws the panel `id` of the viewer: its part of the photograph with the layers over it. */
function drawPanel(canvas, id, { chosen, photo, overlays, blinking, place }) {
  const { zoom, x, y, divider, left, right, opacity } = chosen;
  const density = fitted(canvas, photo);
  canvas.style.touchAction = zoom > 1 ? "none" : "pan-y";
  const context = canvas.getContext("2d");
  const part = { width: photo.width / zoom, height: photo.height / zoom };
  part.x = x * photo.width - part.width / 2;
  part.y = y * photo.height - part.height / 2;
  const fill = (side, from, to) => {
    context.save();
    context.beginPath();
    context.rect(from * canvas.width, 0, (to - from) * canvas.width, canvas.height);
    context.clip();
    const shown = (blinking && SWAPPED[side]) || side;
    drawSide(context, canvas, photo, overlays.get(shown) ?? [], part, opacity);
    context.restore();
  };
  if (id === "swipe") {
    fill(left, 0, divider);
    fill(right, divider, 1);
    context.fillStyle = "#fff";
    context.fillRect(divider * canvas.width - density, 0, 2 * density, canvas.height);
  } else {
    fill(id, 0, 1);
  }
  if (place) drawMark(context, canvas, photo, part, place, density);
}

/** Gives the canvas the pixels that the screen has for it; returns how many a CSS pixel is. */
function fitted(canvas, photo) {
  const density = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = Math.round((width * photo.height) / photo.width);
  const wanted = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== wanted[0] || canvas.height !== wanted[1]) {
    [canvas.width, canvas.height] = wanted;
  }
  return density;
}

function drawSide(context, canvas, photo, layers, part, opacity) {
  const target = [0, 0, canvas.width, canvas.height];
  context.imageSmoothingEnabled = part.width > canvas.width;
  context.drawImage(photo, part.x, part.y, part.width, part.height, ...target);
  context.globalAlpha = opacity;
  context.imageSmoothingEnabled = false; // a mixture of two labels' colours is no label
  for (const layer of layers) {
    const across = layer.width / photo.width;
    const down = layer.height / photo.height;
    context.drawImage(layer, part.x * across, part.y * down, part.width * across,
      part.height * down, ...target);
  }
  context.globalAlpha = 1;
}

function drawMark(context, canvas, photo, part, place, density) {
  const x = ((place.x * photo.width - part.x) / part.width) * canvas.width;
  const y = ((place.y * photo.height - part.y) / part.height) * canvas.height;
  const size = 7 * density;
  for (const [style, width] of [["#000", 3], ["#fff", 1]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x - size, y); context.lineTo(x + size, y);
    context.moveTo(x, y - size); context.lineTo(x, y + size);
    context.stroke();
  }
}
