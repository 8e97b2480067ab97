"""Values and the primitives that make them.

A value is a vector of fixed dimension, one per time step. A program is a DAG of values over one
input stream. The primitives are the paper's (Petrov et al. 2024, section 3): `Input`, `Linear`,
`LinState`, `ReLU`, `Multi`, `Concat`, slicing; a `Constant` is a `Linear` without an argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

from flint import fmpq

from lsrl.errors import NumberError, ProgramError, ShapeError
from lsrl.lang.matrix import Matrix, beside, diagonal, identity, ones
from lsrl.lang.numbers import ONE, Vector, exact, exact_vector

Parameter: TypeAlias = Matrix | Vector | fmpq | int | str | bool | None
Via: TypeAlias = Literal["auto", "multi", "relu"]

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")


class Value:
    """A vector of `dim` numbers at every time step. Immutable; compared by identity.

    Arithmetic (`+ - *`, `/` by a number), comparisons (`> >= < <=`), booleans (`& | ~`) and slices
    (`x[i]`, `x[a:b]`) make new values; a value of dimension 1 fits any dimension.

    `name` is the user's; `hint` is what the library would call the value; `comparison` marks
    values that are 0 or 1 wherever the comparison they stand for is decided.
    """

    __slots__ = ("arguments", "comparison", "dim", "hint", "name", "parameters")

    default_hint: ClassVar[str] = "value"

    dim: int
    arguments: tuple[Value, ...]
    parameters: Mapping[str, Parameter]
    name: str | None
    hint: str
    comparison: bool

    def __init__(
        self,
        dim: int,
        arguments: tuple[Value, ...],
        parameters: Mapping[str, Parameter],
        name: str | None,
        hint: str | None,
        comparison: bool = False,
    ) -> None:
        if name is not None and not _NAME.match(name):
            raise ProgramError(f"name {name!r} is not usable; expected letters, digits, '_' and single dots")
        set_once = object.__setattr__
        set_once(self, "dim", dim)
        set_once(self, "arguments", arguments)
        set_once(self, "parameters", parameters)
        set_once(self, "name", name)
        set_once(self, "hint", hint or name or self.default_hint)
        set_once(self, "comparison", comparison)

    def __setattr__(self, attribute: str, _: object) -> None:
        raise AttributeError(f"values are immutable; cannot set {attribute!r}")

    @property
    def primitive(self) -> str:
        """The name of the primitive that made this value."""
        return type(self).__name__

    @property
    def label(self) -> str:
        """What messages call this value."""
        return self.name or self.hint

    def __repr__(self) -> str:
        return f"<{self.primitive} {self.label!r} of dimension {self.dim}>"

    # -- arithmetic -------------------------------------------------------------------------

    def __add__(self, other: Any) -> Value:
        return _sum(self, ONE, other, ONE)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Value:
        return _sum(self, ONE, other, -ONE)

    def __rsub__(self, other: Any) -> Value:
        return _sum(self, -ONE, other, ONE)

    def __neg__(self) -> Value:
        return scaled(self, -ONE)

    def __mul__(self, other: Any) -> Value:
        if isinstance(other, Value):
            left, right = same_dimension(self, other)
            return Multi(Concat([left, right]), hint="product")
        if _is_sequence(other):
            factors = exact_vector(other, max(self.dim, len(other)), "factor")
            return Linear(broadcast(self, len(factors)), diagonal(factors), hint="scaled")
        return scaled(self, exact(other, "factor"))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Value:
        if isinstance(other, Value):
            raise ProgramError(
                f"{self.label} / {other.label}: division by a value is not a recurrent program; divide by a number"
            )
        divisor = exact(other, "divisor")
        if not divisor:
            raise NumberError(f"{self.label} is divided by zero; expected a non-zero number")
        return scaled(self, ONE / divisor)

    # -- comparisons and booleans: written in terms of the library -----------------------------

    def __gt__(self, other: Any) -> Value:
        from lsrl.lang import logic

        return logic.larger(self, other)

    def __ge__(self, other: Any) -> Value:
        from lsrl.lang import logic

        return logic.at_least(self, other)

    def __lt__(self, other: Any) -> Value:
        from lsrl.lang import logic

        return logic.smaller(self, other)

    def __le__(self, other: Any) -> Value:
        from lsrl.lang import logic

        return logic.at_most(self, other)

    def __and__(self, other: Value) -> Value:
        from lsrl.lang import logic

        return logic.and_(self, other)

    def __or__(self, other: Value) -> Value:
        from lsrl.lang import logic

        return logic.or_(self, other)

    def __invert__(self) -> Value:
        from lsrl.lang import logic

        return logic.not_(self)

    def __bool__(self) -> bool:
        raise ProgramError(
            f"{self.label} has no truth value while the program is written; use lsrl.ifelse(cond, a, b), and & | ~"
        )

    # -- slicing ------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.dim

    def __iter__(self) -> Iterator[Value]:
        return (self[i] for i in range(self.dim))

    def __getitem__(self, index: int | slice) -> Value:
        if isinstance(index, slice):
            if index.step not in (None, 1):
                raise ShapeError(f"{self.label}[::{index.step}]: expected a slice without a step")
            start = _position(self, index.start, 0)
            stop = _position(self, index.stop, self.dim)
        else:
            start = _position(self, index, 0)
            stop = start + 1
        return Slice(self, start, stop)


def _position(value: Value, index: int | None, default: int) -> int:
    if index is None:
        return default
    return index + value.dim if index < 0 else index


def _is_sequence(item: Any) -> bool:
    return not isinstance(item, (str, bytes)) and hasattr(item, "__len__") and getattr(item, "shape", None) != ()


def _rows(matrix: Any) -> int:
    return len(matrix.rows) if isinstance(matrix, Matrix) else len(matrix)


class Input(Value):
    """The stream a program reads: `dim` numbers at every step.

    `range` declares (low, high), each a number or one per component; `grid` declares that every
    component is an integer multiple of that number (`integer=True` is `grid=1`). Runs refuse
    inputs outside the declaration; the compiler uses it.

    >>> Input(2, range=(0, 1), grid="1/8")
    <Input 'input' of dimension 2>
    """

    __slots__ = ()
    default_hint = "input"

    def __init__(
        self,
        dim: int = 1,
        *,
        range: tuple[Any, Any] | None = None,
        grid: Any = None,
        integer: bool = False,
        name: str | None = None,
        hint: str | None = None,
    ) -> None:
        dim = _dimension(dim, name or "input")
        low = high = None
        if range is not None:
            low, high = (exact_vector(bound, dim, "range") for bound in range)
            for lower, upper in zip(low, high, strict=True):
                if lower > upper:
                    raise ProgramError(f"range ({lower}, {upper}) of {name or 'input'} is empty; expected low ≤ high")
        if integer and grid is None:
            grid = 1
        spacing = None if grid is None else exact_vector(grid, dim, "grid")
        if spacing is not None and min(spacing) <= 0:
            raise NumberError(f"grid of {name or 'input'} is {min(spacing)}; expected a positive number")
        super().__init__(dim, (), {"low": low, "high": high, "grid": spacing}, name, hint)


class Constant(Value):
    """The same numbers at every step.

    >>> Constant([1, "1/2"])
    <Constant 'constant' of dimension 2>
    """

    __slots__ = ()
    default_hint = "constant"

    def __init__(self, numbers: Any, *, name: str | None = None, hint: str | None = None) -> None:
        dim = len(numbers) if _is_sequence(numbers) else 1
        super().__init__(dim, (), {"numbers": exact_vector(numbers, dim, "constant")}, name, hint)


class Linear(Value):
    """A x + b: `A` is rows × `x.dim`, `b` has one number a row (a number means that many times it).

    Raises `ShapeError` when they do not fit.

    >>> Linear(Input(2), [[1, 1]], [-1]).dim
    1
    """

    __slots__ = ()
    default_hint = "linear"

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
        rows = _rows(A) if isinstance(A, Matrix) or _is_sequence(A) else x.dim
        matrix = Matrix.of(A, (rows, x.dim), f"A of Linear({x.label})")
        bias = exact_vector(b, rows, f"b of Linear({x.label})")
        super().__init__(rows, (x,), {"A": matrix, "b": bias}, name, hint, comparison)


class LinState(Value):
    """The linear state sₜ = A sₜ₋₁ + B xₜ + bias, with s₀ = `init` before the first step.

    `A` is square, `B` is `A`'s rows × `x.dim`; a number for either stands for the identity times it.
    Raises `ShapeError` when they do not fit.

    >>> LinState(Input(1), 1, 1).dim
    1
    """

    __slots__ = ()
    default_hint = "state"

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
        sizes = [_rows(matrix) for matrix in (A, B) if isinstance(matrix, Matrix) or _is_sequence(matrix)]
        dim = sizes[0] if sizes else x.dim
        label = name or hint or f"LinState({x.label})"
        parameters: dict[str, Parameter] = {
            "A": Matrix.of(A, (dim, dim), f"A of {label}"),
            "B": Matrix.of(B, (dim, x.dim), f"B of {label}"),
            "init": exact_vector(init, dim, f"init of {label}"),
            "bias": exact_vector(bias, dim, f"bias of {label}"),
        }
        super().__init__(dim, (x,), parameters, name, hint)


class ReLU(Value):
    """max(x, 0), component by component.

    >>> ReLU(Input(3)).dim
    3
    """

    __slots__ = ()
    default_hint = "relu"

    def __init__(self, x: Value, *, comparison: bool = False, name: str | None = None, hint: str | None = None) -> None:
        super().__init__(x.dim, (x,), {}, name, hint, comparison)


class Multi(Value):
    """The first half of `x` times its second half, component by component.

    `via` says how a compiler may lower it: `"multi"` as a product, `"relu"` by big-M (one factor
    must be a boolean), `"auto"` as the target prefers. It never changes what the program means.

    >>> Multi(Input(4)).dim
    2
    """

    __slots__ = ()
    default_hint = "multi"

    def __init__(self, x: Value, *, via: Via = "auto", name: str | None = None, hint: str | None = None) -> None:
        if x.dim % 2:
            raise ShapeError(f"Multi({x.label}) has dimension {x.dim}; expected an even one (two halves)")
        if via not in ("auto", "multi", "relu"):
            raise ProgramError(f"via={via!r} of Multi({x.label}); expected 'auto', 'multi' or 'relu'")
        super().__init__(x.dim // 2, (x,), {"via": via}, name, hint)


class Concat(Value):
    """The values one after the other, as one longer vector.

    >>> Concat([Input(1), Constant([1, 2])]).dim
    3
    """

    __slots__ = ()
    default_hint = "concat"

    def __init__(self, values: Sequence[Value], *, name: str | None = None, hint: str | None = None) -> None:
        if not values:
            raise ShapeError("Concat of no values; expected at least one")
        super().__init__(sum(value.dim for value in values), tuple(values), {}, name, hint)


class Slice(Value):
    """Components `start` up to, not including, `stop`. Written `x[start:stop]`.

    >>> Input(4)[1:3].dim
    2
    """

    __slots__ = ()
    default_hint = "slice"

    def __init__(self, x: Value, start: int, stop: int, *, name: str | None = None, hint: str | None = None) -> None:
        if not 0 <= start < stop <= x.dim:
            raise ShapeError(
                f"{x.label}[{start}:{stop}] is outside dimension {x.dim}; expected 0 ≤ start < stop ≤ {x.dim}"
            )
        super().__init__(stop - start, (x,), {"start": start, "stop": stop}, name, hint)


PRIMITIVES: dict[str, type[Value]] = {
    primitive.__name__: primitive for primitive in (Input, Constant, Linear, LinState, ReLU, Multi, Concat, Slice)
}


def _dimension(dim: Any, label: str) -> int:
    if isinstance(dim, bool) or not isinstance(dim, int) or dim < 1:
        raise ShapeError(f"dimension of {label} is {dim!r}; expected a whole number from 1")
    return dim


def as_value(item: Any) -> Value:
    """A value as it is; numbers as a `Constant`.

    >>> as_value([1, 2])
    <Constant 'constant' of dimension 2>
    """
    return item if isinstance(item, Value) else Constant(item)


def broadcast(x: Value, dim: int, *, name: str | None = None) -> Value:
    """`x` repeated to dimension `dim`; a value that has it already is returned as it is.

    >>> broadcast(Input(1), 3).dim
    3
    """
    if x.dim == dim:
        return x
    if x.dim != 1:
        raise ShapeError(f"{x.label} has dimension {x.dim}; expected 1 or {dim}")
    if isinstance(x, Constant):
        return Constant(exact_vector(x.parameters["numbers"], dim, "constant"), name=name)
    return Linear(x, ones(dim, 1), name=name, hint="broadcast")


def same_dimension(*values: Value) -> list[Value]:
    """The values, those of dimension 1 repeated to the others' dimension.

    >>> [value.dim for value in same_dimension(Input(1), Constant([1, 2]))]
    [2, 2]
    """
    dim = max(value.dim for value in values)
    for value in values:
        if value.dim not in (1, dim):
            sizes = ", ".join(f"{v.label} has {v.dim}" for v in values)
            raise ShapeError(f"dimensions differ: {sizes}; expected equal ones, or 1")
    return [broadcast(value, dim) for value in values]


def scaled(x: Value, factor: fmpq, hint: str = "scaled") -> Value:
    """`factor` times `x`.

    >>> scaled(Input(2), exact(3)).dim
    2
    """
    return Linear(x, diagonal([factor] * x.dim), hint=hint)


def _sum(x: Value, x_factor: fmpq, other: Any, other_factor: fmpq) -> Value:
    hint = "sum" if x_factor == other_factor else "difference"
    if isinstance(other, Value) and not isinstance(other, Constant):
        if other is x:
            return scaled(x, x_factor + other_factor, hint)
        left, right = same_dimension(x, other)
        blocks = (diagonal([factor] * left.dim) for factor in (x_factor, other_factor))
        return Linear(Concat([left, right]), beside(*blocks), hint=hint)
    numbers: Any = other.parameters["numbers"] if isinstance(other, Constant) else other
    dim = max(x.dim, len(numbers) if _is_sequence(numbers) else 1)
    bias = [other_factor * number for number in exact_vector(numbers, dim, "number")]
    if x.dim not in (1, dim):
        raise ShapeError(f"dimensions differ: {x.label} has {x.dim}, the numbers have {dim}; expected equal ones, or 1")
    block = ones(dim, 1) if x.dim == 1 and dim > 1 else identity(dim)
    matrix = (
        block if x_factor == 1 else Matrix(tuple(tuple((c, -n) for c, n in row) for row in block.rows), block.columns)
    )
    return Linear(x, matrix, bias, hint=hint)
