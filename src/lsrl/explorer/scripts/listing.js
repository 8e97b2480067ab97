// The program as it is written: a line for each value, with what it is at this step.

import { element, level, refresh, shortText, vectorText } from "./display.js";
import { numbersOf, pinnedNumbers } from "./run.js";

const MOST_SQUARES = 64;
const MOST_NUMBERS = 4;

/** Numbers as text, or as squares where there are many. */
export function valueView(dim) {
  const view = element("output", dim > MOST_NUMBERS ? "value wide" : "value", { "aria-live": "off" });
  const squares = dim > MOST_NUMBERS ? Array.from({ length: Math.min(dim, MOST_SQUARES) }, () => element("i")) : [];
  view.append(...squares);
  return { view, squares };
}

/** Show what a value is at a step; `was` is what it is in the pinned run, where that differs. */
export function showValue({ view, squares }, value, numbers, was) {
  const text = numbers === null ? "—" : vectorText(numbers);
  const token = numbers === null ? undefined : value.tokens?.get(numbers[0]);
  view.title = was ? `${text}, pinned: ${vectorText(was)}` : text;
  const className = `value${squares.length ? " wide" : ""}${was ? " differs" : ""}`;
  if (squares.length && numbers !== null) {
    squares.forEach((square, i) => refresh(square, "", level(numbers[i], value.largest, value.boolean)));
    if (view.className !== className) view.className = className;
    view.setAttribute("aria-label", text);
  } else {
    const short =
      numbers === null ? "—" : vectorText(numbers, (number) => shortText(number, numbers.length > 1 ? 5 : 9));
    const said = token === undefined ? short : `${token} (${short})`;
    refresh(view, was ? `${said} / ${vectorText(was, (number) => shortText(number, 5))}` : said, className);
  }
}

export function makeListing(app, root) {
  const lines = app.values.filter((value) => value.line !== null);
  const views = lines.map((value) => {
    const shown = valueView(value.dim);
    const code = element("code", "", {}, ...linked(value));
    const marks = { state: ["↻", "remembers the steps before"], loop: ["⟲", "is in a loop: it reads its own past"] };
    const [sign, words] = marks[value.memory] ?? ["", ""];
    const mark = element("span", "memory", words ? { title: words, role: "img", "aria-label": words } : {}, sign);
    const line = element("li", "line", { "data-value": value.name }, mark, code, shown.view);
    return { value, shown, line };
  });
  root.replaceChildren(...views.map(({ line }) => line));

  /** The text of a line in which the names of values are buttons; its own is the first. */
  function linked(value) {
    const pieces = value.line.split(/(%?[\p{L}_][\p{L}\p{N}_.]*)/u);
    let isFirst = true;
    return pieces.map((piece, i) => {
      const other = app.byName.get(piece.replace(/^%/, ""));
      const isCall = pieces[i + 1]?.startsWith("(");
      if (!other || isCall || (other === value && !isFirst)) return piece;
      const kind = isFirst ? "name own" : "name";
      isFirst = false;
      return element("button", kind, { type: "button", "data-value": other.name }, piece);
    });
  }

  function stepChanged() {
    for (const { value, shown } of views) {
      showValue(shown, value, numbersOf(app.state, value, app.state.t), pinnedNumbers(app.state, value, app.state.t));
    }
  }

  function selectionChanged() {
    const { chosen, feeding, reading } = app.marks;
    for (const { value, line } of views) {
      const roles = [chosen.has(value.name) && "chosen", feeding.has(value.name) && "feeds"];
      roles.push(reading.has(value.name) && "reads", !value.named && "library");
      line.className = ["line", value.memory, ...roles.filter(Boolean)].join(" ");
    }
  }

  selectionChanged();
  return { inputChanged: stepChanged, stepChanged, selectionChanged };
}
