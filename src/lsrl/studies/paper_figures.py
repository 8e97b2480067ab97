"""What the authors of the paper measured, for comparison.

Source: the results that Petrov et al. 2024 published with their code, a draw of the noise for each of 25 targets; the
intervals are ours, of their 25 numbers, as `lsrl.studies.summaries` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Published: TypeAlias = tuple[float, float, float]
"""A mean, and the ends of its 95 % interval."""

SIGMAS = (0.0, 1e-9, 1e-7, 1e-5, 1e-3)
"""The deviations of noise that they measured, one for each figure of a line below."""

# fmt: off
PUBLISHED: Mapping[tuple[str, str], tuple[Published, ...]] = {
    ("function", "multiplicative"):
        ((.0334, .0226, .0512), (.0334, .0226, .0512), (.392, .192, .623), (1.82, .321, 3.89), (1450, 319, 2910)),
    ("function", "multiplicative-optimised"):
        ((.0334, .0226, .0512), (.0334, .0226, .0512), (.36, .173, .566), (1.79, .75, 3), (2650, 10.4, 5780)),
    ("function", "direct"):
        ((.0357, .0235, .055), (.0384, .0254, .0574), (.57, .236, .955), (1.54e5, 5.88e4, 2.85e5),
         (7.74e10, 1.96e10, 1.62e11)),
    ("function", "optimised"):
        ((.0334, .0226, .0512), (.0334, .0226, .0512), (.503, .289, .766), (.531, .325, .796),
         (1.69e9, 6.11e8, 3.06e9)),
    ("function", "step-optimised"):
        ((.073, .0449, .11), (2.38e4, .0492, 7.14e4), (2.9e9, 1.37e9, 4.79e9), (2.12e12, 5.75e11, 4.02e12),
         (8.35e15, .0773, 2.05e16)),
    ("dictionary", "multiplicative"):
        ((0, 0, 0), (0, 0, 0), (68.8, 57.5, 79.1), (99.8, 99.5, 100), (98.9, 98.1, 99.5)),
    ("dictionary", "multiplicative-optimised"):
        ((0, 0, 0), (0, 0, 0), (71.8, 61.8, 81.4), (99.4, 99, 99.8), (99.2, 98.6, 99.7)),
    ("dictionary", "direct"):
        ((89.2, 87.1, 91.1), (89.8, 88.2, 91.3), (90.9, 89, 92.7), (99.5, 98.6, 100), (99.5, 98.9, 99.9)),
    ("dictionary", "optimised"):
        ((0, 0, 0), (.24, 0, .48), (69.7, 60, 78.9), (99.4, 99, 99.8), (99.6, 98.8, 100)),
    ("dictionary", "step-optimised"):
        ((0, 0, 0), (98, 97.4, 98.6), (98.9, 98.3, 99.4), (100, 100, 100), (96.7, 95.2, 98.1)),
}
# fmt: on
"""By program and lowering: mean distance to the function, or % of wrong symbols."""


def published(program: str, lowering: str, sigma: float) -> Published | None:
    """What they found in a cell of the study, if they measured it.

    >>> published("dictionary", "direct", 0.0)
    (89.2, 87.1, 91.1)
    """
    line = PUBLISHED.get((program, lowering))
    return line[SIGMAS.index(sigma)] if line and sigma in SIGMAS else None
