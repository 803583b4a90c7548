// Pictures of a heatmap's cells, which replace those that Plotly drew, in its own colours. New
// values change the picture, and with T how many cells it has and what the axes count. Plotly takes
// many times as long to draw a chart anew.

import { moveAxes, shownAxes } from "./axes_ahead.js";
import { polyline } from "./curves.js";
import { filledPaths, heatmapImages, showPicture } from "./vendor_internals.js";

// All of a chart but its values and how many there are, to compare.
function allButValues({ data, layout: { xaxis, yaxis, ...layout } }) {
  const traces = data.map(({ x, y, z, customdata, ...trace }) => trace);
  const axes = [xaxis, yaxis].map(({ range, tickvals, ...axis }) => axis);
  return JSON.stringify([traces, axes, layout]);
}

// Show new values in a chart's pictures; false where one is missing or all else has changed too, so
// that Plotly has to draw.
export function repaint(plot, chart) {
  chart.rest = allButValues(chart);
  if (plot.chart?.rest !== chart.rest) return false;
  const { data } = chart;
  const shown = heatmapImages(plot);
  if (shown.length !== data.filter(({ type }) => type === "heatmap").length) return false;
  if (!moveAxes(plot, chart.layout)) return false;
  const axes = shownAxes(plot);
  const pictures = shown.map(({ image, trace }) => picture(data[trace.index], trace, image, axes));
  shown.forEach(({ image }, index) => showPicture(image, pictures[index]));
  for (const { path, trace } of filledPaths(plot)) {
    path.setAttribute("d", `${polyline(data[trace.index], axes)}Z`);
  }
  return true;
}

const canvas = document.createElement("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });

// Columns of one width have a pixel for each cell, the first row on top, as Plotly draws them;
// those of a log axis have all pixels of the screen.
function picture({ x, y, z }, colours, image, axes) {
  const cells = coloured(z, colours);
  const shown = x.length > z[0].length ? stretched(cells, image, axes, x, y) : cells;
  [canvas.width, canvas.height] = [shown.width, shown.height];
  context.putImageData(shown, 0, 0);
  return canvas.toDataURL("image/png");
}

// A pixel for each cell; clear where there is no number. It is computed as Plotly does, so that
// every channel is rounded the same way.
function coloured(z, { colorscale, zmin, zmax }) {
  const stops = Float64Array.from(colorscale, ([share]) => zmin + share * (zmax - zmin));
  const [red, green, blue] = [0, 1, 2].map((channel) =>
    Float64Array.from(colorscale, ([, colour]) => channels(colour)[channel]),
  );
  const last = stops.length - 2;
  const image = context.createImageData(z[0].length, z.length);
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
  return image;
}

// The cells as they lie on the screen, between edges across and around middles down.
function stretched(cells, image, { across, down }, edges, middles) {
  const [left, top, width, height] = ["x", "y", "width", "height"].map(
    (name) => image[name].baseVal.value,
  );
  const shown = context.createImageData(width, height);
  const [from, to] = [cells, shown].map(({ data }) => new Uint32Array(data.buffer));
  const apart = middles.length > 1 ? middles[1] - middles[0] : 1;
  const edgeDown = (row) => middles[0] + apart * (row - 0.5);
  const columns = indices(width, cells.width, (edge) => across.pixel(edges[edge]) - left);
  const rows = indices(height, cells.height, (edge) => down.pixel(edgeDown(edge)) - top);
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, at += 1) {
      to[at] = from[rows[row] * cells.width + columns[column]];
    }
  }
  return shown;
}

// Which of so many cells each pixel shows: as Plotly does, by edges that are rounded to pixels.
function indices(pixels, cells, pixelOf) {
  const found = new Uint32Array(pixels);
  const edge = (index) => Math.min(Math.max(Math.round(pixelOf(index)), 0), pixels);
  for (let cell = 0; cell < cells; cell += 1) found.fill(cell, edge(cell), edge(cell + 1));
  return found;
}

// Red, green and blue of "#rrggbb", or of "rgb(r, g, b)".
function channels(colour) {
  if (!colour.startsWith("#")) return colour.match(/\d+/g).slice(0, 3).map(Number);
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}
