"""The syntax of one operation in a listing: names, numbers, brackets, calls, slices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from lsrl.errors import FormatError
from lsrl.lang.numbers import exact

_TOKEN = re.compile(r"\s*(?:(?P<number>-?\d+(?:/\d+)?)|(?P<name>%?[A-Za-z_][\w.]*)|(?P<sign>[()\[\],:=]))")

DEEPEST = 4
"""Rows of a matrix in a call are the deepest brackets there are."""


class Call(NamedTuple):
    """name(arguments, keyword=argument, …), as it is written."""

    name: str
    arguments: list[Any]
    keywords: dict[str, Any]


class Name(str):
    """A name of a value, or a word."""


def read(text: str) -> Any:
    """The operation as a `Call`, or whatever else it is. Raises `FormatError`.

    >>> read("ReLU(x, comparison=1)")
    Call(name='ReLU', arguments=['x'], keywords={'comparison': 1})
    """
    return _Reader(text).whole()


class _Reader:
    """A recursive reader of one operation; nothing nests deeper than rows in a matrix."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.position = 0

    def whole(self) -> Any:
        """The text as one item; raises `FormatError` if more follows."""
        item = self.item(0)
        if self.position < len(self.tokens):
            raise FormatError(f"{short(self.tokens[self.position])!r} follows the operation; expected the line's end")
        return item

    def item(self, depth: int) -> Any:
        """A number, name, list, tuple, call or slice."""
        if depth > DEEPEST:
            raise FormatError("brackets nest too deeply; expected at most rows of a matrix in a call")
        token = self.next()
        if token == "[":
            return self.until("]", depth)[0]
        if token == "(":
            return tuple(self.until(")", depth)[0])
        if token[0].isalpha() or token[0] in "_%":
            return self.named(token, depth)
        if token[-1].isdigit():
            return exact(token)
        raise FormatError(f"{token!r} in {short(self.text)!r}; expected a number, a name or a bracket")

    def named(self, token: str, depth: int) -> Any:
        """What starts with a name: a call, a slice, or the name itself."""
        following = self.tokens[self.position] if self.position < len(self.tokens) else ""
        if following == "(":
            self.position += 1
            arguments, keywords = self.until(")", depth)
            return Call(token, arguments, keywords)
        if following == "[":
            self.position += 1
            start, colon, stop, close = (*self.tokens[self.position : self.position + 4], "", "", "", "")[:4]
            self.position += 4
            digits = start.isdigit() and stop.isdigit() and max(len(start), len(stop)) < 10
            if colon != ":" or close != "]" or not digits:
                raise FormatError(f"slice in {short(self.text)!r}; expected x[start:stop]")
            return Call("[:]", [], {"x": token.removeprefix("%"), "start": int(start), "stop": int(stop)})
        return Name(token)

    def until(self, close: str, depth: int) -> tuple[list[Any], dict[str, Any]]:
        """Items and keyword=item up to a closing bracket."""
        items: list[Any] = []
        keywords: dict[str, Any] = {}
        while not self.found(close):
            if (items or keywords) and not self.found(","):
                raise FormatError(f"{self.next()!r} in {short(self.text)!r}; expected ',' or {close!r}")
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
        here = self.position < len(self.tokens) and self.tokens[self.position] == token
        self.position += here
        return here

    def next(self) -> str:
        """The next token."""
        if self.position >= len(self.tokens):
            raise FormatError(f"{short(self.text)!r} ends too early; expected a closing bracket")
        self.position += 1
        return self.tokens[self.position - 1]


def _tokens(text: str) -> list[str]:
    return list(_scanned(text))


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
