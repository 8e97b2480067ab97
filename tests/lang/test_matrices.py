"""Matrices from elsewhere: NumPy, SciPy's sparse ones and SymPy mean the same as rows of numbers."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse

import lsrl
from lsrl import GatedState, Input, Linear, LinState, LsrlError, Program

x = Input(2, name="x")
ROWS = [[0, Fraction(3, 2)], [-2, 0], [1, 1]]
HALVES = np.array([[0, 1.5], [-2, 0], [1, 1]])
POINT = [[5, 7]]

FORMS = {
    "an array": HALVES,
    "an array of fractions": np.array(ROWS, dtype=object),
    "an array of whole numbers by a half": [[0, "3/2"], [-2, 0], [1, 1]],
    "CSR": scipy.sparse.csr_matrix(HALVES),
    "a CSC array": scipy.sparse.csc_array(HALVES),
    "COO": scipy.sparse.coo_array(HALVES),
    "COO with an entry in two parts": scipy.sparse.coo_array(
        ([1, 0.5, -2, 1, 1], ([0, 0, 1, 2, 2], [1, 1, 0, 0, 1])), shape=(3, 2)
    ),
    "a list of lists": scipy.sparse.lil_matrix(HALVES),
    "a dictionary of keys": scipy.sparse.dok_array(HALVES),
    "NumPy's matrix": np.matrix(HALVES),
    "rows of arrays": list(HALVES),
    "a tuple": tuple(map(tuple, ROWS)),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_matrix_means_the_same_in_every_form(form):
    plain = Linear(x, ROWS)
    given = Linear(x, FORMS[form])
    assert given.parameters == plain.parameters
    assert Program(given).run(POINT, exact=True).ravel().tolist() == [Fraction(21, 2), -10, 12]


def test_sympy_s_rationals_and_matrices_are_exact():
    sympy = pytest.importorskip("sympy")
    third = sympy.Rational(1, 3)
    for matrix in ([[0, third], [sympy.Integer(2), 0]], sympy.Matrix([[0, third], [2, 0]])):
        assert Linear(x, matrix).parameters == Linear(x, [[0, "1/3"], [2, 0]]).parameters
        state = Program(LinState(x, matrix, init=third))
        assert state.run(POINT, exact=True).ravel().tolist() == [5 + Fraction(1, 9), 7 + Fraction(2, 3)]
    assert Linear(x, 1, sympy.Matrix([third, 2])).parameters == Linear(x, 1, ["1/3", 2]).parameters
    assert (Program(x * third).run(POINT, exact=True) == [[Fraction(5, 3), Fraction(7, 3)]]).all()
    with pytest.raises(LsrlError):
        Linear(x, [[sympy.sqrt(2), 0]])


COLUMNS = {
    "a column of an array": np.array([[2], [-3]]),
    "a flat array": np.array([2, -3]),
    "plain numbers": [2, -3],
    "rows of one": [[2], [-3]],
    "a sparse column": scipy.sparse.csr_array([[2], [-3]]),
    "a column of NumPy's matrices": np.matrix([[2], [-3]]),
    "a column of fractions": np.array([[Fraction(2)], [Fraction(-3)]], dtype=object),
}


@pytest.mark.parametrize("form", COLUMNS)
def test_a_column_can_be_written_in_every_way(form):
    column = COLUMNS[form]
    for of in (lambda B: Linear(x[0], B), lambda B: LinState(x[0], 1, B)):
        assert of(column).parameters == of([[2], [-3]]).parameters
        assert Program(of(column) + 0 * x).run(POINT, exact=True).ravel().tolist() == [10, -15]


@pytest.mark.parametrize("form", COLUMNS)
def test_a_column_is_a_vector_of_numbers_too(form):
    column = COLUMNS[form]
    assert Linear(x, 1, column).parameters == Linear(x, 1, [2, -3]).parameters
    assert LinState(x, 1, 1, column).parameters == LinState(x, 1, 1, [2, -3]).parameters
    assert GatedState(x, x > 0, column).init == (2, -3)


@pytest.mark.parametrize("matrix", [HALVES.T, scipy.sparse.csr_array(HALVES.T), np.ones((2, 2, 2))])
def test_a_matrix_of_another_shape_is_refused_in_a_line(matrix):
    with pytest.raises(LsrlError) as caught:
        Linear(x, matrix)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("target", ["linear-rnn", "lstm", "mamba"])
def test_networks_compute_with_them(target):
    bits = Input(2, range=(0, 1), integer=True)
    program = Program(
        LinState(bits, scipy.sparse.eye_array(3), scipy.sparse.csr_array(HALVES), np.array([[1], [2], [3]]))
    )
    model = lsrl.compile(program, target, max_length=5)
    stream = [[1, 0], [0, 1], [1, 1]]
    assert (model.run(stream) == program.run(stream, exact=True)).all()
