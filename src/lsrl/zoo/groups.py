"""Word problems of finite groups: what the product of all elements so far is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import accumulate, permutations
from typing import Any, TypeAlias

from lsrl.automata import accepts, moore
from lsrl.lang import Concat, Value, cumsum, modulo
from lsrl.zoo.entry import Family
from lsrl.zoo.specifications import of_prefixes
from lsrl.zoo.streams import BITS, symbols, whole

FAMILY = Family(
    "groups",
    "word problems: the product of the group elements so far, numbered in the order of their permutations",
    ("Barrington 1989", "Liu et al. 2023, arXiv 2210.10749", "Merrill et al. 2024, arXiv 2404.08819"),
)

Permutation: TypeAlias = tuple[int, ...]
"""Where each of 0, 1, 2, … goes."""


def parity_of(word: list[int]) -> int:
    """Whether the number of ones is odd."""
    return word.count(1) % 2


@FAMILY.program("odd number of ones so far", BITS, of_prefixes(parity_of), difficulty=3)
def parity(symbol: Value) -> Value:
    """Whether the number of ones is odd."""
    return modulo(cumsum(symbol), 2, name="odd")


@FAMILY.program("ones so far, modulo 5", BITS, lambda x: [n % 5 for n in accumulate(x)], difficulty=3)
def count_modulo(symbol: Value) -> Value:
    """The number of ones modulo 5."""
    return modulo(cumsum(symbol), 5, name="remainder")


@FAMILY.program("sum so far modulo 3: Z₃", symbols(3), lambda x: [n % 3 for n in accumulate(x)], difficulty=3)
def z3(symbol: Value) -> Value:
    """The sum modulo 3."""
    return modulo(cumsum(symbol), 3, name="product")


@FAMILY.program("sum so far modulo 6: Z₆", symbols(6), lambda x: [n % 6 for n in accumulate(x)], difficulty=3)
def z6(symbol: Value) -> Value:
    """The sum modulo 6."""
    return modulo(cumsum(symbol), 6, name="product")


@FAMILY.program("sum so far modulo 60: Z₆₀", symbols(3), lambda x: [n % 60 for n in accumulate(x)], difficulty=3)
def z60(symbol: Value) -> Value:
    """The sum modulo 60: as many elements as A5, and nothing of its difficulty."""
    return modulo(cumsum(symbol), 60, name="product")


def _pairs(x: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(sum(a for a, _ in x[: t + 1]) % 2, sum(b for _, b in x[: t + 1]) % 2) for t in range(len(x))]


@FAMILY.program("two parities at once: Z₂ × Z₂", whole((0, 1), (0, 1), name="bits"), _pairs, difficulty=3)
def klein_four(bits: Value) -> Value:
    """A parity for each component."""
    return Concat([modulo(cumsum(bits[0]), 2), modulo(cumsum(bits[1]), 2)])


def then(first: Permutation, second: Permutation) -> Permutation:
    """First one permutation, then the other."""
    return tuple(second[i] for i in first)


def elements_of(generators: Sequence[Permutation]) -> list[Permutation]:
    """All products of the generators, in lexicographic order: the identity is number 0."""
    found = frontier = {tuple(range(len(generators[0])))}
    while frontier:
        frontier = {then(a, b) for a in frontier for b in generators} - found
        found = found | frontier
    return sorted(found)


def _group(name: str, what: str, generators: Sequence[Permutation], specification: Any, difficulty: int = 3) -> None:
    def write(symbol: Value) -> Value:
        elements = elements_of(generators)
        number = {element: i for i, element in enumerate(elements)}
        table = [[number[then(a, b)] for b in generators] for a in elements]
        return moore(symbol, table, range(len(table)), name="product")

    stream = symbols(len(generators))
    FAMILY.program(f"{what}: generators’ product so far", stream, specification, difficulty=difficulty, name=name)(
        write
    )


def shuffled(generators: Sequence[str], keep: Callable[[str], bool] = lambda _: True) -> Any:
    """The specification: cards that lie in a row are moved, and all rows that there can be are numbered in order."""
    points = "".join(sorted(generators[0]))
    rows = ["".join(row) for row in permutations(points) if keep("".join(row))]

    def specification(word: list[int]) -> list[int]:
        # A card at place p goes to where the generator says: its letter's place.
        places, answers = list(points), []
        for symbol in word:
            places = [generators[symbol][points.index(place)] for place in places]
            answers.append(rows.index("".join(places)))
        return answers

    return specification


def is_even(row: str) -> bool:
    """Whether a row has an even number of pairs in the wrong order."""
    return sum(a > b for i, a in enumerate(row) for b in row[i + 1 :]) % 2 == 0


def _square(word: list[int]) -> list[int]:
    """Quarter turns and reflections of a square as matrices; which corner is where tells the order of elements."""
    turn, mirror, identity = ((0, -1), (1, 0)), ((1, 0), (0, -1)), ((1, 0), (0, 1))
    corners = ((1, 1), (-1, 1), (-1, -1), (1, -1))

    def times(a: Any, b: Any) -> Any:
        return tuple(tuple(sum(a[i][k] * b[k][j] for k in range(2)) for j in range(2)) for i in range(2))

    def seen(m: Any) -> tuple[int, ...]:
        return tuple(corners.index((m[0][0] * x + m[0][1] * y, m[1][0] * x + m[1][1] * y)) for x, y in corners)

    turns = [reduce(times, [turn] * k, identity) for k in range(4)]
    order = sorted([seen(m) for m in turns] + [seen(times(mirror, m)) for m in turns])
    products = accumulate([(turn, mirror)[s] for s in word], lambda m, g: times(g, m), initial=identity)
    return [order.index(seen(m)) for m in products][1:]


QUATERNIONS = ("1", "i", "j", "k", "-1", "-i", "-j", "-k")
UNITS_TIMES = {"ij": "k", "jk": "i", "ki": "j", "ji": "-k", "kj": "-i", "ik": "-j", "ii": "-1", "jj": "-1", "kk": "-1"}


def times_unit(a: str, b: str) -> str:
    """The product of two quaternion units.

    >>> times_unit("-i", "j"), times_unit("k", "k")
    ('-k', '-1')
    """
    sign = (a[0] == "-") != (b[0] == "-")
    a, b = a.lstrip("-"), b.lstrip("-")
    product = b if a == "1" else a if b == "1" else UNITS_TIMES[a + b]
    return product.lstrip("-") if sign and product[0] == "-" else f"-{product}" if sign else product


_group("s3", "S₃, the smallest that is not commutative", [(1, 2, 0), (1, 0, 2)], shuffled(["bca", "bac"]))
_group("d4", "D₄, a square’s symmetries", [(1, 2, 3, 0), (3, 2, 1, 0)], _square)
_group("a4", "A₄", [(1, 2, 0, 3), (0, 2, 3, 1)], shuffled(["bcad", "acdb"], is_even))
_group("s4", "S₄, the largest Sₙ that is solvable", [(1, 2, 3, 0), (1, 0, 2, 3)], shuffled(["bcda", "bacd"]))
_group("a5", "A₅, not solvable", [(1, 2, 3, 4, 0), (1, 2, 0, 3, 4)], shuffled(["bcdea", "bcade"], is_even), 5)
_group("s5", "S₅, not solvable", [(1, 2, 3, 4, 0), (1, 0, 2, 3, 4)], shuffled(["bcdea", "bacde"]), 5)


def _units(word: list[int]) -> list[int]:
    """The product of i and j as 2 × 2 matrices of complex numbers."""
    one, i, j = ((1, 0), (0, 1)), ((1j, 0), (0, -1j)), ((0, 1), (-1, 0))
    k = ((0, 1j), (1j, 0))
    elements = [one, i, j, k, *(tuple(tuple(-n for n in row) for row in m) for m in (one, i, j, k))]
    product: Any = one
    answers = []
    for symbol in word:
        factor = (i, j)[symbol]
        product = tuple(tuple(sum(product[r][n] * factor[n][c] for n in (0, 1)) for c in (0, 1)) for r in (0, 1))
        answers.append(elements.index(product))
    return answers


@FAMILY.program("Q₈: the product of i (0) and j (1) so far, of 1 i j k −1 −i −j −k", BITS, _units, difficulty=3)
def q8(symbol: Value) -> Value:
    """Eight units; each goes to its product with i or j."""
    table = [[QUATERNIONS.index(times_unit(a, b)) for b in ("i", "j")] for a in QUATERNIONS]
    return moore(symbol, table, range(8), name="product")


def _is_home(word: list[int]) -> bool:
    row = list("abcde")
    for symbol in word:
        if symbol == 1:
            row = [row[-1], *row[:-1]]
        elif symbol == 2:
            row = [row[2], row[0], row[1], *row[3:]]
    return row == list("abcde")


@FAMILY.program(
    "A₅: whether the generators’ product so far is the identity (0 is the identity, too)",
    symbols(3, (0.9, 0.05, 0.05)),
    of_prefixes(_is_home),
    difficulty=5,
)
def a5_identity(symbol: Value) -> Value:
    """The word problem as it is asked in complexity theory: it is complete for NC¹."""
    generators = [(0, 1, 2, 3, 4), (1, 2, 3, 4, 0), (1, 2, 0, 3, 4)]
    elements = elements_of(generators)
    table = [[elements.index(then(a, b)) for b in generators] for a in elements]
    return accepts(symbol, table, accepting=[0], name="identity")
