"""The two primitives of a state that reads its own past: what it was, and what it is. `lsrl.recur` makes them."""

from __future__ import annotations

from typing import Any

from lsrl.errors import ProgramError, ShapeError, shortened
from lsrl.lang.numbers import Vector, exact_vector, is_sequence, plain
from lsrl.lang.values import Value, value_of


class Previous(Value):
    """What a `Recur` was one step ago; `init` before the first step. Made by `lsrl.recur`, which closes the loop.

    >>> Previous([0, 1])
    <Previous 'previous' of dimension 2>
    """

    __slots__ = ("init",)
    default_hint = "previous"

    init: Vector

    def __init__(self, init: Any, *, name: str | None = None, hint: str | None = None) -> None:
        init = plain(init)
        dim = len(init) if is_sequence(init) else 1
        super().__init__(dim, (), name, hint, init=exact_vector(init, dim, f"init of {name or hint or 'previous'}"))


class Recur(Value):
    """`after`, which is made of `previous`: of what this value itself was one step ago. Made by `lsrl.recur`.

    Raises `ShapeError` when their dimensions differ, and `ProgramError` for a `previous` that is none.

    >>> from lsrl.lang.stream import Input
    >>> last = Previous(0)
    >>> Recur(last + Input(1), last).dim
    1
    """

    __slots__ = ()
    default_hint = "recur"

    @property
    def after(self) -> Value:
        """What it is."""
        return self.arguments[0]

    @property
    def previous(self) -> Previous:
        """Itself one step ago."""
        previous = self.arguments[1]
        assert isinstance(previous, Previous)
        return previous

    def __init__(self, after: Value, previous: Value, *, name: str | None = None, hint: str | None = None) -> None:
        label = name or hint or "recur"
        after = value_of(after, label)
        if not isinstance(previous, Previous):
            raise ProgramError(f"{label} closes a loop over {shortened(previous)}; expected what Previous(…) made")
        if after.dim != previous.dim:
            raise ShapeError(
                f"{label} goes from {previous.dim} numbers to {after.dim}; expected as many after a step as before, "
                "and init with so many numbers"
            )
        super().__init__(after.dim, (after, previous), name, hint)
