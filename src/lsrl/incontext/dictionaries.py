"""Two real dictionaries that ship with LSRL.

Capitals: 25 European countries and their capitals as codes of three letters, as in Petrov et al.
2024. Airports: IATA codes of 61 airports and of the cities they serve (IATA metropolitan areas).
"""

from __future__ import annotations

from importlib.resources import as_file, files
from string import ascii_uppercase

from lsrl.incontext.sequences import SequenceMap, read_pairs
from lsrl.incontext.token_maps import TokenMap

PAIRS = 64
"""Pairs that the program for both dictionaries has room for."""


def capitals() -> dict[str, str]:
    """Country code → capital's code, 25 pairs.

    >>> capitals()["AUS"], len(capitals())
    ('VIE', 25)
    """
    return _shipped("capitals.csv")


def airports() -> dict[str, str]:
    """Airport code → city code, 61 pairs.

    >>> airports()["JFK"], len(airports())
    ('NYC', 61)
    """
    return _shipped("airports.csv")


def codes_map() -> SequenceMap:
    """The one program that answers from either: three letters to three letters."""
    return SequenceMap(3, 3, symbols=ascii_uppercase, max_pairs=PAIRS)


def codes_tokens() -> TokenMap:
    """The same in token form: text in, text out."""
    return TokenMap(3, 3, symbols=ascii_uppercase, max_pairs=PAIRS)


def _shipped(name: str) -> dict[str, str]:
    with as_file(files("lsrl.incontext") / "data" / name) as path:
        return read_pairs(path)
