// One network of a film: its heatmap, and below it the lanes of the unrolled network.

import { part } from "./colour_bars.js";

export class FilmPanel {
  // `shared` is what all panels have in common, and the byte of a picture at which this one begins.
  constructor(panel, { T, cells, spread, across, colours, heads, start }) {
    Object.assign(this, { panel, cells, spread, heads, start });
    this.colours = new Uint32Array(colours.buffer, colours.byteOffset, 256);
    this.triangle = (cells * (cells + 1)) / 2;
    this.length = this.triangle + panel.lanes.length * cells;
    this.element = part("div", "panel");
    this.said = part("p", "said");
    this.canvas = drawnCells("triangle", panel.label, spread.length, cells);
    this.lanes = panel.lanes.map(({ label }) => this.drawnLane(label));
    this.element.append(title(panel), this.said, axis("down", "t", T), this.canvas.element);
    this.element.append(axis("across", across, T));
    panel.lanes.forEach(({ name }, index) => {
      this.element.append(part("p", "name", name), this.lanes[index].element);
    });
  }

  draw(picture, number) {
    this.said.textContent = this.panel.said[number] ?? "";
    this.drawTriangle(picture.subarray(this.start, this.start + this.triangle));
    const head = this.heads[number];
    if (head) place(this.canvas, head, this.cells, this.spread);
    this.lanes.forEach((lane, index) => {
      const first = this.start + this.triangle + index * this.cells;
      const levels = picture.subarray(first, first + this.cells);
      paint(lane, (pixels) =>
        this.spread.forEach((column, at) => (pixels[at] = this.colours[levels[column]])),
      );
      place(lane, [0, head[1]], 1, this.spread);
    });
  }

  // Rows have as many cells as they are far down.
  drawTriangle(levels) {
    paint(this.canvas, (pixels) => {
      let at = 0;
      for (let row = 0; row < this.cells; row += 1) {
        const first = (row * (row + 1)) / 2;
        for (const column of this.spread) {
          pixels[at++] = column > row ? 0 : this.colours[levels[first + column]];
        }
      }
    });
  }

  // The cells of an unrolled network stand apart, if they are of one width and there is room.
  drawnLane(label) {
    const lane = drawnCells("lane", label, this.spread.length, 1);
    if (this.spread.length === this.cells && this.cells <= MOST_APART) {
      const gaps = part("i", "gaps");
      gaps.style.setProperty("--cells", this.cells);
      lane.element.insertBefore(gaps, lane.head);
    }
    return lane;
  }
}

function title({ title: name, quantity }) {
  const heading = part("p", "title");
  heading.append(part("b", "", name), ` · ${quantity}`);
  return heading;
}

function axis(name, counted, T) {
  const shown = part("div", name);
  shown.ariaHidden = "true";
  shown.append(part("span", "", "1"), part("span", "", counted), part("span", "", T));
  return shown;
}

// A canvas with so many pixels across and down, and the frame of the cell that is reached.
function drawnCells(kind, label, columns, rows) {
  const element = part("div", `cells ${kind}`);
  const canvas = part("canvas", "");
  [canvas.width, canvas.height] = [columns, rows];
  canvas.role = "img";
  canvas.ariaLabel = label;
  const head = part("i", "head");
  head.hidden = true;
  element.append(canvas, head);
  const image = new ImageData(columns, rows);
  return { element, head, context: canvas.getContext("2d"), image };
}

// Cells of a lane beyond which there is no room for gaps.
const MOST_APART = 120;

function paint({ context, image }, fill) {
  fill(new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
}

function place({ head }, [row, column], rows, spread) {
  head.hidden = column < 0;
  const left = spread.findIndex((shown) => shown >= column);
  const right = spread.lastIndexOf(column) + 1;
  const share = (count, whole) => `${(100 * count) / whole}%`;
  const corner = { left: share(left, spread.length), top: share(row, rows) };
  const size = { width: share(Math.max(right - left, 0), spread.length), height: share(1, rows) };
  Object.assign(head.style, corner, size);
}
