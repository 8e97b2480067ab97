"""How a library call is written: sums, comparisons and booleans by their signs, as in Python, all else as a call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from flint import fmpq

from lsrl.lang.calls import Argument, Call, Cases
from lsrl.lang.numbers import number_text
from lsrl.lang.values import Value

COMPARED, SUM, PRODUCT, SIGN, WHOLE = 1, 4, 5, 6, 7
"""How tightly parts of an expression hold together; `|` is at 2, `&` at 3."""

SIGNS = {
    "larger": (">", COMPARED),
    "at_least": (">=", COMPARED),
    "smaller": ("<", COMPARED),
    "at_most": ("<=", COMPARED),
    "or_": ("|", 2),
    "and_": ("&", 3),
    "added": ("+", SUM),
    "subtracted": ("-", SUM),
    "subtracted_from": ("-", SUM),
    "multiplied": ("*", PRODUCT),
    "divided": ("/", PRODUCT),
    "floor_divided": ("//", PRODUCT),
}
"""The functions of two arguments that have a sign."""

SIGNS_BEFORE = {"negative": "-", "not_": "~"}


class Expression(NamedTuple):
    """Text, and how tightly it holds together."""

    text: str
    binding: int = WHOLE

    def within(self, binding: int) -> str:
        """The text, in brackets unless it holds together at least so tightly."""
        return self.text if self.binding >= binding else f"({self.text})"


def written(call: Call, value_text: Callable[[Value], Expression]) -> Expression:
    """The call, with every value among its arguments as `value_text` has it.

    >>> from lsrl.lang import Input
    >>> x = Input(1, name="x")
    >>> written(((x > 3) & x).call, lambda value: Expression("x > 3", COMPARED) if value.call else Expression("x")).text
    '(x > 3) & x'
    """
    parts = [_argument(argument, value_text) for argument in call.arguments]
    if not call.keywords:
        if call.function in SIGNS and len(parts) == 2:
            sign, binding = SIGNS[call.function]
            left, right = reversed(parts) if call.function == "subtracted_from" else parts
            before = left.within(binding + (binding == COMPARED))
            return Expression(f"{before} {sign} {right.within(binding + 1)}", binding)
        if call.function in SIGNS_BEFORE and len(parts) == 1:
            return Expression(f"{SIGNS_BEFORE[call.function]}{parts[0].within(SIGN)}", SIGN)
    options = [f"{key}={_argument(argument, value_text).text}" for key, argument in call.keywords]
    return Expression(f"{call.function}({', '.join([*(part.text for part in parts), *options])})")


def _argument(argument: Argument, value_text: Callable[[Value], Expression]) -> Expression:
    if isinstance(argument, Value):
        return value_text(argument)
    if isinstance(argument, str):
        return Expression(json.dumps(argument, ensure_ascii=not argument.isprintable()))
    if isinstance(argument, Cases):
        pairs = (f"{_key(key)}: {_argument(result, value_text).text}" for key, result in argument.pairs)
        return Expression(f"{{{', '.join(pairs)}}}")
    if isinstance(argument, tuple):
        return Expression(f"[{', '.join(_argument(part, value_text).text for part in argument)}]")
    if isinstance(argument, fmpq):
        return Expression(number_text(argument), PRODUCT)
    return Expression(str(argument), WHOLE if argument is None or argument >= 0 else SIGN)


def _key(key: Argument) -> str:
    """A key of a dictionary: what can be one is no list, but a tuple."""
    if type(key) is tuple:
        return f"({', '.join(map(_key, key))}{',' * (len(key) == 1)})"
    return _argument(key, lambda value: Expression(value.label)).text
