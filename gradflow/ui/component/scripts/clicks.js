// What the pointer does on a chart: it moves the crosshair, a click picks the cell that is
// explained, and two clicks end the zoom. A pick goes to the page, by way of the crosshair: its row
// becomes the target of the profile and the measures, its lag the one that is explained below.

import { endZoom } from "./zoom.js";

// Milliseconds within which a second click makes a double click.
export const SECOND_CLICK = 400;

export class Clicks {
  constructor(crosshair) {
    this.crosshair = crosshair;
  }

  listen(Plotly, plot, index) {
    plot.on("plotly_hover", ({ points: [point] }) => this.crosshair.point(index, point));
    plot.on("plotly_unhover", () => this.crosshair.rest());
    plot.on("plotly_click", ({ points: [point], event }) => {
      if (event.detail < 2) this.pick(plot, index, point);
    });
    plot.on("plotly_doubleclick", () => this.unzoom(Plotly, plot));
  }

  // Where there is a zoom, a second click may follow and end it.
  pick(plot, index, point) {
    if (!this.crosshair.point(index, point)) return;
    const choose = () => this.crosshair.choose();
    if (plot.zoom) this.choosing = setTimeout(choose, SECOND_CLICK);
    else choose();
  }

  unzoom(Plotly, plot) {
    clearTimeout(this.choosing);
    return endZoom(Plotly, plot);
  }
}
