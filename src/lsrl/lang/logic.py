"""Comparisons, booleans and branches, written with the primitives.

A boolean is a value that is 0 or 1. Comparisons are steps with a ramp of width `width`: inside
the ramp a comparison is *undecided*, and the interpreters report it. All functions take values or
numbers; numbers and dimension-1 values fit any dimension.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from flint import fmpq

from lsrl.errors import NumberError, ProgramError, shortened
from lsrl.lang.broadcasting import same_dimension
from lsrl.lang.constants import Constant, as_value, is_number
from lsrl.lang.matrix import beside, diagonal, identity
from lsrl.lang.numbers import ONE, exact, exact_vector, is_sequence
from lsrl.lang.primitives import Concat, Linear, Multi, ReLU, Via, claimed, complement, complemented
from lsrl.lang.values import Value

DEFAULT_WIDTH = fmpq(1, 1024)
"""The ramp of a comparison when none is given. A power of two, so that float64 holds it exactly."""

StepForm: TypeAlias = Literal["nested", "difference"]
BranchVia: TypeAlias = Literal["auto", "multi", "relu", "relu-step"]


def step(x: Any, *, width: Any = DEFAULT_WIDTH, form: StepForm = "nested", name: str | None = None) -> Value:
    """clip(x / width, 0, 1): 0 at x ≤ 0, 1 at x ≥ width, a ramp between.

    `form="nested"` is relu(1 − relu(1 − x/width)); `"difference"` is the paper's
    (relu(x) − relu(x − width)) / width, one ReLU shallower and less exact in floating point.

    >>> from lsrl import Input, Program
    >>> Program(step(Input(1), width=1)).run([[-1], [0], [1], [2]]).ravel().tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    return _step(as_value(x, "step"), width, name, "step", form)


def _step(x: Value, width: Any, name: str | None, hint: str, form: StepForm = "nested") -> Value:
    ramp, label = exact(width, "width"), name or hint
    if ramp <= 0:
        raise NumberError(f"width of {label} is {ramp}; expected a positive number")
    slope = diagonal([1 / ramp] * x.dim)
    if form == "difference":
        start = ReLU(x, hint=f"{label}.start")
        end = ReLU(x - ramp, hint=f"{label}.end")
        falling = diagonal([-1 / ramp] * x.dim)
        return Linear(Concat([start, end]), beside(slope, falling), comparison=True, name=name, hint=hint)
    if form != "nested":
        raise ProgramError(f"form={form!r} of {label}; expected 'nested' or 'difference'")
    progress = Linear(x, slope, hint=f"{label}.progress")
    missing = ReLU(complement(progress), hint=f"{label}.missing")
    return ReLU(complement(missing), comparison=True, name=name, hint=hint)


def ramp_of(value: Value) -> tuple[Value, fmpq] | None:
    """(x, s) for a value that is written as clip(s · x, 0, 1), in either form of `step`; None for any other.

    >>> from lsrl import Input
    >>> [ramp_of(step(Input(1), width="1/2", form=form)) for form in ("nested", "difference")]
    [(<Linear 'step.progress' of dimension 1>, 1), (<Input 'input' of dimension 1>, 2)]
    """
    if not value.comparison:
        return None
    if isinstance(value, ReLU):
        missing = complemented(value.x)
        progress = complemented(missing.x) if isinstance(missing, ReLU) and not missing.comparison else None
        return None if progress is None else (progress, ONE)
    match value:
        case Linear(x=Concat(arguments=(ReLU() as start, ReLU(x=Linear() as beyond)))):
            x, slope = start.x, value.A.rows[0][0][1] if value.A.rows[0] else ONE
            is_difference = beside(diagonal([slope] * x.dim), diagonal([-slope] * x.dim)) == value.A
            is_shifted = beyond.x is x and identity(x.dim) == beyond.A
            is_ramp = is_difference and is_shifted and not any(value.b) and beyond.b == (-1 / slope,) * x.dim
            return (x, slope) if is_ramp and slope > 0 else None
    return None


def _difference(x: Any, y: Any, function: str) -> Value:
    return as_value(x, function) - as_value(y, function)


def larger(x: Any, y: Any, *, width: Any = DEFAULT_WIDTH, name: str | None = None) -> Value:
    """x > y: 0 where x ≤ y, 1 where x ≥ y + width (the paper's `larger`).

    >>> from lsrl import Input, Program
    >>> Program(larger(Input(1), 2)).run([[1], [2], [3]]).ravel().tolist()
    [0.0, 0.0, 1.0]
    """
    return _step(_difference(x, y, "larger"), width, name, "larger")


def smaller(x: Any, y: Any, *, width: Any = DEFAULT_WIDTH, name: str | None = None) -> Value:
    """x < y: 0 where x ≥ y, 1 where x ≤ y − width (the paper's `smaller`).

    >>> from lsrl import Input, Program
    >>> Program(smaller(Input(1), 2)).run([[1], [2], [3]]).ravel().tolist()
    [1.0, 0.0, 0.0]
    """
    return _step(_difference(y, x, "smaller"), width, name, "smaller")


def at_least(x: Any, y: Any, *, width: Any = DEFAULT_WIDTH, name: str | None = None) -> Value:
    """x ≥ y: 1 where x ≥ y, 0 where x ≤ y − width.

    >>> from lsrl import Input, Program
    >>> Program(at_least(Input(1), 2)).run([[1], [2], [3]]).ravel().tolist()
    [0.0, 1.0, 1.0]
    """
    return _step(_difference(x, y, "at_least") + exact(width, "width"), width, name, "at_least")


def at_most(x: Any, y: Any, *, width: Any = DEFAULT_WIDTH, name: str | None = None) -> Value:
    """x ≤ y: 1 where x ≤ y, 0 where x ≥ y + width.

    >>> from lsrl import Input, Program
    >>> Program(at_most(Input(1), 2)).run([[1], [2], [3]]).ravel().tolist()
    [1.0, 1.0, 0.0]
    """
    return _step(_difference(y, x, "at_most") + exact(width, "width"), width, name, "at_most")


def bump(x: Any, low: Any, high: Any, *, width: Any = DEFAULT_WIDTH, name: str | None = None) -> Value:
    """low < x ≤ high, as step(x − low) − step(x − high); expects low ≤ high (the paper's `bump`).

    >>> from lsrl import Input, Program
    >>> Program(bump(Input(1), 1, 3)).run([[1], [2], [3], [4]]).ravel().tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    x, label = as_value(x, "bump"), name or "bump"
    if not isinstance(low, Value) and not isinstance(high, Value):
        dim = max(len(end) if is_sequence(end) else 1 for end in (low, high))
        ends = zip(exact_vector(low, dim, "low"), exact_vector(high, dim, "high"), strict=True)
        if any(lower > upper for lower, upper in ends):
            raise ProgramError(f"{label} has low {shortened(low)} above high {shortened(high)}; expected low ≤ high")
    entered = _step(_difference(x, low, "bump"), width, None, f"{label}.entered")
    left = _step(_difference(x, high, "bump"), width, None, f"{label}.left")
    return _combined([entered, left], [1, -1], 0, name, "bump")


def equal(x: Any, y: Any, *, width: Any = DEFAULT_WIDTH, name: str | None = None) -> Value:
    """x = y: 1 where they are equal, 0 where they differ by `width` or more.

    >>> from lsrl import Input, Program
    >>> Program(equal(Input(1), 2)).run([[1], [2], [3]]).ravel().tolist()
    [0.0, 1.0, 0.0]
    """
    return _combined(_above_and_below(x, y, width, name, "equal"), [-1, -1], 1, name, "equal")


def not_equal(x: Any, y: Any, *, width: Any = DEFAULT_WIDTH, name: str | None = None) -> Value:
    """x ≠ y: 0 where they are equal, 1 where they differ by `width` or more.

    >>> from lsrl import Input, Program
    >>> Program(not_equal(Input(1), 2)).run([[1], [2], [3]]).ravel().tolist()
    [1.0, 0.0, 1.0]
    """
    return _combined(_above_and_below(x, y, width, name, "not_equal"), [1, 1], 0, name, "not_equal")


def _above_and_below(x: Any, y: Any, width: Any, name: str | None, function: str) -> list[Value]:
    excess, label = _difference(x, y, function), name or function
    return [_step(excess, width, None, f"{label}.above"), _step(-excess, width, None, f"{label}.below")]


def _combined(steps: list[Value], signs: list[int], constant: int, name: str | None, hint: str) -> Value:
    """A sum of steps that is itself 0 or 1 wherever the steps are decided."""
    blocks = (diagonal([sign] * steps[0].dim) for sign in signs)
    return Linear(Concat(steps), beside(*blocks), constant, comparison=True, name=name, hint=hint)


def not_(x: Any, *, name: str | None = None) -> Value:
    """1 − x: the other boolean. An x that is neither 0 nor 1 is reported as an undecided comparison.

    >>> from lsrl import Input, Program
    >>> Program(not_(Input(1))).run([[0], [1]]).ravel().tolist()
    [1.0, 0.0]
    """
    return complement(claimed(as_value(x, "not_"), f"{name or 'not'}.operand"), name=name)


def and_(*booleans: Any, name: str | None = None) -> Value:
    """1 where all the booleans are 1: relu(Σ − (k − 1)). Others are reported as undecided comparisons.

    >>> from lsrl import Input, Program
    >>> x = Input(2)
    >>> Program(and_(x[0], x[1])).run([[0, 1], [1, 1]]).ravel().tolist()
    [0.0, 1.0]
    """
    return ReLU(_added(booleans, 1 - len(booleans), "and_", name), comparison=True, name=name, hint="and")


def or_(*booleans: Any, name: str | None = None) -> Value:
    """1 where any of the booleans is 1: 1 − relu(1 − Σ). Others are reported as undecided comparisons.

    >>> from lsrl import Input, Program
    >>> x = Input(2)
    >>> Program(or_(x[0], x[1])).run([[0, 0], [1, 1]]).ravel().tolist()
    [0.0, 1.0]
    """
    none = ReLU(complement(_added(booleans, 0, "or_", name)), hint=f"{name or 'or'}.none")
    return complement(none, comparison=True, name=name, hint="or")


def _added(booleans: tuple[Any, ...], constant: int, function: str, name: str | None) -> Value:
    if not booleans:
        raise ProgramError(f"{function} of no booleans; expected at least one")
    hint = f"{name or function.rstrip('_')}.operand"
    values = same_dimension(*(claimed(as_value(boolean, function), hint) for boolean in booleans))
    return Linear(Concat(values), beside(*(identity(value.dim) for value in values)), constant, hint="votes")


def ifelse(cond: Any, a: Any, b: Any, *, via: BranchVia = "auto", short: bool = True, name: str | None = None) -> Value:
    """`a` where cond is 1, `b` where it is 0; any other cond is reported as an undecided comparison.

    `via` chooses the paper's lowering (section 4): `"multi"` multiplies, `"relu"` uses big-M with M
    taken from the ranges, `"relu-step"` uses big-M on step(cond − ½), `"auto"` lets the target
    choose. `short=True` leaves out a branch that is the number 0 (the paper's *optimised* forms).

    >>> from lsrl import Input, Program
    >>> x = Input(1, range=(0, 9), integer=True)
    >>> Program(ifelse(x > 4, x, -1)).run([[3], [7]]).ravel().tolist()
    [-1.0, 7.0]
    """
    if via not in ("auto", "multi", "relu", "relu-step"):
        raise ProgramError(f"via={via!r} of ifelse; expected 'auto', 'multi', 'relu' or 'relu-step'")
    cond = claimed(as_value(cond, "ifelse"), f"{name or 'ifelse'}.condition")
    if via == "relu-step":
        cond = _step(cond - fmpq(1, 2), DEFAULT_WIDTH, None, f"{name or 'ifelse'}.sharp")
    product: Via = "relu" if via == "relu-step" else via
    branches = [(cond, as_value(a, "ifelse"), "then"), (complement(cond), as_value(b, "ifelse"), "else")]
    if short:
        branches = [branch for branch in branches if not _is_zero(branch[1])] or branches[:1]
    dim = max(cond.dim, *(value.dim for _, value, _ in branches), as_value(a).dim, as_value(b).dim)
    label = name or "ifelse"
    parts = []
    for active, value, which in branches:
        factors = same_dimension(active, value, Constant([0] * dim))[:2]
        only = len(branches) == 1
        parts.append(
            Multi(Concat(factors), via=product, name=name if only else None, hint=label if only else f"{label}.{which}")
        )
    if len(parts) == 1:
        return parts[0]
    return Linear(Concat(parts), beside(identity(dim), identity(dim)), name=name, hint="ifelse")


def _is_zero(value: Value) -> bool:
    return is_number(value) and not any(value.numbers)


def ifequal(x: Any, y: Any, a: Any, b: Any, *, via: BranchVia = "auto", name: str | None = None) -> Value:
    """`a` where x = y, else `b`.

    >>> from lsrl import Input, Program
    >>> Program(ifequal(Input(1, integer=True), 2, 5, 0)).run([[1], [2]]).ravel().tolist()
    [0.0, 5.0]
    """
    return ifelse(equal(x, y), a, b, via=via, name=name)
