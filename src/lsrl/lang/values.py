"""Values: vectors of fixed dimension, one per time step. A program is a DAG of values over one input stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeAlias

import numpy as np

from lsrl.errors import ProgramError, ShapeError, shortened
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import MOST, ROOM, Vector, take_room

if TYPE_CHECKING:
    from lsrl.lang.calls import Call

Parameter: TypeAlias = Matrix | Vector | int | str | None

LONGEST_NAME = 200
"""Characters in a name that is given to a value."""

LONGEST_LABEL = 1000
"""Characters in the name that a value gets from the library, and in that of a program."""

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")


@lru_cache(maxsize=1024)
def _is_usable(name: str) -> bool:
    """Whether it is letters, digits, '_' and single dots. The library gives the same few names again and again."""
    return _NAME.match(name) is not None


class Value:
    """A vector of `dim` numbers at every time step. Immutable; compared by identity.

    Arithmetic (`+ - *`, `/`, `//` and `%` by a number), comparisons (`> >= < <=`), booleans (`& | ~`) and slices
    (`x[i]`, `x[a:b]`) make new values; a value of dimension 1 fits any dimension.

    Every primitive is a class of its own, with a field for each of its operands and parameters; `arguments` and
    `parameters` are the same for who looks at any of them. `name` is the user's; `hint` is what the library would call
    the value; `comparison` marks values that are 0 or 1 wherever the comparison they stand for is decided. `call` is
    the library call that made it (`lsrl.lang.calls`), if one did.
    """

    __array_ufunc__ = None  # an array's operators leave values to ours

    __slots__ = ("_call", "arguments", "comparison", "dim", "hint", "name")

    default_hint: ClassVar[str] = "value"

    dim: int
    arguments: tuple[Value, ...]
    name: str | None
    hint: str
    comparison: bool
    _call: Any  # a call, or what `lsrl.lang.calls` makes one of

    def __init__(
        self,
        dim: int,
        arguments: tuple[Value, ...],
        name: str | None,
        hint: str | None,
        comparison: bool = False,
        **parameters: Parameter,
    ) -> None:
        if ROOM.get() is not None:
            take_room(dim)
        if not 1 <= dim <= MOST:
            label = name or hint or self.default_hint
            raise ShapeError(f"{label} has dimension {dim}; expected 1 to {MOST:,}")
        if name is not None and not (isinstance(name, str) and len(name) <= LONGEST_NAME and _is_usable(name)):
            raise ProgramError(f"name {shortened(name)} is not usable; expected letters, digits, '_' and single dots")
        if hint and not (isinstance(hint, str) and len(hint) <= LONGEST_LABEL and _is_usable(hint)):
            raise ProgramError(f"hint {shortened(hint)} is not usable; expected letters, digits, '_' and single dots")
        set_once = object.__setattr__
        set_once(self, "dim", dim)
        set_once(self, "arguments", arguments)
        set_once(self, "name", name)
        set_once(self, "hint", hint or name or self.default_hint)
        set_once(self, "comparison", comparison)
        set_once(self, "_call", None)
        for field, parameter in parameters.items():
            set_once(self, field, parameter)

    def __setattr__(self, attribute: str, _: object) -> None:
        raise AttributeError(f"values are immutable; cannot set {attribute!r}")

    def __copy__(self) -> Value:
        return self  # immutable, and what it is compared by is itself

    def __deepcopy__(self, _: object) -> Value:
        return self

    def __reduce__(self) -> NoReturn:
        raise ProgramError(
            f"value {self.label!r} cannot be pickled; expected a program kept by program.save and Program.load, "
            "or a model by model.save and lsrl.load"
        )

    def reading(self, arguments: Sequence[Value], *, name: str | None = None) -> Value:
        """This value, over other arguments of the same dimensions; under another name, if one is given."""
        copy = object.__new__(type(self))
        kept = self.name if name is None else name
        Value.__init__(copy, self.dim, tuple(arguments), kept, self.hint, self.comparison, **self.parameters)
        return copy

    @property
    def primitive(self) -> str:
        """The name of the primitive that made this value."""
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The further fields of its primitive, by name."""
        return {field: getattr(self, field) for field in self.fields()}

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """The names of the parameters that values of this primitive have."""
        return tuple(cls.__annotations__)

    @property
    def label(self) -> str:
        """What messages call this value."""
        return self.name or self.hint

    @property
    def call(self) -> Call | None:
        """The library call that made this value, if one did, and if it can be written down."""
        if type(self._call) is tuple:
            from lsrl.lang.calls import told

            remember(self, told(self, *self._call))
        call: Call | None = self._call
        return call

    def _repr_svg_(self) -> str | None:
        from lsrl.lang.program import svg_of

        return svg_of(self)

    def __repr__(self) -> str:
        return f"<{self.primitive} {self.label!r} of dimension {self.dim}>"

    # -- operators: they make primitives, which are values, so they are known only once this module is ----

    def __add__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.added(self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.subtracted(self, other)

    def __rsub__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.subtracted_from(self, other)

    def __neg__(self) -> Value:
        from lsrl.lang import operators

        return operators.negative(self)

    def __mul__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.multiplied(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.divided(self, other)

    def __rtruediv__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.divided(other, self)

    def __floordiv__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.floor_divided(self, other)

    def __pow__(self, other: Any) -> Value:
        raise ProgramError(f"{self.label} ** …: powers are products; write {self.label} * {self.label}")

    def __mod__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.modulo(self, other)

    def __abs__(self) -> Value:
        from lsrl.lang import operators

        return operators.absolute(self)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        """Whether both are one value; anything else was meant as `lsrl.equal`, and is refused."""
        if self is other:
            return True
        raise ProgramError(f"{self.label} == …: compares no numbers; use lsrl.equal(x, y)")

    def __ne__(self, other: object) -> bool:
        """Whether they are two values; as `__eq__`."""
        if self is other:
            return False
        raise ProgramError(f"{self.label} != …: compares no numbers; use lsrl.not_equal(x, y)")

    def __gt__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.larger(self, other)

    def __ge__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.at_least(self, other)

    def __lt__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.smaller(self, other)

    def __le__(self, other: Any) -> Value:
        from lsrl.lang import operators

        return operators.at_most(self, other)

    def __and__(self, other: Value) -> Value:
        from lsrl.lang import operators

        return operators.and_(self, other)

    def __or__(self, other: Value) -> Value:
        from lsrl.lang import operators

        return operators.or_(self, other)

    __rand__ = __and__
    __ror__ = __or__

    def __invert__(self) -> Value:
        from lsrl.lang import operators

        return operators.not_(self)

    def __getitem__(self, index: int | slice | Value) -> Value:
        from lsrl.lang import operators

        return operators.sliced(self, index)

    def __bool__(self) -> bool:
        raise ProgramError(
            f"{self.label} has no truth value while the program is written; use lsrl.ifelse(cond, a, b), and & | ~"
        )

    def __len__(self) -> int:
        return self.dim

    def __iter__(self) -> Iterator[Value]:
        return (self[i] for i in range(self.dim))


def remember(value: Value, call: Any) -> None:
    """Note which call made a value: values are immutable, and where they come from is known once they are there."""
    object.__setattr__(value, "_call", call)


def value_of(item: Any, what: str) -> Value:
    """The item, if it is a value; raises `ProgramError` otherwise, naming what it was for.

    >>> from lsrl import Input
    >>> value_of(Input(2), "ReLU")
    <Input 'input' of dimension 2>
    """
    if isinstance(item, Value):
        return item
    if isinstance(item, (bool, np.bool_)):
        raise ProgramError(f"{what} of {item}, a truth value of Python; compare values by lsrl.equal(x, y), not by ==")
    raise ProgramError(f"{what} of {shortened(item)}; expected a value (numbers become values by lsrl.constant)")


class Derived(Value):
    """A value that is made of another one, `x`."""

    __slots__ = ()

    @property
    def x(self) -> Value:
        """What it is made of."""
        return self.arguments[0]
