// The colour bar under the heatmaps: one for both, or one each where their colours differ.

export function drawBars(element, bars) {
  const drawn = JSON.stringify(bars);
  if (element.drawn === drawn) return;
  element.drawn = drawn;
  element.replaceChildren(...bars.map(colourBar));
}

function colourBar({ title, colours, ticks, few }) {
  const bar = part("div", "bar");
  const strip = part("div", "strip");
  const stops = colours.map(([share, colour]) => `${colour} ${100 * share}%`);
  strip.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const labels = part("div", "ticks");
  labels.append(...ticks.map(([share, text]) => tick(share, text)));
  const keys = part("div", "keys");
  keys.append(part("span", "", title), key("zero", "exactly zero"), key("none", "no input"));
  if (few) keys.append(key("few", "too few digits"));
  bar.append(strip, labels, keys);
  return bar;
}

// What a texture means.
function key(texture, text) {
  const made = part("span", "");
  made.append(part("i", texture), text);
  return made;
}

function tick(share, text) {
  const label = part("span", "tick", text);
  // A label at an end of the bar stays within it.
  label.style.left = `${100 * share}%`;
  label.style.transform = `translateX(${-100 * share}%)`;
  return label;
}

export function part(kind, name, text = "") {
  const made = document.createElement(kind);
  made.className = name;
  made.textContent = text;
  return made;
}
