// The way from the cell that is explained to its explanation, which stands further down.

import { explanation } from "./vendor_internals.js";

export class WayDown {
  constructor(button) {
    this.button = button;
    button.addEventListener("click", () => {
      const isQuiet = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      const behavior = isQuiet ? "auto" : "smooth";
      explanation()?.scrollIntoView({ block: "center", behavior });
    });
  }

  // It is offered where the crosshair is at that cell.
  offer(said, [t, k], [chosenTarget, chosenLag]) {
    this.button.textContent = said;
    this.button.hidden = t !== chosenTarget || k !== chosenLag;
  }
}
