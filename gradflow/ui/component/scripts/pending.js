// What a hand on a slider leaves behind: the notes, what stands beside the sliders and all that
// stands below the charts belong to the values before the move until the slider is let go.

import { moveFollower, placeOf } from "./vendor_internals.js";

const BEHIND = ".st-key-notes, .st-key-beside_sliders";

// Move what follows the hand at once, and say of the rest that it is of the page's last run.
export function followHand(element, { values, followed, pending }, fromPage) {
  moveFollower("w_h_follows", followed);
  const moved = Object.keys(values).some((name) => values[name] !== fromPage.values[name]);
  for (const place of placesBehind(element)) {
    if (moved) place.dataset.pending = pending;
    else delete place.dataset.pending;
  }
}

export function nothingPending(element) {
  for (const place of placesBehind(element)) delete place.dataset.pending;
}

const placesBehind = (element) => [placeOf(element), ...document.querySelectorAll(BEHIND)];
