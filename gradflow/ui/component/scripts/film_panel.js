// One network of a film: its heatmap, and below it the lanes of the unrolled network.

import { part } from "./colour_bars.js";

export class FilmPanel {
  // `shared` is what all panels have in common, and the byte of a picture at which this one begins.
  constructor(panel, { T, cells, across, colours, heads, start }) {
    Object.assign(this, { panel, cells, heads, start });
    this.colours = new Uint32Array(colours.buffer, colours.byteOffset, 256);
    this.triangle = (cells * (cells + 1)) / 2;
    this.length = this.triangle + panel.lanes.length * cells;
    this.element = part("div", "panel");
    this.said = part("p", "said");
    this.canvas = drawnCells("triangle", panel.label, cells, cells);
    this.lanes = panel.lanes.map(({ label }) => drawnCells("lane", label, cells, 1));
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
    if (head) place(this.canvas, head, this.cells, this.cells);
    this.lanes.forEach((lane, index) => {
      const first = this.start + this.triangle + index * this.cells;
      const levels = picture.subarray(first, first + this.cells);
      paint(lane, (pixels) => levels.forEach((level, at) => (pixels[at] = this.colours[level])));
      place(lane, [0, head[1]], 1, this.cells);
    });
  }

  // Rows have as many cells as they are far down.
  drawTriangle(levels) {
    paint(this.canvas, (pixels) => {
      let at = 0;
      for (let row = 0; row < this.cells; row += 1) {
        const first = row * this.cells;
        for (let column = 0; column <= row; column += 1, at += 1) {
          pixels[first + column] = this.colours[levels[at]];
        }
      }
    });
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

// A canvas with a pixel for each cell, and the frame of the cell that is reached.
function drawnCells(kind, label, columns, rows) {
  const element = part("div", `cells ${kind}`);
  const canvas = part("canvas", "");
  [canvas.width, canvas.height] = [columns, rows];
  canvas.role = "img";
  canvas.ariaLabel = label;
  const head = part("i", "head");
  head.hidden = true;
  element.append(canvas, head);
  if (kind === "lane" && columns <= MOST_APART) {
    const gaps = part("i", "gaps");
    gaps.style.setProperty("--cells", columns);
    element.insertBefore(gaps, head);
  }
  const image = new ImageData(columns, rows);
  return { element, head, context: canvas.getContext("2d"), image };
}

// Cells of a lane beyond which there is no room for gaps.
const MOST_APART = 120;

function paint({ context, image }, fill) {
  fill(new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
}

function place({ head }, [row, column], rows, columns) {
  head.hidden = column < 0;
  const share = (count, whole) => `${(100 * count) / whole}%`;
  const corner = { left: share(column, columns), top: share(row, rows) };
  const size = { width: share(1, columns), height: share(1, rows) };
  Object.assign(head.style, corner, size);
}
