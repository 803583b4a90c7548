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
