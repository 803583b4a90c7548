// Both heatmaps and the profile, in nodes that stay, so that zoom and focus do.

import { leaveAxes } from "./axes_ahead.js";
import { Clicks, SECOND_CLICK } from "./clicks.js";
import { drawBars } from "./colour_bars.js";
import { Crosshair, PROFILE } from "./crosshair.js";
import { redrawCurves } from "./curves.js";
import { inTheme, pause, react } from "./drawing.js";
import { unpacked } from "./packing.js";
import { tellPainted } from "./painted.js";
import { followHand, nothingPending } from "./pending.js";
import { repaint } from "./pictures.js";
import { plotlyLibrary } from "./plotly_library.js";
import { SliderHand } from "./slider_hand.js";
import { isZoom, keepZoom, zoomedAxes, zoomShown } from "./zoom.js";

// Milliseconds after which a hand that moves a slider moves it again.
const NEXT_MOVE = 150;

export class Heatmaps {
  constructor(element) {
    this.element = element;
    this.panels = [...element.querySelectorAll(".panel")];
    this.plots = this.panels.map((panel) => panel.querySelector("[data-chart]"));
    const [rnn, lstm] = this.plots;
    [rnn.twin, lstm.twin] = [lstm, rnn];
    this.crosshair = new Crosshair(this.panels, this.plots, element.querySelector(".readout"));
    this.clicks = new Clicks(this.crosshair);
    this.hand = new SliderHand((bytes) => this.showAhead(bytes));
    this.drawings = 0;
    this.sizes = new ResizeObserver(() => this.resize());
  }

  // What a run of the page sends; the slider's hand may be ahead of it, or may have shown it.
  async show(bytes) {
    const message = unpacked(bytes);
    this.fromPage = message;
    this.Plotly = await plotlyLibrary(message.plotly);
    if (this.fromPage !== message || !this.hand.isAt(message.moving)) return;
    nothingPending(this.element);
    const isShown = isSame(this.ahead, bytes);
    this.ahead = undefined;
    if (!isShown) await this.draft(message);
    this.isPainted ||= tellPainted(message.moving.address);
  }

  // What a hand on a slider asked for.
  async showAhead(bytes) {
    this.ahead = bytes;
    const message = unpacked(bytes);
    followHand(this.element, message.moving, this.fromPage.moving);
    await this.draft(message);
  }

  // What one looks at while moving a slider comes first: the pictures of both heatmaps and the
  // curves, and when the hand rests what Plotly knows of the charts. A newer message ends it.
  async draft(message) {
    this.newest = message;
    const charts = inTheme(message.charts, this.element);
    this.element.ariaBusy = "true";
    this.tell(message);
    const behind = charts.filter((chart, index) => !this.showValues(chart, index));
    this.crosshair.show(message, (t, k) => this.pick(t, k));
    if (behind.length) await pause(NEXT_MOVE);
    await this.hand.resting;
    if (this.newest !== message) return;
    for (const chart of behind) this.draw(chart, charts.indexOf(chart));
    this.element.ariaBusy = "false";
  }

  // What stands above and below the heatmaps.
  tell({ heading, said, bars }) {
    this.element.querySelector("h2").textContent = heading;
    drawBars(this.element.querySelector(".bars"), bars);
    [...this.element.querySelectorAll(".said")].forEach((place, index) => {
      [...place.children].forEach((child, part) => (child.textContent = said[index][part]));
    });
  }

  // Show new values; false if only the picture is new, and Plotly is still to draw the chart.
  showValues(chart, index) {
    const plot = this.plots[index];
    if (index === PROFILE ? redrawCurves(plot, chart) : repaint(plot, chart)) return false;
    this.draw(chart, index);
    return true;
  }

  draw(chart, index) {
    const plot = this.plots[index];
    const axes = zoomedAxes(plot, chart, ++this.drawings);
    const layout = { ...chart.layout, ...axes, uirevision: true };
    // A heatmap is as high as its panel, which is so high that cells are nearly square.
    if (plot.twin) layout.height = this.panels[index].clientHeight;
    const first = !plot.on;
    plot.chart = chart;
    plot.dataset.chart = chart.key;
    plot.style.height = plot.twin ? "100%" : `${layout.height}px`;
    plot.classList.remove("moving");
    leaveAxes(plot);
    this.panels[index].ariaLabel = chart.label ?? null;
    react(this.Plotly, plot, { data: chart.data, layout }, this.config(plot));
    if (first) this.listen(plot, index);
  }

  listen(plot, index) {
    this.clicks.listen(this.Plotly, plot, index);
    plot.on("plotly_relayout", (change) => {
      if (isZoom(change)) keepZoom(this.Plotly, plot);
      if (plot.twin) this.tellZoom();
    });
    plot.on("plotly_afterplot", () => this.crosshair.draw());
    this.sizes.observe(this.panels[index]);
  }

  // A download may hold the part that is shown, and is made elsewhere.
  tellZoom() {
    const shown = JSON.stringify(zoomShown(this.plots[0]));
    if (shown === (this.zoomTold ?? "null")) return;
    this.zoomTold = shown;
    this.zoomed(JSON.parse(shown));
  }

  // The bar above a chart, with our own end of a zoom instead of Plotly's.
  config(plot) {
    const click = () => this.clicks.unzoom(this.Plotly, plot);
    const button = { name: "unzoom", title: "Reset zoom", icon: this.Plotly.Icons.home, click };
    const { modeBarButtonsToRemove: removed, ...given } = plot.chart.config;
    return {
      ...given,
      modeBarButtonsToRemove: [...removed, "autoScale2d", "resetScale2d"],
      modeBarButtonsToAdd: [button],
      doubleClick: false,
      doubleClickDelay: SECOND_CLICK,
    };
  }

  resize() {
    for (const plot of this.plots) if (plot.offsetWidth) this.Plotly.Plots.resize(plot);
  }

  close() {
    this.newest = this.fromPage = undefined;
    this.hand.close();
    this.sizes.disconnect();
    this.plots.filter((plot) => plot.on).forEach((plot) => this.Plotly.purge(plot));
  }
}

const isSame = (some, others) =>
  some?.length === others.length && some.every((byte, index) => byte === others[index]);
