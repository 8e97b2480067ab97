"""The rules by which errors pass, against numbers that are off by as much as they say."""

import math

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from lsrl.circuit.facts import Fact, Gap
from lsrl.lang.numbers import ONE, ZERO
from lsrl.rounding.error_calculus import accumulated, product, relu
from lsrl.rounding.recurrences import Recurrence, recurrent_errors
from lsrl.rounding.sums import Sum

sizes = st.floats(0, 8, allow_subnormal=False)
values = st.floats(-8, 8)
off = st.floats(-1, 1)


@given(left=values, right=values, errors=st.tuples(off, off))
def test_a_product_inherits_what_its_factors_are_off(left, right, errors):
    bound = product(abs(left), abs(errors[0]), abs(right), abs(errors[1]))
    assert abs((left + errors[0]) * (right + errors[1]) - left * right) <= bound + 1e-12


@given(added=sizes, start=sizes, rate=st.sampled_from([0.5, 1.0, 1 + 2.0**-30, 1.5]), steps=st.integers(1, 20))
def test_what_every_step_adds_is_accumulated(added, start, rate, steps):
    error = start
    for _ in range(steps):
        error = rate * error + added
    assert error <= accumulated(added, start, rate, steps) * (1 + 1e-9)
    assert accumulated(added, start, 0.5, math.inf) == start + 2 * added


def test_what_grows_beyond_all_floats_is_infinite_also_to_numpy():
    assert accumulated(np.float64(1), np.float64(0), np.float64(9), 4096) == math.inf


@pytest.mark.parametrize("decay", [ONE, fmpq(1, 3), fmpq(255, 256)])
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 200), constant=st.booleans())
def test_states_stay_within_their_errors(decay, seed, steps, constant):
    drive = np.random.default_rng(seed).uniform(-1, 1, 1 if constant else steps).astype("float32")
    drive = np.broadcast_to(drive, steps)
    weight, computed, exact = np.float32(int(decay.p) / int(decay.q)), np.float32(0), fmpq(0)
    for u in drive:
        computed = np.float32(np.float32(weight * computed) + u)
        exact = decay * exact + fmpq(*float(u).as_integer_ratio())
    reach = fmpq(steps) if decay == 1 else 1 / (1 - decay)
    drives = [([(ONE, Fact(-ONE, ONE), 0.0)], ZERO)]
    found = recurrent_errors([((0, decay),)], [(Fact(-reach, reach), ZERO)], drives, 24, steps, Recurrence())
    assert abs(fmpq(*float(computed).as_integer_ratio()) - exact) <= fmpq(*found.errors[0].as_integer_ratio())


@given(v=values, error=st.floats(0, 2))
def test_a_clip_of_what_keeps_off_its_ramp_is_exact(v, error):
    gap = Gap(fmpq(3, 2), fmpq(5, 2))
    v = v - 2 if v < 0 else v + 2.5
    argument = Sum([(ONE, Fact(fmpq(-16), fmpq(16)), error)], ZERO)
    inner = relu(argument, error, Fact(ZERO, fmpq(16)), gap, None, 24)
    read = Sum([(-ONE, inner.fact, inner.error)], ONE)
    outer = relu(read, read.error(24), Fact(ZERO, ONE, ONE), Gap(ZERO, ONE), (-ONE, inner), 24)
    for wrong in (-error, error):
        computed = max(1 - max(v + wrong, 0), 0)
        assert abs(computed - (v < 0)) <= outer.error
    assert outer.error == 0 or error > 1.49
