// What the crosshair's cell is and holds, in words.

import { isTerm } from "./cell_places.js";

// The steps of a cell, and the input of its term where it has only one.
export function where(cells, [row, column], [t, k], { inputs, words }) {
  if (cells.block > 1) {
    const other = cells.axis === "source" ? "j" : "k";
    return `t = ${span(cells.rowSteps(row))}, ${other} = ${span(cells.columnSteps(column))}`;
  }
  const steps = `t = ${t}, k = ${k}, j = ${t + 1 - k}`;
  if (!isTerm(t, k)) return steps;
  const word = words ? `“${words[t - k]}”, ` : "";
  const x = String(+inputs[t - k]?.toPrecision(4)).replace("-", "−");
  return `${steps}: ${word}xⱼ = ${x}`;
}

// The size of the term that a panel shows in a cell: as its colour has it, then the term itself.
export function size(panel, log10, cells, [row, column], [t, k]) {
  if (!isTerm(t, k)) return "no input here";
  if (panel.few?.[row][column]) return "too few digits in float64";
  if (!Number.isFinite(log10[row][column])) return "exactly zero";
  const sign = panel.sign ? (panel.sign[row][column] < 0 ? "−" : "+") : "";
  const over = panel.own && (panel.own[t - 1] ? "k = 1" : "its row's largest");
  const shown = over ? `${scientific(log10[row][column])} of ${over}; ` : "";
  const number = `${shown}term ${sign}${scientific(log10[row][column] + panel.units[t - 1])}`;
  if (panel.shares) return `${number}, ${percent(log10[row], column)} of its row`;
  return cells.block > 1 ? `${number}, the largest here, at t = ${t}, k = ${k}` : number;
}

// As "3.14e−200": its log10 may lie far outside what a number can hold.
export function scientific(log10) {
  let exponent = Math.floor(log10);
  let mantissa = (10 ** (log10 - exponent)).toFixed(2);
  if (mantissa === "10.00") [mantissa, exponent] = ["1.00", exponent + 1];
  return `${mantissa}e${exponent < 0 ? "−" : "+"}${Math.abs(exponent)}`;
}

// The share of one size in a row of sizes.
export function percent(log10, column) {
  const top = log10.reduce((most, one) => (one > most ? one : most), -Infinity);
  const part = (one) => (Number.isFinite(one) ? 10 ** (one - top) : 0);
  const total = log10.reduce((sum, one) => sum + part(one), 0);
  const share = (100 * part(log10[column])) / total;
  return share > 0 && share < 0.005 ? "under 0.01%" : `${share.toFixed(2)}%`;
}

const span = ([first, last]) => (first === last ? `${first}` : `${first}–${last}`);
