// The token strip: the input, a step each, with the output below; it is stepped, scrubbed, played and edited.

import { element, refresh, shortText, sideways } from "./display.js";
import { equal } from "./exact.js";
import { answerText } from "./run.js";

const PLAYING_BEAT = 450; // milliseconds between steps that are played

export function makeStrip(app, root) {
  const steps = root.querySelector(".steps");
  const slider = root.querySelector("input[type=range]");
  const position = root.querySelector(".position");
  const play = root.querySelector("[data-do=play]");
  const view = sideways(steps);
  const shown = [];
  let places = []; // of steps: how far to the right they begin, and their width
  let timer = null;

  function tokenText(row) {
    return app.reader.rowText(row, (number) => shortText(number, 6));
  }

  function made(t) {
    const number = element("span", "number", { "aria-hidden": "true" }, String(t));
    const parts = { token: element("span", "token"), answer: element("span", "answer") };
    const step = element("div", "step", { role: "option", id: `step-${t}` }, number, parts.token, parts.answer);
    step.dataset.step = t;
    return { step, ...parts };
  }

  /** Steps that are there stay: what is clicked to end an edit is not to vanish below the pointer. */
  function inputChanged() {
    const { inputs } = app.state;
    for (const { step } of shown.splice(inputs.length)) step.remove();
    const added = inputs.slice(shown.length).map((_, i) => made(shown.length + i));
    steps.append(...added.map(({ step }) => step));
    shown.push(...added);
    shown.forEach(({ step, token, answer }, t) => {
      refresh(token, tokenText(inputs[t]), "token");
      refresh(answer, answerText(app, t), "answer");
      step.setAttribute("aria-label", `step ${t}: ${app.reader.rowText(inputs[t])}`);
    });
    places = shown.map(({ step }) => [step.offsetLeft, step.offsetWidth]);
    slider.max = shown.length - 1;
    stepChanged();
  }

  function stepChanged() {
    const { t, inputs, pinned, generatedFrom } = app.state;
    shown.forEach(({ step }, i) => {
      const was = pinned?.inputs[i];
      const differs = pinned && !(was && was.every((number, k) => equal(number, inputs[i][k])));
      const classes = ["step", i === t && "now", differs && "differs", i >= generatedFrom && "generated"];
      const className = classes.filter(Boolean).join(" ");
      if (step.className !== className) {
        step.className = className;
        step.setAttribute("aria-selected", String(i === t));
      }
    });
    steps.setAttribute("aria-activedescendant", `step-${t}`);
    slider.value = t;
    slider.setAttribute("aria-valuetext", `step ${t}`);
    refresh(position, `step ${t} of 0 … ${inputs.length - 1}`, "position");
    view.reveal(...places[t]);
  }

  function edit(initial = null) {
    const { t, inputs } = app.state;
    const { token } = shown[t];
    const field = element("input", "edit", {
      "aria-label": `input of step ${t}`,
      autocomplete: "off",
      spellcheck: "false",
    });
    field.value = initial ?? app.reader.rowText(inputs[t]);
    token.append(field); // above the text, which keeps the room that it takes
    field.focus();
    if (initial === null) field.select();
    let done = false;
    const finish = (keep) => {
      if (done) return;
      done = true;
      const changed = keep && field.value.trim() !== app.reader.rowText(app.state.inputs[t]);
      field.remove();
      if (changed) app.replaceRow(t, field.value);
      steps.focus({ preventScroll: true });
    };
    field.addEventListener("blur", () => finish(true));
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") finish(true);
      if (event.key === "Escape") finish(false);
    });
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    refresh(play, "Play", play.className);
  }

  function toggle() {
    if (timer !== null) return stop();
    if (app.state.t === app.state.inputs.length - 1) app.goTo(0);
    refresh(play, "Pause", play.className);
    timer = setInterval(() => {
      if (app.state.t >= app.state.inputs.length - 1) stop();
      else app.goTo(app.state.t + 1);
    }, PLAYING_BEAT);
    return undefined;
  }

  steps.addEventListener("click", (event) => {
    const step = event.target.closest(".step");
    if (!step || event.target.closest("input")) return;
    const again = Number(step.dataset.step) === app.state.t;
    app.goTo(Number(step.dataset.step));
    if (again && event.target.closest(".token")) edit();
  });
  slider.addEventListener("input", () => app.goTo(Number(slider.value)));
  return { inputChanged, stepChanged, edit, toggle };
}
