// The network's cells, computed one step after the other as their rules say.

import { Rounded, difference, isRounded, parsed, product, sign, toFloat, weightedSum } from "./exact.js";

/** A form [constant, cell, weight, cell, weight, …], ready to be evaluated. */
function form(given = [0]) {
  const cells = [];
  const weights = [];
  for (let i = 1; i < given.length; i += 2) {
    cells.push(given[i]);
    weights.push(parsed(given[i + 1]));
  }
  return { constant: parsed(given[0]), cells, weights };
}

export function reading([now, before]) {
  return { now: form(now), before: before ? form(before) : null };
}

/** What a form is over the numbers of all cells. */
export function evaluated({ constant, cells, weights }, numbers) {
  if (cells.length === 1 && weights[0] === 1 && constant === 0) return numbers[cells[0]];
  return weightedSum(constant, numbers, weights, cells);
}

function read({ now, before }, numbers, last) {
  const present = evaluated(now, numbers);
  return before === null ? present : weightedSum(present, [evaluated(before, last)], [1]);
}

export function networkOf(cells) {
  return cells.map((cell) => ({
    ...cell,
    readings: cell.readings.map(reading),
    init: parsed(cell.init ?? 0),
    constant: parsed(cell.constant ?? 0),
  }));
}

/** All cells before the first step, and the places of the tokens that swaps follow. */
function beforeFirst(network) {
  return { numbers: network.map((cell) => cell.init), places: network.map((cell) => cell.exchanges?.start) };
}

/** Every step of a run over inputs; the first `kept` steps of one before are the same. */
export function runOver(network, inputs, before = [], kept = 0) {
  const steps = before.slice(0, kept);
  for (let t = kept; t < inputs.length; t++) {
    const numbers = new Array(network.length);
    const places = new Array(network.length);
    const last = steps[t - 1] ?? beforeFirst(network);
    steps.push({ numbers, places });
    for (let i = 0; i < network.length; i++) numbers[i] = computed(network[i], i, inputs[t], steps, t, last);
  }
  return steps;
}

function computed(cell, id, input, steps, t, last) {
  const { numbers } = steps[t];
  if (cell.kind === "input") return input[cell.component ?? 0];
  if (cell.kind === "swap") return swapped(cell, id, steps[t], last);
  if (cell.kind === "delay") {
    const late = t >= cell.steps ? evaluated(cell.readings[0].now, steps[t - cell.steps].numbers) : 0;
    return weightedSum(late, [cell.constant], [1]);
  }
  const argument = read(cell.readings.at(-1), numbers, last.numbers);
  const gate = cell.readings.length > 1 ? read(cell.readings[0], numbers, last.numbers) : 1;
  return ruled(cell.kind, argument, gate, last.numbers[id]);
}

function ruled(kind, argument, gate, itself) {
  switch (kind) {
    case "linear":
      return argument;
    case "relu":
      return positive(argument);
    case "step":
      return decided(sign(argument) > 0, argument);
    case "bit":
      return decided(sign(argument) !== 0, argument);
    case "select":
      return selected(gate, argument);
    case "gated relu":
      return product(gate, positive(argument));
    case "hold":
      return weightedSum(argument, [product(gate, itself)], [1]);
    case "latch":
      return weightedSum(argument, [product(gate, itself), product(gate, argument)], [1, -1]);
    default:
      throw new Error(`a cell is a ${kind}, which this page does not compute`);
  }
}

function positive(number) {
  if (sign(number) > 0) return number;
  return isRounded(number) ? new Rounded(0) : 0;
}

/** The argument where the gate is 1 or more, 0 where it is 0 or less; a gate is not between. */
function selected(gate, argument) {
  if (sign(gate) <= 0) return isRounded(gate) ? new Rounded(0) : 0;
  if (sign(difference(gate, 1)) >= 0) return isRounded(gate) ? new Rounded(toFloat(argument)) : argument;
  return new Rounded(toFloat(gate) * toFloat(argument));
}

/** 1 or 0, which is only likely where it was decided by a rounded number. */
function decided(isTrue, number) {
  return isRounded(number) ? new Rounded(Number(isTrue)) : Number(isTrue);
}

function swapped({ readings, exchanges }, id, step, last) {
  let place = last.places[id];
  readings.forEach((swap, i) => {
    const swaps = read(swap, step.numbers, last.numbers);
    if (swaps !== 0 && swaps !== 1) place = undefined; // nowhere: the program claims that this cannot be
    const [one, other] = exchanges.pairs[i];
    if (swaps === 1 && (place === one || place === other)) place = place === one ? other : one;
  });
  step.places[id] = place;
  return place === undefined ? new Rounded(NaN) : Number(place === exchanges.place);
}
