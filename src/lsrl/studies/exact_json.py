"""JSON that keeps every float, and knows whether it was changed.

NaN and the infinities, for which JSON has no words, are `{"float": "nan"}`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lsrl.errors import shortened

MOST = 2**63
"""Integers are at least minus this, and less than this."""

WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

SEAL = "sha256"
"""The name of a digest in the object that it is the digest of."""

Scalar = str | int | float | bool | None
"""What a parameter or a measurement may be."""


def as_scalar(value: object) -> Scalar:
    """The value as JSON and tables know it; NumPy's scalars become Python's. Raises `TypeError` for anything else.

    >>> as_scalar(np.float64(0.5)), as_scalar(np.int64(3)), as_scalar(None)
    (0.5, 3, None)
    """
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is not None and type(plain) not in (str, int, float, bool):
        raise TypeError(f"expected a number, text, true, false or nothing, got {type(value).__name__}")
    if isinstance(plain, int) and not -MOST <= plain < MOST:
        raise TypeError("expected an integer of at most 64 bits, got a larger one")
    if isinstance(plain, str) and plain.encode(errors="replace").decode() != plain:  # halves of surrogate pairs
        raise TypeError(f"expected text that files can hold, got {shortened(plain)}")
    return plain  # type: ignore[return-value]


def to_text(data: object, indent: int | None = None) -> str:
    """Data of mappings, sequences and scalars as strict JSON. Raises `TypeError` for anything else.

    >>> to_text({"error": float("inf"), "cells": 3})
    '{"error": {"float": "inf"}, "cells": 3}'
    """
    return json.dumps(_worded(data), indent=indent, ensure_ascii=False, allow_nan=False)


def from_text(text: str) -> Any:
    """What `to_text` wrote, bit for bit. Raises `ValueError` for text that is not strict JSON.

    >>> from_text('{"error": {"float": "inf"}, "cells": 3}')
    {'error': inf, 'cells': 3}
    """
    try:
        return json.loads(text, object_hook=_unworded, parse_constant=_refused)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with a digest of itself, by which `unsealed` knows whether it is still the same.

    Raises `TypeError` for content that is not JSON.

    >>> unsealed(sealed({"error": 0.5}))
    {'error': 0.5}
    """
    return {**content, SEAL: hashlib.sha256(to_text(content).encode()).hexdigest()}


def unsealed(data: Any) -> dict[str, Any]:
    """What was `sealed`, without its digest. Raises `ValueError` for anything else."""
    if not isinstance(data, dict) or SEAL not in data:
        raise ValueError("it has no digest")
    content = {name: value for name, value in data.items() if name != SEAL}
    try:
        unchanged = sealed(content)[SEAL] == data[SEAL]
    except (TypeError, RecursionError):  # What JSON can say, but nobody sealed: huge integers, a deep nest.
        unchanged = False
    if not unchanged:
        raise ValueError("its digest is that of other content")
    return content


def _worded(data: object) -> object:
    if isinstance(data, Mapping):
        return {str(key): _worded(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_worded(value) for value in data]
    scalar = as_scalar(data)
    if isinstance(scalar, float) and not math.isfinite(scalar):
        return {"float": str(scalar)}
    return scalar


def _unworded(data: dict[str, Any]) -> object:
    word = data.get("float")
    return WORDS[word] if len(data) == 1 and isinstance(word, str) and word in WORDS else data


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
