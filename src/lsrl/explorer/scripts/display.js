// How numbers look: short, exact in their title, and with ≈ before what is rounded.

import { Fraction, equal, isRounded, parsed, parts, sign, toFloat } from "./exact.js";

export const APART = 7; // levels of colour between 0 and the largest

const LONGEST_EXACT = 200;
const LONGEST_DECIMAL = 20;

/** All of a number, as a decimal or a fraction; of one with very many digits, or a rounded one, what is near. */
export function exactText(number) {
  if (isRounded(number)) return `≈${number.near}`;
  const decimal = decimalText(number);
  if (decimal !== null && decimal.length <= LONGEST_DECIMAL) return decimal;
  const text = fractionText(number);
  return text.length <= LONGEST_EXACT ? text : `≈${toFloat(number)}`;
}

/** A number in about so many letters. */
export function shortText(number, letters = 7) {
  if (!isRounded(number)) {
    const decimal = decimalText(number);
    if (decimal !== null && decimal.length <= letters) return withMinus(decimal);
    const fraction = number instanceof Fraction && decimal === null ? fractionText(number) : "";
    if (fraction && fraction.length <= letters) return withMinus(fraction);
  }
  return withMinus(`≈${nearText(toFloat(number), letters - 1)}`);
}

function fractionText(number) {
  const [over, under] = parts(number);
  return under === 1n ? `${over}` : `${over}/${under}`;
}

/** The number as a decimal, if it is one of few digits; else null. */
function decimalText(number) {
  const text = String(toFloat(number));
  if (Number.isInteger(number) && Math.abs(number) < 1e15) return text; // as most are
  const same = parsed(text);
  return same !== null && equal(same, number) ? text : null;
}

function nearText(near, letters) {
  if (!Number.isFinite(near)) return "?";
  for (let digits = Math.max(letters - 1, 1); digits >= 1; digits--) {
    const text = String(Number(near.toPrecision(digits))).replace("e+", "e");
    if (text.length <= letters) return text;
  }
  return near.toExponential(0).replace("e+", "e");
}

const withMinus = (text) => text.replaceAll("-", "−");

/** A vector as text, all of it or shortly. */
export function vectorText(numbers, write = exactText) {
  return numbers.map((number) => write(number)).join(" ");
}

/** The class that colours a number: its sign and how large it is beside `largest`, or that it is true. */
export function level(number, largest, boolean) {
  const side = sign(number);
  if (side === 0 || Number.isNaN(side)) return "zero";
  if (boolean) return "true";
  const steps = Math.max(1, Math.ceil((APART * Math.abs(toFloat(number))) / (largest || 1)));
  return `${side > 0 ? "above" : "below"}${Math.min(APART, steps)}`;
}

/** An element with a class, attributes and children. */
export function element(tag, className = "", attributes = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Set text and class of an element only where they change: a step is to take few milliseconds. */
export function refresh(shown, text, className) {
  if (shown.textContent !== text) shown.textContent = text;
  if (shown.className !== className) shown.className = className;
}

/** How far an element is scrolled to the right, and how much of it is seen, known without asking for layout. */
export function sideways(scroller, changed = () => {}) {
  const seen = { left: scroller.scrollLeft, width: scroller.clientWidth };
  scroller.addEventListener("scroll", () => {
    seen.left = scroller.scrollLeft;
    changed();
  });
  new ResizeObserver(() => {
    seen.width = scroller.clientWidth;
    changed();
  }).observe(scroller);
  seen.reveal = (left, width) => {
    if (left < seen.left || left + width > seen.left + seen.width) {
      seen.left = Math.max(0, left - seen.width / 3);
      scroller.scrollLeft = seen.left;
    }
  };
  return seen;
}
