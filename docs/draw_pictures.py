"""Draw the pictures of README and documentation anew: `make pictures`.

What takes long to measure comes from the commands that measure it: map.png is `make demo`'s, what is called stability
is `lsrl study`'s; browser.png is a page of examples/browser, explorer.png the one of `lsrl explore` in README.
"""

import runpy
from pathlib import Path

import lsrl
from lsrl.automata import pattern_automaton
from lsrl.demo.report import Picture, compare_cells
from lsrl.view.drawing import Drawing
from lsrl.view.figure_file import written

DOCS = Path(__file__).parent


def balance() -> lsrl.Program:
    """The program of README's first section."""
    x = lsrl.Input(1, range=(-1, 1), integer=True, name="bracket")
    depth = lsrl.cumsum(x, name="depth")
    failed = lsrl.cumsum(depth < 0, name="failed")
    return lsrl.Program((lsrl.equal(depth, 0)) & (failed < 1), name="balance")


def drawings() -> dict[str, Drawing]:
    """The drawings by the names of their files, without the ending."""
    words = runpy.run_path(str(DOCS.parent / "examples" / "long_keys.py"))["words"]
    return {
        "program": balance().draw(),
        "long_keys-stack": lsrl.compile(words.program, max_length=words.max_length).draw(),
        "automaton": pattern_automaton("((a|bb)*b)?", "ab").draw(),
    }


def figures() -> dict[str, Picture]:
    """The figures of matplotlib likewise."""
    return {"cells": compare_cells()}


if __name__ == "__main__":
    pictures = DOCS / "pictures"
    for name, drawing in drawings().items():
        drawing.save(pictures / f"{name}.svg")
    for name, picture in figures().items():
        written(picture.figure, pictures / f"{name}.png", picture.caption)
