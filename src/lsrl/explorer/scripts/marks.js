// What is marked when a variable or a cell is selected: itself, what feeds it, and what reads it.

import { readBy } from "./knowledge.js";

/** Names of values that are chosen, feed what is, or read it; and cells by their identity, with one of these words. */
export function marksOf(app, selection) {
  const marks = { chosen: new Set(), feeding: new Set(), reading: new Set(), cells: new Map() };
  if (selection?.value) markValue(app, app.byName.get(selection.value), marks);
  else if (selection) markCell(app, selection.cell, marks);
  return marks;
}

function markValue(app, value, { chosen, feeding, reading, cells }) {
  chosen.add(value.name);
  for (const name of value.fedBy) feeding.add(name);
  for (const other of app.readersOfValue(value)) reading.add(other.name);
  for (const form of value.given ?? []) for (const id of form.cells) cells.set(id, "chosen");
}

function markCell(app, cell, { chosen, cells }) {
  for (const id of app.readersOf(cell)) cells.set(id, "reads");
  for (const id of readBy(app.network[cell])) cells.set(id, "feeds");
  cells.set(cell, "chosen");
  for (const value of app.valuesIn(cell)) chosen.add(value.name);
}
