"""The syntax of a line in a listing: names, numbers, texts, brackets, calls, slices, and the signs of `expressions`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from flint import fmpq

from lsrl.errors import FormatError
from lsrl.lang.expressions import COMPARED, SIGNS, SIGNS_BEFORE
from lsrl.lang.numbers import exact

_TOKEN = re.compile(
    r'\s*(?:(?P<number>\d+(?:/\d+)?)|(?P<name>%?[A-Za-z_][\w.]*)|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<sign>//|>=|<=|[()\[\]{},:=+*/<>&|~-]))"
)

DEEPEST = 40
"""Brackets in one another, and signs in a row: more than any expression that is written where it is read has."""

LONGEST_PLACE = 9
"""Digits of a number in a slice."""

_BINDINGS = {sign: (binding, function) for function, (sign, binding) in SIGNS.items() if function != "subtracted_from"}
_BEFORE = {sign: function for function, sign in SIGNS_BEFORE.items()}


class Applied(NamedTuple):
    """name(arguments, keyword=argument, …), as it is written; what has a sign by its function's name."""

    name: str
    arguments: list[Any]
    keywords: dict[str, Any]


class Name(str):
    """A name of a value, or a word."""


class Text(str):
    """A text in quotes."""


def read(text: str) -> Any:
    """The operation as `Applied`, or whatever else it is. Raises `FormatError`.

    >>> read("ReLU(x, comparison=1)")
    Applied(name='ReLU', arguments=['x'], keywords={'comparison': 1})
    >>> read("x + 2 * y").arguments
    ['x', Applied(name='multiplied', arguments=[2, 'y'], keywords={})]
    """
    return _Reader(text).whole()


class _Reader:
    """A recursive reader of one operation, which nests to a depth."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [*_scanned(text), ""]
        self.position = 0

    def whole(self) -> Any:
        """The text as one item; raises `FormatError` if more follows."""
        item = self.item(0)
        if self.following:
            raise FormatError(f"{short(self.following)!r} follows the operation; expected the line's end")
        return item

    @property
    def following(self) -> str:
        """The next token, or nothing at the end."""
        return self.tokens[self.position]

    def item(self, depth: int, least: int = COMPARED) -> Any:
        """Operands with signs between them that bind at least so tightly."""
        left, signs, compared = self.operand(depth), 0, False
        while (following := self.following) in _BINDINGS and _BINDINGS[following][0] >= least:
            binding, function = _BINDINGS[self.next()]
            signs += 1
            if signs > DEEPEST or compared:
                raise FormatError(
                    f"{following!r} in {short(self.text)!r}; expected brackets around what comes before it"
                )
            compared = binding == COMPARED
            left = Applied(function, [left, self.item(depth + 1, binding + 1)], {})
        return left

    def operand(self, depth: int) -> Any:
        """A number, name, text, list, tuple, dictionary, call or slice, with the signs before it."""
        signs = []
        while self.following in _BEFORE:
            signs.append(_BEFORE[self.next()])
        if max(depth, len(signs)) > DEEPEST:
            raise FormatError("brackets nest too deeply; expected a line for each part")
        item = self.plain(depth)
        while self.following == "[" and isinstance(item, (Name, Applied)):
            item = self.sliced(item)
        for function in reversed(signs):
            item = -item if isinstance(item, fmpq) and function == "negative" else Applied(function, [item], {})
        return item

    def plain(self, depth: int) -> Any:
        """What has no sign before it, and no slice behind it."""
        token = self.next()
        if token == "[":
            return self.until("]", depth)[0]
        if token == "(":
            items = self.until(")", depth)[0]
            return items[0] if len(items) == 1 and self.tokens[self.position - 2] != "," else tuple(items)
        if token == "{":
            return self.cases(depth)
        if token[0].isalpha() or token[0] in "_%":
            return Applied(token, *self.until(")", depth)) if self.found("(") else Name(token)
        if token[0] == '"':
            return _text(token)
        if token[-1].isdigit():
            return exact(token)
        raise FormatError(f"{token!r} in {short(self.text)!r}; expected a number, a name or a bracket")

    def sliced(self, x: Any) -> Applied:
        """x[start:stop], or x[place]."""
        self.position += 1
        start = self.place()
        stop = self.place() if self.found(":") else start + 1
        if not self.found("]"):
            raise FormatError(f"slice in {short(self.text)!r}; expected x[start:stop], or x[place]")
        return Applied("[:]", [x], {"start": start, "stop": stop})

    def place(self) -> int:
        """A whole number in a slice."""
        token = self.next()
        if not token.isdigit() or len(token) > LONGEST_PLACE:
            raise FormatError(f"slice in {short(self.text)!r}; expected x[start:stop], or x[place]")
        return int(token)

    def cases(self, depth: int) -> dict[Any, Any]:
        """{key: item, …}, without the bracket before it."""
        items: dict[Any, Any] = {}
        while not self.found("}"):
            if items and not self.found(","):
                raise FormatError(f"{self.next()!r} in {short(self.text)!r}; expected ',' or '}}'")
            key = self.item(depth + 1)
            if not isinstance(key, (fmpq, Text, tuple)) or not self.found(":"):
                raise FormatError(f"a case in {short(self.text)!r} is not 'number: result'; expected that")
            if key in items:
                raise FormatError(f"the case {short(str(key))} appears twice in {short(self.text)!r}; expected it once")
            items[key] = self.item(depth + 1)
        return items

    def until(self, close: str, depth: int) -> tuple[list[Any], dict[str, Any]]:
        """Items and keyword=item up to a closing bracket."""
        items: list[Any] = []
        keywords: dict[str, Any] = {}
        while not self.found(close):
            if (items or keywords) and not self.found(","):
                raise FormatError(f"{self.next()!r} in {short(self.text)!r}; expected ',' or {close!r}")
            if self.found(close):
                break
            item = self.item(depth + 1)
            if isinstance(item, Name) and self.found("="):
                if item in keywords:
                    raise FormatError(f"{item}= appears twice in {short(self.text)!r}; expected it once")
                keywords[str(item)] = self.item(depth + 1)
            else:
                items.append(item)
        return items, keywords

    def found(self, token: str) -> bool:
        """Whether this token comes next; it is then read."""
        here = self.following == token
        self.position += here
        return here

    def next(self) -> str:
        """The next token."""
        if not self.following:
            raise FormatError(f"{short(self.text)!r} ends too early; expected a closing bracket")
        self.position += 1
        return self.tokens[self.position - 1]


def _text(token: str) -> Text:
    try:
        return Text(json.loads(token))
    except ValueError:
        raise FormatError(f"{short(token)} is not a text in quotes; expected one as JSON has it") from None


def _scanned(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if not text[position:].strip():
                return
            raise FormatError(f"{short(text[position:])!r} is not readable; expected numbers, names and brackets")
        yield match.group().strip()
        position = match.end()


def short(text: str) -> str:
    """The text, cut to what a message has room for."""
    return text if len(text) <= 60 else text[:57] + "…"
