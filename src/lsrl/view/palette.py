"""Colours, type and lines of all drawings, light and dark, and of plots."""

from __future__ import annotations

# Okabe and Ito's palette, which colour-blind readers can tell apart (jfly.uni-koeln.de/color).
INPUT, STATE, RELU, PRODUCT, COMPARISON, CARRIED, OUTPUT = (
    "#0072B2",
    "#56B4E9",
    "#E69F00",
    "#CC79A7",
    "#009E73",
    "#9AA0A6",
    "#D55E00",
)
INK = "#333333"

TYPE, SMALL = 14, 12
"""Pixels of type: of text, and of what is beside it."""

ADVANCE = 0.602
"""Widths of a letter over its height, in monospaced type: of DejaVu Sans Mono and Menlo; of others a little less."""

LINE = 18
"""Pixels from one line of text to the next."""

_FAMILIES = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace"

KINDS = {
    "input": INPUT,
    "state": STATE,
    "boolean": COMPARISON,
    "number": CARRIED,
    "relu": RELU,
    "product": PRODUCT,
    "output": OUTPUT,
}
"""The classes of what is drawn that have a colour."""

_ON_DARK = {"input": "#4BA3E3", "boolean": "#1FC79A", "output": "#FF8A3D"}
"""The colours that are brighter on a dark ground."""

_RULES = """
text{font:%(type)dpx %(families)s;fill:#1f2328}
.name{font-weight:700}.small{font-size:%(small)dpx}.quiet{fill:#59636e}.middle{text-anchor:middle}.end{text-anchor:end}
.panel{fill:#fff}.rule{stroke:#d1d9e0;fill:none}
.box{fill-opacity:.13;stroke-width:1.5}.edge{fill:none;stroke:#818b98;stroke-width:1.4}.head{fill:#818b98}
.last{stroke-dasharray:5 4}
.ground{fill:#eef1f4}.cell{stroke:none}.mark{fill:none;stroke:#D55E00;stroke-width:2}
"""

_DARK_RULES = """
text{fill:#f0f6fc}.quiet{fill:#a5afbb}.panel{fill:#14171c}.rule{stroke:#3d444d}.box{fill-opacity:.24}
.ground{fill:#22272e}.cell{stroke:none}.mark{stroke:#FF8A3D}
"""


def style_sheet() -> str:
    """The style of drawings: rules for classes below `.lsrl`, and what is otherwise on a dark ground.

    >>> ".lsrl .panel{fill:#fff}" in style_sheet()
    True
    """
    light = _coloured(KINDS) + _RULES % {"type": TYPE, "small": SMALL, "families": _FAMILIES}
    dark = _coloured(_ON_DARK) + _DARK_RULES
    return f"{_below(light)}@media (prefers-color-scheme:dark){{{_below(dark)}}}"


def _coloured(colours: dict[str, str]) -> str:
    return "".join(f".{kind}{{fill:{colour};stroke:{colour}}}" for kind, colour in colours.items())


def _below(rules: str) -> str:
    """The rules, for what is in a drawing and nothing else of a page."""
    return "".join(f".lsrl {rule}}}" for rule in rules.replace("\n", "").split("}") if rule)
