// The curves of the profile while a hand moves a slider: their paths alone, in the axes that stand.
// Plotly takes many times as long to draw them, and does so when the hand rests.

import { axesOf, curvePaths } from "./vendor_internals.js";

// Show new values in a chart's curves; false where their axes or what else there is must change.
export function redrawCurves(plot, { data, layout }) {
  const shown = curvePaths(plot);
  if (!fits(plot, layout) || shown.length !== data.filter(isCurve).length) return false;
  if (!data.every((trace) => isCurve(trace) || isMarks(trace))) return false;
  if (!shown.every(({ trace }) => isCurve(data[trace.index]))) return false;
  const { across, down } = axesOf(plot);
  for (const { path, trace } of shown) {
    path.setAttribute("d", polyline(data[trace.index], across, down));
  }
  plot.classList.add("moving"); // hides the marks, whose places were those of other values
  return true;
}

const isCurve = (trace) => trace?.mode === "lines";
const isMarks = ({ mode }) => mode === "markers+text";

// Whether the axes that stand count the same lags, and reach as far down and up.
function fits({ chart }, { xaxis, yaxis }) {
  if (!chart || String(chart.layout.xaxis.range) !== String(xaxis.range)) return false;
  const [low, high] = chart.layout.yaxis.range;
  return yaxis.range[0] >= low && yaxis.range[1] <= high;
}

function polyline({ x, y }, across, down) {
  const points = Array.from(x, (at, index) => [at, y[index]]);
  const places = points.map(([at, size]) => `${across.pixel(at)},${down.pixel(size)}`);
  return `M${places.join("L")}`;
}
