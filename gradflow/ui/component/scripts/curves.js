// The curves of the profile while a hand moves a slider: their paths alone, and with T the lags.
// Plotly takes many times as long to draw them, and does so when the hand rests.

import { moveAxes, shownAxes } from "./axes_ahead.js";
import { curvePaths } from "./vendor_internals.js";

// Show new values in a chart's curves; false where something else that there is must change.
export function redrawCurves(plot, { data, layout }) {
  const shown = curvePaths(plot);
  if (!plot.chart || shown.length !== data.filter(isCurve).length) return false;
  if (!data.every((trace) => isCurve(trace) || isMarks(trace))) return false;
  if (!shown.every(({ trace }) => isCurve(data[trace.index]))) return false;
  const { yaxis } = fits(plot.chart, layout) ? plot.chart.layout : layout;
  if (!moveAxes(plot, { xaxis: layout.xaxis, yaxis })) return false;
  const axes = shownAxes(plot);
  for (const { path, trace } of shown) path.setAttribute("d", polyline(data[trace.index], axes));
  plot.classList.add("moving"); // hides the marks, whose places were those of other values
  return true;
}

const isCurve = (trace) => trace?.mode === "lines";
const isMarks = ({ mode }) => mode === "markers+text";

// Whether the sizes that stand reach as far down and up: they need not move.
function fits(chart, { yaxis }) {
  const [low, high] = chart.layout.yaxis.range;
  return yaxis.range[0] >= low && yaxis.range[1] <= high;
}

// The points of a trace in pixels, as a path.
export function polyline({ x, y }, { across, down }) {
  const points = Array.from(x, (at, index) => [at, y[index]]);
  const places = points.map(([at, size]) => `${across.pixel(at)},${down.pixel(size)}`);
  return `M${places.join("L")}`;
}
