// How KaTeX, by which Streamlit draws formulas, writes them: all that the scripts rely on of it.

// The formula that an element of the page lies in, as KaTeX writes them.
export const formulaOf = (element) => element?.closest?.(".katex") ?? null;

// KaTeX puts a symbol in one element, with its index, its power and what stands over it.
const SYMBOL = ".katex-html .mord";
const spelled = (element) => element.textContent.replaceAll(/[\s\u200b]/g, "");

// The symbols around a place, the innermost first, each as its element and its letters: the base,
// then the index, then the power.
export function symbolsOver(place) {
  const found = [];
  let at = place?.closest?.(SYMBOL);
  for (; at; at = at.parentElement.closest(SYMBOL)) found.push([at, spelled(at)]);
  return found;
}

// The letters of whatever in a formula may be a symbol.
export const symbolsIn = (formula) => [...formula.querySelectorAll(SYMBOL)].map(spelled);
