// The page: its parts, and what clicks and keys do.

import { makeAnswer } from "./answer.js";
import { changesOf } from "./changes.js";
import { makeDetails } from "./details.js";
import { makeGraph } from "./graph.js";
import { makeHeatMap } from "./heat_map.js";
import { knowledgeOf } from "./knowledge.js";
import { makeLayers } from "./layers.js";
import { makeListing } from "./listing.js";
import { marksOf } from "./marks.js";
import { answerText, emptyState } from "./run.js";
import { makeStrip } from "./strip.js";

const KEYS = {
  ArrowLeft: "back",
  ArrowRight: "forward",
  " ": "play",
  Home: "first",
  End: "last",
  Enter: "edit",
  Delete: "remove",
  Escape: "deselect",
};

const find = (selector) => document.querySelector(selector);

function makeApp(data) {
  const app = { ...knowledgeOf(data), state: emptyState(), parts: [] };
  app.largest = app.network.map(() => 0);
  app.marks = marksOf(app, null);
  app.say = (words) => {
    find("#problem").textContent = words;
  };
  return Object.assign(app, changesOf(app));
}

/** What no part has for itself: the whole input as text, the pin, and what a screen reader says at a step. */
function makeRest(app) {
  const pin = find("[data-do=pin]");
  function stepChanged() {
    const { t, inputs } = app.state;
    find("#live").textContent = `step ${t}: input ${app.reader.rowText(inputs[t])}, output ${answerText(app, t)}`;
  }
  function inputChanged() {
    find("#whole").value = app.reader.wholeText(app.state.inputs);
    pin.textContent = app.state.pinned ? "Unpin" : "Pin";
    pin.setAttribute("aria-pressed", String(Boolean(app.state.pinned)));
    stepChanged();
  }
  return { inputChanged, stepChanged };
}

function actionsOf(app, strip, answer) {
  return {
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
}

function clicked(app, actions, { target }) {
  const at = (name) => target.closest(`[data-${name}]`)?.dataset[name];
  const isButton = target.closest("button, svg");
  if (at("do")) actions[at("do")]();
  else if (isButton && app.byName.has(at("value"))) app.select({ value: at("value") });
  else if (isButton && at("cell") !== undefined) app.select({ cell: Number(at("cell")) });
}

function pressed(actions, strip, event) {
  const { key, target } = event;
  const isTyped = target.matches("input");
  const isPressed = target.matches("button") && (key === " " || key === "Enter");
  if (isTyped || isPressed || event.ctrlKey || event.metaKey || event.altKey) return;
  if (KEYS[key]) actions[KEYS[key]]();
  else if (target.closest("#strip") && [...key].length === 1) strip.edit(key);
  else return;
  event.preventDefault();
}

const explorer = makeApp(JSON.parse(find("#data").textContent));
const strip = makeStrip(explorer, find("#strip"));
const answer = makeAnswer(explorer, find("#answer"));
const actions = actionsOf(explorer, strip, answer);
explorer.parts = [
  strip,
  answer,
  makeListing(explorer, find("#lines")),
  makeHeatMap(explorer, find("#heat")),
  makeLayers(explorer, find("#layers"), find(".legend")),
  makeGraph(explorer, find("#graph")),
  makeDetails(explorer, find("#details")),
  makeRest(explorer),
];
document.addEventListener("click", (event) => clicked(explorer, actions, event));
document.addEventListener("keydown", (event) => pressed(actions, strip, event));
find("#type").addEventListener("submit", (event) => {
  event.preventDefault();
  explorer.replaceAll(find("#whole").value);
});
explorer.open();
window.explorer = explorer; // for whoever wants to ask it from the browser's console
