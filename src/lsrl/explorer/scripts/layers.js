// The network's layers: every cell, with the number that it holds at this step in the unit of its variable.

import { element, level, refresh, shortText, exactText } from "./display.js";
import { equal } from "./exact.js";
import { roleOf } from "./knowledge.js";

export function makeLayers(app, root, legend) {
  const buttons = app.network.map((cell, id) => {
    const role = roleOf(cell);
    const words = `${app.cellName(id)}, ${role}, for ${cell.label}`;
    return element("button", "cell", {
      type: "button",
      tabindex: "-1",
      "data-cell": id,
      title: words,
      "aria-label": words,
    });
  });
  const stripes = app.network.map((cell) => roleOf(cell).replaceAll(" ", "-"));
  root.replaceChildren(...layers().map(made));
  const roles = new Set(app.network.map((cell) => roleOf(cell)));
  legend.replaceChildren(
    ...[...roles].map((role) => element("span", "", {}, element("i", `stripe ${role.replaceAll(" ", "-")}`), role)),
  );
  if (buttons.length) buttons[0].tabIndex = 0;

  function layers() {
    const found = new Map();
    for (const row of app.data.rows) found.set(row.layer, [...(found.get(row.layer) ?? []), row]);
    return [...found.values()];
  }

  function made(rows) {
    const title = rows[0].layer < 0 ? "input" : `layer ${rows[0].layer}`;
    const filled = rows.filter((row) => row.cells.length);
    const shown = filled.map((row) => {
      const part = filled.length > 1 ? row.part : "";
      return element("div", "cells", { "data-part": part }, element("span", "part", {}, part), ...grouped(row.cells));
    });
    return element("section", "layer", { "aria-label": title }, element("h3", "", {}, title), ...shown);
  }

  /** Neighbours that are for the same value are one group with one label. */
  function grouped(cells) {
    const groups = [];
    for (const id of cells) {
      const key = `${app.network[id].label} ${Boolean(app.network[id].carried)}`;
      if (groups.at(-1)?.key === key) groups.at(-1).cells.push(id);
      else groups.push({ key, label: app.network[id].label, cells: [id] });
    }
    return groups.map(({ label, cells: members }) => {
      const row = element("span", "members", {}, ...members.map((id) => buttons[id]));
      return element(
        "span",
        "group",
        {},
        row,
        element("span", "label", { title: label }, members.length > 1 ? `${label} ×${members.length}` : label),
      );
    });
  }

  function stepChanged() {
    const { t, steps, pinned } = app.state;
    const { numbers } = steps[t];
    const was = pinned?.steps[t]?.numbers;
    const { cells } = app.marks;
    buttons.forEach((button, id) => {
      const number = numbers[id];
      const colour = level(number, app.largest[id], app.network[id].boolean);
      const differs = was !== undefined && !equal(number, was[id]) ? " differs" : "";
      const mark = cells.has(id) ? ` ${cells.get(id)}` : "";
      refresh(button, shortText(number, 5), `cell ${stripes[id]} ${colour}${differs}${mark}`);
    });
  }

  root.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }[event.key];
    const cell = event.target.closest(".cell");
    if (!by || !cell) return;
    event.preventDefault();
    event.stopPropagation();
    const order = [...root.querySelectorAll(".cell")];
    const next = order[Math.min(order.length - 1, Math.max(0, order.indexOf(cell) + by))];
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  root.addEventListener("pointerover", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    const id = Number(cell.dataset.cell);
    cell.title = `${cell.getAttribute("aria-label")}: ${exactText(app.state.steps[app.state.t].numbers[id])}`;
  });
  /** Layers out of sight keep their size and are not laid out: the widest networks have thousands of cells. */
  function measure() {
    const sections = [...root.children];
    for (const section of sections) section.removeAttribute("style");
    const sizes = sections.map((section) => [section.offsetWidth, section.offsetHeight]);
    sections.forEach((section, i) => {
      section.style.containIntrinsicSize = `${sizes[i][0]}px ${sizes[i][1]}px`;
      section.style.contentVisibility = "auto";
    });
  }

  new ResizeObserver(measure).observe(root);
  return { inputChanged: stepChanged, stepChanged, selectionChanged: stepChanged };
}
