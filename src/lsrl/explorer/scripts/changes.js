// All that changes the page: steps, edits of the input, pins and selections. What is refused changes nothing.

import { parsed } from "./exact.js";
import { marksOf } from "./marks.js";
import { computeFrom } from "./run.js";

/** The changes of a page; each tells all of its parts. */
export function changesOf(app) {
  const { state } = app;

  function tell(what) {
    for (const part of app.parts) part[what]?.();
  }

  function computed(kept) {
    computeFrom(app, kept);
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

  return {
    open() {
      state.inputs = app.data.first.map((row) => row.map(parsed));
      state.t = app.logits.length ? state.inputs.length - 1 : 0; // where a model of language answers
      computed(0);
    },
    goTo(t) {
      state.t = Math.max(0, Math.min(state.inputs.length - 1, t));
      tell("stepChanged");
    },
    replaceRow: (t, text) =>
      tried(() => {
        const row = app.reader.rowOf(text, t);
        state.inputs = state.inputs.map((old, i) => (i === t ? row : old));
        computed(t);
      }),
    replaceAll: (text) =>
      tried(() => {
        state.inputs = app.reader.rowsOf(text);
        state.generatedFrom = Infinity;
        computed(0);
      }),
    appendRow: (row) =>
      tried(() => {
        app.reader.checkLength(state.inputs.length + 1);
        state.inputs = [...state.inputs, row];
        state.t = state.inputs.length - 1;
        computed(state.t);
      }),
    removeRow(t) {
      if (state.inputs.length === 1) return;
      state.inputs = state.inputs.filter((_, i) => i !== t);
      state.t = Math.max(0, t - 1);
      computed(t);
    },
    pin() {
      state.pinned = state.pinned ? null : { inputs: state.inputs, steps: state.steps };
      tell("inputChanged");
    },
    select(selection) {
      state.selection = selection;
      app.marks = marksOf(app, selection);
      tell("selectionChanged");
    },
  };
}
