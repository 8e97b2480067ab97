// The program as a graph: its drawing, whose boxes say what their values are at this step.

import { level, shortText, vectorText } from "./display.js";
import { numbersOf, pinnedNumbers } from "./run.js";

const LETTER = 7.3; // pixels of a letter of the small type in drawings
const HEIGHT = 18;
const BEYOND = 10; // pixels that a label goes beyond its box
const READABLE = 0.75; // of its size, to which a drawing is made smaller before it is scrolled

function shape(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** A label on the upper edge of a box, at its right end. */
function labelOn(box) {
  const badge = shape("rect", { class: "badge", y: 3 - HEIGHT, height: HEIGHT, rx: HEIGHT / 2 });
  const text = shape("text", { class: "live", y: -2 });
  box.append(badge, text);
  return { badge, text, right: box.querySelector("rect").width.baseVal.value + BEYOND };
}

export function makeGraph(app, root) {
  const boxes = [...root.querySelectorAll("[data-value]")].flatMap((box) => {
    const value = app.byName.get(box.dataset.value);
    return value ? [{ box, value, ...labelOn(box) }] : [];
  });

  const svg = root.querySelector("svg");
  if (svg) {
    svg.style.minWidth = `${READABLE * svg.width.baseVal.value}px`;
    svg.parentElement.scrollLeft = (svg.parentElement.scrollWidth - svg.parentElement.clientWidth) / 2;
  }

  /** Labels are as wide as the longest of their texts, so that they stay as they are from step to step. */
  function inputChanged() {
    for (const { value, badge, text, right } of boxes) {
      const letters = app.state.steps.reduce(
        (most, _, t) => Math.max(most, shortly(numbersOf(app.state, value, t)).length),
        1,
      );
      const width = letters * LETTER + 12;
      badge.setAttribute("width", width);
      badge.setAttribute("x", right - width);
      text.setAttribute("x", right - width / 2);
    }
    stepChanged();
  }

  function shortly(numbers) {
    if (numbers === null) return "—";
    if (numbers.length === 1) return shortText(numbers[0], 6);
    const text = vectorText(numbers, (number) => shortText(number, 4));
    return text.length <= 9 ? text : `${text.slice(0, 8)}…`;
  }

  function stepChanged() {
    for (const { box, value, badge, text } of boxes) {
      const numbers = numbersOf(app.state, value, app.state.t);
      if (text.textContent !== shortly(numbers)) text.textContent = shortly(numbers);
      const colour = numbers?.length === 1 ? level(numbers[0], value.largest, value.boolean) : "zero";
      const differs = pinnedNumbers(app.state, value, app.state.t) ? " differs" : "";
      const className = `badge ${colour}${differs}`;
      if (badge.getAttribute("class") !== className) {
        badge.setAttribute("class", className);
        text.setAttribute("class", `live ${colour}`);
      }
      box.setAttribute("aria-label", `${value.name}: ${numbers === null ? "not there" : vectorText(numbers)}`);
    }
  }

  function selectionChanged() {
    const { chosen, feeding, reading } = app.marks;
    for (const { box, value } of boxes) {
      box.classList.toggle("chosen", chosen.has(value.name));
      box.classList.toggle("feeds", feeding.has(value.name));
      box.classList.toggle("reads", reading.has(value.name));
    }
  }

  return { inputChanged, stepChanged, selectionChanged };
}
