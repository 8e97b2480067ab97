// The run over the input, and the pinned one: what values are at a step, and what the network answers there.

import { shortText, vectorText } from "./display.js";
import { equal, toFloat } from "./exact.js";
import { evaluated, runOver } from "./network.js";

export function emptyState() {
  return { inputs: [], steps: [], t: 0, pinned: null, selection: null, generatedFrom: Infinity };
}

function numbersAt(value, steps, t) {
  if (value.given === null) return null;
  if (value.before === null) return value.given.map((form) => evaluated(form, steps[t].numbers));
  return t === 0 ? value.before : value.given.map((form) => evaluated(form, steps[t - 1].numbers));
}

/** The numbers of a value at a step, or null where the network does without it. */
export function numbersOf(state, value, t) {
  return (value.seen[t] ??= numbersAt(value, state.steps, t));
}

/** What a value is in the pinned run, where it is something else there; else null. */
export function pinnedNumbers(state, value, t) {
  if (!state.pinned || t >= state.pinned.steps.length) return null;
  const was = numbersAt(value, state.pinned.steps, t);
  const is = numbersOf(state, value, t);
  return was === null || was.every((number, i) => equal(number, is[i])) ? null : was;
}

/** The probability of every token at a step, the likeliest first; none for a network that is no language model. */
export function probabilities({ logits, state }, t) {
  const { numbers } = state.steps[t];
  const found = logits.map(({ text, form }) => ({ text, logit: toFloat(evaluated(form, numbers)) }));
  const most = Math.max(...found.map(({ logit }) => logit));
  const weights = found.map(({ text, logit }) => ({ text, weight: Math.exp(logit - most) }));
  const sum = weights.reduce((total, { weight }) => total + weight, 0);
  return weights.map(({ text, weight }) => ({ text, share: weight / sum })).sort((a, b) => b.share - a.share);
}

/** The output at a step: the likeliest token, the token that the program names, or numbers. */
export function answerText(app, t) {
  if (app.logits.length) return probabilities(app, t)[0].text;
  const numbers = app.outputs.map((form) => evaluated(form, app.state.steps[t].numbers));
  const { tokens } = app.data;
  if (tokens === null) return vectorText(numbers, (number) => shortText(number, 6));
  const isRefused = numbers.length > 1 && !equal(numbers[1], 0);
  return isRefused ? tokens.nothing : (app.texts.get(numbers[0]) ?? tokens.nothing);
}

/** Run the network over the input, of which the first `kept` steps are as they were. */
export function computeFrom({ network, values, state, largest }, kept) {
  state.steps = runOver(network, state.inputs, state.steps, kept);
  largest.fill(0);
  for (const { numbers } of state.steps) {
    numbers.forEach((number, id) => (largest[id] = Math.max(largest[id], Math.abs(toFloat(number)))));
  }
  for (const value of values) {
    value.seen.length = Math.min(value.seen.length, kept);
    const all = state.steps.flatMap((_, t) => numbersOf(state, value, t) ?? []);
    value.largest = all.reduce((most, number) => Math.max(most, Math.abs(toFloat(number))), 0);
  }
  state.t = Math.min(state.t, state.inputs.length - 1);
}
