// What Streamlit calls, whenever it has something new for colour bars that stand by themselves.

import { drawBars } from "./colour_bars.js";
import { unpacked } from "./packing.js";

export default function ({ data, parentElement }) {
  drawBars(parentElement.querySelector(".gradflow-bars"), unpacked(data));
}
