import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_linear_stacks import one_layer, sparse, stacks
from safetensors.numpy import load, save

from lsrl.backends.linear.network import NumpyNetwork
from lsrl.backends.linear.weights import LayerWeights, StackWeights, as_tensors, from_tensors
from lsrl.errors import FormatError


def layer(**changes):
    parts = {
        "A": sparse([[1, 0], [0, 0]]),
        "B": sparse([[1, 0, 0], [0, 2, 3]]),
        "b": np.array([0.0, 4.0]),
        "init": np.array([5.0, 0.0]),
        "C": sparse([[1, -1]]),
        "d": np.zeros(1),
    }
    return LayerWeights(**(parts | changes))


def stack(**changes):
    return StackWeights((layer(**changes),), sparse([[2], [0]]), np.array([0.0, 7.0]))


GATED = {"G": sparse([[0, 0, 6]]), "g": np.zeros(1)}


def test_sizes_are_those_of_all_layers():
    weights = stack()
    assert (weights.input_dim, weights.output_dim, weights.depth, weights.widest, weights.state_dim) == (3, 2, 1, 2, 2)
    assert weights.nonzeros == 1 + 3 + 1 + 1 + 2 + 0 + 1 + 1
    assert weights.dense_parameters == 4 + 6 + 2 + 2 + 2 + 1 + 2 + 2
    assert weights.dtype == np.float64


def test_gates_count_unless_they_are_always_one():
    assert stack(**GATED).nonzeros == stack().nonzeros + 1
    assert stack(G=sparse(np.zeros((1, 3))), g=np.ones(1)).nonzeros == stack().nonzeros
    assert stack(**GATED).dense_parameters == stack().dense_parameters + 3 + 1


@settings(deadline=None)
@given(stacks(), st.sampled_from([np.float32, np.float64]))
def test_weights_come_back_from_a_file_as_they_were(case, dtype):
    weights, x = case
    tensors = {
        name: array.astype(dtype) if array.dtype == float else array for name, array in as_tensors(weights).items()
    }
    reread = from_tensors(load(save(tensors)))
    assert reread.dtype == dtype
    assert (reread.depth, reread.nonzeros, reread.dense_parameters) == (
        weights.depth,
        weights.nonzeros,
        weights.dense_parameters,
    )
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(
            NumpyNetwork(reread).run(x[:, :3].astype(dtype)), NumpyNetwork(weights).run(x[:, :3])
        )


def test_entries_stored_twice_or_out_of_order_are_written_in_order():
    unordered = sparse([[1, 2, 3]])
    unordered.indices, unordered.data = unordered.indices[::-1].copy(), unordered.data[::-1].copy()
    unordered.has_sorted_indices = unordered.has_canonical_format = False
    tensors = as_tensors(StackWeights((), unordered, np.zeros(1)))
    assert from_tensors(tensors).R.toarray().tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("name", "replacement", "message"),
    [
        ("r", None, "no tensor is named r"),
        ("layers.0.A.indptr", None, r"no tensor is named layers\.0\.A\.indptr"),
        ("layers.0.b", None, r"belongs to no stack of 0 layers"),
        ("layers.0.g", None, r"tensor layers\.0\.G\.data.* belongs to no stack"),
        ("layers.7.b", np.zeros(1), r"no tensor is named layers\.1\.A\.data"),
        ("layers.9999999999999.b", np.zeros(1), "no tensor is named"),
        ("extra", np.zeros(1), "tensor extra belongs to no stack"),
        ("r", np.zeros(2, dtype=np.float16), "r is float16; expected float32 or float64"),
        ("r", np.zeros(2, dtype=object), "r is object"),
        ("r", np.zeros((2, 1)), r"r is float64 of shape \(2, 1\)"),
        ("r", np.zeros(3), r"R has shape \(2, 1\); expected \(3, 1\)"),
        ("layers.0.d", np.zeros(1, dtype=np.float32), r"layers\.0\.d is float32"),
        ("layers.0.d", np.zeros(5), r"layers\.0\.C has shape \(1, 2\); expected \(5, 2\)"),
        ("layers.0.b", np.zeros(0), r"layers\.0\.A has shape \(2, 2\); expected \(0, 0\)"),
        ("layers.0.b", np.array([np.nan, 0]), r"layers\.0\.b holds NaN"),
        ("layers.0.init", np.array([np.inf, 0]), r"layers\.0\.init holds NaN or infinity"),
        ("layers.0.B.data", np.array([1, 2, -np.inf]), r"layers\.0\.B\.data holds NaN"),
        ("layers.0.B.data", np.ones(4), r"layers\.0\.B\.indptr does not rise from 0 to 4"),
        ("layers.0.B.indices", np.array([0, 1, 3]), r"layers\.0\.B\.indices leaves 0…2"),
        ("layers.0.B.indices", np.array([0, -1, 2]), r"layers\.0\.B\.indices leaves 0…2"),
        ("layers.0.B.indices", np.array([0, 2, 1]), r"layers\.0\.B\.indices does not rise within a row"),
        ("layers.0.B.indices", np.array([0, 1, 1]), r"layers\.0\.B\.indices does not rise within a row"),
        ("layers.0.B.indices", np.array([0, 1]), r"layers\.0\.B\.indices has 2 entries; expected 3"),
        ("layers.0.B.indices", np.array([0, 1, 2], dtype=np.int32), r"layers\.0\.B\.indices is int32"),
        ("layers.0.B.indptr", np.array([0, 4, 3]), r"layers\.0\.B\.indptr does not rise"),
        ("layers.0.B.indptr", np.array([1, 1, 3]), r"layers\.0\.B\.indptr does not rise"),
        ("layers.0.B.indptr", np.array([0, 2**63 - 1, -2, 3]), r"layers\.0\.B\.shape is \[2, 3\]; expected \[3"),
        ("layers.0.B.indptr", np.zeros(0, dtype=np.int64), r"layers\.0\.B\.shape"),
        ("layers.0.B.indptr", np.array([0.0, 1.0, 3.0]), r"layers\.0\.B\.indptr is float64"),
        ("layers.0.B.shape", np.array([10**12, 3]), r"layers\.0\.B\.shape is \[1000000000000, 3\]; expected \[2"),
        ("layers.0.B.shape", np.array([2, 10**12]), r"layers\.0\.B\.shape is \[2, 1000000000000\]"),
        ("layers.0.B.shape", np.array([2, 2**31 - 1]), r"layers\.0\.B\.shape claims 2147483647 inputs"),
        ("layers.0.B.shape", np.array([2, -3]), r"layers\.0\.B\.shape is \[2, -3\]"),
        ("layers.0.B.shape", np.array([2, 4]), r"layers\.0\.G has shape \(1, 3\); expected \(1, 4\)"),
        ("layers.0.B.shape", np.array([2, 3, 1]), r"layers\.0\.B\.shape is \[2, 3, 1\]"),
        ("layers.0.A.shape", np.array([2, 3]), r"layers\.0\.A has shape \(2, 3\); expected \(2, 2\)"),
        ("layers.0.G.shape", np.array([1, 10**6]), r"layers\.0\.G has shape \(1, 1000000\); expected \(1, 3\)"),
        ("R.shape", np.array([2, 10**6]), r"R has shape \(2, 1000000\); expected \(2, 1\)"),
    ],
)
def test_a_tensor_at_fault_is_named(name, replacement, message):
    tensors = as_tensors(stack(**GATED))
    if replacement is None:
        del tensors[name]
    else:
        tensors[name] = replacement
    with pytest.raises(FormatError, match=message) as refusal:
        from_tensors(tensors)
    assert "\n" not in str(refusal.value)


def test_falling_row_starts_are_found_where_their_difference_overflows():
    tensors = as_tensors(one_layer(np.eye(3)))
    tensors["layers.0.A.indptr"] = np.array([0, 2**63 - 1, -2, 3])
    with pytest.raises(FormatError, match=r"layers\.0\.A\.indptr does not rise"):
        from_tensors(tensors)


@settings(deadline=None)
@given(
    st.sampled_from(sorted(as_tensors(stack(**GATED)))),
    st.lists(st.integers(-3, 5) | st.sampled_from([2**31, 2**62, -(2**63)]), max_size=4),
    st.sampled_from([np.int64, np.float64]),
)
def test_any_other_tensor_is_refused_or_makes_weights_that_run(name, numbers, dtype):
    tensors = as_tensors(stack(**GATED)) | {name: np.array(numbers, dtype=dtype)}
    try:
        weights = from_tensors(tensors)
    except FormatError:
        return
    with np.errstate(all="ignore"):
        assert NumpyNetwork(weights).run(np.ones((1, 2, weights.input_dim))).shape == (1, 2, weights.output_dim)
