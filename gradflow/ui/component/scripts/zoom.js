// The zoom of a chart, which stays while values change and ends when its axes count something else.
// Plotly by itself returns to the ranges of its first drawing, but those change with the terms.

// About as many numbers stand on an axis that is zoomed.
const TICKS = 6;

// The axes to draw a chart with: as they are zoomed, or whole. `revision` is a number that Plotly
// has not seen yet; at one that it knows it keeps its own ranges.
export function zoomedAxes(plot, { layout, counted }, revision) {
  if (plot.zoom !== counted) plot.zoom = undefined;
  const axis = (name) => {
    const { range, tickmode, tick0, dtick } = plot.zoom ? plot.layout[name] : layout[name];
    const shown = { range: [...range], tickmode, tick0, dtick };
    return { ...layout[name], ...shown, uirevision: revision };
  };
  return { xaxis: axis("xaxis"), yaxis: axis("yaxis") };
}

// Whether Plotly's "relayout" tells of a zoom. The one that ends a zoom brings the whole axis's
// ticks along.
export function isZoom(change) {
  const changes = (what) => Object.keys(change).some((name) => name.includes(what));
  return changes(".range") && !changes(".tickmode");
}

// Remember a zoom, number its axes anew, and show the same part in the chart's twin.
export function keepZoom(Plotly, plot) {
  plot.zoom = plot.chart.counted;
  const { xaxis, yaxis } = plot.layout;
  Plotly.relayout(plot, { ...ticks("xaxis", xaxis), ...ticks("yaxis", yaxis) });
  if (plot.twin?.chart) follow(Plotly, plot.twin, xaxis.range, yaxis.range);
}

function follow(Plotly, plot, across, down) {
  plot.zoom = plot.chart.counted;
  const change = {};
  for (const [name, range] of Object.entries({ xaxis: across, yaxis: down })) {
    const axis = { ...plot.layout[name], range: [...range] };
    // Ranges and ticks in one, which `isZoom` does not take for another zoom.
    change[`${name}.range`] = axis.range;
    change[`${name}.tickmode`] = axis.tickmode ?? "auto";
    Object.assign(change, ticks(name, axis));
  }
  Plotly.relayout(plot, change);
}

// What a zoomed chart shows, for Python; null where it shows all.
export function zoomShown({ zoom, layout }) {
  if (!zoom) return null;
  return { counted: zoom, across: [...layout.xaxis.range], down: [...layout.yaxis.range] };
}

// End the zoom of a chart, and of its twin.
export async function endZoom(Plotly, plot) {
  plot.zoom = undefined;
  const { xaxis, yaxis } = plot.chart.layout;
  const whole = {};
  for (const [name, { range, tickmode }] of Object.entries({ xaxis, yaxis })) {
    whole[`${name}.range`] = [...range];
    whole[`${name}.tickmode`] = tickmode ?? "auto";
  }
  await Plotly.relayout(plot, whole);
  if (plot.twin?.zoom) await endZoom(Plotly, plot.twin);
}

// Whole numbers, nicely spaced, instead of those chosen for the whole axis; words stay, and so do
// the numbers of a log axis.
function ticks(name, { range: [start, end], type, tickmode, ticktext }) {
  if (ticktext || type === "log" || !["array", "linear"].includes(tickmode)) return {};
  const least = Math.abs(end - start) / TICKS;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].find((times) => times * power >= least) * power;
  const shown = { tickmode: "linear", tick0: 0, dtick: Math.max(1, step) };
  const parts = Object.entries(shown).map(([part, value]) => [`${name}.${part}`, value]);
  return Object.fromEntries(parts);
}
