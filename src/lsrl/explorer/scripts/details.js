// What is selected: where a variable lives and what it is made of, or what a cell computes and of what.

import { element, exactText, shortText, vectorText } from "./display.js";
import { product } from "./exact.js";
import { roleOf } from "./knowledge.js";
import { numbersOf } from "./run.js";

const RULES = {
  input: "a component of the input",
  linear: "the sum",
  relu: "the sum where it is above 0, else 0",
  step: "1 where the sum is above 0, else 0",
  bit: "0 where the sum is 0, else 1",
  select: "the sum where the gate is 1, else 0",
  hold: "the sum, and where the gate is 1 also itself one step ago",
  "gated relu": "the gate times the sum where that is above 0",
  latch: "itself one step ago where the gate is 1, else the sum",
  delay: "the sum, some steps ago",
  swap: "1 while the token that it follows is in its place",
};
const MOST = 24; // chips of a list

export function makeDetails(app, root) {
  function chip(text, attributes) {
    return element("button", "chip", { type: "button", ...attributes }, text);
  }

  const valueChip = (name) => chip(name, { "data-value": name });
  const cellChip = (id) => chip(`${app.cellName(id)} · ${app.network[id].label}`, { "data-cell": id });

  function list(title, chips) {
    const rest = chips.length > MOST ? [`… ${chips.length - MOST} more`] : [];
    const shown = chips.length ? [...chips.slice(0, MOST), ...rest] : ["nothing"];
    return [element("dt", "", {}, title), element("dd", "", {}, ...shown)];
  }

  function ofValue(value) {
    const numbers = numbersOf(app.state, value, app.state.t);
    const cells = [...new Set((value.given ?? []).flatMap((form) => form.cells))];
    const absent = value.before === null ? "nowhere: the network does without it" : "the same, one step ago";
    const items = [
      ...list("at this step", [numbers === null ? "—" : vectorText(numbers)]),
      ...list("lives in", cells.map(cellChip)),
      ...list("is read from the network as", [element("code", "", {}, value.place ?? absent)]),
      ...list("what feeds it", value.fedBy.map(valueChip)),
      ...list(
        "what reads it",
        app.readersOfValue(value).map((other) => valueChip(other.name)),
      ),
    ];
    const line = value.line === null ? [] : [element("p", "said", {}, element("code", "", {}, value.line))];
    return [element("h2", "", {}, value.name), ...line, element("dl", "", {}, ...items)];
  }

  /** What a form is made of: a line for each cell, as it is in `numbers`. */
  function terms({ cells, weights }, numbers, when) {
    return cells.map((cell, i) => {
      const times = weights[i] === 1 ? "" : `${shortText(weights[i], 8)} × `;
      return element("li", "", {}, times, cellChip(cell), `${when} = ${exactText(product(weights[i], numbers[cell]))}`);
    });
  }

  function sum({ now, before }, title) {
    const { steps, t } = app.state;
    const last = steps[t - 1]?.numbers ?? app.network.map((cell) => cell.init);
    const past = before === null ? [] : terms(before, last, " one step ago");
    const constant = now.constant === 0 ? [] : [element("li", "", {}, exactText(now.constant))];
    const items = [...terms(now, steps[t].numbers, ""), ...past, ...constant];
    const rest = items.length > MOST ? [element("li", "", {}, `… ${items.length - MOST} more`)] : [];
    const shown = items.length ? [...items.slice(0, MOST), ...rest] : ["0"];
    return [element("dt", "", {}, title), element("dd", "", {}, element("ul", "terms", {}, ...shown))];
  }

  function titlesOf({ kind, readings, exchanges }) {
    if (kind === "swap") return exchanges.pairs.map((pair) => `changes places ${pair.join(" and ")}`);
    return ["the gate, the sum of", "the sum of"].slice(-readings.length);
  }

  function ofCell(id) {
    const cell = app.network[id];
    const number = app.state.steps[app.state.t].numbers[id];
    const steps = cell.kind === "delay" ? ` (${cell.steps})` : "";
    const titles = titlesOf(cell);
    const made = app.byName.get(cell.label);
    const items = [
      ...list("at this step", [exactText(number)]),
      ...list("is", [`${roleOf(cell)}: ${RULES[cell.kind]}${steps}`]),
      ...list(cell.carried ? "passes on" : "was made for", [
        made ? valueChip(made.name) : element("code", "", {}, cell.label),
      ]),
      ...cell.readings.flatMap((reading, i) => sum(reading, titles[i])),
      ...list("cells that read it", app.readersOf(id).map(cellChip)),
      ...list(
        "variables that are read from it",
        app.valuesIn(id).map((value) => valueChip(value.name)),
      ),
    ];
    return [element("h2", "", {}, app.cellName(id)), element("dl", "", {}, ...items)];
  }

  function show() {
    const { selection } = app.state;
    root.classList.toggle("empty", selection === null);
    if (selection === null) return;
    const content = selection.value ? ofValue(app.byName.get(selection.value)) : ofCell(selection.cell);
    const close = element("button", "close", { type: "button", "data-do": "deselect", "aria-label": "close" }, "×");
    const scrolled = root.scrollTop;
    root.querySelector(".content").replaceChildren(close, ...content);
    root.scrollTop = scrolled;
  }

  return { inputChanged: show, stepChanged: show, selectionChanged: show };
}
