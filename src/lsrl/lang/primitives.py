"""The primitives: what makes values.

They are the paper's (Petrov et al. 2024, section 3): `Input`, `Linear`, `LinState`, `ReLU`,
`Multi`, `Concat`, slicing; a `Constant` is a `Linear` without an argument. `GatedState` and `Recur` are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from lsrl.errors import ProgramError, ShapeError, shortened
from lsrl.lang.constants import Constant, as_value
from lsrl.lang.feedback import Previous, Recur
from lsrl.lang.matrix import Matrix, diagonal, identity, rows_of
from lsrl.lang.numbers import MOST, Vector, exact_vector, is_sequence, whole_number
from lsrl.lang.stream import Input
from lsrl.lang.values import Derived, Value, value_of

Via: TypeAlias = Literal["auto", "multi", "relu"]


class Linear(Derived):
    """A x + b: `A` is rows × `x.dim`, `b` has one number a row (a number means that many times it).

    Raises `ShapeError` when they do not fit.

    >>> Linear(Input(2), [[1, 1]], [-1]).dim
    1
    """

    __slots__ = ("A", "b")
    default_hint = "linear"

    A: Matrix
    b: Vector

    def __init__(
        self,
        x: Value,
        A: Any,
        b: Any = 0,
        *,
        comparison: bool = False,
        name: str | None = None,
        hint: str | None = None,
    ) -> None:
        x = value_of(x, "Linear")
        rows = rows_of(A, otherwise=x.dim)
        matrix = Matrix.of(A, (rows, x.dim), f"A of Linear({x.label})")
        bias = exact_vector(b, rows, f"b of Linear({x.label})")
        super().__init__(rows, (x,), name, hint, comparison, A=matrix, b=bias)


class LinState(Derived):
    """The linear state sₜ = A sₜ₋₁ + B xₜ + bias, with s₀ = `init` before the first step.

    `A` is square, `B` is `A`'s rows × `x.dim`; a number for either stands for the identity times it.
    Raises `ShapeError` when they do not fit.

    >>> LinState(Input(1), 1, 1).dim
    1
    """

    __slots__ = ("A", "B", "bias", "init")
    default_hint = "state"

    A: Matrix
    B: Matrix
    init: Vector
    bias: Vector

    def __init__(
        self,
        x: Value,
        A: Any,
        B: Any = 1,
        init: Any = 0,
        bias: Any = 0,
        *,
        name: str | None = None,
        hint: str | None = None,
    ) -> None:
        x = value_of(x, "LinState")
        dim = rows_of(A, otherwise=rows_of(B, otherwise=x.dim))
        label = name or hint or f"LinState({x.label})"
        super().__init__(
            dim,
            (x,),
            name,
            hint,
            A=Matrix.of(A, (dim, dim), f"A of {label}"),
            B=Matrix.of(B, (dim, x.dim), f"B of {label}"),
            init=exact_vector(init, dim, f"init of {label}"),
            bias=exact_vector(bias, dim, f"bias of {label}"),
        )


class GatedState(Derived):
    """The selective state sₜ = gateₜ ⊙ sₜ₋₁ + xₜ, with s₀ = `init` before the first step.

    The gate keeps the state where it is 1 and drops it where it is 0; any other gate is reported as
    an undecided comparison. It has x's dimension, or dimension 1: then it gates every component.
    The paper has no such state: LSTM, GRU, Mamba and Hawk have it, a linear RNN lacks it.
    A gate of numbers makes the `LinState` that multiplies by them: that is no choice, and they need not be 0 or 1.
    Raises `ShapeError` when dimensions do not fit.

    >>> x = Input(2)
    >>> GatedState(x, x[0] > 0).dim
    2
    >>> GatedState(x, "9/10")
    <LinState 'state' of dimension 2>
    """

    __slots__ = ("init",)
    default_hint = "state"

    init: Vector

    @property
    def gate(self) -> Value:
        """What keeps the state or drops it."""
        return self.arguments[1]

    def __new__(cls, x: Value, gate: Any, init: Any = 0, *, name: str | None = None, hint: str | None = None) -> Any:
        """A `LinState` where the gate is numbers, not a value; so files, whose gates are values, keep every state."""
        if isinstance(gate, (Value, bool, np.bool_)):
            return super().__new__(cls)
        x = value_of(x, "GatedState")
        factors = exact_vector(gate, x.dim, f"gate of {name or hint or f'GatedState({x.label})'}")
        return LinState(x, diagonal(factors), 1, init, name=name, hint=hint)

    def __init__(
        self, x: Value, gate: Value, init: Any = 0, *, name: str | None = None, hint: str | None = None
    ) -> None:
        x = value_of(x, "GatedState")
        gate = value_of(gate, f"GatedState({x.label}) with a gate")
        label = name or hint or f"GatedState({x.label})"
        if gate.dim not in (1, x.dim):
            sizes = f"{x.label} has {x.dim}, its gate {gate.label} has {gate.dim}"
            raise ShapeError(f"dimensions differ in {label}: {sizes}; expected equal ones, or a gate of 1")
        start = exact_vector(init, x.dim, f"init of {label}")
        gate = claimed(gate, f"{name or hint or self.default_hint}.gate")
        super().__init__(x.dim, (x, gate), name, hint, init=start)


class ReLU(Derived):
    """max(x, 0), component by component.

    >>> ReLU(Input(3)).dim
    3
    """

    __slots__ = ()
    default_hint = "relu"

    def __init__(self, x: Value, *, comparison: bool = False, name: str | None = None, hint: str | None = None) -> None:
        x = value_of(x, "ReLU")
        super().__init__(x.dim, (x,), name, hint, comparison)


class Multi(Derived):
    """The first half of `x` times its second half, component by component.

    `via` says how a compiler may lower it: `"multi"` as a product, `"relu"` by big-M (one factor
    must be a boolean), `"auto"` as the target prefers. It never changes what the program means.

    >>> Multi(Input(4)).dim
    2
    """

    __slots__ = ("via",)
    default_hint = "multi"

    via: Via

    def __init__(self, x: Value, *, via: Via = "auto", name: str | None = None, hint: str | None = None) -> None:
        x = value_of(x, "Multi")
        if x.dim % 2:
            raise ShapeError(f"Multi({x.label}) has dimension {x.dim}; expected an even one (two halves)")
        if via not in ("auto", "multi", "relu"):
            raise ProgramError(f"via={via!r} of Multi({x.label}); expected 'auto', 'multi' or 'relu'")
        super().__init__(x.dim // 2, (x,), name, hint, via=via)


class Modulo(Derived):
    """x mod n, component by component, for whole x of either sign: from 0 to n − 1.

    `below` says that x stays from 0 to below − 1: compilers refuse what can be something else.
    Raises `ShapeError` for an n or a `below` that is not a whole number from 1.

    >>> Modulo(Input(1), 3).dim
    1
    """

    __slots__ = ("below", "n")
    default_hint = "modulo"

    n: int
    below: int | None

    def __init__(
        self, x: Value, n: int, below: int | None = None, *, name: str | None = None, hint: str | None = None
    ) -> None:
        x, n = value_of(x, "modulo"), whole_number(n, "n of modulo", most=MOST)
        below = None if below is None else whole_number(below, "below of modulo", most=2**62)
        super().__init__(x.dim, (x,), name, hint, n=n, below=below)


class Concat(Value):
    """The values one after the other, as one longer vector. Numbers are constants.

    >>> Concat([Input(1), Constant([1, 2])]).dim
    3
    """

    __slots__ = ()
    default_hint = "concat"

    def __init__(self, values: Sequence[Any], *, name: str | None = None, hint: str | None = None) -> None:
        if isinstance(values, Value) or not is_sequence(values):
            raise ProgramError(f"Concat of {shortened(values)}; expected a list of values")
        if not len(values):
            raise ShapeError("Concat of no values; expected at least one")
        values = [as_value(value, "Concat") for value in values]
        super().__init__(sum(value.dim for value in values), tuple(values), name, hint)


class Slice(Derived):
    """Components `start` up to, not including, `stop`. Written `x[start:stop]`.

    >>> Input(4)[1:3].dim
    2
    """

    __slots__ = ("start", "stop")
    default_hint = "slice"

    start: int
    stop: int

    def __init__(self, x: Value, start: int, stop: int, *, name: str | None = None, hint: str | None = None) -> None:
        x = value_of(x, "slice")
        if not 0 <= start < stop <= x.dim:
            raise ShapeError(
                f"{x.label}[{start}:{stop}] is outside dimension {x.dim}; expected 0 ≤ start < stop ≤ {x.dim}"
            )
        super().__init__(stop - start, (x,), name, hint, start=start, stop=stop)


Primitive: TypeAlias = (
    Input | Constant | Linear | LinState | GatedState | Previous | Recur | ReLU | Multi | Modulo | Concat | Slice
)

PRIMITIVES: dict[str, type[Primitive]] = {primitive.__name__: primitive for primitive in get_args(Primitive)}


def claimed(boolean: Value, hint: str) -> Value:
    """The value as a claim that it is 0 or 1: runs report where it is not, compilers refuse what can be something else.

    Raises `ProgramError` for a constant that is neither.

    >>> claimed(Input(1), "cond").comparison
    True
    """
    if isinstance(boolean, Constant):
        wrong = [number for number in boolean.numbers if number not in (0, 1)]
        if wrong:
            raise ProgramError(f"{hint} is the number {wrong[0]}; expected a boolean, 0 or 1, as x > 0 is")
        return boolean
    negated = complemented(boolean)
    # Of 1 − a comparison the comparison is the claim, and one report of a mistake is enough.
    if boolean.comparison or (negated is not None and negated.comparison):
        return boolean
    return Linear(boolean, identity(boolean.dim), comparison=True, hint=hint)


def complement(x: Value, *, comparison: bool = False, name: str | None = None, hint: str | None = "not") -> Linear:
    """1 − x, whatever x is.

    >>> complement(Input(1)).b
    (1,)
    """
    return Linear(x, diagonal([-1] * x.dim), 1, comparison=comparison, name=name, hint=hint)


def complemented(value: Value) -> Value | None:
    """x, where the value is written as 1 − x; else None.

    >>> x = Input(1)
    >>> complemented(complement(x)) is x, complemented(x)
    (True, None)
    """
    if not isinstance(value, Linear) or diagonal([-1] * value.dim) != value.A or value.b != (1,) * value.dim:
        return None
    return value.x
