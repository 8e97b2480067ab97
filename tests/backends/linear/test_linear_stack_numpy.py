import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_linear_stacks import by_definition, exactly, one_layer, sparse, stacks

from lsrl.backends.linear.network import NumpyNetwork
from lsrl.backends.linear.weights import LayerWeights, StackWeights
from lsrl.errors import ShapeError


@settings(deadline=None)
@given(stacks(), st.sampled_from([None, 1, 2, 7, 63, 64, 65, 200]))
def test_whole_numbers_come_out_exactly_as_the_recurrence_says_whatever_the_chunks(case, columns):
    weights, x = case
    outputs, activations = exactly(weights, x)
    runtime = NumpyNetwork(weights)
    if columns is not None:
        runtime.columns = columns
    np.testing.assert_array_equal(runtime.run(x), outputs)
    for (s, y), (expected_s, expected_y) in zip(runtime.activations(x), activations, strict=True):
        np.testing.assert_array_equal(s, expected_s)
        np.testing.assert_array_equal(y, expected_y)


@settings(deadline=None)
@given(stacks())
def test_stepping_gives_the_numbers_that_running_gives(case):
    weights, x = case
    x = x[:, :20]
    exactly(weights, x)
    runtime = NumpyNetwork(weights)
    together, activations = runtime.run(x), runtime.activations(x)
    state = runtime.start(len(x))
    for t in range(x.shape[1]):
        y, state = runtime.step(x[:, t], state)
        np.testing.assert_array_equal(y, together[:, t])
        for previous, (s, _) in zip(state.layers, activations, strict=True):
            np.testing.assert_array_equal(previous, s[:, t])


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(1, 400), st.integers(0, 2**32))
def test_contracting_matrices_of_reals_agree_to_rounding(n, length, seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.6)
    A *= 0.95 / max(np.abs(np.linalg.eigvals(A)).max(), 0.95)
    weights = one_layer(A, init=rng.normal(size=n))
    x = rng.normal(size=(2, length, 1))
    expected, _ = by_definition(weights, x)
    np.testing.assert_allclose(NumpyNetwork(weights).run(x), expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_growing_matrices_stay_exact_as_long_as_their_numbers_are():
    fibonacci = NumpyNetwork(one_layer([[1, 1], [1, 0]], init=[1, 0], driven=False))
    numbers = [1, 1]
    while len(numbers) < 77:
        numbers.append(numbers[-1] + numbers[-2])
    assert fibonacci.run(np.zeros((1, 76, 1)))[0, :, 0].tolist() == numbers[1:]


def test_decimal_digits_are_read_exactly():
    digits = [9, 0, 0, 7, 1, 9, 9, 2, 5, 4, 7, 4, 0, 9, 9]
    reader = NumpyNetwork(one_layer([[10]]))
    assert reader.run(np.array(digits, dtype=float)[None, :, None])[0, -1, 0] == 900719925474099


def test_a_state_that_could_overflow_but_is_never_driven_stays_zero():
    runtime = NumpyNetwork(one_layer([[1e200, 1e200], [1e200, 0]], driven=False))
    assert not runtime.run(np.ones((1, 300, 1))).any()


def test_a_nilpotent_loop_does_not_overflow():
    weights = one_layer([[1e3, -1e3], [1e3, -1e3]])
    x = np.random.default_rng(0).integers(-9, 9, (1, 1000, 1)).astype(float)
    np.testing.assert_array_equal(NumpyNetwork(weights).run(x), by_definition(weights, x)[0])


@pytest.mark.parametrize("A", [np.eye(2), -np.eye(2), [[0, 1], [-1, 0]], [[0, 0], [1, 0]], 0.5 * np.eye(2)])
def test_float32_weights_compute_in_float32(A):
    weights = one_layer(A, init=[3, 5], dtype=np.float32)
    x = np.ones((2, 100, 1), dtype=np.float32)
    outputs = NumpyNetwork(weights).run(x)
    assert outputs.dtype == np.float32
    np.testing.assert_allclose(outputs, by_definition(weights, x)[0], rtol=1e-6)


def test_dense_matrices_give_the_same_numbers():
    rng = np.random.default_rng(0)
    n = 40
    layer = LayerWeights(
        A=sparse(np.diag(rng.choice([0, 1], n))),
        B=sparse(rng.integers(-2, 3, (n, 30))),
        b=np.ones(n),
        init=np.zeros(n),
        C=sparse(rng.integers(-2, 3, (n, n))),
        d=np.zeros(n),
    )
    weights = StackWeights((layer, layer.__class__(**{**vars(layer), "B": layer.C})), sparse(np.eye(n)), np.zeros(n))
    x = rng.integers(-2, 3, (3, 90, 30)).astype(float)
    np.testing.assert_array_equal(NumpyNetwork(weights).run(x), by_definition(weights, x)[0])


def test_layers_may_be_without_states_or_outputs():
    nothing = LayerWeights(
        sparse(np.zeros((0, 0))), sparse(np.zeros((0, 2))), *[np.zeros(0)] * 2, sparse(np.zeros((0, 0))), np.zeros(0)
    )
    runtime = NumpyNetwork(StackWeights((nothing,), sparse(np.zeros((1, 0))), np.array([3.0])))
    assert runtime.run(np.ones((1, 2, 2))).tolist() == [[[3.0], [3.0]]]
    assert runtime.step(np.ones((1, 2)), runtime.start())[0].tolist() == [[3.0]]


@pytest.mark.parametrize("shape", [(0, 5, 1), (2, 0, 1)])
def test_no_sequences_and_no_steps_give_none(shape):
    runtime = NumpyNetwork(one_layer([[1]]))
    assert runtime.run(np.zeros(shape)).shape == shape
    assert runtime.activations(np.zeros(shape))[0][0].shape == shape


@pytest.mark.parametrize("shape", [(5, 1), (1, 5, 2), (1, 1, 5, 1)])
def test_inputs_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match=r"expected \(batch, T, input_dim\) with input_dim 1"):
        NumpyNetwork(one_layer([[1]])).run(np.zeros(shape))


def test_tokens_of_another_shape_are_refused():
    runtime = NumpyNetwork(one_layer([[1]]))
    with pytest.raises(ShapeError, match=r"expected \(batch, input_dim\) with input_dim 1"):
        runtime.step(np.zeros((1, 2)), runtime.start())


def test_a_step_leaves_the_state_it_was_given_as_it_was():
    runtime = NumpyNetwork(one_layer([[1]]))
    start = runtime.start()
    runtime.step(np.ones((1, 1)), start)
    assert start.layers[0].tolist() == [[0.0]]


def test_memory_does_not_grow_with_the_length():
    runtime = NumpyNetwork(one_layer(np.eye(4)))
    x = np.ones((1, 300_000, 1))
    runtime.run(x[:, :100])
    tracemalloc.start()
    outputs = runtime.run(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - outputs.nbytes < 2**22


def test_the_numpy_runtime_does_not_import_torch():
    code = "import lsrl.backends.linear.network, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
