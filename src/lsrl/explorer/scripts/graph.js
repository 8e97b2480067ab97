// The program as a graph: its drawing, whose boxes say what their values are at this step.

import { level, vectorText } from "./display.js";

export function makeGraph(app, root) {
  const boxes = [...root.querySelectorAll("[data-value]")].flatMap((box) => {
    const value = app.byName.get(box.dataset.value);
    return value ? [{ box, value }] : [];
  });

  function stepChanged() {
    for (const { box, value } of boxes) {
      const numbers = app.numbersOf(value, app.state.t);
      const colour = numbers === null ? "zero" : level(numbers[0], value.largest, value.boolean);
      box.dataset.level = colour;
      box.setAttribute("aria-label", `${value.name} is ${numbers === null ? "not there" : vectorText(numbers)}`);
    }
  }

  function selectionChanged() {
    const { chosen } = app.highlights();
    for (const { box, value } of boxes) box.classList.toggle("chosen", chosen.has(value.name));
  }

  return { inputChanged: stepChanged, stepChanged, selectionChanged };
}
