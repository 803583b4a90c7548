// What a symbol of a formula is, told at the symbol under the pointer, and of a formula that has
// the focus for each of its symbols.

import { formulaOf, symbolsIn, symbolsOver } from "./katex_internals.js";

export class Symbols {
  // The meanings are [pattern, name, words], of which the first that fits counts.
  constructor(element, meanings) {
    this.element = element;
    this.meanings = meanings.map(([pattern, ...said]) => [new RegExp(`^(?:${pattern})$`), said]);
    this.ended = new AbortController();
    const { signal } = this.ended;
    const listen = (event, heard) => document.addEventListener(event, heard, { signal });
    listen("pointerover", ({ target }) => this.point(target));
    listen("focusin", ({ target }) => this.read(target));
    listen("focusout", () => this.hide());
    listen("keydown", ({ key }) => this.press(key));
  }

  // Keys get to formulas too; they are found when a key asks for the next place.
  press(key) {
    if (key === "Escape") this.hide();
    if (key !== "Tab") return;
    for (const formula of document.querySelectorAll(".katex:has(.mrel)")) formula.tabIndex = 0;
  }

  // Of a symbol within a symbol, as an index is, the outer one is meant.
  point(target) {
    if (this.element.contains(target)) return;
    const known = symbolsOver(target).filter(([, text]) => this.meaning(text));
    const [at, letters] = known.at(-1) ?? [];
    if (at) this.show(at, [this.meaning(letters)]);
    else if (!formulaOf(document.activeElement)) this.hide();
  }

  read(target) {
    const formula = formulaOf(target);
    if (formula !== target) return;
    const all = symbolsIn(formula).map((text) => this.meaning(text));
    const known = new Map(all.filter(Boolean).map((said) => [said[0], said]));
    if (known.size) this.show(formula, [...known.values()]);
    formula.setAttribute("aria-describedby", this.element.id);
  }

  meaning(text) {
    return this.meanings.find(([pattern]) => pattern.test(text))?.[1];
  }

  show(at, lines) {
    this.element.textContent = lines.map(([name, words]) => `${name}: ${words}`).join("\n");
    this.element.hidden = false;
    const { left, top, bottom } = at.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const across = Math.max(8, Math.min(left, innerWidth - width - 8));
    const below = bottom + 6 + height < innerHeight ? bottom + 6 : Math.max(8, top - height - 6);
    Object.assign(this.element.style, { left: `${across}px`, top: `${below}px` });
  }

  hide() {
    this.element.hidden = true;
  }

  close() {
    this.hide();
    this.ended.abort();
  }
}
