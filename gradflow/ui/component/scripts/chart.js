// One chart, for reading.

import { painted, react, themed } from "./drawing.js";
import { unpacked } from "./packing.js";
import { plotlyLibrary } from "./plotly_library.js";

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
    const { key, data, config } = message.chart;
    const layout = themed(message.chart.layout, this.element);
    this.plot.dataset.chart = key;
    this.plot.style.height = `${layout.height}px`;
    react(this.Plotly, this.plot, { data, layout }, config);
    this.element.ariaBusy = "false";
  }

  close() {
    this.sizes.disconnect();
    if (this.plot.on) this.Plotly.purge(this.plot);
  }
}
