// All that the scripts use of Plotly and Streamlit beyond their documentation. A new version may
// change it: tests/browser/test_vendor_internals.py then says which function here is to be renewed.

// Plotly draws with this attribute. Beside it a plain href would have no effect.
const XLINK = "http://www.w3.org/1999/xlink";

// The elements that hold a chart's heatmaps as pictures, each with the trace that it shows. Plotly
// has none for a trace that lies outside the zoom.
export function heatmapImages(plot) {
  const images = [...plot.querySelectorAll(".heatmaplayer image")];
  return images.map((image) => ({ image, trace: image.__data__.trace }));
}

export function showPicture(image, address) {
  image.setAttributeNS(XLINK, "xlink:href", address);
}

// The paths of a chart's curves, each with the trace that it shows.
export function curvePaths(plot) {
  const paths = [...plot.querySelectorAll(".scatterlayer .trace path.js-line")];
  const known = paths.map((path) => ({ path, trace: path.closest(".trace").__data__[0].trace }));
  return known.filter(({ trace }) => trace.mode === "lines");
}

// The paths of a chart's filled areas, each with the trace that it shows.
export function filledPaths(plot) {
  const paths = [...plot.querySelectorAll(".scatterlayer .trace path.js-fill")];
  return paths.map((path) => ({ path, trace: path.closest(".trace").__data__[0].trace }));
}

// What holds the first line of a chart's title of the horizontal axis.
export const titleLine = (plot) =>
  plot.querySelector(".xtitle .line") ?? plot.querySelector(".xtitle");

// How a chart's axes lie on the screen, in pixels from its left and top: where an axis begins, how
// long it is, and where on it a value stands. Undefined until Plotly has drawn.
export function axesOf(plot) {
  const { xaxis, yaxis } = plot._fullLayout ?? {};
  if (!xaxis) return undefined;
  const [across, down] = [xaxis, yaxis].map((axis) => ({
    start: axis._offset,
    length: axis._length,
    pixel: (value) => axis.d2p(value),
  }));
  return { across, down };
}

// The address of the server's root, under whatever path the page is served: Streamlit's own script
// stands in static/js/ below it.
export function serverRoot() {
  const own = document.querySelector('script[type="module"][src*="static/js/"]');
  return own ? new URL("../../", own.src) : document.baseURI;
}

// Streamlit moves the value of a slider's input along with the pointer, which fires no event, and
// with the keys. The slider that is moved has the focus.
export function watchSliders(moved) {
  const watcher = new MutationObserver((changes) => {
    if (changes.some(({ target }) => target === document.activeElement)) moved();
  });
  watcher.observe(document.body, { subtree: true, attributes: true, attributeFilter: ["value"] });
  return watcher;
}

// Name, value and step of the slider beside the charts that has the focus; undefined if none has.
export function focusedSlider() {
  const input = document.activeElement;
  if (input?.type !== "range" || !input.closest(".st-key-sliders")) return undefined;
  const [, name] = input.closest("[class*=st-key-]").className.match(/st-key-(\w+)/);
  return { name, value: Number(input.value), step: Number(input.step) };
}

// What the page sends the server waits from now on until what is returned is called. Each message
// tells what all widgets hold, so that the last one is enough. Those before it would begin runs
// whose answers cross it on the way.
export function lastMessageHeld() {
  const { prototype } = WebSocket;
  const { send } = prototype;
  let sendLast = () => {};
  prototype.send = function (message) {
    sendLast = () => this.send(message);
  };
  return () => {
    prototype.send = send;
    sendLast();
  };
}

// Move the thumb of a slider that follows another one, and its number; nothing where it follows
// none. The next run of the page writes both anew where they change.
export function moveFollower(key, value) {
  const input = document.querySelector(`.st-key-${key} input[type=range]`);
  if (!input) return;
  const [low, high] = [input.min, input.max].map(Number);
  const within = Math.min(Math.max(value, low), high);
  const number = input.closest(`.st-key-${key}`).querySelector("[data-testid=stSliderThumbValue]");
  number.parentElement.style.left = `${(100 * (within - low)) / (high - low)}%`;
  number.querySelector("p").firstChild.nodeValue = within.toFixed(2);
  input.ariaValueText = within.toFixed(2);
}

// The element of the page that explains a cell: the lag that is chosen there.
export const explanation = () => document.querySelector(".st-key-lag");

// The element of the page that holds a component.
export const placeOf = (element) => element.closest("[data-testid=stElementContainer]");

// Streamlit makes an entry in the history of every new query, and going back restores none of them.
// One entry a page lets the visitor leave at once.
export function keepOneEntry() {
  if (history.pushState.keepsOneEntry) return;
  const push = history.pushState.bind(history);
  history.pushState = (state, unused, address) => {
    const same = new URL(address, location.href).pathname === location.pathname;
    if (same) history.replaceState(state, unused, address);
    else push(state, unused, address);
  };
  history.pushState.keepsOneEntry = true;
}
