"""LSRL: a compiler from small recurrent programs to the weights of real recurrent networks.

>>> import lsrl
>>> x = lsrl.Input(1, range=(0, 9), integer=True)
>>> program = lsrl.Program(lsrl.cumsum(x), name="running total")
>>> model = lsrl.compile(program, target="linear-rnn", max_length=1000)
>>> model.run([[1], [2], [3]]).ravel().tolist()
[1.0, 3.0, 6.0]
>>> print(model.guarantee)
exact: bit for bit, up to 1,000 steps
"""

from typing import TYPE_CHECKING, Any

from lsrl.errors import (
    FormatError,
    LsrlError,
    NumberError,
    ProgramError,
    RangeError,
    ShapeError,
    UndecidedComparisonWarning,
    UnsupportedProgram,
    UselessGuaranteeWarning,
)
from lsrl.lang import *  # noqa: F403
from lsrl.lang import __all__ as _language

if TYPE_CHECKING:
    from lsrl.analysis import analyse
    from lsrl.automata import Automaton, accepts, automaton, mealy, moore, regex
    from lsrl.incontext import FunctionApproximator, SequenceMap, TokenMap
    from lsrl.machine import __version__ as __version__
    from lsrl.model.checkpoint_verification import verify_checkpoint
    from lsrl.model.comparison import compare
    from lsrl.model.compiler import compile
    from lsrl.model.loading import load

# Loaded when first used, so that `import lsrl` stays quick: the compiler needs SciPy.
_LAZY = {
    "analyse": "lsrl.analysis",
    **dict.fromkeys(("Automaton", "accepts", "automaton", "mealy", "moore", "regex"), "lsrl.automata"),
    "FunctionApproximator": "lsrl.incontext",
    "SequenceMap": "lsrl.incontext",
    "TokenMap": "lsrl.incontext",
    "__version__": "lsrl.machine",
    "compare": "lsrl.model.comparison",
    "compile": "lsrl.model.compiler",
    "load": "lsrl.model.loading",
    "verify_checkpoint": "lsrl.model.checkpoint_verification",
}

__all__ = [
    "Automaton",
    "FormatError",
    "FunctionApproximator",
    "LsrlError",
    "NumberError",
    "ProgramError",
    "RangeError",
    "SequenceMap",
    "ShapeError",
    "TokenMap",
    "UndecidedComparisonWarning",
    "UnsupportedProgram",
    "UselessGuaranteeWarning",
    "accepts",
    "analyse",
    "automaton",
    "compare",
    "compile",
    "load",
    "mealy",
    "moore",
    "regex",
    "verify_checkpoint",
    *_language,
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    from lsrl.lang.other_names import instead_of

    raise AttributeError(f"module 'lsrl' has no attribute {name!r}{instead_of(name, __all__)}")
