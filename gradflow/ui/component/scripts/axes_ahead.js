// Axes that a hand moves along with T. Plotly takes many times as long to draw them, so that their
// numbers stand on a layer of their own until the hand rests.

import { axesOf, titleLine } from "./vendor_internals.js";

const AXES = ["xaxis", "yaxis"];

// How a chart's axes lie on the screen: as Plotly drew them, or as they are ahead of it.
export function shownAxes(plot) {
  const axes = axesOf(plot);
  if (!axes || !plot.ahead) return axes;
  const [bottom, top] = plot.ahead.yaxis.range;
  const across = ranged(axes.across, plot.ahead.xaxis.range);
  return { across, down: ranged(axes.down, [top, bottom]) };
}

const ranged = ({ start, length }, [first, last]) => ({
  start,
  length,
  pixel: (value) => (length * (value - first)) / (last - first),
});

// Show these axes; false where that is Plotly's to do: a zoom ends, logarithms and words move.
export function moveAxes(plot, layout) {
  const drawn = plot.chart.layout;
  const moved = AXES.filter((name) => String(layout[name].range) !== String(drawn[name].range));
  const isPlain = ({ type, ticktext }) => type !== "log" && !ticktext;
  if (moved.length && (plot.zoom || !moved.every((name) => isPlain(layout[name])))) return false;
  plot.ahead = moved.length ? layout : undefined;
  showMoved(plot, moved, layout);
  return true;
}

// Leave all axes to Plotly again.
export function leaveAxes(plot) {
  if (!plot.ahead) return;
  plot.ahead = undefined;
  showMoved(plot, [], plot.chart.layout);
}

function showMoved(plot, moved, layout) {
  for (const name of AXES) plot.classList.toggle(`${name}-ahead`, moved.includes(name));
  plot.numbers ??= layerOver(plot);
  plot.numbers.replaceChildren(...moved.flatMap((name) => numbersOf(plot, name, layout[name])));
  const line = titleLine(plot);
  const [said] = layout.xaxis.title.text.split("<br>");
  if (line && line.textContent !== said) line.textContent = said;
}

function layerOver(plot) {
  const layer = document.createElement("div");
  layer.className = "numbers";
  layer.ariaHidden = "true";
  return plot.parentElement.appendChild(layer);
}

// The numbers of one axis, each with its tick or its line of the grid.
function numbersOf(plot, name, axis) {
  const { across, down } = shownAxes(plot);
  const [left, bottom] = [across.start, down.start + down.length];
  return Array.from(axis.tickvals ?? wholeNumbers(axis), (value) => {
    const isAcross = name === "xaxis";
    const number = document.createElement("span");
    number.className = `${name} ${axis.ticks ?? "grid"}`;
    number.innerHTML = `${axis.tickprefix ?? ""}${value}${axis.ticksuffix ?? ""}`;
    number.style.left = `${isAcross ? left + across.pixel(value) : left}px`;
    number.style.top = `${isAcross ? bottom : down.start + down.pixel(value)}px`;
    number.style.setProperty("--reach", `${isAcross ? down.length : across.length}px`);
    return number;
  });
}

// About as many whole numbers as Plotly chooses by itself.
function wholeNumbers({ range: [first, last], nticks, dtick }) {
  const least = (last - first) / nticks;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = dtick ?? [2, 5, 10].find((times) => times * power >= least) * power;
  const from = Math.ceil(first / step);
  return Array.from({ length: Math.floor(last / step) - from + 1 }, (_, n) => step * (from + n));
}
