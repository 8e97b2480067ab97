"""JSON that keeps every float: NaN and the infinities, for which JSON has no words, are `{"float": "nan"}`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

Scalar = str | int | float | bool | None
"""What a parameter or a measurement may be."""


def as_scalar(value: object) -> Scalar:
    """The value as JSON knows it; NumPy's scalars become Python's. Raises `TypeError` for anything else.

    >>> as_scalar(np.float64(0.5)), as_scalar(np.int64(3)), as_scalar(None)
    (0.5, 3, None)
    """
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or type(plain) in (str, int, float, bool):
        return plain  # type: ignore[return-value]
    raise TypeError(f"expected a number, text, true, false or nothing, got {type(value).__name__}")


def to_text(data: object, indent: int | None = None) -> str:
    """Data of mappings, sequences and scalars as strict JSON. Raises `TypeError` for anything else.

    >>> to_text({"error": float("inf"), "cells": 3})
    '{"error": {"float": "inf"}, "cells": 3}'
    """
    return json.dumps(_worded(data), indent=indent, ensure_ascii=False, allow_nan=False)


def from_text(text: str) -> Any:
    """What `to_text` wrote, bit for bit. Raises `ValueError` for text that is no strict JSON.

    >>> from_text('{"error": {"float": "inf"}, "cells": 3}')
    {'error': inf, 'cells': 3}
    """
    try:
        return json.loads(text, object_hook=_unworded, parse_constant=_refused)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


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
    raise ValueError(f"{constant} is no JSON")
