// What Streamlit calls, whenever it has something new for a component to show.

import { Chart } from "./chart.js";
import { Heatmaps } from "./heatmaps.js";
import { keepOneEntry } from "./vendor_internals.js";

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  keepOneEntry();
  const element = parentElement.querySelector(".gradflow-heatmaps, .gradflow-chart");
  const Kind = element.className === "gradflow-chart" ? Chart : Heatmaps;
  const view = (element.view ??= new Kind(element));
  view.pick = (t, k) => setTriggerValue("picked", { t, k });
  view.zoomed = (zoom) => setStateValue("zoom", zoom);
  view.move = (update) => setTriggerValue("moved", update);
  view.show(data).catch((error) => setStateValue("failed", String(error)));
  return () => view.close();
}
