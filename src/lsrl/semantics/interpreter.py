"""Running programs as they are written: outputs, and traces of every value."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.errors import MissingPackage, ProgramError, ShapeError, UndecidedComparisonWarning, listed
from lsrl.lang import Program, Value
from lsrl.lang.words import label
from lsrl.semantics.evaluation import NOTHING, Intervention, Undecided, evaluated, undecided_in
from lsrl.semantics.exact import ExactArithmetic, rationals
from lsrl.semantics.floating import FloatArithmetic
from lsrl.semantics.inputs import check_outputs, checked_floats, checked_fractions, declarations
from lsrl.semantics.interventions import Do, Kind, interventions

if TYPE_CHECKING:
    from lsrl.view.drawing import Drawing


class Trace(Mapping[str, np.ndarray]):
    """Every value of a program at every step: `trace[name]` is an array (T, dim) or (batch, T, dim).

    `output` is the output of its `program`, `undecided` lists the comparisons that were neither 0 nor 1.

    >>> from lsrl import Input, cumsum
    >>> trace = Program(cumsum(Input(1), name="sum") + 1).trace([[1], [2]])
    >>> trace["sum"].ravel().tolist(), trace.output.ravel().tolist()
    ([1.0, 3.0], [2.0, 4.0])
    """

    def __init__(
        self, program: Program, read: Mapping[str, Callable[[], np.ndarray]], undecided: tuple[Undecided, ...]
    ) -> None:
        self.program = program
        self._read = read
        self.undecided = undecided

    @property
    def output(self) -> np.ndarray:
        """The program's output."""
        return self[self.program.names[self.program.output]]

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._read:
            raise ProgramError(f"no value is named {name!r}; expected one of {listed(list(self._read))}")
        return self._read[name]()

    def __contains__(self, name: object) -> bool:
        return name in self._read

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

    def __repr__(self) -> str:
        shape = " × ".join(f"{size:,}" for size in self.output.shape[:-1])
        return f"<Trace of {self.program.name!r}: {len(self)} values at {shape} steps>"

    def draw(self, names: Sequence[str] | None = None, *, sequence: int = 0, first: int = 0) -> Drawing:
        """A picture of a sequence from the `first` step on: a row for each value, or component, a column for each step.

        All values with a name, unless some are given by `names`. Raises `ProgramError` for other names, and
        `ShapeError` for a sequence or step that is not there.

        >>> from lsrl import Input, cumsum
        >>> Program(cumsum(Input(1), name="sum"), name="total").trace([[1], [2]]).draw()
        <Drawing 'total' of 173 × 162 px>
        """
        from lsrl.view.trace_drawing import draw_trace

        return draw_trace(self, names, sequence, first)

    def _repr_svg_(self) -> str | None:
        with suppress(MissingPackage, ProgramError, ShapeError):  # a notebook then shows the text
            return self.draw().svg
        return None


def run(program: Program, x: Any, *, exact: bool = False, do: Do | None = None, kind: Kind = "value") -> np.ndarray:
    """The outputs of a program, shaped as `x` is; see `Program.run`."""
    arithmetic, numbers, single = _prepared(program, x, exact)
    output, undecided = _outputs(program, numbers, arithmetic, interventions(program, do, kind, arithmetic))
    _warn(undecided)
    result: np.ndarray = arithmetic.numbers(output)
    check_outputs(result, program.name)
    return result[0] if single else result


def report_undecided(program: Program, x: Any) -> None:
    """Warn with `UndecidedComparisonWarning` of comparisons that are undecided on `x`, as a run of the program does."""
    arithmetic, numbers, _ = _prepared(program, x, False)
    _warn(_outputs(program, numbers, arithmetic)[1])


def _outputs(
    program: Program, numbers: Any, arithmetic: Any, do: Mapping[Value, Intervention[Any]] = NOTHING
) -> tuple[Any, tuple[Undecided, ...]]:
    undecided: tuple[Undecided, ...] = ()
    output = numbers
    with np.errstate(over="ignore", invalid="ignore"):  # outputs beyond the floats are refused by who shows them
        for value, output in evaluated(program, numbers, arithmetic, keep=False, do=do):
            if value.comparison:
                undecided += undecided_in(label(program, value), output, arithmetic)
    return output, undecided


def _warn(undecided: tuple[Undecided, ...]) -> None:
    if undecided:
        more = f" (and {len(undecided) - 1:,} more)" if len(undecided) > 1 else ""
        warnings.warn(f"undecided comparison: {undecided[0]}{more}", UndecidedComparisonWarning, stacklevel=4)


def trace(program: Program, x: Any, *, exact: bool = False, do: Do | None = None, kind: Kind = "value") -> Trace:
    """Every value of a program at every step; see `Program.trace`."""
    arithmetic, numbers, single = _prepared(program, x, exact)
    read: dict[str, Callable[[], np.ndarray]] = {}
    undecided: tuple[Undecided, ...] = ()
    made = interventions(program, do, kind, arithmetic)
    for value, known in evaluated(program, numbers, arithmetic, keep=True, do=made):
        read[program.names[value]] = _reader(known, arithmetic, single)
        if value.comparison:
            undecided += undecided_in(label(program, value), known, arithmetic)
    return Trace(program, read, undecided)


def _prepared(program: Program, x: Any, exact: bool) -> tuple[Any, Any, bool]:
    declared, name = declarations(program.input), program.names[program.input]
    if exact:
        fractions, single = checked_fractions(x, declared, name)
        return ExactArithmetic(*fractions.shape[:2]), rationals(fractions), single
    floats, single = checked_floats(x, declared, name)
    return FloatArithmetic(*floats.shape[:2]), np.ascontiguousarray(floats.transpose(2, 0, 1)), single


def _reader(known: Any, arithmetic: Any, single: bool) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        numbers: np.ndarray = arithmetic.numbers(known)
        return numbers[0] if single else numbers

    return read
