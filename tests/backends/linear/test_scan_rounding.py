"""The bound of what is scanned in blocks: held by every scan, and not much above the worst of them."""

import math

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from lsrl.backends.linear.scan import block_powers, scan_in_blocks
from lsrl.backends.linear.scan_rounding import scan_error
from lsrl.rounding.recurrences import Step

U = 2.0**-24


def largest_error(A, drive, longest=64):
    """How far a scan in float32 is from the recurrence in float64, over one sequence (T, m).

    Blocks are no longer than `longest`, as beside states whose powers grow.
    """
    m, steps = len(A), len(drive)
    powers = block_powers(A[None].astype(np.float64)).astype(np.float32)[: longest + 1]
    K = len(powers) - 1
    padded = np.zeros((-(-steps // K) * K, m), dtype=np.float32)
    padded[:steps] = drive
    scanned = padded.reshape(-1, K, m).transpose(1, 2, 0)[:, None, :, :, None].copy()
    scan_in_blocks(powers, scanned, np.zeros((1, m, 1), dtype=np.float32))
    computed = scanned[:, 0, :, :, 0].transpose(2, 0, 1).reshape(-1, m)[:steps]
    state, worst = np.zeros(m), 0.0
    for u, found in zip(drive.astype(np.float64), computed, strict=True):
        state = A.astype(np.float64) @ state + u
        worst = max(worst, float(np.abs(found - state).max()))
    return worst


def bound(A, size, drive):
    """The bounds of states up to `size` that are driven by up to `drive`."""
    rows = [tuple((j, fmpq(*float(w).as_integer_ratio())) for j, w in enumerate(row) if w) for row in A]
    gamma, m = (len(A) + 1) * U, len(A)
    local = gamma * (np.abs(A).sum(axis=1).max() * size + drive)
    return max(scan_error(rows, Step([local] * m, [0.0] * m, [size] * m, [drive] * m, gamma, 24), math.inf))


def signals(rng, steps, m):
    """Numbers that are drawn anew, that stay, and that turn their signs over."""
    level = rng.uniform(0.5, 1, m)
    signs = (-1.0) ** np.arange(steps)[:, None]
    return [rng.uniform(-1, 1, (steps, m)), np.tile(level, (steps, 1)), signs * level]


@settings(deadline=None, max_examples=60)
@given(
    m=st.integers(1, 3),
    norm=st.floats(0.05, 0.995),
    longest=st.sampled_from([1, 2, 3, 8, 64]),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_scan_is_off_by_more_whatever_its_blocks(m, norm, longest, seed):
    rng = np.random.default_rng(seed)
    A = rng.uniform(-1, 1, (m, m))
    A = (A * (norm / np.abs(A).sum(axis=1).max())).astype(np.float32).astype(np.float64)
    size = 1 / (1 - np.abs(A).sum(axis=1).max())
    for drive in signals(rng, 400, m):
        assert largest_error(A, drive.astype(np.float32), longest) <= bound(A, size, 1.0)


@pytest.mark.parametrize("decay", [0.5, 0.75, 0.9, 0.98, 0.995])
def test_the_bound_of_a_decay_is_within_100_times_the_worst(decay):
    A = np.array([[np.float32(decay)]], dtype=np.float64)
    rng = np.random.default_rng(0)
    drives = [x for _ in range(20) for x in signals(rng, 2000, 1)]
    worst = max(largest_error(A, drive.astype(np.float32)) for drive in drives)
    assert worst <= bound(A, 1 / (1 - A[0, 0]), 1.0) <= 100 * worst


def test_what_grows_has_no_bound_at_any_length():
    assert bound(np.array([[1.0, 1.0], [1.0, 0.0]]), 1.0, 1.0) == math.inf


@pytest.mark.parametrize("longest", [2, 8, 64])
def test_what_a_block_holds_may_be_larger_than_states_are(longest):
    # sₜ = 0.98 sₜ₋₁ + xₜ − xₜ₋₁ stays within 2, though a block that begins late adds up one x alone.
    A, rng = np.array([[np.float32(0.98)]], dtype=np.float64), np.random.default_rng(0)
    for x in (rng.uniform(-1, 1, 2000), np.ones(2000), (-1.0) ** (np.arange(2000) // 64)):
        drive = np.diff(x, prepend=0.0)[:, None].astype(np.float32)
        assert largest_error(A, drive, longest) <= bound(A, 2.0, 2.0)


def test_only_states_that_round_add_to_errors():
    # A ring of four, of which one step halves and adds, and three move: what one adds comes round every four steps.
    ring = [((3, fmpq(1, 2)),), ((0, fmpq(1)),), ((1, fmpq(1)),), ((2, fmpq(1)),)]
    step = Step([U, 0.0, 0.0, 0.0], [0.0] * 4, [2.0] * 4, [1.0, 0.0, 0.0, 0.0], U, 24)
    assert max(scan_error(ring, step, math.inf)) <= 12.01 * U
