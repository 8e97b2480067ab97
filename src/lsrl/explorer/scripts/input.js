// What is typed, as rows of exact numbers, or refused in one line as the library does.

import { difference, isWhole, parsed, quotient, sign } from "./exact.js";
import { exactText } from "./display.js";

const MOST_STEPS = 5000; // of a model without a longest sequence

export function inputReader({ input, maxLength, program }) {
  const texts = Object.keys(input.tokens);
  const names = new Map(Object.entries(input.tokens).map(([text, number]) => [number, text]));
  const longestFirst = [...texts].sort((a, b) => b.length - a.length);
  const ends = input.components.map(({ low, high, grid }) => ({
    low: low === null ? null : parsed(low),
    high: high === null ? null : parsed(high),
    grid: grid === null ? null : parsed(grid),
  }));

  /** The text of a token, or of a row's numbers. */
  function rowText(row, write = exactText) {
    return names.get(row[0]) ?? row.map((number) => write(number)).join(", ");
  }

  function checkedNumber(text, component, step) {
    const number = parsed(text);
    const { low, high, grid } = ends[component];
    const where = `${input.name}[${component}] at step ${step}`;
    const multiple = grid === null ? "a number" : `a whole multiple of ${exactText(grid)}`;
    const range = low === null && high === null ? "" : ` in the declared range ${end(low)} … ${end(high)}`;
    const outside =
      number === null ||
      (low !== null && sign(difference(number, low)) < 0) ||
      (high !== null && sign(difference(number, high)) > 0) ||
      (grid !== null && !isWhole(quotient(number, grid)));
    if (outside) throw new RangeError(`${where} is ${text.trim() || "nothing"}; expected ${multiple}${range}`);
    return number;
  }

  const end = (number) => (number === null ? "any" : exactText(number));

  /** The row that a text stands for. Throws `RangeError` in the words of the library. */
  function rowOf(text, step) {
    if (texts.length) return [tokenNumber(text.trim())];
    const parts = text.split(/[,\s]+/).filter(Boolean);
    if (parts.length !== ends.length) {
      const expected = ends.length === 1 ? "one number" : `${ends.length} numbers with commas between`;
      throw new RangeError(`step ${step} is ${text.trim() || "nothing"}; expected ${expected}`);
    }
    return parts.map((part, component) => checkedNumber(part, component, step));
  }

  function tokenNumber(text) {
    if (Object.hasOwn(input.tokens, text)) return input.tokens[text];
    const some = texts.length > 12 ? [...texts.slice(0, 9), "…", texts.at(-1)] : texts;
    throw new RangeError(
      `${text ? `'${text}'` : "nothing"} is not a token of ${program}'s input; expected one of ${some.join(" ")}`,
    );
  }

  /** All rows of a whole input: tokens, numbers, or rows with semicolons between. */
  function rowsOf(text) {
    const pieces = texts.length ? tokensIn(text) : stepsIn(text);
    if (!pieces.length) throw new RangeError(`${input.name} is empty; expected at least one step`);
    checkLength(pieces.length);
    return pieces.map(rowOf);
  }

  const stepsIn = (text) => text.split(ends.length === 1 ? /[,;\s]+/ : /[;\n]+/).filter((piece) => piece.trim());

  function tokensIn(text) {
    const found = [];
    for (let rest = text.trimStart(); rest; rest = rest.trimStart()) {
      const token = longestFirst.find((candidate) => rest.startsWith(candidate)) ?? [...rest][0];
      found.push(token);
      rest = rest.slice(token.length);
    }
    return found;
  }

  function checkLength(steps) {
    const most = maxLength ?? MOST_STEPS;
    if (steps > most) throw new RangeError(`the sequence has ${steps} steps; expected at most ${most}`);
  }

  function wholeText(rows) {
    const spelled = texts.length && texts.every((text) => [...text].length === 1);
    return rows.map((row) => rowText(row)).join(texts.length ? (spelled ? "" : " ") : ends.length === 1 ? " " : "; ");
  }

  return { rowOf, rowsOf, rowText, wholeText, checkLength, readsTokens: texts.length > 0 };
}
