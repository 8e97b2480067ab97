"""Ways to say in plain Python what comes out at every step."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from lsrl.zoo.entry import Specification


def of_prefixes(answer: Callable[[list[Any]], Any]) -> Specification:
    """At each step, a function of all inputs so far.

    >>> of_prefixes(sum)([1, 2, 3])
    [1, 3, 6]
    """
    return lambda x: [_number(answer(x[: t + 1])) for t in range(len(x))]


def of_windows(length: int, answer: Callable[[list[Any]], Any], before: Any = 0) -> Specification:
    """At each step, a function of the last `length` inputs, oldest first; `before` stands for those before the first.

    >>> of_windows(2, max)([3, 1, 2, 0])
    [3, 3, 2, 2]
    """
    return lambda x: [_number(answer(([before] * length + x)[t + 1 : t + 1 + length])) for t in range(len(x))]


def matching(pattern: str) -> Specification:
    """Whether all symbols so far match the whole of a regular expression of Python's.

    >>> matching("(10)*")([1, 0, 0])
    [0, 1, 0]
    """
    whole = re.compile(pattern)
    return of_prefixes(lambda x: whole.fullmatch("".join(map(str, x))) is not None)


def remembering(start: Any, step: Callable[[Any, Any], tuple[Any, Any]]) -> Specification:
    """A loop over the inputs: a function from what is remembered and the input to what is, and what comes out.

    >>> remembering(0, lambda total, x: (total + x, total))([1, 2, 3])
    [0, 1, 3]
    """

    def specification(x: list[Any]) -> Sequence[Any]:
        memory, answers = start, []
        for symbol in x:
            memory, answer = step(memory, symbol)
            answers.append(_number(answer))
        return answers

    return specification


def _number(answer: Any) -> Any:
    return int(answer) if isinstance(answer, bool) else answer
