"""Comparisons of large, fine and real numbers: exact where grids decide them, else a bound or a reason that is true."""

import numpy as np
import pytest

import lsrl
from lsrl import Concat, Input, LinState, Program
from lsrl.backends.registry import TARGETS, target_named
from lsrl.model.verification import absolute_errors
from strategies import COMPILABLE, HUB

SELECTIVE = [target for target in TARGETS if "selective_states" in target_named(target).abilities]


def schmitt_trigger(x, low, high, width):
    """1 from where x was last above `high`, 0 from where it was last below `low`."""
    up = lsrl.larger(x, high, width=width, name="up")
    down = lsrl.smaller(x, low, width=width, name="down")
    return lsrl.latch(up, lsrl.or_(up, down), name="trigger")


def triggered(values, low, high):
    """The same in plain Python."""
    state, states = 0, []
    for value in values:
        state = 1 if value > high else 0 if value < low else state
        states.append(state)
    return states


@pytest.mark.parametrize("target", SELECTIVE)
@pytest.mark.parametrize("parts", [1, 7, 10, 1000])
def test_a_schmitt_trigger_is_exact_on_every_grid_that_decides_it(parts, target):
    level = Input(1, range=(-10, 10), grid=f"1/{parts}", name="level")
    program = Program(schmitt_trigger(level, -2, 3, width=f"1/{parts}"))
    model = lsrl.compile(program, target, max_length=100, dtype="float32")
    assert model.guarantee.kind == "exact"
    assert model.undecidable == ()
    wanders = np.clip(np.cumsum(np.random.default_rng(0).integers(-parts, parts + 1, 100)), -10 * parts, 10 * parts)
    near = np.resize([3 * parts, 3 * parts + 1, -2 * parts, -2 * parts - 1], 100)
    for counted in (wanders, near):
        x = np.array([float(number) / parts for number in counted], dtype=np.float32)[:, None]
        assert model.run(x).ravel().tolist() == triggered(counted, -2 * parts, 3 * parts)


REAL = {
    "a ReLU": lsrl.ReLU,
    "a comparison": lambda x: lsrl.larger(x, 3, width="1/8"),
    "a running sum": lsrl.cumsum,
    "a decay": lambda x: LinState(x, "1/2"),
    "a maximum": lambda x: lsrl.maximum(x, lsrl.delay(x)),
    "a branch": lambda x: lsrl.ifelse(lsrl.larger(x, 3, width="1/8"), x, -1),
    "a count": lambda x: lsrl.cumsum(lsrl.larger(x, 3, width="1/8")),
    "a comparison of a sum": lambda x: lsrl.larger(lsrl.cumsum(x), 3, width=4),
    "a latch": lambda x: lsrl.latch(x, lsrl.larger(x, 3, width="1/8")),
    "a sum that starts anew": lambda x: lsrl.reset_sum(x, lsrl.larger(x, 3, width="1/8")),
    "a trigger": lambda x: schmitt_trigger(x, -2, 3, width="1/8"),
    "a product": lambda x: x * lsrl.delay(x),
}


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("case", REAL)
def test_reals_with_a_range_and_a_length_have_a_bound_that_holds(case, target):
    program = Program(REAL[case](Input(1, range=(-10, 10), name="level")))
    model = lsrl.compile(program, target, max_length=16)
    assert model.guarantee.kind in ("exact", "bounded")
    x = np.random.default_rng(1).uniform(-10, 10, (40, 16, 1)).astype(np.float32)
    trace = program.trace(x, exact=True)
    decided = sorted(set(range(40)) - {undecided.batch for undecided in trace.undecided})
    assert len(decided) > 2
    assert absolute_errors(model.run(x[decided]), trace.output[decided]).max() <= model.guarantee.bound


@pytest.mark.parametrize("target", HUB)
def test_a_decision_that_the_format_cannot_make_is_named_with_what_helps(target):
    level = Input(1, range=(-10, 10), name="level")
    program = Program(lsrl.latch(level, lsrl.larger(lsrl.cumsum(level), 50, width="1e-12"), name="held"))
    with pytest.warns(lsrl.UselessGuaranteeWarning, match="'held' is decided"):
        model = lsrl.compile(program, target, max_length=100)
    assert model.guarantee.kind == "none"
    assert "'held' is decided among numbers too large for this float format" in model.guarantee.reason
    assert "width" in model.guarantee.reason
    assert "declare" not in model.guarantee.reason


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("declared", [{}, {"range": (-10, 10)}])
def test_what_is_not_declared_is_asked_for(declared, target):
    value = lsrl.cumsum(Input(1, **declared), name="sum")
    with pytest.raises(lsrl.RangeError, match="range of value '(sum|input)' is not known.*declare"):
        lsrl.compile(Program(value), target)


@pytest.mark.parametrize(("target", "dtype"), COMPILABLE)
@pytest.mark.parametrize("form", ["nested", "difference"])
@pytest.mark.parametrize("width", ["1/1024", "1/2"])
def test_a_step_of_large_numbers_is_exact_in_every_form(width, form, target, dtype):
    x = Input(1, range=(-(10**6), 10**6), grid="1/2", name="x")
    model = lsrl.compile(Program(lsrl.step(x, width=width, form=form, name="step")), target, dtype=dtype)
    assert model.guarantee.kind == "exact"
    points = [-(10**6), -999999.5, -1, -0.5, 0, 0.5, 1, 999999.5, 10**6]
    assert model.run([[point] for point in points]).ravel().tolist() == [int(point > 0) for point in points]


@pytest.mark.parametrize("target", TARGETS)
def test_both_forms_of_a_step_become_the_same_network(target):
    x = Input(1, range=(-(10**6), 10**6), grid="1/2", name="x")
    models = [lsrl.compile(Program(lsrl.step(x, form=form) + x), target) for form in ("nested", "difference")]
    nested, difference = ({**model.sizes.as_dict(), "compile_seconds": 0} for model in models)
    assert nested == difference


@pytest.mark.parametrize(("target", "dtype"), COMPILABLE)
def test_a_bound_of_one_output_is_held_by_that_output(target, dtype):
    x = Input(1, range=(-(2**10), 2**10), integer=True, name="x")
    program = Program(Concat([x > 0, lsrl.cumsum(x / 7), x / 3]))
    model = lsrl.compile(program, target, max_length=50, dtype=dtype)
    drawn = np.random.default_rng(0).integers(-(2**10), 2**10 + 1, (2, 50, 1))
    errors = absolute_errors(model.run(drawn), program.run(drawn, exact=True)).reshape(-1, 3).max(axis=0)
    assert (errors <= model.guarantee.bounds).all()
    assert model.guarantee.bounds[0] == 0
    assert model.guarantee.bounds[2] < model.guarantee.bounds[1]
