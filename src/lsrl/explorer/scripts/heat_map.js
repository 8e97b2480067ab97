// All named values over time: a row for each component, a column for each step; numbers where they fit.

import { APART, element, level, shortText, sideways } from "./display.js";
import { showValue, valueView } from "./listing.js";
import { numbersOf, pinnedNumbers } from "./run.js";

const ROW = 24;
const PART = 13; // pixels of a component, in which its number fits
const TALLEST = 112; // pixels of a value of many components
const COLUMNS = [8, 52]; // pixels of a step, at least and at most
const NARROW = 22; // pixels in which a number fits
const LEAST = 5; // letters of what is rounded: ≈3 says too little
const MANY = 64; // steps that are not given so many

export function makeHeatMap(app, root) {
  const shownValues = app.values.filter((value) => value.named || value.name === app.data.output);
  const names = root.querySelector(".names");
  const scroller = root.querySelector(".scroller");
  const canvas = root.querySelector("canvas");
  const cursor = root.querySelector(".cursor");
  const space = root.querySelector(".space");
  let colours = null;
  let column = COLUMNS[1];

  const rows = shownValues.map((value) => {
    const height = Math.min(TALLEST, Math.max(ROW, PART * value.dim));
    const shown = valueView(1);
    const label = element(
      "button",
      "name",
      { type: "button", "data-value": value.name, title: value.name },
      value.name,
    );
    const row = element("div", "row", { style: `height:${height}px` }, label, shown.view);
    return { value, shown, height, row };
  });
  names.replaceChildren(...rows.map(({ row }) => row));
  const height = rows.reduce((sum, row) => sum + row.height, 0);
  canvas.style.height = scroller.style.height = `${height}px`;

  const view = sideways(scroller, () => requestAnimationFrame(draw));

  function readColours() {
    const probe = element("div", "probe");
    root.append(probe);
    const found = {};
    const sides = ["above", "below"].flatMap((side) => Array.from({ length: APART }, (_, i) => `${side}${i + 1}`));
    for (const name of ["zero", "true", ...sides]) {
      probe.className = `probe ${name}`;
      const { backgroundColor, color } = getComputedStyle(probe);
      found[name] = [backgroundColor, color];
    }
    probe.className = "probe differs";
    found.differs = getComputedStyle(probe).outlineColor;
    probe.remove();
    colours = found;
  }

  function draw() {
    const { width } = view;
    if (!width || colours === null) return;
    const sharp = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * sharp) || canvas.height !== Math.round(height * sharp)) {
      canvas.width = Math.round(width * sharp);
      canvas.height = Math.round(height * sharp);
      canvas.style.width = `${width}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "11px ui-monospace, Menlo, monospace";
    context.textAlign = "center";
    context.textBaseline = "middle";
    const first = Math.floor(view.left / column);
    const last = Math.min(app.state.inputs.length - 1, Math.ceil((view.left + width) / column));
    let top = 0;
    for (const { value, height: tall } of rows) {
      for (let t = first; t <= last; t++) drawValue(context, value, t, t * column - view.left, top, tall);
      top += tall;
    }
  }

  function drawValue(context, value, t, left, top, tall) {
    const numbers = numbersOf(app.state, value, t);
    if (numbers === null) return;
    const each = (tall - 2) / numbers.length;
    numbers.forEach((number, i) => {
      const [background, ink] = colours[level(number, value.largest, value.boolean)];
      context.fillStyle = background;
      context.fillRect(left + 1, top + 1 + i * each, column - 2, Math.max(1, each - (each > 5 ? 1 : 0)));
      if (each >= PART - 2 && column >= 16) {
        context.fillStyle = ink;
        const text = value.tokens?.get(number) ?? shortText(number, Math.floor((column - 4) / 7));
        const isTooShort = text.startsWith("≈") && text.length < LEAST;
        if (text.length * 7 <= column && !isTooShort)
          context.fillText(text, left + column / 2, top + 1 + (i + 0.5) * each);
      }
    });
    if (pinnedNumbers(app.state, value, t)) {
      context.strokeStyle = colours.differs;
      context.lineWidth = 2;
      context.strokeRect(left + 1, top + 1, column - 2, tall - 2);
    }
  }

  function inputChanged() {
    const steps = app.state.inputs.length;
    const least = steps > MANY ? COLUMNS[0] : NARROW;
    column = Math.min(COLUMNS[1], Math.max(least, Math.floor(scroller.clientWidth / steps)));
    space.style.width = `${steps * column}px`;
    if (colours === null) readColours();
    draw();
    stepChanged();
  }

  function stepChanged() {
    const left = app.state.t * column;
    cursor.style.transform = `translateX(${left}px)`;
    cursor.style.width = `${column}px`;
    view.reveal(left, column);
    for (const { value, shown } of rows) {
      showValue(shown, value, numbersOf(app.state, value, app.state.t), pinnedNumbers(app.state, value, app.state.t));
    }
  }

  function selectionChanged() {
    const { chosen } = app.marks;
    for (const { value, row } of rows) row.className = chosen.has(value.name) ? "row chosen" : "row";
  }

  scroller.addEventListener("click", (event) => {
    const t = Math.floor((event.clientX - scroller.getBoundingClientRect().left + scroller.scrollLeft) / column);
    if (t < app.state.inputs.length) app.goTo(t);
  });
  window.addEventListener("resize", () => inputChanged());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColours();
    draw();
  });
  return { inputChanged, stepChanged, selectionChanged };
}
