// Keys on a slider beside the charts. Streamlit sends the value of each key at once, and draws its
// whole page anew for it. It waits here until no key has come for a while, as it does until a
// pointer lets go, so that the charts come first.

import { pause } from "./drawing.js";
import { focusedSlider, lastMessageHeld } from "./vendor_internals.js";

const KEYS = /^(Arrow(Left|Right|Up|Down)|Page(Up|Down)|Home|End)$/;

// Milliseconds without a key after which the hand rests, and after which messages wait no longer
// for charts.
const KEYS_REST = 250;
const LONGEST_WAIT = 5000;

export class SliderKeys {
  // `charts` is a promise of the charts of the latest value.
  constructor(charts) {
    this.charts = charts;
    this.listening = new AbortController();
    const how = { capture: true, signal: this.listening.signal };
    document.addEventListener("keydown", ({ key }) => this.press(key), how);
    // What is done next, such as opening another page, comes after what the keys did.
    for (const next of ["pointerdown", "click"]) {
      document.addEventListener(next, () => this.release(), how);
    }
  }

  press(key) {
    if (!this.canWait || !KEYS.test(key) || !focusedSlider()) {
      this.release();
      return;
    }
    this.letGo ??= lastMessageHeld();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.restAt(this.rest), KEYS_REST);
  }

  // Let go when the charts are there, unless another key has come since.
  async restAt(rest) {
    await Promise.race([this.charts(), pause(LONGEST_WAIT)]);
    if (this.rest === rest) this.release();
  }

  release() {
    clearTimeout(this.rest);
    this.letGo?.();
    this.letGo = undefined;
  }

  close() {
    this.listening.abort();
    this.release();
  }
}
