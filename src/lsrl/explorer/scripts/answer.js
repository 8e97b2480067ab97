// The answer of a program over tokens: what comes next, how likely, and the text as it is generated.

import { element, refresh } from "./display.js";
import { answerText, probabilities } from "./run.js";

const MOST_LIKELY = 5;
const WRITING_BEAT = 300; // milliseconds between tokens that are generated

function shareText(share) {
  if (share > 0.9995) return "≈1";
  return share < 0.0005 ? "≈0" : `≈${share.toFixed(3)}`;
}

export function makeAnswer(app, root) {
  const next = root.querySelector(".next");
  const status = root.querySelector(".status");
  const rows = Array.from({ length: MOST_LIKELY }, () => {
    const [token, bar, share] = [
      element("span", "token"),
      element("span", "bar", { "aria-hidden": "true" }),
      element("span", "share"),
    ];
    return { token, bar, share, row: element("li", "", {}, token, bar, share) };
  });
  if (app.logits.length) root.querySelector("ol").replaceChildren(...rows.map(({ row }) => row));
  let timer = null;

  function stepChanged() {
    refresh(next, answerText(app, app.state.t), "next");
    const likely = probabilities(app, app.state.t);
    rows.forEach(({ token, bar, share, row }, i) => {
      row.hidden = !likely[i];
      if (!likely[i]) return;
      refresh(token, likely[i].text, "token");
      refresh(share, shareText(likely[i].share), "share");
      bar.style.setProperty("--share", likely[i].share.toFixed(3));
    });
  }

  function stop(words) {
    clearInterval(timer);
    timer = null;
    refresh(status, words, "status");
  }

  /** Take the likeliest token again and again, until the end, no answer, or the longest sequence. */
  function generate() {
    if (timer !== null) return stop("stopped");
    app.goTo(app.state.inputs.length - 1);
    app.state.generatedFrom = app.state.inputs.length;
    refresh(status, "generating …", "status");
    timer = setInterval(() => {
      const text = answerText(app, app.state.inputs.length - 1);
      const { tokens, input, maxLength } = app.data;
      if (text === tokens.end || text === tokens.nothing) stop(`ended with ${text}`);
      else if (!Object.hasOwn(input.tokens, text)) stop(`${text} is not read`);
      else if (maxLength !== null && app.state.inputs.length >= maxLength)
        stop(`${maxLength} steps, the most there are`);
      else app.appendRow([input.tokens[text]]);
    }, WRITING_BEAT);
    return undefined;
  }

  return { inputChanged: stepChanged, stepChanged, generate };
}
