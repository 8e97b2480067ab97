"""Exact numbers: everything a program is made of is a rational."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from lsrl.errors import FormatError, NumberError, ShapeError, shortened

Vector: TypeAlias = tuple[fmpq, ...]

_IN_FILE = re.compile(r"-?[0-9]+(/0*[1-9][0-9]*)?\Z")

_EXPONENT = re.compile(r"[eE][+-]?0*(\d+)")

MOST_EXPONENT_DIGITS = 4
"""Numbers in text may have exponents up to 9999: what one more digit means takes minutes to write out."""

MOST = 2**24
"""Dimensions, lengths and counts up to this are accepted; memory would not hold what larger ones stand for."""

VALUE_ROOM = 64
"""What a value takes of the room that there is, beside its dimension."""

LONGEST_NUMBER = 4000
"""Characters of the longest number that files hold."""

ZERO = fmpq(0)
ONE = fmpq(1)
HALF = fmpq(1, 2)


ROOM: ContextVar[list[int] | None] = ContextVar("room", default=None)
"""How many rows of values may still be made, where that is bounded."""


@contextmanager
def room_for(rows: int) -> Iterator[None]:
    """Within it, values of no more than so many rows in all are made: a line of a file may ask for any number.

    >>> from lsrl.lang import Input, shift_register
    >>> with room_for(1000):
    ...     shift_register(Input(1), 1001)
    Traceback (most recent call last):
    lsrl.errors.ShapeError: length of shift_register is 1001; expected at most 935
    """
    token = ROOM.set([rows])
    try:
        yield
    finally:
        ROOM.reset(token)


def take_room(dim: int) -> None:
    """Take the room that a value of this dimension needs. Raises `FormatError` where there is none left."""
    room = ROOM.get()
    if room is not None:
        room[0] -= dim + VALUE_ROOM
        if room[0] < 0:
            raise FormatError("the calls of the program make larger values than are read from a file; expected smaller")


def exact(number: Any, what: str = "number") -> fmpq:
    """The rational that `number` stands for; a float is taken at its shortest decimal.

    Raises `NumberError` for NaN, infinities and anything that is not a number.

    >>> exact(0.1), exact("1/3"), exact(2)
    (1/10, 1/3, 2)
    """
    if isinstance(number, fmpq):
        return number
    if isinstance(number, (bool, np.bool_)):
        return fmpq(int(number))
    if isinstance(number, (int, np.integer)):
        return fmpq(int(number))
    if isinstance(number, Rational):
        return fmpq(int(number.numerator), int(number.denominator))
    if isinstance(number, (float, np.floating)):
        if not math.isfinite(number):
            raise NumberError(f"{what} is {number}; expected a finite number")
        # str() of a NumPy or Python float is the shortest decimal that reads back as it.
        return _from_fraction(Fraction(Decimal(str(number))))
    if isinstance(number, str):
        exponent = _EXPONENT.search(number)
        if exponent and len(exponent[1]) > MOST_EXPONENT_DIGITS:
            raise NumberError(
                f"{what} is {shortened(number)}; expected an exponent of up to {MOST_EXPONENT_DIGITS} digits"
            )
        try:
            return _from_fraction(Fraction(number))
        except (ValueError, ZeroDivisionError):
            raise NumberError(f"{what} is {shortened(number)}; expected a number like 2, 0.1 or '1/3'") from None
    raise NumberError(
        f"{what} is {shortened(number)} of type {type(number).__name__}; "
        "expected an int, a Fraction, a float or text like '1/3'"
    )


def is_number_text(text: str) -> bool:
    """Whether a text stands for a number.

    >>> is_number_text("-1/3"), is_number_text("relu")
    (True, False)
    """
    try:
        exact(text)
    except NumberError:
        return False
    return True


def _from_fraction(number: Fraction) -> fmpq:
    return fmpq(number.numerator, number.denominator)


def exact_vector(numbers: Any, dim: int, what: str) -> Vector:
    """`numbers` as a vector of `dim` rationals; a single number is repeated.

    Raises `ShapeError` when there are not `dim` of them.

    >>> exact_vector(1, 3, "b")
    (1, 1, 1)
    """
    numbers = plain(numbers)
    if isinstance(numbers, (str, fmpq)) or not isinstance(numbers, Iterable):
        return (exact(numbers, what),) * dim
    if getattr(numbers, "ndim", None) == 0 and hasattr(numbers, "item"):
        numbers = [numbers[()] if isinstance(numbers, np.ndarray) else numbers.item()]
    if isinstance(numbers, Mapping):
        raise ShapeError(f"{what} is a mapping; expected a list of numbers, or one number")
    numbers = [row[0] if is_sequence(row) and len(row) == 1 else row for row in numbers]  # a column is one, too
    vector = tuple(exact(number, f"{what}[{i}]") for i, number in enumerate(numbers))
    if len(vector) == 1:
        return vector * dim
    if len(vector) != dim:
        raise ShapeError(f"{what} has {len(vector)} numbers; expected {dim} (or one number for all)")
    return vector


def whole_number(number: Any, what: str, least: int = 1, most: int | None = None) -> int:
    """`number` as an int. Raises `ShapeError` for anything but a whole number from `least` to `most`.

    Without a `most` it is a size: values of so many rows can be made.

    >>> whole_number(np.int64(3), "length of delay")
    3
    """
    if isinstance(number, (bool, np.bool_)) or not isinstance(number, (int, np.integer)) or number < least:
        raise ShapeError(f"{what} is {shortened(number)}; expected a whole number from {least}")
    if most is None:
        room = ROOM.get()
        most = MOST if room is None else min(MOST, max(room[0], 0))
    if number > most:
        raise ShapeError(f"{what} is {shortened(number)}; expected at most {most:,}")
    return int(number)


def plain(numbers: Any) -> Any:
    """Arrays and matrices of other packages (SciPy, sympy, torch) as NumPy's or as lists; all else as it is.

    >>> import scipy.sparse
    >>> plain(scipy.sparse.csr_array([[1], [2]])).tolist()
    [[1], [2]]
    """
    if hasattr(numbers, "toarray"):
        return numbers.toarray()
    if isinstance(numbers, np.ndarray):
        return np.asarray(numbers)
    if hasattr(numbers, "tolist") and getattr(numbers, "shape", ()) != ():
        return numbers.tolist()
    return numbers


def is_sequence(item: Any) -> bool:
    """Whether this is several numbers: a list, a tuple, an array, but not text.

    >>> is_sequence([1]), is_sequence("1/3"), is_sequence(2)
    (True, False, False)
    """
    return not isinstance(item, (str, bytes)) and hasattr(item, "__len__") and getattr(item, "shape", None) != ()


def as_fraction(number: fmpq) -> Fraction:
    """The same number as a standard-library `Fraction`.

    >>> as_fraction(fmpq(1, 2))
    Fraction(1, 2)
    """
    return Fraction(int(number.p), int(number.q))


def as_float(number: fmpq) -> float:
    """The float64 nearest to `number` (ties to even), infinite when beyond float64's range.

    >>> as_float(fmpq(1, 3))
    0.3333333333333333
    """
    try:
        # int / int is correctly rounded; fmpq's own conversion does not promise that.
        return int(number.p) / int(number.q)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def number_text(number: fmpq) -> str:
    """`number` as a program listing writes it.

    >>> number_text(fmpq(-1, 2))
    '-1/2'
    """
    return str(number)


def text_in_file(number: fmpq) -> str:
    """`number` as files hold it. Raises `NumberError` for one that is too long for them.

    >>> text_in_file(fmpq(-1, 2))
    '-1/2'
    """
    text = str(number)
    if len(text) > LONGEST_NUMBER:
        raise NumberError(
            f"the number {text[:20]}…{text[-20:]} has {len(text):,} characters; expected at most {LONGEST_NUMBER:,} in "
            "a file; use numbers with fewer digits"
        )
    return text


def number_in_file(item: Any) -> fmpq:
    """The number that a file holds as an integer or as text. Raises `NumberError` for anything else.

    >>> number_in_file("-1/2"), number_in_file(3)
    (-1/2, 3)
    """
    if type(item) is int:
        return fmpq(item)
    if type(item) is str and len(item) <= LONGEST_NUMBER and _IN_FILE.match(item):
        return fmpq(*map(int, item.split("/")))
    raise NumberError(
        f"{shortened(item)} is not a number of a file; expected an integer, or text like '1/3' of at most "
        f"{LONGEST_NUMBER:,} characters"
    )
