"""Which library call made a value: what listings, files and messages show instead of the primitives that it stands for.

What a program computes are its primitives. A call is where they come from, and nothing else reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from importlib import import_module
from inspect import signature
from types import NoneType
from typing import Any, NamedTuple, ParamSpec, TypeAlias

import numpy as np
from flint import fmpq

from lsrl.errors import LsrlError
from lsrl.lang.numbers import exact, is_number_text, plain
from lsrl.lang.values import Value, remember

P = ParamSpec("P")

Argument: TypeAlias = "Value | fmpq | int | str | tuple[Argument, ...] | Cases | None"
"""What calls are remembered with: values, exact numbers, texts, and what is made of them."""


class Cases(NamedTuple):
    """A dictionary, as pairs in its order."""

    pairs: tuple[tuple[Argument, Argument], ...]


class Call(NamedTuple):
    """A call of a library function, by its name; `name=` is the value's, and not among the keywords."""

    function: str
    arguments: tuple[Argument, ...]
    keywords: tuple[tuple[str, Argument], ...] = ()

    @property
    def values(self) -> Iterator[Value]:
        """The values among the arguments, in order, as often as they are there."""
        return _values_in((*self.arguments, *(argument for _, argument in self.keywords)))


_FIXED = {int, str, float, fmpq, bool, NoneType}
"""Types of what cannot change, so that the call can be written down when somebody asks."""

FUNCTIONS: dict[str, Callable[..., Value]] = {}
"""The functions whose calls are remembered, by name. Files can call these, and no others."""

ELSEWHERE = dict.fromkeys(("accepts", "automaton", "mealy", "moore", "regex"), "lsrl.automata")
"""Those of them that other rooms add when they are imported."""


def function_named(name: str) -> Callable[..., Value] | None:
    """The function of this name whose calls are remembered, or None if there is none.

    >>> from lsrl.lang import equal
    >>> function_named("equal") is equal, function_named("print")
    (True, None)
    """
    if name not in FUNCTIONS and name in ELSEWHERE:
        import_module(ELSEWHERE[name])
    return FUNCTIONS.get(name)


def remembered(
    function: Callable[P, Value], said: Callable[P, Call] | None = None, *, home: str | None = None
) -> Callable[P, Value]:
    """The function, whose results remember the call: the outermost one where such functions call each other.

    `said` makes the call to remember of what the function is given, if not just that; `home` is the module that has the
    result, if it is not the function's. A call is not remembered if it returns one of its arguments, or if an argument
    cannot be written down.

    >>> from lsrl.lang import Input, equal
    >>> equal(Input(1), 3).call
    Call(function='equal', arguments=(<Input 'input' of dimension 1>, 3), keywords=())
    """
    name = function.__name__
    options = signature(function).parameters.values()
    usual = {option.name: _argument(option.default) for option in options if option.default is not option.empty}

    @wraps(function)
    def remembering(*args: P.args, **kwargs: P.kwargs) -> Value:
        value = function(*args, **kwargs)
        if said is not None:
            with suppress(LsrlError):
                _remember(value, said(*args, **kwargs))
            return value
        for argument in (*args, *kwargs.values()) if kwargs else args:
            if argument is value:
                return value
            if type(argument) not in _FIXED and not isinstance(argument, Value):
                _remember(value, told(value, name, args, kwargs, usual))
                return value
        remember(value, (name, args, kwargs, usual))
        return value

    remembering.__module__ = home or function.__module__
    FUNCTIONS[name] = remembering
    return remembering


def _remember(value: Value, call: Call | None) -> None:
    """Note on a value which call made it, unless it was there before, in a list among the arguments."""
    if call is None or not any(argument is value for argument in call.values):
        remember(value, call)


def told(
    value: Value, function: str, args: Iterable[Any], kwargs: Mapping[str, Any], usual: Mapping[str, Argument]
) -> Call | None:
    """The call that a value was noted with, or None if it cannot be written down."""
    if value.name == kwargs.get("name"):
        with suppress(LsrlError):
            return call_of(function, args, kwargs, usual)
    return None


def call_of(function: str, args: Iterable[Any], kwargs: Mapping[str, Any], usual: Mapping[str, Argument]) -> Call:
    """A call as it was made, without what would be so anyway. Raises `NumberError` for what cannot be written down."""
    given = tuple([_argument(item) for item in args])
    options = [(key, _argument(item)) for key, item in kwargs.items() if key != "name"] if kwargs else ()
    told = [(key, item) for key, item in options if key not in usual or isinstance(item, Value) or item != usual[key]]
    return Call(function, given, tuple(told))


def plain_call(function: str, *args: Any, **kwargs: Any) -> Call:
    """A call of these arguments. Raises `NumberError` for what cannot be written down.

    >>> plain_call("clip", "1/2", 3, via="relu")
    Call(function='clip', arguments=(1/2, 3), keywords=(('via', 'relu'),))
    """
    return call_of(function, args, kwargs, {})


def copied(value: Value, made: Mapping[Value, Value]) -> Value:
    """The value over what its arguments became, and the same call of what the call's arguments became.

    >>> from lsrl.lang import Input
    >>> x, y = Input(1, name="x"), Input(1, name="y")
    >>> copied(x + 1, {x: y}).call.arguments
    (<Input 'y' of dimension 1>, 1)
    """
    copy = value.reading([made[argument] for argument in value.arguments])
    if value.call is not None:
        function, arguments, keywords = value.call
        options = tuple((key, _over(item, made)) for key, item in keywords)
        remember(copy, Call(function, _over(arguments, made), options))
    return copy


def _over(argument: Any, made: Mapping[Value, Value]) -> Any:
    if isinstance(argument, Value):
        return made.get(argument, argument)  # a number that is only in a matrix was not made again
    if isinstance(argument, Cases):
        return Cases(_over(argument.pairs, made))
    return tuple([_over(part, made) for part in argument]) if type(argument) is tuple else argument


def _argument(item: Any) -> Argument:
    """An argument as it is remembered. Raises `NumberError` for what is not made of values, numbers and texts."""
    if item is None or isinstance(item, Value) or type(item) is int:
        return item
    if isinstance(item, str) and not is_number_text(item):
        return str(item)
    if isinstance(item, (list, tuple, range)):
        return tuple([_argument(part) for part in item])
    if isinstance(item, Mapping):
        return Cases(tuple((_argument(key), _argument(part)) for key, part in item.items()))
    flat = plain(item)
    if isinstance(flat, (list, np.ndarray)):
        return _argument(flat.tolist() if isinstance(flat, np.ndarray) else flat)
    number = exact(item)
    return int(number.p) if number.q == 1 else number


def _values_in(arguments: Iterable[Argument]) -> Iterator[Value]:
    for argument in arguments:
        if isinstance(argument, Value):
            yield argument
        elif isinstance(argument, Cases):
            yield from _values_in(part for pair in argument.pairs for part in pair)
        elif type(argument) is tuple:
            yield from _values_in(argument)
