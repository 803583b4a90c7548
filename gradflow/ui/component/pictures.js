// Pictures of a heatmap's cells, in the place of those that Plotly drew and in its colours. To draw
// a chart anew takes Plotly many times as long as the picture, which is all that a new value changes.

// The attribute that Plotly writes; a plain href would hide it from then on.
const XLINK = "http://www.w3.org/1999/xlink";

// All of a chart but its values.
const frame = ({ data, layout }) => JSON.stringify([data.map(({ z, ...trace }) => trace), layout]);

// Whether it could be done: where more than the values differs, Plotly has to draw.
function repaint(plot, data) {
  const images = [...plot.querySelectorAll(".heatmaplayer image")];
  // Plotly keeps with a picture the trace it shows, but has no picture outside of a zoom.
  if (images.length !== data.length) return false;
  const pictures = images.map(({ __data__: { trace } }) => picture(data[trace.index].z, trace));
  images.forEach((image, index) => image.setAttributeNS(XLINK, "xlink:href", pictures[index]));
  return true;
}

const canvas = document.createElement("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });

// A pixel for each cell, the first row on top; clear where there is no number.
function picture(z, trace) {
  [canvas.width, canvas.height] = [z[0].length, z.length];
  const image = context.createImageData(canvas.width, canvas.height);
  const paint = painter(trace, image.data);
  let at = 0;
  for (const row of z) {
    for (const value of row) {
      if (!Number.isNaN(value)) paint(value, at);
      at += 4;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL("image/png");
}

// The arithmetic is that of Plotly's own scales, so that no channel is rounded otherwise.
function painter({ colorscale, zmin, zmax }, pixels) {
  const stops = colorscale.map(([share]) => zmin + share * (zmax - zmin));
  const colours = colorscale.map(([, colour]) => channels(colour));
  const last = stops.length - 2;
  return (value, at) => {
    let part = 0;
    while (part < last && value >= stops[part + 1]) part += 1;
    const along = (value - stops[part]) / (stops[part + 1] - stops[part]);
    const share = Math.max(0, Math.min(1, along));
    const [from, to] = [colours[part], colours[part + 1]];
    for (let channel = 0; channel < 3; channel += 1) {
      pixels[at + channel] = Math.round(from[channel] * (1 - share) + to[channel] * share);
    }
    pixels[at + 3] = 255;
  };
}

// Red, green and blue of "#rrggbb", or of "rgb(r, g, b)".
function channels(colour) {
  if (!colour.startsWith("#")) return colour.match(/\d+/g).slice(0, 3).map(Number);
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}

