// What Streamlit calls, whenever it has something new for one chart or a film to show.

import { Chart } from "./chart.js";
import { keepOneEntry } from "./vendor_internals.js";

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  keepOneEntry();
  const element = parentElement.querySelector(".gradflow-chart");
  const view = (element.view ??= new Chart(element));
  view.move = (update) => setTriggerValue("moved", update);
  view.show(data).catch((error) => setStateValue("failed", String(error)));
  return () => view.close();
}
