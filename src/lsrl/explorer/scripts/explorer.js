// The page: its state, what its parts ask of it, and what clicks and keys do.

import { logitsOf, makeAnswer, probabilities } from "./answer.js";
import { makeDetails } from "./details.js";
import { shortText, vectorText } from "./display.js";
import { equal, parsed, toFloat } from "./exact.js";
import { makeGraph } from "./graph.js";
import { makeHeatMap } from "./heat_map.js";
import { inputReader } from "./input.js";
import { makeLayers } from "./layers.js";
import { makeListing } from "./listing.js";
import { evaluated, networkOf, reading, runOver } from "./network.js";
import { makeStrip } from "./strip.js";

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

function withForms(value) {
  const given = value.forms?.map((form) => reading([form]).now) ?? null;
  return { ...value, given, before: value.before?.map(parsed) ?? null, largest: 1, seen: [] };
}

function makeApp(data) {
  const network = networkOf(data.cells);
  const values = data.values.map(withForms);
  const byName = new Map(values.map((value) => [value.name, value]));
  const outputs = data.outputs.map((form) => reading([form]).now);
  const texts = new Map(data.tokens?.texts ?? []);
  const state = { inputs: [], steps: [], t: 0, pinned: null, selection: null, generatedFrom: Infinity };
  const places = new Map(data.rows.flatMap(({ layer, part, cells }) => cells.map((id, i) => [id, placeText(layer, part, i)])));
  const readers = network.map(() => []);
  network.forEach((cell, id) => {
    const read = cell.readings.flatMap(({ now, before }) => [...now.cells, ...(before?.cells ?? [])]);
    for (const other of new Set(read)) readers[other].push(id);
  });
  const app = { data, network, values, byName, state, reader: inputReader(data), largest: network.map(() => 1), parts: [] };

  function placeText(layer, part, i) {
    if (layer < 0) return `input ${i}`;
    const isAlone = data.rows.filter((row) => row.layer === layer).length === 1;
    if (part.startsWith("stage")) return `layer ${layer}, ${isAlone ? "" : `${part}, `}cell ${i}`;
    return `layer ${layer}, ${part.replace(/s$/, "")} ${i}`;
  }

  app.logits = logitsOf(data.tokens);
  app.cellName = (id) => places.get(id) ?? `cell ${id}`;
  app.readersOf = (id) => readers[id];
  app.roleOf = (cell) => {
    if (cell.carried) return "passed on";
    return ROLES[cell.kind] ?? (cell.readings[0].before === null ? "sum" : "state");
  };
  const inputTokens = Object.entries(data.input.tokens).map(([text, number]) => [number, text]);
  if (inputTokens.length) byName.get(data.input.name).tokens = new Map(inputTokens);
  if (data.tokens && outputs.length === 1) byName.get(data.output).tokens ??= texts;

  function numbersAt(value, steps, t) {
    if (value.given === null) return null;
    if (value.before === null) return value.given.map((form) => evaluated(form, steps[t].numbers));
    return t === 0 ? value.before : value.given.map((form) => evaluated(form, steps[t - 1].numbers));
  }

  /** The numbers of a value at a step, or null where the network does without it. */
  app.numbersOf = (value, t) => (value.seen[t] ??= numbersAt(value, state.steps, t));

  /** What a value is in the pinned run, where it is something else there; else null. */
  app.pinnedNumbers = (value, t) => {
    if (!state.pinned || t >= state.pinned.steps.length) return null;
    const [was, is] = [numbersAt(value, state.pinned.steps, t), numbersAt(value, state.steps, t)];
    return was === null || was.every((number, i) => equal(number, is[i])) ? null : was;
  };

  app.answerText = (t) => {
    if (app.logits.length) return probabilities(app, t)[0].text;
    const numbers = outputs.map((form) => evaluated(form, state.steps[t].numbers));
    if (data.tokens === null) return vectorText(numbers, (number) => shortText(number, 6));
    const isRefused = numbers.length > 1 && !equal(numbers[1], 0);
    return isRefused ? data.tokens.nothing : (texts.get(numbers[0]) ?? data.tokens.nothing);
  };

  /** The names of what is selected, what feeds it and what reads it, and the same of cells. */
  app.highlights = () => marks;
  let marks = marksOf(null);

  function marksOf(selection) {
    const found = { chosen: new Set(), feeding: new Set(), reading: new Set(), cells: new Map() };
    if (selection?.value) {
      const value = byName.get(selection.value);
      found.chosen.add(value.name);
      for (const name of value.fedBy) found.feeding.add(name);
      for (const other of values) if (other.fedBy.includes(value.name)) found.reading.add(other.name);
      for (const form of value.given ?? []) for (const id of form.cells) found.cells.set(id, "chosen");
    } else if (selection) {
      for (const id of readers[selection.cell]) found.cells.set(id, "reads");
      for (const { now, before } of network[selection.cell].readings) {
        for (const id of [...now.cells, ...(before?.cells ?? [])]) found.cells.set(id, "feeds");
      }
      found.cells.set(selection.cell, "chosen");
      for (const value of values) if (value.given?.some((form) => form.cells.includes(selection.cell))) found.chosen.add(value.name);
    }
    return found;
  }

  function tell(what) {
    for (const part of app.parts) part[what]?.();
  }

  function computed(kept) {
    state.steps = runOver(network, state.inputs, state.steps, kept);
    app.largest = network.map((_, id) => state.steps.reduce((most, { numbers }) => Math.max(most, Math.abs(toFloat(numbers[id]))), 0));
    for (const value of values) {
      value.largest = 0;
      value.seen.length = Math.min(value.seen.length, kept);
      for (let t = 0; value.given !== null && t < state.steps.length; t++) {
        for (const number of app.numbersOf(value, t)) value.largest = Math.max(value.largest, Math.abs(toFloat(number)));
      }
    }
    state.t = Math.min(state.t, state.inputs.length - 1);
    tell("inputChanged");
  }

  /** Do what may be refused; then the refusal is shown, and nothing else changes. */
  function tried(change) {
    try {
      change();
      app.say("");
      return true;
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      app.say(problem.message);
      return false;
    }
  }

  app.goTo = (t) => {
    state.t = Math.max(0, Math.min(state.inputs.length - 1, t));
    tell("stepChanged");
  };
  app.replaceRow = (t, text) =>
    tried(() => {
      const row = app.reader.rowOf(text, t);
      state.inputs = state.inputs.with(t, row);
      state.generatedFrom = Math.min(state.generatedFrom, state.inputs.length);
      computed(t);
    });
  app.replaceAll = (text) =>
    tried(() => {
      state.inputs = app.reader.rowsOf(text);
      state.generatedFrom = Infinity;
      computed(0);
    });
  app.appendRow = (row) =>
    tried(() => {
      app.reader.checkLength(state.inputs.length + 1);
      state.inputs = [...state.inputs, row];
      state.t = state.inputs.length - 1;
      computed(state.t);
    });
  app.removeRow = (t) => {
    if (state.inputs.length === 1) return;
    state.inputs = state.inputs.filter((_, i) => i !== t);
    state.t = Math.max(0, t - 1);
    computed(t);
  };
  app.generating = () => {
    state.generatedFrom = state.inputs.length;
  };
  app.pin = () => {
    state.pinned = state.pinned ? null : { inputs: state.inputs, steps: state.steps };
    tell("inputChanged");
  };
  app.select = (selection) => {
    state.selection = selection;
    marks = marksOf(selection);
    tell("selectionChanged");
  };
  app.open = () => {
    state.inputs = data.first.map((row) => row.map(parsed));
    state.t = app.logits.length ? state.inputs.length - 1 : 0; // where a model of language answers
    computed(0);
  };
  return app;
}

function wire(app) {
  const find = (selector) => document.querySelector(selector);
  const strip = makeStrip(app, find("#strip"));
  const answer = makeAnswer(app, find("#answer"));
  const whole = find("#whole");
  const problem = find("#problem");
  const live = find("#live");
  const pin = find("[data-do=pin]");
  app.say = (words) => {
    problem.textContent = words;
  };
  const page = {
    inputChanged() {
      whole.value = app.reader.wholeText(app.state.inputs);
      pin.textContent = app.state.pinned ? "Unpin" : "Pin";
      pin.setAttribute("aria-pressed", String(Boolean(app.state.pinned)));
      page.stepChanged();
    },
    stepChanged() {
      const { t, inputs } = app.state;
      live.textContent = `step ${t}: input ${app.reader.rowText(inputs[t])}, output ${app.answerText(t)}`;
    },
  };
  const views = [makeListing(app, find("#lines")), makeHeatMap(app, find("#heat")), makeLayers(app, find("#layers")), makeGraph(app, find("#graph")), makeDetails(app, find("#details"))];
  app.parts = [strip, answer, ...views, page];
  const actions = {
    back: () => app.goTo(app.state.t - 1),
    forward: () => app.goTo(app.state.t + 1),
    first: () => app.goTo(0),
    last: () => app.goTo(app.state.inputs.length - 1),
    play: strip.toggle,
    edit: () => strip.edit(),
    add: () => app.appendRow(app.state.inputs[app.state.t]),
    remove: () => app.removeRow(app.state.t),
    pin: app.pin,
    generate: answer.generate,
    deselect: () => app.select(null),
  };
  const keys = { ArrowLeft: "back", ArrowRight: "forward", " ": "play", Home: "first", End: "last", Enter: "edit", Delete: "remove", Escape: "deselect" };
  document.addEventListener("click", (event) => {
    const at = (name) => event.target.closest(`[data-${name}]`)?.dataset[name];
    if (at("do")) actions[at("do")]();
    else if (at("value") !== undefined && app.byName.has(at("value")) && event.target.closest("button, svg")) app.select({ value: at("value") });
    else if (at("cell") !== undefined) app.select({ cell: Number(at("cell")) });
  });
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    const isTyped = target.matches("input, textarea");
    const isPressed = target.matches("button, summary") && (key === " " || key === "Enter");
    if (isTyped || isPressed || event.ctrlKey || event.metaKey || event.altKey) return;
    if (keys[key]) {
      event.preventDefault();
      actions[keys[key]]();
    } else if (target.closest("#strip") && [...key].length === 1) {
      event.preventDefault();
      strip.edit(key);
    }
  });
  find("#type").addEventListener("submit", (event) => {
    event.preventDefault();
    app.replaceAll(whole.value);
  });
}

const app = makeApp(JSON.parse(document.getElementById("data").textContent));
wire(app);
app.open();
window.explorer = app; // for whoever wants to ask it from the browser's console
