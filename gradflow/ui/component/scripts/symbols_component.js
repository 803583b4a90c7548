// What Streamlit calls, whenever it draws a page.

import { Symbols } from "./symbols.js";

export default function ({ data, parentElement }) {
  const symbols = new Symbols(parentElement.querySelector(".gradflow-symbols"), data);
  return () => symbols.close();
}
