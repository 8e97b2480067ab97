"""Programs: a DAG of values over one input stream, run once per time step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from lsrl.errors import MissingPackage, ProgramError, listed, shortened
from lsrl.lang.loops import check_loops, in_evaluation_order
from lsrl.lang.numbers import ONE
from lsrl.lang.primitives import Concat, Primitive
from lsrl.lang.stream import Input
from lsrl.lang.values import LONGEST_LABEL, Value
from lsrl.lang.vocabulary import Vocabulary

if TYPE_CHECKING:
    from lsrl.lang.listing import Level
    from lsrl.semantics import Do, Trace, Undecided
    from lsrl.view.drawing import Drawing


class Program:
    """What the network must compute: outputs over one `Input`; the paper's `ForEach`.

    Several outputs are concatenated. Every value gets a unique name: the user's, or what the
    library calls it with a number behind. Immutable. `str(program)` is a listing that
    `Program.parse` reads back; `save` and `load` use JSON.

    A `vocabulary` makes it a program over tokens. Its input is then one whole number in a declared
    range, and every number of the range has a token (in a program that is guarded already, by
    `lsrl.backends.guarded`, the highest stands for any text that is not a token, and has none). The first output is
    the number of the answer's token; where there is a second, the answer is the vocabulary's `nothing` wherever
    that is not 0.

    `values` has them all, arguments first; `groups` the same, with the values of every loop (`lsrl.recur`) together.

    Raises `ProgramError` unless the outputs depend on exactly one `Input`, when two values were
    given the same name, or when the vocabulary does not fit.

    >>> from lsrl import Input, Program
    >>> x = Input(1)
    >>> Program(x + 1, name="successor").run([[1], [2]]).tolist()
    [[2.0], [3.0]]
    """

    def __init__(self, *outputs: Value, name: str = "program", vocabulary: Vocabulary | None = None) -> None:
        if not outputs or not all(isinstance(output, Value) for output in outputs):
            given = ", ".join(repr(output) for output in outputs) or "nothing"
            raise ProgramError(f"Program({given}); expected one or more values")
        if not isinstance(name, str) or not name or not name.isprintable() or name != name.strip() or "#" in name:
            raise ProgramError(
                f"a program is named {shortened(name)}; expected printable text without '#' or blanks around it"
            )
        if len(name) > LONGEST_LABEL:
            raise ProgramError(
                f"the name of a program, {shortened(name)}, has {len(name):,} characters; "
                f"expected at most {LONGEST_LABEL:,}"
            )
        self.name = name
        self.output = outputs[0] if len(outputs) == 1 else Concat(list(outputs), hint="output")
        self.values = _in_order(self.output)
        self.input = _only_input(self.values, name)
        check_loops(self.values, name)
        self.names: Mapping[Value, str] = _unique_names(self.values)
        self.vocabulary = vocabulary
        if vocabulary is not None:
            _check_vocabulary(vocabulary, self.input, self.output, name)
        self.groups = in_evaluation_order(self.values)
        self._by_name = {name: value for value, name in self.names.items()}

    def __getitem__(self, name: str) -> Value:
        """The value with this name; raises `ProgramError` if there is none."""
        try:
            return self._by_name[name]
        except KeyError:
            raise ProgramError(f"no value is named {name!r}; expected one of {listed(list(self._by_name))}") from None

    def __repr__(self) -> str:
        return f"<Program {self.name!r}: {self.input.dim} → {self.output.dim}, {len(self.values)} values>"

    def __str__(self) -> str:
        return self.listing()

    def listing(self, level: Level = "library") -> str:
        """The program as text, a line for each value, by the library calls that made them or as `"primitives"`.

        `Program.parse` reads both back. Raises `ProgramError` for another level.

        >>> from lsrl import Input, Program, equal
        >>> program = Program(equal(Input(1, name="x"), 3, name="is_3"), name="three")
        >>> print(program)
        program three
        x: 1 = Input()
        is_3: 1 = equal(x, 3)
        return is_3
        >>> program.listing(level="primitives").splitlines()[2]
        '%difference: 1 = Linear(x, A=1, b=-3)'
        """
        from lsrl.lang.listing import listing

        return listing(self, level)

    def draw(self, level: Level = "library", *, inside: str | None = None) -> Drawing:
        """A picture, at most 1,600 pixels wide: a box for each library call, or for each of the `"primitives"`.

        States have their loop; with `inside`, the primitives of the call that made the value of this name. Raises
        `ProgramError` for another level, for what no call made, and for more boxes than anybody reads.

        >>> from lsrl import Input, Program, equal
        >>> Program(equal(Input(1, name="x"), 3, name="is_3"), name="three").draw()
        <Drawing 'three: 1 → 1' of 352 × 288 px>
        """
        from lsrl.view.program_drawing import draw_program

        return draw_program(self, level, inside)

    def _repr_svg_(self) -> str | None:
        with suppress(MissingPackage, ProgramError):  # a notebook then shows the text
            return self.draw().svg
        return None

    @cached_property
    def words(self) -> Mapping[str, str]:
        """What messages call the values, by their names: an anonymous one as the program was written.

        >>> from lsrl import Input, Program, equal
        >>> Program(equal(Input(1, name="x"), 3)).words["equal.above"]
        'equal(x, 3)'
        """
        from lsrl.lang.words import all_words

        return all_words(self)

    def __eq__(self, other: object) -> bool:
        """Whether both compute the same: the same primitives, names and numbers, in the same order.

        Which library calls made them is not compared.
        """
        return isinstance(other, Program) and self.listing("primitives") == other.listing("primitives")

    def __hash__(self) -> int:
        return hash(self.listing("primitives"))

    @staticmethod
    def parse(text: str) -> Program:
        """The program that `text`, a listing, describes. Raises `FormatError`."""
        from lsrl.lang.listing_parser import parse

        return parse(text)

    def save(self, path: str | Path) -> None:
        """Write the program as JSON."""
        from lsrl.lang.json_format import save

        save(self, Path(path))

    @staticmethod
    def load(path: str | Path) -> Program:
        """Read a program saved as JSON. Raises `FormatError`; never runs code from the file."""
        from lsrl.lang.json_format import load

        return load(Path(path))

    # What a program means is the next room's business (`lsrl.semantics`); these are doors to it,
    # so that a program can be tried where it is written.

    def run(
        self, x: Any, *, exact: bool = False, do: Do | None = None, kind: Literal["value", "continuing"] = "value"
    ) -> np.ndarray:
        """The outputs for inputs `x` of shape (T, dim) or (batch, T, dim); the result likewise.

        float64 by default; `exact=True` computes with rationals and gives an object array of
        `Fraction`. Warns with `UndecidedComparisonWarning` if a comparison was undecided.

        `do` sets values, by name, at some steps: {name: (steps, numbers)}, numbers that broadcast to
        (batch, steps, dim). Of a state that is what is read of it at these steps; with `kind="continuing"` later steps
        go on from it. Raises `ProgramError`, `RangeError` or `ShapeError` for what cannot be set.

        >>> from lsrl import Input, cumsum
        >>> total = cumsum(Input(1), name="total")
        >>> twice = Program(total * 2)
        >>> twice.run([[1], [1], [1]], do={"total": (1, 9)}).ravel().tolist()
        [2.0, 18.0, 6.0]
        >>> twice.run([[1], [1], [1]], do={"total": (1, 9)}, kind="continuing").ravel().tolist()
        [2.0, 18.0, 20.0]
        """
        from lsrl.semantics import run

        return run(self, x, exact=exact, do=do, kind=kind)

    def trace(
        self, x: Any, *, exact: bool = False, do: Do | None = None, kind: Literal["value", "continuing"] = "value"
    ) -> Trace:
        """Every named value at every step, and the undecided comparisons; `do` and `kind` are as in `run`."""
        from lsrl.semantics import trace

        return trace(self, x, exact=exact, do=do, kind=kind)

    def undecided(self, x: Any, *, exact: bool = True) -> tuple[Undecided, ...]:
        """The comparisons that come out strictly between 0 and 1 on `x`: value, step, amount."""
        return self.trace(x, exact=exact).undecided


ForEach = Program
"""The paper's name for a program."""


def svg_of(value: Value) -> str | None:
    """A picture of what makes a value; None for a part of a loop, and for what reads no input, which is no program."""
    with suppress(ProgramError):
        return Program(value, name=value.label)._repr_svg_()
    return None


def _in_order(output: Value) -> tuple[Primitive, ...]:
    """All values the output depends on, arguments first, without recursion (programs can be deep)."""
    order: dict[Value, None] = {}
    stack = [(output, False)]
    while stack:
        value, arguments_done = stack.pop()
        if value in order:
            continue
        if arguments_done:
            order[value] = None
        else:
            stack.append((value, True))
            stack.extend((argument, False) for argument in reversed(value.arguments))
    return cast(tuple[Primitive, ...], tuple(order))


def _only_input(values: Sequence[Value], name: str) -> Input:
    inputs = [value for value in values if isinstance(value, Input)]
    if not inputs:
        raise ProgramError(f"{name} depends on no Input; expected one (add 0 * Input(1) to a program that only counts)")
    if len(inputs) > 1:
        given = listed([f"{value.label} ({value.dim})" for value in inputs])
        raise ProgramError(
            f"{name} has {len(inputs)} inputs: {given}; expected one (make one longer Input and slice it)"
        )
    return inputs[0]


def _check_vocabulary(vocabulary: Vocabulary, source: Input, output: Value, name: str) -> None:
    if not isinstance(vocabulary, Vocabulary):
        raise ProgramError(f"vocabulary of {name} is {shortened(vocabulary)}; expected an lsrl.Vocabulary, or None")
    if source.dim != 1 or source.low is None or source.grid != (ONE,):
        raise ProgramError(
            f"{name} has a vocabulary, but {source.label} is not one whole number in a declared range; "
            "expected Input(1, range=(low, high), integer=True)"
        )
    if output.dim > 2:
        raise ProgramError(
            f"{name} has a vocabulary and {output.dim} outputs; expected the answer's number, and whether it is refused"
        )
    known = set(vocabulary.tokens.values())
    first, last = whole_range(source)
    missing = next((number for number in range(first, max(last, first + 1)) if number not in known), None)
    if missing is not None:
        raise ProgramError(
            f"{source.label} of {name} goes from {first} to {last}, but no token stands for {missing}; "
            "expected one for every number, though not for the highest"
        )


def whole_range(source: Input) -> tuple[int, int]:
    """The least and the largest whole number in the declared range of an input's first component.

    >>> whole_range(Input(1, range=("-1/2", 9)))
    (0, 9)
    """
    assert source.low is not None
    assert source.high is not None
    return int(source.low[0].ceil()), int(source.high[0].floor())


def _unique_names(values: Sequence[Value]) -> dict[Value, str]:
    taken: set[str] = set()
    for value in values:
        if value.name is not None:
            if value.name in taken:
                raise ProgramError(f"two values are named {value.name!r}; expected every name once")
            taken.add(value.name)
    names = {}
    numbers: dict[str, int] = {}
    for value in values:
        name = value.name
        while name is None or (value.name is None and name in taken):
            numbers[value.hint] = count = numbers.get(value.hint, 0) + 1
            name = value.hint if count == 1 else f"{value.hint}_{count}"
        taken.add(name)
        names[value] = name
    return names
