"""What states that can be reflected follow without end: exchanges of two places, and counters made of them."""

import numpy as np
import pytest

import lsrl
from lsrl import Automaton, Input, LinState, Program, UnsupportedProgram
from lsrl.automata import word_problem
from lsrl.backends.registry import targets_with
from lsrl.lang.matrix import cycle
from passes_and_steps import check_pass_and_steps

TARGETS = targets_with(lambda target: "reflections" in target.abilities)
LONG = 4096

bit = Input(1, range=(0, 1), integer=True, name="bit")


def check(program, target, symbols, length=LONG, **options):
    """Exact, at any length unless one is given, in one pass and step by step, beyond a chunk of it."""
    model = lsrl.compile(program, target, **options)
    assert model.guarantee.kind == "exact"
    assert model.guarantee.max_length == options.get("max_length")
    x = np.random.default_rng(0).integers(0, symbols, (2, length, 1)).astype(float)
    check_pass_and_steps(model, x, program.run(x))


def neighbours(n):
    """The word problem of Sₙ over exchanges of neighbours, and nothing."""
    moves = [tuple(range(n)), *((*range(i), i + 1, i, *range(i + 2, n)) for i in range(n - 1))]
    symbol = Input(1, range=(0, n - 1), integer=True, name="symbol")
    return Program(lsrl.automaton(symbol, word_problem(*moves), name="state"), name=f"S{n}")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_permutations_by_neighbours_are_tokens_that_change_places(n, target):
    check(neighbours(n), target, n, length=LONG if n < 5 else 1024)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16])
def test_sums_are_counted_modulo_any_small_number(n, target):
    check(Program(lsrl.modulo(lsrl.cumsum(bit), n)), target, 2, length=200)


@pytest.mark.parametrize("target", TARGETS)
def test_a_counter_goes_on_by_different_numbers(target):
    x = Input(1, range=(0, 4), integer=True, name="x")
    check(Program(lsrl.modulo(lsrl.cumsum(x), 5)), target, 5, length=512)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("period", [2, 3, 6, 7])
def test_circles_that_nothing_drives_turn_for_ever(period, target):
    turning = LinState(lsrl.Constant(1), cycle(period), 0, [i * i - 3 for i in range(period)], name="turning")
    check(Program(turning[0] + 0 * bit), target, 2, length=512)


@pytest.mark.parametrize("target", TARGETS)
def test_groups_that_are_solvable_and_can_be_reset_are_cascades_of_these(target):
    machine = Automaton.of([[1, 2, 0], [2, 0, 0], [0, 1, 0]])  # counts modulo 3 either way, and can start anew
    symbol = Input(1, range=(0, 2), integer=True, name="symbol")
    check(Program(lsrl.automaton(symbol, machine, name="state")), target, 3, length=512)


@pytest.mark.parametrize("target", TARGETS)
def test_a_larger_prime_needs_a_longest_sequence(target):
    program = Program(lsrl.modulo(lsrl.cumsum(bit), 17))
    check(program, target, 2, length=300, max_length=300)
    with pytest.raises(lsrl.RangeError, match="counts modulo 17"):
        lsrl.compile(program, target)


@pytest.mark.parametrize("target", TARGETS)
def test_circles_of_three_that_no_cascade_follows_are_refused_with_both_reasons(target):
    a5 = lsrl.automaton(bit, word_problem((1, 2, 0, 3, 4), (0, 1, 3, 4, 2)), name="state")
    with pytest.raises(UnsupportedProgram, match=r"contains A₅.*exchange two places each, and here some do more.*lstm"):
        lsrl.compile(Program(a5), target, max_length=100)


@pytest.mark.parametrize("target", ["mamba", "hawk", *TARGETS])
@pytest.mark.parametrize("matrix", [[[-1]], [["-1/2"]], [[0, 1], [1, 0]]], ids=["-1", "-1/2", "swap"])
def test_states_that_change_signs_or_places_are_sums_of_what_has_the_sign_of_the_step(matrix, target):
    x = Input(len(matrix), range=(-9, 9), integer=True, name="x")
    program = Program(LinState(x, matrix, 1, [3] * len(matrix), name="state"))
    model = lsrl.compile(program, target, max_length=200)
    given = np.random.default_rng(0).integers(-9, 10, (2, 200, len(matrix))).astype(float)
    errors = np.abs(model.run(given) - program.run(given))
    assert errors.max() <= model.guarantee.bound
    assert model.guarantee.kind == ("bounded" if matrix == [["-1/2"]] else "exact")
