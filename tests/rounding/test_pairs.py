"""Sums of numbers of which one is 0 where the other is not: their bounds hold for what such numbers can be."""

import numpy as np
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from lsrl.circuit.facts import Fact
from lsrl.lang.numbers import ONE, ZERO
from lsrl.rounding.error_calculus import Number
from lsrl.rounding.pairs import Pairs, terms_of
from lsrl.rounding.sums import Sum

sizes = st.floats(0, 8, allow_subnormal=False)
values = st.floats(-8, 8)
off = st.floats(-1, 1)


def opposites():
    pairs = Pairs()
    pairs.add(0, "gate", "v", "-v")
    pairs.add(1, "gate", "-v", "v")
    return pairs


def choices():
    pairs = Pairs()
    pairs.add_choice(0, "c", "1 - c")
    pairs.add_choice(1, "1 - c", "c")
    return pairs


@given(v=values, errors=st.tuples(off, off), gate=sizes)
def test_opposites_are_off_by_one_of_them_and_as_large(v, errors, gate):
    numbers = [Number(Fact(ZERO, fmpq(8 << i)), gate * abs(error)) for i, error in enumerate(errors)]
    ((weight, fact, error),) = terms_of([(0, ONE), (1, -ONE)], numbers, opposites())
    computed = [gate * max(sign * v + e, 0) for sign, e in zip((1, -1), errors, strict=True)]
    assert (weight, fact) == (1, numbers[1].fact)
    assert abs(computed[0] - computed[1] - gate * v) <= error + 1e-12


@given(v=values, errors=st.tuples(off, off))
def test_a_sum_of_opposites_is_off_by_both(v, errors):
    numbers = [Number(Fact(ZERO, fmpq(8)), abs(error)) for error in errors]
    ((weight, fact, error),) = terms_of([(0, ONE), (1, ONE)], numbers, opposites())
    computed = [np.float32(max(sign * v + e, 0)) for sign, e in zip((1, -1), errors, strict=True)]
    assert (weight, fact) == (1, Fact(ZERO, fmpq(8)))
    assert abs(float(computed[0] + computed[1]) - abs(v)) <= error + 2.0**-23 * 9


def test_an_absolute_value_is_exact():
    numbers = [Number(Fact(ZERO, fmpq(4)), 0.0, 0.0)] * 2
    assert Sum(terms_of([(0, ONE), (1, ONE)], numbers, opposites()), ZERO).error(24) == 0
    assert Sum(terms_of([(0, ONE), (1, ONE)], numbers, Pairs()), ZERO).error(24) > 0
    assert Sum(terms_of([(0, ONE), (1, fmpq(2))], numbers, opposites()), ZERO).error(24) > 0


@given(one=values, other=values, errors=st.tuples(off, off), chosen=st.booleans())
def test_of_two_that_a_boolean_chooses_from_one_is_off(one, other, errors, chosen):
    numbers = [Number(Fact(fmpq(-8), fmpq(8)), abs(error)) for error in errors]
    ((weight, fact, error),) = terms_of([(0, ONE), (1, -ONE)], numbers, choices())
    computed, exact = (one + errors[0], one) if chosen else (-other - errors[1], -other)
    assert (weight, fact) == (1, Fact(fmpq(-8), fmpq(8)))
    assert abs(computed - exact) <= error + 1e-12


def test_a_number_is_in_one_pair():
    numbers = [Number(Fact(ZERO, ONE), 0.5)] * 3
    pairs = opposites()
    pairs.apart = {2: 1}
    assert len(terms_of([(0, ONE), (1, -ONE), (2, ONE)], numbers, pairs)) == 2
    assert len(terms_of([(1, ONE), (2, ONE)], numbers, pairs)) == 1
