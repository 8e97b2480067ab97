import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lsrl.backends.linear.scan import LARGEST_GROWTH, block_powers, plan, scan_in_blocks


def waves(A, driven=None):
    A = csr_array(np.array(A, dtype=float))
    driven = [True] * A.shape[0] if driven is None else driven
    return [(wave.kind, wave.components) for wave in plan(A, driven)]


def test_states_that_read_no_state_pass():
    assert waves(np.zeros((3, 3))) == [("pass", ((0,), (1,), (2,)))]


def test_self_loops_of_one_are_sums_and_others_decay():
    assert waves(np.diag([1, 0.5, 1, -1])) == [("sum", ((0,), (2,))), ("decay", ((1,), (3,)))]


def test_an_undriven_self_loop_of_one_is_a_constant():
    assert waves([[1]], [False]) == [("cycle", ((0,),))]


def test_an_undriven_permutation_is_a_cycle_listed_in_the_order_of_movement():
    A = np.zeros((3, 3))
    A[2, 0] = A[1, 2] = A[0, 1] = 1  # 0 → 2 → 1 → 0
    ((kind, ((*cycle,),)),) = waves(A, [False] * 3)
    assert kind == "cycle"
    assert [A[cycle[i], cycle[i - 1]] for i in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("A", [[[0, -1], [1, 0]], [[0, 2], [1, 0]], [[1, 1], [1, 0]]])
def test_other_undriven_loops_are_general(A):
    assert waves(A, [False, False]) == [("general", ((0, 1),))]


def test_a_driven_permutation_is_general():
    assert waves([[0, 1], [1, 0]], [True, False]) == [("general", ((0, 1),))]


def test_a_shift_register_is_one_chain_of_delays_however_long():
    n = 500
    assert waves(np.eye(n, k=-1), [True] + [False] * (n - 1)) == [
        ("pass", ((0,),)),
        ("delay", (tuple(range(1, n)),)),
    ]


def test_delays_that_branch_make_several_chains():
    A = np.zeros((4, 4))
    A[1, 0] = A[2, 1] = A[3, 1] = 1
    assert waves(A, [True, False, False, False]) == [
        ("pass", ((0,),)),
        ("delay", ((1, 3),)),
        ("delay", ((2,),)),
    ]


@pytest.mark.parametrize(("weights", "driven"), [([2, 0], False), ([1, 1], False), ([1, 0], True)])
def test_a_state_that_scales_adds_or_is_driven_is_a_shift(weights, driven):
    assert waves([[0, 0, 0], [0, 0, 0], [*weights, 0]], [True, True, driven])[-1] == ("shift", ((2,),))


def test_general_components_of_one_wave_have_equal_size():
    A = np.zeros((7, 7))
    A[:2, :2] = A[2:4, 2:4] = 1
    A[4:, 4:] = 1
    assert waves(A) == [("general", ((0, 1), (2, 3))), ("general", ((4, 5, 6),))]


def test_zeros_that_are_stored_do_not_count():
    A = csr_array((np.array([0.0]), np.array([0]), np.array([0, 1])), shape=(1, 1))
    assert plan(A, [True])[0].kind == "pass"


def test_there_are_no_waves_without_states():
    assert waves(np.zeros((0, 0))) == []


@settings(deadline=None)
@given(st.integers(1, 12), st.floats(0, 0.4), st.integers(0, 2**32))
def test_every_state_is_in_one_wave_and_reads_only_itself_and_earlier_waves(n, density, seed):
    rng = np.random.default_rng(seed)
    A = rng.integers(-1, 2, (n, n)) * (rng.random((n, n)) < density)
    seen = set()
    for wave in plan(csr_array(A.astype(float)), rng.random(n) < 0.5):
        for component in wave.components:
            for place, row in enumerate(component):
                own = component[:place] if wave.kind == "delay" else component
                assert set(np.flatnonzero(A[row])) <= seen | set(own)
        assert not seen & set(wave.rows)
        assert len(set(wave.rows)) == len(wave.rows)
        seen |= set(wave.rows)
    assert seen == set(range(n))


def test_blocks_of_matrices_that_do_not_grow_have_64_steps():
    nilpotent = np.array([[1.0, -1], [1, -1]])
    turn = np.array([[0.0, -1], [1, 0]])
    assert block_powers(np.stack([nilpotent, turn, 0.9 * turn])).shape == (65, 3, 2, 2)


@pytest.mark.parametrize("A", [[[1, 1], [1, 0]], [[2, -1], [1, 0]], [[16, 1], [1, 0]], [[1e200, 1], [1, 0]]])
def test_blocks_of_growing_matrices_are_short(A):
    powers = block_powers(np.array([A], dtype=float))
    assert 2 <= len(powers) < 65
    assert len(powers) == 2 or np.abs(powers).sum(axis=-1).max() <= LARGEST_GROWTH


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 2), st.integers(0, 2**32))
def test_the_scan_in_blocks_is_the_recurrence(count, m, blocks, batch, seed):
    rng = np.random.default_rng(seed)
    A = rng.integers(-1, 2, (count, m, m)).astype(float)
    powers = block_powers(A)
    K = min(len(powers) - 1, 8)
    u = rng.integers(-2, 3, (K, count, m, blocks, batch)).astype(float)
    state = start = rng.integers(-2, 3, (count, m, batch)).astype(float)
    scanned = u.copy()
    scan_in_blocks(powers[: K + 1], scanned, start)
    for block in range(blocks):
        for step in range(K):
            state = A @ state + u[step, :, :, block]
            np.testing.assert_array_equal(scanned[step, :, :, block], state)
