"""The oracle says what docs/language.md says, on examples done by hand; and prints what it means."""

from fractions import Fraction
from typing import Any

import pytest

import lsrl

from .campaign import case_of
from .oracle import MEANINGS, outputs_of
from .running import Run
from .syntax import OPERATIONS, MalformedError, Node, lines_of, make, number

HALF, WIDTH = Fraction(1, 2), Fraction(1, 1024)
x = make("input", dim=1, range=(-9, 9), grid=None, name="x")
pair = make("input", dim=2, range=(-9, 9), grid=None, name="x")
large = make("gt", x, number(4))

EXAMPLES: list[tuple[Node, list[Any], list[Any]]] = [
    (make("latch", x, large, init=0), [3, 7, 2, 5], [0, 7, 7, 5]),
    (make("reset_sum", x, large, init=0), [3, 7, 2, 5], [3, 7, 9, 5]),
    (make("gated_state", x, large, init=1), [3, 7, 2, 5], [3, 10, 2, 7]),
    (make("lin_state", x, A=HALF, B=2, init=4, bias=1), [1, 0], [5, Fraction(7, 2)]),
    (make("counter", start=3, by=-1), [0, 0, 0], [3, 2, 1]),
    (make("mod_counter", n=3, start=2), [0, 0, 0], [2, 0, 1]),
    (make("cyclic", n=2, start=1), [0, 0], [(0, 1), (1, 0)]),
    (make("delay", x, steps=2, init=9), [1, 2, 3], [9, 9, 1]),
    (make("shift_register", x, length=3, init=0), [1, 2], [(1, 0, 0), (2, 1, 0)]),
    (make("modulo", x, n=3, below=None), [5, -1], [2, 2]),
    (make("lookup", x, table=(5, 7), width=WIDTH), [0, 1, 2, -1], [5, 7, 0, 0]),
    (make("one_hot", x, n=2, width=WIDTH), [0, 1, 2], [(1, 0), (0, 1), (0, 0)]),
    (make("bump", x, number(1), number(3), width=WIDTH), [1, 2, 3, 4], [0, 1, 1, 0]),
    (make("ge", x, number(2)), [1, 2, 3], [0, 1, 1]),
    (make("at_most", x, number(2), width=1), [2, 3], [1, 0]),
    (make("ifelse", large, x, number(-1), via="auto", short=True), [3, 7], [-1, 7]),
    (make("multi", pair, via="auto"), [(2, 3), (-1, 4)], [6, -4]),
    (make("linear", pair, A=((1, 2),), b=HALF), [(1, 1)], [Fraction(7, 2)]),
    (make("clip", x, low=0, high=2), [-1, 1, 5], [0, 1, 2]),
]


@pytest.mark.parametrize(("node", "inputs", "expected"), EXAMPLES, ids=lambda part: getattr(part, "op", ""))
def test_examples_by_hand(node: Node, inputs: list[Any], expected: list[Any]) -> None:
    def rows(values: list[Any]) -> list[tuple[Any, ...]]:
        return [value if isinstance(value, tuple) else (value,) for value in values]

    run = Run(rows(inputs))
    assert outputs_of(run, [node]) == rows(expected)
    assert run.decided


def test_comparisons_inside_their_ramp_are_undecided() -> None:
    for value, off in [("5/4", "1/4"), ("7/4", "1/4"), ("1", "0"), ("2", "0")]:
        run = Run([(Fraction(value),)])
        outputs_of(run, [make("larger", x, number(1), width=1)])
        assert run.undecided == Fraction(off)
        assert run.decided == (off == "0")


def test_whatever_has_a_meaning_prints_and_the_other_way_round() -> None:
    assert MEANINGS.keys() == OPERATIONS.keys()


def test_generators_use_every_operation() -> None:
    seen = {node.op for seed in range(600) for output in case_of(seed).outputs for node in _all(output)}
    assert seen == OPERATIONS.keys()


def _all(node: Node) -> list[Node]:
    return [node, *(inner for arg in node.args for inner in _all(arg))]


def test_a_seed_is_a_case_and_its_code_a_program() -> None:
    first, second = case_of(17), case_of(17)
    assert first.program_code == second.program_code
    assert first.sequences == second.sequences
    assert isinstance(first.build(), lsrl.Program)


def test_what_is_read_twice_is_one_value() -> None:
    summed = make("cumsum", x, init=0)
    assert lines_of([make("add", summed, summed)]) == (
        ["x = lsrl.Input(1, range=[-9, 9], grid=None, name='x')", "v1 = lsrl.cumsum(x, init=0)"],
        ["(v1 + v1)"],
    )


def test_dimensions_that_do_not_fit_make_no_node() -> None:
    with pytest.raises(MalformedError):
        make("add", pair, make("constant", numbers=(1, 2, 3)))
