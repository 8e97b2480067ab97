// What does not change while a page is open: the network's cells, the program's values, and which of them read which.

import { parsed } from "./exact.js";
import { inputReader } from "./input.js";
import { networkOf, reading } from "./network.js";

const ROLES = {
  input: "input",
  relu: "ReLU",
  step: "comparison",
  bit: "comparison",
  select: "selection",
  hold: "state",
  "gated relu": "gated ReLU",
  latch: "state",
  delay: "state",
  swap: "state",
};

/** What a cell does, as the page's legend has it. */
export function roleOf(cell) {
  if (cell.carried) return "passed on";
  return ROLES[cell.kind] ?? (cell.readings[0].before === null ? "sum" : "state");
}

/** The cells that a cell reads, now or one step ago. */
export function readBy(cell) {
  return new Set(cell.readings.flatMap(({ now, before }) => [...now.cells, ...(before?.cells ?? [])]));
}

/** A value with its forms over cells (`given`), the numbers that it had (`seen`), and the `largest` of them. */
function withForms(value) {
  const given = value.forms?.map((form) => reading([form]).now) ?? null;
  return { ...value, given, before: value.before?.map(parsed) ?? null, largest: 1, seen: [] };
}

/** What each cell is called: where it is. */
function cellNames(rows) {
  const names = new Map();
  for (const { layer, part, cells } of rows) {
    const isAlone = rows.filter((row) => row.layer === layer).length === 1;
    const stage = isAlone ? "cell" : `${part}, cell`;
    const kind = part.startsWith("stage") ? stage : part.replace(/s$/, "");
    cells.forEach((id, i) => names.set(id, layer < 0 ? `input ${i}` : `layer ${layer}, ${kind} ${i}`));
  }
  return names;
}

export function knowledgeOf(data) {
  const network = networkOf(data.cells);
  const values = data.values.map(withForms);
  const byName = new Map(values.map((value) => [value.name, value]));
  const shown = values.filter((value) => value.named || value.line !== null);
  const outputs = data.outputs.map((form) => reading([form]).now);
  const logits = (data.tokens?.logits ?? []).map(([text, form]) => ({ text, form: reading([form]).now }));
  const texts = new Map(data.tokens?.texts ?? []);
  const names = cellNames(data.rows);
  const readers = network.map(() => []);
  network.forEach((cell, id) => readBy(cell).forEach((other) => readers[other].push(id)));
  const inputTokens = Object.entries(data.input.tokens).map(([text, number]) => [number, text]);
  if (inputTokens.length) byName.get(data.input.name).tokens = new Map(inputTokens);
  if (data.tokens && outputs.length === 1) byName.get(data.output).tokens ??= texts;
  return {
    ...{ data, network, values, byName, outputs, logits, texts, reader: inputReader(data) },
    cellName: (id) => names.get(id),
    readersOf: (id) => readers[id],
    readersOfValue: (value) => shown.filter((other) => other.fedBy.includes(value.name)),
    valuesIn: (id) => shown.filter((value) => value.given?.some((form) => form.cells.includes(id))),
  };
}
