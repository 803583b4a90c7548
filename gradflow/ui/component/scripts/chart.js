// One chart, for reading, or a film: a chart with a frame for each place of its slider.

import { inTheme, painted, react } from "./drawing.js";
import { unpacked } from "./packing.js";
import { plotlyLibrary } from "./plotly_library.js";

// Milliseconds without a move after which a slider rests.
const AT_REST = 600;

// Pixels below which the plots of a film have no room for what helps to read them.
const NARROW = 640;

const AT_ONCE = { mode: "immediate", frame: { duration: 0 }, transition: { duration: 0 } };

export class Chart {
  constructor(element) {
    this.element = element;
    this.plot = element.querySelector("[data-chart]");
    this.sizes = new ResizeObserver(() => this.plot.on && this.Plotly.Plots.resize(this.plot));
    this.sizes.observe(element);
  }

  async show(bytes) {
    const message = unpacked(bytes);
    this.newest = message;
    this.element.ariaBusy = "true";
    this.Plotly = await plotlyLibrary(message.plotly);
    await painted();
    if (this.newest !== message) return;
    const { key, data, config, frames } = message.chart;
    const [{ layout }] = inTheme([message.chart], this.element);
    this.plot.dataset.chart = key;
    this.plot.style.height = `${layout.height}px`;
    if (frames) await this.showFilm(message.chart, layout);
    else react(this.Plotly, this.plot, { data, layout }, config);
    this.element.ariaBusy = "false";
  }

  // A film that is shown already goes on where it is: what is new is then not in it.
  async showFilm({ film, data, frames, config, place }, layout) {
    if (this.film === film) return;
    this.film = film;
    if (this.plot.clientWidth < NARROW) {
      layout.annotations = layout.annotations.filter(({ name }) => name !== "reading help");
    }
    await this.Plotly.newPlot(this.plot, { data, layout, frames, config });
    await this.Plotly.animate(this.plot, [frames[place].name], AT_ONCE);
    this.plot.on("plotly_sliderchange", ({ step }) => {
      clearTimeout(this.rest);
      this.rest = setTimeout(() => this.move(Number(step.value)), AT_REST);
    });
  }

  close() {
    clearTimeout(this.rest);
    this.sizes.disconnect();
    if (this.plot.on) this.Plotly.purge(this.plot);
  }
}
