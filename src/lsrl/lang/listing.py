"""Programs as text: one line a value, with its name, dimension, operation and arguments.

    program running_total
    x: 1 = Input(range=(0, 9), grid=1)
    %cumsum: 1 = LinState(x, A=1, B=1)
    return %cumsum

Names with % are the library's, the others the user's. A number in a matrix's place is that number
times the identity (a row or column full of it, where one side is 1).

A program over tokens says after its name which number stands for which text, for instance

    vocabulary 0:no 1:yes 2:<eos> end=<eos> nothing=<none>
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, cast, get_args

from flint import fmpq

from lsrl.errors import ProgramError
from lsrl.lang.calls import Call
from lsrl.lang.constants import Constant
from lsrl.lang.expressions import WHOLE, Expression, written
from lsrl.lang.feedback import Previous, Recur
from lsrl.lang.matrix import Matrix, cycle, diagonal, shift
from lsrl.lang.numbers import Vector, number_text
from lsrl.lang.primitives import Concat, GatedState, Linear, LinState, Modulo, Multi, Primitive, ReLU, Slice
from lsrl.lang.program import Program
from lsrl.lang.stream import Input
from lsrl.lang.values import Value
from lsrl.lang.vocabulary import Vocabulary
from lsrl.lang.written import as_written, reads

Level: TypeAlias = Literal["library", "primitives"]
"""What a line is: a call of a library function, or one of the primitives that it stands for."""

LARGEST_DENSE = 64
"""Matrices and vectors with more numbers than this are written by their non-zero entries."""

LONGEST_FOLDED = 60
"""Characters of an expression that is written where it is read, and has no line of its own."""

_FOLDING = (Concat, Slice, ReLU, Multi, Modulo)


def listing(program: Program, level: Level = "library") -> str:
    """The program as text, which `parse` reads back. Raises `ProgramError` for another level.

    >>> from lsrl import Input, equal, cumsum
    >>> program = Program(equal(cumsum(Input(1)), 3), name="third")
    >>> print(listing(program))
    program third
    %input: 1 = Input()
    %equal: 1 = equal(cumsum(%input), 3)
    return %equal
    >>> len(listing(program, level="primitives").splitlines())
    18
    """
    if level not in get_args(Level):
        raise ProgramError(f"level={level!r} of a listing; expected 'library' or 'primitives'")
    head = [f"program {program.name}"]
    if program.vocabulary is not None:
        head.append(_vocabulary(program.vocabulary))
    calls: Mapping[Value, Call | None] = dict.fromkeys(program.values)
    if level == "library":
        calls = as_written(program.values, program.output)
    lines = Lines(program, calls, fold=level == "library")
    return "\n".join([*head, *lines.lines, f"return {lines.named(program.output).text}"])


class Lines:
    """The lines of values that are seen, each by its call or as a primitive; some are `folded` into others' lines.

    `once`: only what is read once, as it has to be for values to be the same ones again where it is read back; else
    this is for people, who need no mark to tell names that are the library's.
    """

    def __init__(self, program: Program, calls: Mapping[Value, Call | None], *, fold: bool, once: bool = True) -> None:
        self.program, self.calls = program, calls
        self.fold, self.once = fold, once
        self.folded: dict[Value, Expression] = {}  # what others read is said where they are, all else has a line
        self.times_read = Counter(argument for value, call in calls.items() for argument in reads(value, call))
        self.said: dict[Value, Expression] = {}
        for value, call in calls.items():  # what is read comes first
            said = self.operation(cast(Primitive, value)) if call is None else written(call, self.named)
            (self.folded if fold and self.is_folded(value, call, said) else self.said)[value] = said

    @property
    def lines(self) -> list[str]:
        """A line for each value that is not folded."""
        return [f"{self.named(value).text}: {value.dim} = {said.text}" for value, said in self.said.items()]

    def is_folded(self, value: Value, call: Call | None, said: Expression) -> bool:
        """Whether a value has no line of its own."""
        return self.folds(value, call, said) and not (self.once and value in self.program.names and self.stays(value))

    def named(self, value: Value) -> Expression:
        """What others call a value: its name, or what it is."""
        if value in self.folded:
            return self.folded[value]
        name = self.program.names[value]
        return Expression(name if value.name is not None or not self.once else f"%{name}")

    def stays(self, value: Value) -> bool:
        """Whether a value has a line because it is read there, and not once."""
        return value is self.program.output or self.times_read[value] != 1

    def folds(self, value: Value, call: Call | None, said: Expression) -> bool:
        """Whether a value can be written where it is read: anonymous and short, or a number in a matrix."""
        if value not in self.program.names:
            return True
        # A primitive's line says its dimension, which says what a number in place of a matrix is, and its hint.
        is_usual = value.hint == value.default_hint or not self.once
        whole = call is not None or (isinstance(value, _FOLDING) and is_usual)
        return whole and value.name is None and len(said.text) <= LONGEST_FOLDED

    def operation(self, value: Primitive) -> Expression:
        """A primitive, with its arguments and parameters; of numbers that are only in a matrix, these."""
        if isinstance(value, Constant) and value not in self.program.names:
            return number_list(value.numbers)
        arguments = [self.named(argument) for argument in value.arguments]
        if isinstance(value, Slice):
            places = value.start if self.fold and value.dim == 1 else f"{value.start}:{value.stop}"
            return Expression(f"{arguments[0].within(WHOLE)}[{places}]")
        claim = ["comparison=1"] if value.comparison else []
        parts = [*(argument.text for argument in arguments), *_parameters(value), *claim]
        return Expression(f"{value.primitive}({', '.join(parts)})")


def number_list(numbers: Vector) -> Expression:
    """Numbers as an argument of a call: one as itself.

    >>> number_list((fmpq(1), fmpq(-1))).text, number_list((fmpq(1, 2),)).text
    ('[1, -1]', '1/2')
    """
    texts = [number_text(number) for number in numbers]
    return Expression(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")


def _vocabulary(vocabulary: Vocabulary) -> str:
    tokens = [f"{number}:{text}" for text, number in vocabulary.pairs]
    end = [] if vocabulary.end is None else [f"end={vocabulary.end}"]
    return " ".join(["vocabulary", *tokens, *end, f"nothing={vocabulary.nothing}"])


def _parameters(value: Primitive) -> list[str]:
    """What a listing says of a value besides its arguments, without what is so anyway."""
    match value:
        case Input():
            ends = [_vector(end) for end in (value.low, value.high) if end is not None]
            declared = [f"range=({', '.join(ends)})"] if ends else []
            return [*declared, *([] if value.grid is None else [f"grid={_vector(value.grid)}"])]
        case Constant():
            return [_vector(value.numbers)]
        case Linear():
            return [f"A={_matrix(value.A)}", *_unless_zero(b=value.b)]
        case LinState():
            matrices = [f"A={_matrix(value.A)}", f"B={_matrix(value.B)}"]
            return [*matrices, *_unless_zero(init=value.init, bias=value.bias)]
        case GatedState():
            return _unless_zero(init=value.init)
        case Previous():
            return [f"init={_vector(value.init)}"]
        case Multi():
            return [] if value.via == "auto" else [f"via={value.via}"]
        case Modulo():
            return [f"n={value.n}", *([] if value.below is None else [f"below={value.below}"])]
        case ReLU() | Recur() | Concat() | Slice():
            return []


def _unless_zero(**vectors: Vector) -> list[str]:
    return [f"{key}={_vector(vector)}" for key, vector in vectors.items() if any(vector)]


def _vector(numbers: Vector) -> str:
    if len(set(numbers)) == 1:
        return number_text(numbers[0])
    if len(numbers) <= LARGEST_DENSE:
        return f"[{', '.join(map(number_text, numbers))}]"
    entries = ", ".join(f"({i}, {number_text(number)})" for i, number in enumerate(numbers) if number)
    return f"sparse({len(numbers)}, {entries})"


def _matrix(matrix: Matrix) -> str:
    for form in (_scalar, _blocks, _named, _diagonal):
        text = form(matrix)
        if text is not None:
            return text
    if matrix.shape[0] * matrix.shape[1] <= LARGEST_DENSE:
        return f"[{', '.join('[' + ', '.join(map(number_text, row)) + ']' for row in matrix.dense())}]"
    entries = ", ".join(
        f"({i}, {column}, {number_text(number)})" for i, row in enumerate(matrix.rows) for column, number in row
    )
    return f"sparse({matrix.shape[0]}, {matrix.columns}, {entries})"


def _scalar(matrix: Matrix) -> str | None:
    number = matrix.rows[0][0][1] if matrix.rows[0] else fmpq(0)
    expressible = not number or matrix.shape[0] == matrix.columns or 1 in matrix.shape
    return number_text(number) if expressible and matrix == Matrix.of(number, matrix.shape) else None


def _blocks(matrix: Matrix) -> str | None:
    """[c₁ I  c₂ I  …], what sums and differences of vectors are made of."""
    height, width = matrix.shape
    if width % height or width == height:
        return None
    first = dict(matrix.rows[0])
    factors = [first.get(start, fmpq(0)) for start in range(0, width, height)]
    return f"blocks({', '.join(map(number_text, factors))})" if matrix == blocks(factors, height) else None


def blocks(factors: Sequence[fmpq], dim: int) -> Matrix:
    """Multiples of the identity beside one another.

    >>> blocks([fmpq(1), fmpq(-1)], 1).rows
    (((0, 1), (1, -1)),)
    """
    rows = (tuple((block * dim + i, factor) for block, factor in enumerate(factors) if factor) for i in range(dim))
    return Matrix(tuple(rows), len(factors) * dim)


def _named(matrix: Matrix) -> str | None:
    dim = matrix.columns
    if matrix.shape != (dim, dim):
        return None
    if matrix == cycle(dim):
        return f"cycle({dim})"
    by = dim - matrix.nonzeros
    return f"shift({dim}, {by})" if by < dim and matrix == shift(dim, by) else None


def _diagonal(matrix: Matrix) -> str | None:
    numbers = [next((number for column, number in row if column == i), fmpq(0)) for i, row in enumerate(matrix.rows)]
    if matrix.shape[0] != matrix.columns or matrix != diagonal(numbers):
        return None
    return f"diagonal({_vector(tuple(numbers))})"
