// What every chart does when Plotly draws it.

// Charts in the font and the colours of the page around them. To read these after a change of the
// page makes the browser work them out anew.
export function inTheme(charts, element) {
  const { color, fontFamily: family } = getComputedStyle(element);
  const modebar = { bgcolor: "transparent", color, activecolor: color };
  for (const { layout } of charts) {
    Object.assign(layout, { font: { ...layout.font, color, family }, modebar });
  }
  return charts;
}

// Give Plotly a configuration only if it is a new one: with each that it gets it draws everything
// from the start, and twice.
export function react(Plotly, plot, { data, layout }, config) {
  const name = JSON.stringify(config);
  Plotly.react(plot, data, layout, plot.configuration === name ? undefined : config);
  plot.configuration = name;
}

// In the second frame from now all that was drawn before is on the screen.
export const painted = () =>
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
