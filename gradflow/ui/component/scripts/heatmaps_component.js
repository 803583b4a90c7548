// What Streamlit calls, whenever it has something new for the linked charts to show.

import { Heatmaps } from "./heatmaps.js";
import { keepOneEntry } from "./vendor_internals.js";

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  keepOneEntry();
  const element = parentElement.querySelector(".gradflow-heatmaps");
  const view = (element.view ??= new Heatmaps(element));
  view.pick = (t, k) => setTriggerValue("picked", { t, k });
  view.zoomed = (zoom) => setStateValue("zoom", zoom);
  view.show(data).catch((error) => setStateValue("failed", String(error)));
  return () => view.close();
}
