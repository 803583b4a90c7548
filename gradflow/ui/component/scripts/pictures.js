// Pictures of a heatmap's cells, which replace those that Plotly drew, in its own colours. New
// values change nothing but the picture, and Plotly takes many times as long to draw a chart anew.

import { heatmapImages, showPicture } from "./vendor_internals.js";

// All of a chart but its values, to compare.
const allButValues = ({ data, layout }) =>
  JSON.stringify([data.map(({ z, ...trace }) => trace), layout]);

// Show new values in a chart's pictures; false where one is missing or all else has changed too, so
// that Plotly has to draw.
export function repaint(plot, chart) {
  chart.rest = allButValues(chart);
  if (plot.chart?.rest !== chart.rest) return false;
  const { data } = chart;
  const shown = heatmapImages(plot);
  if (shown.length !== data.filter(({ type }) => type === "heatmap").length) return false;
  const pictures = shown.map(({ trace }) => picture(data[trace.index].z, trace));
  shown.forEach(({ image }, index) => showPicture(image, pictures[index]));
  return true;
}

const canvas = document.createElement("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });

// A pixel for each cell, the first row on top; clear where there is no number. It is computed
// as Plotly does, so that every channel is rounded the same way.
function picture(z, { colorscale, zmin, zmax }) {
  const stops = Float64Array.from(colorscale, ([share]) => zmin + share * (zmax - zmin));
  const [red, green, blue] = [0, 1, 2].map((channel) =>
    Float64Array.from(colorscale, ([, colour]) => channels(colour)[channel]),
  );
  const last = stops.length - 2;
  [canvas.width, canvas.height] = [z[0].length, z.length];
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = image.data;
  let at = 0;
  for (const row of z) {
    for (let column = 0; column < row.length; column += 1, at += 4) {
      const value = row[column];
      if (Number.isNaN(value)) continue;
      let from = 0;
      while (from < last && value >= stops[from + 1]) from += 1;
      const to = from + 1;
      const along = (value - stops[from]) / (stops[to] - stops[from]);
      const share = Math.max(0, Math.min(1, along));
      pixels[at] = Math.round(red[from] * (1 - share) + red[to] * share);
      pixels[at + 1] = Math.round(green[from] * (1 - share) + green[to] * share);
      pixels[at + 2] = Math.round(blue[from] * (1 - share) + blue[to] * share);
      pixels[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL("image/png");
}

// Red, green and blue of "#rrggbb", or of "rgb(r, g, b)".
function channels(colour) {
  if (!colour.startsWith("#")) return colour.match(/\d+/g).slice(0, 3).map(Number);
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}
