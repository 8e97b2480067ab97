"""LSRL: a compiler from small recurrent programs to the weights of real recurrent networks."""

from lsrl.errors import (
    FormatError,
    LsrlError,
    NumberError,
    ProgramError,
    RangeError,
    ShapeError,
    UndecidedComparisonWarning,
    UnsupportedProgram,
)
from lsrl.lang import *  # noqa: F403
from lsrl.lang import __all__ as _language

__version__ = "0.1.0"

__all__ = [
    "FormatError",
    "LsrlError",
    "NumberError",
    "ProgramError",
    "RangeError",
    "ShapeError",
    "UndecidedComparisonWarning",
    "UnsupportedProgram",
    *_language,
]
