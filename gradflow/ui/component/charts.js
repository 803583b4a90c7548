// Charts that Plotly draws and that keep their nodes; one crosshair links the heatmaps.

// How long one may wait for it, in milliseconds.
const SECOND_CLICK = 400;
const NEXT_MOVE = 150;
const LIBRARY = 30000;

// About as many numbers stand on an axis that is zoomed.
const TICKS = 6;

let library;

// The page's own scripts tell where the server's root is, whatever path it is served under.
function root() {
  const own = document.querySelector('script[type="module"][src*="static/js/"]');
  return own ? new URL("../../", own.src) : document.baseURI;
}

function plotly(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(address, root());
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.js could not be loaded"));
    setTimeout(() => reject(new Error("plotly.js did not arrive")), LIBRARY);
    document.head.append(script);
  });
  return library;
}

const TYPES = { f4: Float32Array, f8: Float64Array, i4: Int32Array, i1: Int8Array, u1: Uint8Array };

// The reverse of packing.py.
function unpacked(bytes) {
  // A message begins anywhere, a typed array at a multiple of its size: hence the copy.
  const { buffer } = bytes.slice();
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const start = 8 + Math.ceil(length / 8) * 8;
  const json = new TextDecoder().decode(new Uint8Array(buffer, 8, length));
  return JSON.parse(json, (_, value) => {
    if (!value?.array) return value;
    const type = TYPES[value.array];
    const [rows, columns = 1] = value.shape;
    const count = value.triangle ? (rows * (rows + 1)) / 2 : rows * columns;
    const cells = new type(buffer, start + value.at, count);
    if (value.shape.length === 1) return cells;
    return Array.from({ length: rows }, (_, row) => {
      if (!value.triangle) return cells.subarray(row * columns, (row + 1) * columns);
      const first = (row * (row + 1)) / 2;
      const whole = new type(columns).fill(NaN); // which is 0 where numbers are whole
      whole.set(cells.subarray(first, first + row + 1));
      return whole;
    });
  });
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
// The frame after the next: what stands before it is then on the screen.
const painted = () =>
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

// As "3.14e-200": log10 may lie far outside of what a number can hold.
function scientific(log10) {
  let exponent = Math.floor(log10);
  let mantissa = (10 ** (log10 - exponent)).toFixed(2);
  if (mantissa === "10.00") [mantissa, exponent] = ["1.00", exponent + 1];
  return `${mantissa}e${exponent < 0 ? "−" : "+"}${Math.abs(exponent)}`;
}

const span = (first, last) => (first === last ? `${first}` : `${first}–${last}`);

// As the page around it, and as wide.
function themed(layout, element) {
  const { color, fontFamily: family } = getComputedStyle(element);
  const modebar = { bgcolor: "transparent", color, activecolor: color };
  return { ...layout, font: { ...layout.font, color, family }, modebar };
}

// Whoever gives Plotly its configuration again has it draw all from the start, and twice.
function react(Plotly, plot, { data, layout }, config) {
  const name = JSON.stringify(config);
  Plotly.react(plot, data, layout, plot.configuration === name ? undefined : config);
  plot.configuration = name;
}

// One chart, for reading.
class Chart {
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
    this.Plotly = await plotly(message.plotly);
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

class Heatmaps {
  constructor(element) {
    this.element = element;
    this.panels = [...element.querySelectorAll(".panel")];
    this.plots = this.panels.map((panel) => panel.querySelector("[data-chart]"));
    this.readout = element.querySelector(".readout");
    this.focused = 0;
    this.drawn = 0;
    this.panels.slice(0, 2).forEach((panel, index) => {
      panel.addEventListener("keydown", (event) => this.press(event));
      panel.addEventListener("focus", () => this.focus(index));
      // A pointer that moves is no reason to speak.
      panel.addEventListener("blur", () => (this.readout.ariaLive = "off"));
    });
    this.sizes = new ResizeObserver(() => this.resize());
  }

  async show(bytes) {
    const message = unpacked(bytes);
    this.newest = message;
    this.element.ariaBusy = "true";
    const Plotly = await plotly(message.plotly);
    if (this.newest !== message) return;
    Object.assign(this, message, { Plotly });
    this.element.querySelector("h3").textContent = message.heading;
    for (const chart of this.charts) chart.layout = themed(chart.layout, this.element);
    const [rnn, lstm, profile] = this.charts;
    const behind = [rnn, lstm].filter((chart, index) => this.showValues(chart, index));
    this.rest();
    // What one looks at while moving a slider is painted before the rest is drawn.
    await painted();
    if (this.newest !== message) return;
    this.draw(profile, 2);
    // What Plotly knows of the heatmaps may follow when the hand rests.
    if (behind.length) await pause(NEXT_MOVE);
    if (this.newest !== message) return;
    for (const chart of behind) this.draw(chart, this.charts.indexOf(chart));
    this.element.ariaBusy = "false";
  }

  // Whether only the picture is new, and the chart behind it is still to be drawn.
  showValues(chart, index) {
    const plot = this.plots[index];
    chart.frame = frame(chart);
    const alike = plot.chart?.frame === chart.frame && repaint(plot, chart.data);
    if (!alike) this.draw(chart, index);
    return alike;
  }

  draw(chart, index) {
    const plot = this.plots[index];
    const layout = { ...chart.layout, ...this.zoomed(plot, chart), uirevision: true };
    const first = !plot.on;
    plot.chart = chart;
    plot.dataset.chart = chart.key;
    plot.style.height = `${layout.height}px`;
    this.panels[index].ariaLabel = chart.label ?? null;
    react(this.Plotly, plot, { data: chart.data, layout }, this.config(plot));
    if (!first) return;
    plot.on("plotly_hover", ({ points: [point] }) => this.point(index, point));
    plot.on("plotly_unhover", () => this.rest());
    plot.on("plotly_click", ({ points: [point], event }) => {
      if (event.detail < 2) this.click(plot, index, point);
    });
    plot.on("plotly_doubleclick", () => this.unzoom(plot));
    plot.on("plotly_relayout", (change) => {
      const changes = (what) => Object.keys(change).some((name) => name.includes(what));
      // The end of a zoom brings the ticks of the whole axis along.
      if (!changes(".range") || changes(".tickmode")) return;
      plot.zoom = plot.chart.counted;
      const { xaxis, yaxis } = plot.layout;
      this.Plotly.relayout(plot, { ...ticks("xaxis", xaxis), ...ticks("yaxis", yaxis) });
    });
    plot.on("plotly_afterplot", () => this.cross());
    this.sizes.observe(this.panels[index]);
  }

  // Plotly by itself returns to the ranges of its first drawing, and those change with the terms.
  config(plot) {
    const click = () => this.unzoom(plot);
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

  zoomed(plot, { layout, counted }) {
    if (plot.zoom !== counted) plot.zoom = undefined;
    const axis = (name) => {
      const { range, tickmode, tick0, dtick } = plot.zoom ? plot.layout[name] : layout[name];
      const shown = { range: [...range], tickmode, tick0, dtick };
      return { ...layout[name], ...shown, uirevision: ++this.drawn };
    };
    return { xaxis: axis("xaxis"), yaxis: axis("yaxis") };
  }

  async unzoom(plot) {
    const { xaxis, yaxis } = plot.chart.layout;
    const whole = {};
    for (const [name, { range, tickmode }] of Object.entries({ xaxis, yaxis })) {
      whole[`${name}.range`] = [...range];
      whole[`${name}.tickmode`] = tickmode ?? "auto";
    }
    clearTimeout(this.choosing);
    await this.Plotly.relayout(plot, whole);
    plot.zoom = undefined;
  }

  // Where there is a zoom, a second click may follow and end it.
  click(plot, index, point) {
    if (!this.point(index, point)) return;
    if (plot.zoom) this.choosing = setTimeout(() => this.choose(), SECOND_CLICK);
    else this.choose();
  }

  // The cell that is explained is the one the crosshair returns to.
  rest() {
    this.move(this.focused, ...this.cellOf(...this.chosen), this.chosen);
  }

  cellOf(t, k) {
    const column = this.axis === "lag" ? k : t + 1 - k;
    return [t - 1, column - 1].map((index) => Math.floor(index / this.block));
  }

  // The term a cell shows: its own, or the largest of its block.
  termOf(panel, row, column) {
    const place = this.cells[panel].place?.[row][column] ?? 0;
    const t = row * this.block + Math.floor(place / this.block) + 1;
    const other = column * this.block + (place % this.block) + 1;
    return this.axis === "lag" ? [t, other] : [t, t + 1 - other];
  }

  point(index, { x, y, data }) {
    if (data.name === "clipped") return false;
    const profile = index === 2;
    const cell = profile
      ? this.cellOf(this.target, x)
      : [y, x].map((middle) => Math.floor((middle - 1) / this.block));
    this.move(profile ? this.focused : index, ...cell, profile ? [this.target, x] : undefined);
    return true;
  }

  move(panel, row, column, term = this.termOf(panel, row, column)) {
    Object.assign(this, { row, column, term });
    this.cross();
    this.tell();
  }

  choose() {
    const [t, k] = this.term;
    if (k >= 1 && k <= t) this.pick(t, k);
  }

  focus(panel) {
    this.focused = panel;
    this.readout.ariaLive = "polite";
  }

  press(event) {
    if (this.row === undefined) return;
    const step = event.shiftKey ? 10 : 1;
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.key in moves) {
      const [down, right] = moves[event.key].map((direction) => direction * step);
      this.walk(this.row + down, this.column + right);
    } else if (event.key === "Enter" || event.key === " ") this.choose();
    else if (event.key === "Escape") this.rest();
    else return;
    event.preventDefault();
  }

  walk(row, column) {
    const last = Math.ceil(this.T / this.block) - 1;
    [row, column] = [row, column].map((index) => Math.min(Math.max(index, 0), last));
    // The triangle has as many columns as its row is long.
    this.move(this.focused, row, Math.min(column, row));
  }

  cross() {
    if (this.row === undefined) return;
    const half = 0.5 * (this.block - 1);
    const middle = (index) => index * this.block + half + 1;
    this.plots.forEach((plot, index) => {
      const { xaxis, yaxis } = plot._fullLayout ?? {};
      if (!xaxis) return;
      const [down, across] = this.panels[index].querySelectorAll("i");
      place(down, xaxis, yaxis, index < 2 ? middle(this.column) : this.term[1], false);
      if (across) place(across, yaxis, xaxis, middle(this.row), true);
    });
  }

  tell() {
    const [where, ...sizes] = this.readout.children;
    const [t, k] = this.term;
    const first = this.row * this.block + 1;
    const left = this.column * this.block + 1;
    const [last, right] = [first, left].map((step) => Math.min(step + this.block - 1, this.T));
    const other = this.axis === "lag" ? "k" : "j";
    let text = `t = ${span(first, last)}, ${other} = ${span(left, right)}`;
    if (this.block === 1) {
      const word = this.words ? `“${this.words[t - k]}”, ` : "";
      text = `t = ${t}, k = ${k}, j = ${t + 1 - k}`;
      const x = String(+this.inputs[t - k]?.toPrecision(4)).replace("-", "−");
      if (k >= 1 && k <= t) text += `: ${word}xⱼ = ${x}`;
    }
    where.textContent = text;
    this.cells.forEach((panel, index) => {
      sizes[index].textContent = `${panel.title}: ${this.size(panel, index)}`;
    });
  }

  size(panel, index) {
    const { row, column } = this;
    const [t, k] = this.termOf(index, row, column);
    if (k < 1 || k > t) return "no input here";
    const log10 = panel.log10 ?? this.charts[index].data[0].z;
    const at = this.block > 1 ? `, the largest here, at t = ${t}, k = ${k}` : "";
    if (!Number.isFinite(log10[row][column])) return "exactly zero";
    const sign = panel.sign ? (panel.sign[row][column] < 0 ? "−" : "+") : "";
    const share = panel.shares ? `, ${percent(log10[row], column)} of its row` : at;
    return `${sign}${scientific(log10[row][column] + panel.units[t - 1])}${share}`;
  }

  resize() {
    for (const plot of this.plots) if (plot.offsetWidth) this.Plotly.Plots.resize(plot);
  }

  close() {
    this.newest = undefined;
    this.sizes.disconnect();
    this.plots.filter((plot) => plot.on).forEach((plot) => this.Plotly.purge(plot));
  }
}

// Whole numbers, nicely spaced, in the place of those chosen for the whole axis; words stay.
function ticks(name, { range: [start, end], tickmode, ticktext }) {
  if (ticktext || !["array", "linear"].includes(tickmode)) return {};
  const least = Math.abs(end - start) / TICKS;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].find((times) => times * power >= least) * power;
  return { [`${name}.tickmode`]: "linear", [`${name}.tick0`]: 0, [`${name}.dtick`]: Math.max(1, step) };
}

function percent(log10, column) {
  const top = log10.reduce((most, size) => (size > most ? size : most), -Infinity);
  const part = (size) => (Number.isFinite(size) ? 10 ** (size - top) : 0);
  const total = log10.reduce((sum, size) => sum + part(size), 0);
  const share = (100 * part(log10[column])) / total;
  return share > 0 && share < 0.005 ? "under 0.01%" : `${share.toFixed(2)}%`;
}

// A line across the plot at one place of an axis; none where that lies outside of the zoom.
function place(line, axis, other, step, across) {
  const at = axis.d2p(step);
  const start = other._offset;
  line.style.visibility = at >= 0 && at <= axis._length ? "visible" : "hidden";
  const [along, length, width] = across ? ["left", "width", "height"] : ["top", "height", "width"];
  line.style[across ? "top" : "left"] = `${axis._offset + at}px`;
  line.style[along] = `${start}px`;
  line.style[length] = `${other._length}px`;
  line.style[width] = "1px";
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const element = parentElement.querySelector(".gradflow-heatmaps, .gradflow-chart");
  const kind = element.className === "gradflow-chart" ? Chart : Heatmaps;
  const view = (element.view ??= new kind(element));
  view.pick = (t, k) => setTriggerValue("picked", { t, k });
  view.show(data).catch((error) => setStateValue("failed", String(error)));
  return () => view.close();
}
