// Reads what a page knows of a model, a line of JSON each; writes what its values are at every step.

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const scripts = pathToFileURL(`${process.argv[2]}/`);
const { equal, parsed, isRounded, parts, product, weightedSum } = await import(new URL("exact.js", scripts));
const { networkOf, runOver, reading, evaluated } = await import(new URL("network.js", scripts));
const { inputReader } = await import(new URL("input.js", scripts));
const { shortText } = await import(new URL("display.js", scripts));

const text = (number) => (isRounded(number) ? `≈${number.near}` : parts(number).join("/"));

function valuesOf(data) {
  const steps = runOver(
    networkOf(data.cells),
    data.first.map((row) => row.map(parsed)),
  );
  const forms = data.values.filter((value) => value.forms !== null && value.before === null);
  const found = forms.map(({ name, forms: given }) => {
    const read = given.map((form) => reading([form]).now);
    return [name, steps.map(({ numbers }) => read.map((form) => text(evaluated(form, numbers))))];
  });
  const logits = (data.tokens?.logits ?? []).map(([token, given]) => {
    const { now } = reading([given]);
    return [token, steps.map(({ numbers }) => text(evaluated(now, numbers)))];
  });
  return { values: Object.fromEntries(found), logits: Object.fromEntries(logits) };
}

/** Sums, products and texts of numbers, which Python then computes anew. */
function computed({ constant, numbers, weights }) {
  const [first, ...rest] = [constant, ...numbers].map(parsed);
  const factors = weights.map(parsed);
  return {
    sum: text(weightedSum(first, rest, factors)),
    product: rest.length ? text(product(rest[0], factors[0])) : null,
    short: [first, ...rest].map((number) => shortText(number, 6)),
    same: equal(first, parsed(text(first))),
  };
}

/** What is typed for a step, in numbers, or why it is refused. */
function typed(data) {
  try {
    return inputReader(data).rowOf(data.typed, 0).map(text);
  } catch (problem) {
    if (problem instanceof RangeError) return problem.message;
    throw problem;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const data = JSON.parse(line);
  console.log(JSON.stringify(data.typed ? typed(data) : data.cells ? valuesOf(data) : computed(data)));
}
