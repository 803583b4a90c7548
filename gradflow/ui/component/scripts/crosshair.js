// The crosshair: one cell of both heatmaps and its lag in the profile, with lines and a readout.

import { shownAxes } from "./axes_ahead.js";
import { Cells, isTerm } from "./cell_places.js";
import { shareOfRow, size, where } from "./readout.js";
import { WayDown } from "./way_down.js";

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
export const PROFILE = 2;

export class Crosshair {
  // The panels are both heatmaps and the profile, each with its plot.
  constructor(panels, plots, readout) {
    Object.assign(this, { panels, plots, readout });
    this.wayDown = new WayDown(readout.nextElementSibling);
    this.focused = 0;
    panels.slice(0, PROFILE).forEach((panel, index) => {
      panel.addEventListener("keydown", (event) => this.press(event));
      panel.addEventListener("focus", () => this.focus(index));
      // A pointer that moves is no reason to speak.
      panel.addEventListener("blur", () => (readout.ariaLive = "off"));
    });
  }

  // What a message says of the cells; `pick` is called with the t and k of the cell one picks.
  show(message, pick) {
    this.message = message;
    this.cells = new Cells(message);
    this.pick = pick;
    this.rest();
  }

  // Return to the cell that is explained, which needs no label of its own.
  rest() {
    const { chosen } = this.message;
    this.move(this.focused, this.cells.cellOf(...chosen), chosen);
    this.labels().forEach((label) => (label.textContent = ""));
  }

  labels() {
    return this.panels.slice(0, PROFILE).map((panel) => panel.querySelector("output"));
  }

  // Go to what Plotly says is under the pointer; false where that is no cell.
  point(index, { x, data, pointNumber }) {
    if (data.name === "clipped") return false;
    if (index === PROFILE) {
      const term = [this.message.target, x];
      this.move(this.focused, this.cells.cellOf(...term), term);
    } else this.move(index, pointNumber);
    return true;
  }

  // A cell may hold a different term in each panel.
  termOf(panel, [row, column]) {
    return this.cells.termOf(row, column, this.message.cells[panel].place?.[row][column]);
  }

  move(panel, cell, term = this.termOf(panel, cell)) {
    Object.assign(this, { cell, term });
    this.draw();
    this.tell();
  }

  choose() {
    if (isTerm(...this.term)) this.pick(...this.term);
  }

  focus(panel) {
    this.focused = panel;
    this.readout.ariaLive = "polite";
  }

  press(event) {
    if (!this.cell) return;
    if (event.key in ARROWS) this.walk(ARROWS[event.key], event.shiftKey ? 10 : 1);
    else if (event.key === "Enter" || event.key === " ") this.choose();
    else if (event.key === "Escape") this.rest();
    else return;
    event.preventDefault();
  }

  walk(direction, cells) {
    const [row, column] = this.cell.map((index, axis) => index + direction[axis] * cells);
    this.move(this.focused, this.cells.nearest(row, column));
  }

  draw() {
    if (!this.cell) return;
    const [row, column] = this.cells.middle(...this.cell);
    this.plots.forEach((plot, index) => {
      const axes = shownAxes(plot);
      if (!axes) return;
      const [vertical, horizontal] = this.panels[index].querySelectorAll("i");
      drawVertical(vertical, axes, index === PROFILE ? this.term[1] : column);
      if (!horizontal) return;
      drawHorizontal(horizontal, axes, row);
      placeLabel(this.panels[index].querySelector("output"), axes, [row, column]);
    });
  }

  tell() {
    const [place, ...sizes] = this.readout.children;
    const labels = this.labels();
    const at = where(this.cells, this.cell, this.term, this.message);
    place.textContent = `At the crosshair: ${at}`;
    this.wayDown.offer(this.message.explained, this.term, this.message.chosen);
    this.message.cells.forEach((panel, index) => {
      const log10 = panel.log10 ?? this.message.charts[index].data[0].z;
      const term = this.termOf(index, this.cell);
      const told = size(panel, log10, this.cells, this.cell, term);
      sizes[index].textContent = `${panel.title}: ${told.join("; ")}`;
      labels[index].textContent = [at, ...told, ...shareOfRow(panel, log10, this.cell)].join("\n");
    });
  }
}

// A line is hidden where its value lies outside the zoom.
const visibility = (axis, at) => (at >= 0 && at <= axis.length ? "visible" : "hidden");

function drawVertical(line, { across, down }, value) {
  const at = across.pixel(value);
  const [left, top, height] = [across.start + at, down.start, down.length].map(pixels);
  const seen = { visibility: visibility(across, at) };
  Object.assign(line.style, { ...seen, left, top, height, width: "1px" });
}

function drawHorizontal(line, { across, down }, value) {
  const at = down.pixel(value);
  const [top, left, width] = [down.start + at, across.start, across.length].map(pixels);
  const seen = { visibility: visibility(down, at) };
  Object.assign(line.style, { ...seen, left, top, width, height: "1px" });
}

// The label stands beside the cell, on the side where there is more room.
function placeLabel(label, { across, down }, [row, column]) {
  const [right, below] = [across.pixel(column), down.pixel(row)];
  const [x, y] = [right > across.length / 2 ? -100 : 0, below > down.length / 2 ? -100 : 0];
  const away = ({ start }, at, share) => pixels(start + at + (share ? -8 : 8));
  const place = { left: away(across, right, x), top: away(down, below, y) };
  Object.assign(label.style, { ...place, transform: `translate(${x}%, ${y}%)` });
}

const pixels = (number) => `${number}px`;
