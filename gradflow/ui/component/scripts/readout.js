// What the crosshair's cell is and holds, in words.

import { isTerm } from "./cell_places.js";

const RAISED = Object.fromEntries([..."-0123456789"].map((sign, at) => [sign, "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"[at]]));

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

// What a panel shows in a cell, in phrases: the size that its colour has, and the term itself.
export function size(panel, log10, cells, [row, column], [t, k]) {
  if (!isTerm(t, k)) return ["no input here"];
  if (panel.few?.[row][column]) return ["too few digits in float64"];
  const shown = log10[row][column];
  if (!Number.isFinite(shown)) return ["exactly zero"];
  const sign = panel.sign ? (panel.sign[row][column] < 0 ? "−" : "+") : "";
  const told = [`the term is ${sign}${inDigits(shown + panel.units[t - 1])}`];
  if (panel.own) {
    told.unshift(`${howMuch(shown)} its row's ${panel.own[t - 1] ? "k = 1" : "largest"} term`);
  }
  if (cells.block > 1) told.push(`the largest here, at t = ${t}, k = ${k}`);
  return told;
}

// The share of a term in its row, as a phrase or none: only a term that is known has one.
export function shareOfRow(panel, log10, [row, column]) {
  const isShown = panel.shares && Number.isFinite(log10[row][column]);
  if (!isShown || panel.few?.[row][column]) return [];
  return [`${percent(log10[row], column)} of its row's summed sizes`];
}

// How much of something 10^log10 is, as the page's sentences say it.
export function howMuch(log10) {
  if (log10 >= Math.log10(5)) return `${inDigits(log10)} times`;
  if (log10 < -3) return `${inDigits(log10)} of`;
  const percents = 100 * 10 ** log10;
  return `${log10 < 0 && percents >= 99.95 ? "> 99.9" : percents.toFixed(1)}% of`;
}

// As "0.0193" or "3.14 × 10⁻²⁰⁰": its log10 may lie far outside what a number can hold.
export function inDigits(log10) {
  if (log10 >= -2.5 && log10 < 3) return String(Number((10 ** log10).toPrecision(3)));
  let exponent = Math.floor(log10);
  let mantissa = (10 ** (log10 - exponent)).toFixed(2);
  if (mantissa === "10.00") [mantissa, exponent] = ["1.00", exponent + 1];
  return `${mantissa} × 10${[...String(exponent)].map((sign) => RAISED[sign]).join("")}`;
}

// The share of one size in a row of sizes, in per cent.
function percent(log10, column) {
  const top = log10.reduce((most, one) => (one > most ? one : most), -Infinity);
  const part = (one) => (Number.isFinite(one) ? 10 ** (one - top) : 0);
  const total = log10.reduce((sum, one) => sum + part(one), 0);
  const share = (100 * part(log10[column])) / total;
  return share > 0 && share < 0.005 ? "under 0.01%" : `${share.toFixed(2)}%`;
}

const span = ([first, last]) => (first === last ? `${first}` : `${first}–${last}`);
