// Pictures of two panels that one plays, pauses and goes through by hand.

import { drawBars } from "./colour_bars.js";
import { pictures } from "./film_pictures.js";
import { FilmPanel } from "./film_panel.js";
import { unpacked } from "./packing.js";

const NAMES = { true: "Pause", false: "Play" };

export class Film {
  constructor(element) {
    this.element = element;
    this.slider = element.querySelector("input");
    this.button = element.querySelector("[data-play]");
    this.slider.addEventListener("input", () => this.goTo(this.slider.valueAsNumber));
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    for (const button of element.querySelectorAll("[data-by]")) {
      button.addEventListener("click", () => this.goTo(this.at + Number(button.dataset.by)));
    }
  }

  // The film that is shown already stays at its picture.
  async show(bytes) {
    const message = unpacked(bytes);
    if (message.ident === this.message?.ident) return;
    this.pause();
    this.message = message;
    this.element.ariaBusy = "true";
    const found = await pictures(message);
    if (this.message !== message) return;
    this.pictures = found;
    this.build(message);
    this.draw(message.start);
    this.element.ariaBusy = "false";
  }

  build({ panels, bar, counted, ...shared }) {
    this.slider.max = this.pictures.length - 1;
    this.slider.ariaLabel = counted;
    let start = 0;
    this.panels = panels.map((panel) => {
      const made = new FilmPanel(panel, { ...shared, start });
      start += made.length;
      return made;
    });
    const elements = this.panels.map((panel) => panel.element);
    this.element.querySelector(".panels").replaceChildren(...elements);
    drawBars(this.element.querySelector(".bars"), [bar]);
  }

  // Go to a picture by hand, which ends the playing.
  goTo(picture) {
    this.pause();
    this.draw(Math.min(Math.max(picture, 0), this.pictures.length - 1));
  }

  draw(picture) {
    this.at = picture;
    const label = this.message.labels[picture];
    this.slider.value = picture;
    this.slider.ariaValueText = label;
    this.tell(label);
    for (const panel of this.panels) panel.draw(this.pictures[picture], picture);
    this.element.dataset.picture = picture;
  }

  tell(words) {
    this.element.querySelector("output").textContent = words;
  }

  // From where it stands to the last picture; from the last one anew.
  play() {
    const last = this.pictures.length - 1;
    const first = this.at < last ? this.at : 0;
    let began;
    const next = (now) => {
      if (!this.playing) return;
      began ??= now;
      const due = first + Math.floor(((now - began) * this.message.rate) / 1000);
      if (due !== this.at) this.draw(Math.min(due, last));
      if (due < last) requestAnimationFrame(next);
      else this.pause();
    };
    this.turn(true);
    requestAnimationFrame(next);
  }

  pause() {
    this.turn(false);
  }

  turn(playing) {
    this.playing = playing;
    this.button.textContent = NAMES[playing];
  }
}
