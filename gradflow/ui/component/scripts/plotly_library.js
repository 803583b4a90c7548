// Plotly itself, which is loaded once for all charts of a page.

import { serverRoot } from "./vendor_internals.js";

const ARRIVES_WITHIN = 30000; // milliseconds

let library;

export function plotlyLibrary(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(address, serverRoot());
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.js could not be loaded"));
    setTimeout(() => reject(new Error("plotly.js did not arrive")), ARRIVES_WITHIN);
    document.head.append(script);
  });
  return library;
}
