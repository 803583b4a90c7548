// A hand on a slider beside the charts, by pointer or by keys. Streamlit sends a value when a
// pointer lets go, or at each key, which slider_keys.js holds back, and draws its whole page anew
// for it. Until then the charts of each value are asked for here, one at a time: the latest value
// goes next, and those before it are passed over.

import { SliderKeys } from "./slider_keys.js";
import { focusedSlider, serverRoot, watchSliders } from "./vendor_internals.js";

export class SliderHand {
  // `show` draws the bytes of a message; it is called for those that are asked for.
  constructor(show) {
    this.show = show;
    this.watcher = watchSliders(() => this.ask());
    this.keys = new SliderKeys(() => this.resting);
  }

  // Whether a message of the page shows where the slider under the hand is. Where the hand has
  // gone on, that is asked for, and the message would be a step back.
  isAt({ address, values }) {
    this.address = address;
    this.keys.canWait = this.answers !== false;
    const slider = focusedSlider();
    if (!this.answers || !slider || !(slider.name in values)) return true;
    if (Math.abs(values[slider.name] - slider.value) < slider.step / 2) return true;
    this.ask();
    return false;
  }

  // `resting` is kept when the charts of the latest value are there.
  ask() {
    this.wanted = focusedSlider();
    if (this.underway || !this.address) return;
    this.underway = true;
    this.resting = this.catchUp();
  }

  // The server makes the next charts while these are drawn.
  async catchUp() {
    let next = this.wanted && this.answer();
    while (next) {
      const bytes = await next;
      next = this.wanted && this.answer();
      if (bytes && this.address) this.show(bytes);
    }
    this.underway = false;
  }

  async answer() {
    const { name, value } = this.wanted;
    this.wanted = undefined;
    const query = new URLSearchParams({ name, value });
    const answer = await fetch(new URL(`${this.address}?${query}`, serverRoot())).catch(() => ({}));
    const body = answer.ok && (await answer.arrayBuffer().catch(() => undefined));
    this.answers = Boolean(body);
    if (!body) this.keys.release();
    return body ? new Uint8Array(body) : undefined;
  }

  close() {
    this.watcher.disconnect();
    this.keys.close();
    this.address = this.wanted = undefined;
  }
}
