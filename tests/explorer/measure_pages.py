"""The dictionaries with keys of 10: how large their pages are, and how fast they open and step.

Run: python tests/explorer/measure_pages.py

A step is measured from the key's effect to the end of layout; milliseconds of the wall clock, of 100 steps.
"""

import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from chromium import MISSING, chromium

import lsrl

OPENED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
STEPPED = """async () => {
  const taken = [];
  for (let i = 0; i < 100; i++) {
    const started = performance.now();
    explorer.goTo((explorer.state.t + 1) % explorer.state.inputs.length);
    document.body.offsetHeight;
    taken.push(performance.now() - started);
    await new Promise(requestAnimationFrame);
  }
  return taken;
}"""


def pages():
    """Of a language model and of a linear network, each with a whole prompt."""
    rng = np.random.default_rng(0)
    words, numbers = lsrl.TokenMap(10, max_pairs=20), lsrl.SequenceMap(10, max_pairs=20)
    drawn = ["".join(rng.choice(list(words.symbols), 10)) for _ in range(40)]
    prompt = words.prompt(drawn[0], list(zip(drawn[::2], drawn[1::2], strict=True)))
    for map_, target, x in ((words, "mamba", prompt), (numbers, "linear-rnn", rng.integers(0, 10, (410, 1)))):
        yield target, lsrl.compile(map_.program, target, max_length=map_.max_length).explore(x)


if __name__ == "__main__":
    with TemporaryDirectory() as folder, chromium() as browser:
        if browser is None:
            sys.exit(MISSING)
        for target, page in pages():
            path = Path(folder) / f"{target}.html"
            page.save(path)
            shown = browser.new_page()
            shown.goto(path.as_uri())
            shown.wait_for_function("window.explorer")
            opened, stepped = shown.evaluate(OPENED), shown.evaluate(STEPPED)
            sys.stdout.write(
                f"{page.title} on {target}: {path.stat().st_size / 1e6:.2f} MB, opens in {opened:.0f} ms, "
                f"a step takes {median(stepped):.1f} ms, at most {max(stepped):.1f}\n"
            )
