"""Tables, cases, selections, quotients and registers against plain Python, by the interpreters and on every target."""

from fractions import Fraction

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program
from lsrl.backends.registry import TARGETS, targets_with
from lsrl.model.verification import absolute_errors
from on_every_target import SELECTIVE, everywhere


def whole(dim, low=-2, high=9):
    return Input(dim, range=(low, high), integer=True, name="x")


def rows(dim, steps=25, low=-2, high=9, seed=0):
    return np.random.default_rng(seed).integers(low, high + 1, (steps, dim)).tolist()


def test_one_hot_and_lookup_are_zero_off_their_table():
    hot = {0: [1, 0, 0], 1: [0, 1, 0], 2: [0, 0, 1]}
    assert everywhere(lsrl.one_hot(whole(1), 3), range(-2, 6)) == [hot.get(i, [0, 0, 0]) for i in range(-2, 6)]
    table = {0: [5, 1], 1: [-7, 0], 2: [Fraction(1, 2), 3]}
    found = everywhere(lsrl.lookup(whole(1), [[5, 1], [-7, 0], ["1/2", 3]]), range(-2, 6))
    assert found == [table.get(i, [0, 0]) for i in range(-2, 6)]


def test_a_vector_is_looked_up_component_by_component_as_by_numpy():
    table = np.array([[5, 1], [-7, 0], [2, 3]])
    points = [(i, j) for i in range(3) for j in range(3)]
    assert everywhere(lsrl.lookup(whole(2), table), points) == [table[list(point)].ravel().tolist() for point in points]
    assert everywhere(lsrl.one_hot(whole(2), 3), points) == [
        np.eye(3)[list(point)].ravel().tolist() for point in points
    ]


def test_a_table_may_hold_values_numbers_and_vectors_at_once():
    x = whole(4)
    table = [x[1:3], 7, [-1, "1/2"], x[3]]
    expected = [{0: [a, b], 1: [7, 7], 2: [-1, Fraction(1, 2)], 3: [c, c]}.get(i, [0, 0]) for i, a, b, c in rows(4)]
    assert everywhere(lsrl.lookup(x[0], table), rows(4)) == expected


def test_a_table_of_python_truths_is_one_of_booleans():
    final = lsrl.lookup(whole(1), [state in (0, 2) for state in range(3)])
    assert everywhere(final, range(-2, 6)) == [int(i in (0, 2)) for i in range(-2, 6)]


@pytest.mark.parametrize("default", [0, 3, "-1/2", "y"])
def test_switch_is_a_dictionary_with_a_default(default):
    x = whole(3)
    chosen = lsrl.switch(
        x[0], {1: 10, 4: x[1] + 1, -2: "1/4", 7: x[2]}, default=x[1] - x[2] if default == "y" else default
    )
    expected = [
        {1: 10, 4: y + 1, -2: Fraction(1, 4), 7: z}.get(i, y - z if default == "y" else Fraction(default))
        for i, y, z in rows(3)
    ]
    assert everywhere(chosen, rows(3)) == expected


def test_switch_compares_fractions_and_gives_vectors():
    x = Input(1, range=(-1, 1), grid="1/4", name="x")
    chosen = lsrl.switch(x, {"1/2": [1, 2], -0.25: x, 0: 9}, default=[7, 8])
    points = [Fraction(i, 4) for i in range(-4, 5)]
    cases = {Fraction(1, 2): [1, 2], Fraction(-1, 4): [Fraction(-1, 4)] * 2, 0: [9, 9]}
    assert everywhere(chosen, points) == [cases.get(point, [7, 8]) for point in points]


def test_switch_is_undecided_where_equal_is():
    x = Input(1, range=(0, 4), name="x")
    program = Program(lsrl.switch(x, {1: 10, 2: 20}, default=5, width="1/2", name="chosen"))
    assert not program.undecided([[0], [1], [1.5], [2], [4]])
    assert {found.step for found in program.undecided([[1], [1.25], [2]])} == {1}


@pytest.mark.parametrize("parts", [None, 2])
def test_select_counts_parts_from_0(parts):
    x = whole(5)
    size = 1 if parts is None else 2
    expected = [
        row[1 + i * size :][:size] if 0 <= i < 4 // size else [0] * size for i, *_ in rows(5) for row in [[i, *_]]
    ]
    value = lsrl.select(x[1:], x[0], parts)
    assert np.reshape(everywhere(value, rows(5)), (25, size)).tolist() == expected
    if parts is None:
        assert Program(x[1:][x[0]]) == Program(value)


def test_quotients_by_few_whole_numbers():
    x = whole(2)
    program = Program(lsrl.quotient(x[1], x[0], 8))
    exact = program.run(rows(2), exact=True)
    assert exact.ravel().tolist() == [Fraction(y, n) if 1 <= n <= 8 else 0 for n, y in rows(2)]
    for target in TARGETS:
        model = lsrl.compile(program, target)
        assert (absolute_errors(model.run(rows(2)), exact) <= model.guarantee.bounds).all(), target
        assert max(model.guarantee.bounds) < 1e-4, target


def test_quotients_by_rounded_factors_are_exact_everywhere():
    x = whole(2)
    factors = {n: Fraction(round(Fraction(4096, n)), 4096) for n in range(1, 9)}
    value = lsrl.quotient(x[1], x[0], 8, grid="1/4096")
    assert everywhere(value, rows(2)) == [y * factors.get(n, 0) for n, y in rows(2)]
    assert all(lsrl.compile(Program(value), target).guarantee.kind == "exact" for target in TARGETS)
    multiplied = lsrl.quotient(x[1], x[0], 8, grid="1/4096", via="multi")
    products = tuple(targets_with(lambda target: "products" in target.abilities))
    assert everywhere(multiplied, rows(2), targets=products) == everywhere(value, rows(2), targets=())


def test_quotients_of_vectors_are_component_by_component():
    x = whole(4)
    points = [[8, 6, 2, 4], [4, 9, 4, 0], [5, 7, 1, 1]]
    assert everywhere(lsrl.quotient(x[:2], x[2:], 4, grid="1/4"), points) == [[4, Fraction(3, 2)], [1, 0], [5, 7]]
    assert everywhere(lsrl.quotient(x[:2], 2, 4, grid="1/4"), points) == [
        [4, 3],
        [2, Fraction(9, 2)],
        [Fraction(5, 2), Fraction(7, 2)],
    ]
    assert everywhere(lsrl.quotient(12, x[2], 4, grid="1/4"), points) == [6, 3, 12]


def registers(points, slots, init=None):
    """What a register file holds, in plain Python: of (address, write, x…) a step."""
    held = init or [[0] * (len(points[0]) - 2) for _ in range(slots)]
    for address, write, *x in points:
        held = [x if write and i == address else old for i, old in enumerate(held)]
        yield [number for register in held for number in register]


@pytest.mark.parametrize(("slots", "dim"), [(1, 1), (4, 1), (3, 2)])
def test_registers_are_written_and_read_at_an_address(slots, dim):
    x = whole(3 + dim)
    address, write, index = x[0], x[1] > 3, x[2]
    file = lsrl.register_file(x[3:], address, slots, write=write, name="file")
    points = rows(3 + dim, low=-1, high=slots)
    points = [[a, b * 2, *rest] for a, b, *rest in points]
    held = list(registers([[a, b > 3, *rest] for a, b, _, *rest in points], slots))
    read = [
        now[i * dim : (i + 1) * dim] if 0 <= i < slots else [0] * dim
        for (_, _, i, *_), now in zip(points, held, strict=True)
    ]
    expected = [[*now, *found] for now, found in zip(held, read, strict=True)]
    value = lsrl.Concat([file, lsrl.select(file, index, slots)])
    assert everywhere(value, points, targets=SELECTIVE) == expected
    assert Program(value)["file"].dim == slots * dim


def test_registers_start_with_what_is_said_and_are_written_at_every_step_unless_it_is_said():
    x = whole(2)
    file = lsrl.register_file(x[1], x[0], 3, init=[7, "1/2", -1])
    half = Fraction(1, 2)
    expected = [[4, half, -1], [4, half, -1], [4, 5, -1], [9, 5, -1]]
    assert everywhere(file, [[0, 4], [3, 8], [1, 5], [0, 9]], targets=SELECTIVE) == expected


def test_registers_need_a_target_that_keeps_or_drops_a_state():
    x = whole(2)
    with pytest.raises(lsrl.UnsupportedProgram, match="'file' is a GatedState.*use target='rnn-relu'"):
        lsrl.compile(Program(lsrl.register_file(x[1], x[0], 3, name="file")), "linear-rnn")


def test_registers_and_a_depth_are_a_stack():
    opened, closed = {1: 1, 2: 2}, {-1: 1, -2: 2}  # two kinds of brackets
    x = Input(1, range=(-2, 2), integer=True, name="bracket")
    depth = lsrl.clip(lsrl.cumsum(lsrl.switch(x, {1: 1, 2: 1, -1: -1, -2: -1})), 0, 9)
    stack = lsrl.register_file(x, depth, 5, write=x > 0)
    matches = lsrl.equal(x, -stack[depth + 1])

    line, held, expected = [1, 2, -2, 2, 1, -1, -2, -1, 2, -1], [], []
    for bracket in line:
        if bracket in opened:
            held.append(opened[bracket])
            expected.append(0)
        else:
            expected.append(int(held.pop() == closed[bracket]))
    assert everywhere(matches & (x < 0), line, targets=SELECTIVE) == expected
