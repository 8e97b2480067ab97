"""States whose matrix has rational eigenvectors, and eigenvalues from 0 to 1: diagonal state matrices can do them."""

import numpy as np
import pytest
from flint import fmpq, fmpq_mat
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import Input, LinState, Program, UnsupportedProgram
from lsrl.model.verification import absolute_errors
from strategies import HUB

STEPS = 24
x = Input(2, range=(-4, 4), integer=True, name="x")
INPUTS = np.random.default_rng(0).integers(-4, 5, (2, STEPS, 2))


def rows_of(matrix):
    return [[matrix[i, j] for j in range(matrix.ncols())] for i in range(matrix.nrows())]


def compared(state, target):
    """The model, and how far it is from the exact interpreter."""
    program = Program(state)
    model = lsrl.compile(program, target, max_length=STEPS)
    return model, absolute_errors(model.run(INPUTS), program.run(INPUTS, exact=True)).max()


MEANS = {
    "the mean of two": [["1/2", "1/2"], ["1/2", "1/2"]],
    "the mean of four": [["1/4"] * 4] * 4,
    "half of a difference": [["1/2", "-1/2"], ["-1/2", "1/2"]],
    "two means": [["1/2", 0, "1/2", 0], [0, "1/2", 0, "1/2"], ["1/2", 0, "1/2", 0], [0, "1/2", 0, "1/2"]],
}


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("case", MEANS)
def test_symmetric_projections_by_halves_are_exact(case, target):
    matrix = MEANS[case]
    state = LinState(x, matrix, [[1, i] for i in range(len(matrix))], init=list(range(len(matrix))), name="state")
    model, error = compared(state, target)
    assert model.guarantee.kind == "exact"
    assert error == 0


SYMMETRIC = {
    "towards the mean": [["3/4", "1/4"], ["1/4", "3/4"]],
    "towards the mean by thirds": [["2/3", "1/3"], ["1/3", "2/3"]],
    "decays of both": [["1/2", "1/4"], ["1/4", "1/2"]],
    "a projection by fifths": [["1/5", "2/5"], ["2/5", "4/5"]],
    "a projection by 25ths": [["9/25", "12/25"], ["12/25", "16/25"]],
    "three that mix": [["1/2", "1/4", "1/4"], ["1/4", "1/2", "1/4"], ["1/4", "1/4", "1/2"]],
}


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("case", SYMMETRIC)
def test_symmetric_matrices_keep_a_bound_that_says_something(case, target):
    model, error = compared(LinState(x, SYMMETRIC[case], [[1, 0], [0, 1], [1, 1]][: len(SYMMETRIC[case])]), target)
    assert error <= model.guarantee.bound < 0.1


@st.composite
def diagonalisable(draw, eigenvalues):
    """P D P⁻¹ with whole P, as rows, and P's size."""
    size = draw(st.integers(2, 3))
    entries = st.integers(-2, 2)
    basis = fmpq_mat(size, size, [fmpq(draw(entries)) for _ in range(size * size)])
    assume(basis.det() != 0)
    values = [draw(st.sampled_from(eigenvalues)) for _ in range(size)]
    diagonal = fmpq_mat(size, size, [values[i] if i == j else fmpq(0) for i in range(size) for j in range(size)])
    return rows_of(basis * diagonal * basis.inv())


KEEPING = [fmpq(0), fmpq(1), fmpq(1, 2), fmpq(3, 4), fmpq(1, 8), fmpq(-1), fmpq(-1, 2)]


@pytest.mark.parametrize("target", ["mamba", "hawk"])
def test_whatever_has_rational_eigenvectors_and_eigenvalues_from_minus_1_to_1_compiles_and_keeps_its_guarantee(target):
    @settings(max_examples=15, deadline=None)
    @given(diagonalisable(KEEPING), st.integers(-2, 2))
    def check(matrix, init):
        model, error = compared(LinState(x, matrix, [[1, -1], [2, 0], [0, 1]][: len(matrix)], init), target)
        assert model.guarantee.kind != "none"
        assert error <= model.guarantee.bound

    check()


@settings(max_examples=25, deadline=None)
@given(diagonalisable([*KEEPING, fmpq(2), fmpq(3, 2)]))
def test_a_matrix_compiles_exactly_if_its_eigenvalues_are_from_minus_1_to_1(matrix):
    size = len(matrix)
    values = np.linalg.eigvals(np.array([[float(entry.p) / float(entry.q) for entry in row] for row in matrix])).real
    program = Program(LinState(x, matrix, [[1, 0], [0, 1], [1, 1]][:size]))
    if (np.abs(values) < 1 + 1e-3).all():
        lsrl.compile(program, "mamba", max_length=STEPS)
        return
    with pytest.raises(UnsupportedProgram, match="use target='linear-rnn'"):
        lsrl.compile(program, "mamba", max_length=STEPS)


WITHOUT = {
    "no eigenvectors": [[1, 1, 0], [1, 1, 1], [-1, 0, 1]],
    "irrational ones": [["1/2", "1/4"], ["1/4", "1/4"]],
    "complex ones": [["1/2", "-1/2"], ["1/2", "1/2"]],
    "a defective one in a circle": [["3/4", "1/4"], ["-1/4", "1/4"]],
}


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("case", WITHOUT)
def test_what_has_no_such_eigenvectors_is_refused_with_the_reason(case, target):
    size = len(WITHOUT[case])
    state = LinState(x, WITHOUT[case], [[1, 0]] * size, name="turning")
    with pytest.raises(
        UnsupportedProgram, match="'turning'.*expected rational eigenvectors with eigenvalues from -1 to 1"
    ):
        lsrl.compile(Program(state), target, max_length=9)
