"""The trail: every value is read as near to its exact value as its entry says, and a bound is shared out in full."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import FunctionApproximator, Input, Program
from lsrl.backends.registry import TARGETS, target_named
from lsrl.circuit.translate import input_facts
from lsrl.errors import LsrlError
from lsrl.model.sampling import sampled_inputs
from lsrl.model.verification import absolute_errors
from strategies import COMPILABLE, examples_for, expressible, programs, thorough

LENGTH = 8
PRODUCTS = [target for target in TARGETS if "products" in target_named(target).abilities]


def trail_of(model):
    """The trail of a compiled model."""
    assert model.guarantee.trail is not None
    return model.guarantee.trail


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")  # programs of reals can have such a bound
@pytest.mark.parametrize(("target", "dtype"), COMPILABLE)
def test_every_value_of_random_programs_is_read_within_its_entry(target, dtype):
    @examples_for(target, many=settings(parent=thorough, max_examples=12))
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def check(data, seed):
        program = data.draw(programs(**expressible(target)))
        try:
            model = lsrl.compile(program, target, max_length=LENGTH, dtype=dtype)
        except LsrlError:
            assume(False)
        drawn = sampled_inputs(input_facts(program, None), np.random.default_rng(seed), 1, LENGTH)[0].astype(dtype)
        trace = program.trace(drawn, exact=True)
        assume(not trace.undecided)
        trail = trail_of(model)
        assert (absolute_errors(model.run(drawn), trace.output).max(axis=0) <= model.guarantee.bounds).all()
        for name in model.layout:
            off = absolute_errors(model.read(name, drawn), trace[name]).max()
            assert off <= trail.value(name).error * (1 + 2.0**-20), name

    check()


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")
@pytest.mark.parametrize("target", TARGETS)
def test_what_is_made_and_inherited_adds_up_to_the_bound(target):
    @examples_for(target)
    @given(data=st.data())
    def check(data):
        program = data.draw(programs(**expressible(target)))
        try:
            trail = trail_of(lsrl.compile(program, target, max_length=LENGTH))
        except LsrlError:
            assume(False)
        bound = max(output.error for output in trail.outputs)
        assert sum(maker.share for maker in trail.makers) == pytest.approx(bound)
        for name in trail.values:
            value = trail.value(name)
            assert 0 <= value.made <= value.error * (1 + 1e-9)

    check()


x = Input(1, range=(0, 9), integer=True, name="x")


@pytest.mark.parametrize("target", TARGETS)
def test_a_sum_of_thirds_says_what_comes_with_the_thirds(target):
    program = Program(lsrl.cumsum(lsrl.Linear(x, "1/3", name="third"), name="thirds"))
    trail = trail_of(lsrl.compile(program, target, max_length=100))
    third, thirds = trail.value("third"), trail.value("thirds")
    assert third.inherited == 0 < third.made == third.error < thirds.error
    assert trail.makers[0].name == "thirds"
    assert trail.makers[0].part > 0.5


@pytest.mark.parametrize("target", PRODUCTS)
def test_explain_names_who_makes_a_bound_worst_first(target, tmp_path):
    planes = FunctionApproximator(1, 1, order=1, max_cells=16)
    model = lsrl.compile(planes.program, target, max_length=planes.max_length, dtype="float32")
    found = model.explain()
    assert [maker.share for maker in found.makers] == sorted((maker.share for maker in found.makers), reverse=True)
    assert {"rises", "answer"} <= {maker.name for maker in found.makers}
    assert f"rounding: of the largest bound, {found.makers[0].name!r} " in str(found)
    rounding = found.as_dict()["rounding"]
    assert rounding["makers"][0]["name"] == found.makers[0].name
    assert {"rises", "answer"} <= {value["name"] for value in rounding["values"]}
    model.save(tmp_path)
    assert lsrl.load(tmp_path).explain().as_dict() == found.as_dict()


@pytest.mark.parametrize("target", TARGETS)
def test_nobody_makes_the_bound_of_what_is_exact(target):
    found = lsrl.compile(Program(lsrl.cumsum(x)), target, max_length=100).explain()
    assert found.makers == ()
    assert found.as_dict()["rounding"] == {"makers": [], "values": []}
    assert "rounding" not in str(found)


@pytest.mark.parametrize("target", PRODUCTS)
def test_the_bound_of_a_sum_of_products_is_near_to_what_is_seen(target):
    planes = FunctionApproximator(1, 1, order=1, max_cells=16)
    model = lsrl.compile(planes.program, target, max_length=planes.max_length, dtype="float32")
    rng, steps = np.random.default_rng(0), planes.max_length
    queries = np.zeros((64, steps, planes.token_dim))
    queries[:, 0, 0] = rng.integers(0, 1025, 64) / 1024
    queries[:, 1:, 1] = 1025 / 1024
    queries[:, 1:, 3] = np.rint(rng.uniform(4096, 8192, (64, 1)) * 512) / 512  # as steep as can be, again and again
    trace = planes.program.trace(queries.astype("float32"), exact=True)
    assert not trace.undecided
    worst = absolute_errors(model.run(queries.astype("float32")), trace.output).max()
    assert 0 < worst <= model.guarantee.bound <= 100 * worst


r = Input(2, range=(-3, 5), name="r")
BITS = {
    "a comparison": r[0] > 1,
    "a comparison of two": lsrl.larger(r[0], r[1], width="1/8"),
    "with the end of a range": lsrl.larger(r[0], -3, width="1/8"),
    "with the other end": lsrl.at_least(r[0], 5, width="1/8"),
    "of a sum": lsrl.larger(lsrl.cumsum(r[0]), 9, width=2),
    "of thirds of a sum": lsrl.larger(lsrl.cumsum(r[0] / 3), 5, width=1),
    "of thirds of whole numbers": lsrl.cumsum(x / 3) > 5,
    "between": lsrl.bump(r[0], -1, 2, width="1/8"),
    "equal": lsrl.equal(r[0], r[1], width="1/8"),
    "both": lsrl.and_(lsrl.larger(r[0], 1, width="1/8"), lsrl.larger(r[1], 1, width="1/8")),
    "of an extreme": lsrl.larger(lsrl.maximum(r[0], r[1]), 2, width="1/8"),
    "of a branch": lsrl.larger(lsrl.ifelse(lsrl.larger(r[0], 1, width="1/8"), r[0], r[1]) / 3, 1, width="1/8"),
    "of a product": lsrl.larger(r[0] * r[1], 4, width="1/8"),
    "how often": lsrl.cumsum(lsrl.larger(r[0], 1, width="1/8")),
}


def near_ends(width, dtype):
    """Random inputs, and those on the ends of ramps, which decide: there floats are closest to being wrong."""
    rng = np.random.default_rng(0)
    if width == 1:
        return rng.integers(0, 10, (8, 16, 1)).astype(dtype)
    drawn = rng.uniform(-3, 5, (8, 16, 2))
    near = rng.choice([-3, -2.875, 1, 1 + 1 / 1024, 1.125, 2, 2.125, 4.875, 5], (8, 16, 2))
    apart = drawn[..., :1] + rng.choice([-0.125, 0, 0.125], (8, 16, 1))
    return np.concatenate([drawn, near, np.clip(np.c_["-1", drawn[..., :1], apart], -3, 5)]).astype(dtype)


@pytest.mark.filterwarnings("ignore::lsrl.UndecidedComparisonWarning")
@pytest.mark.parametrize(("target", "dtype"), COMPILABLE)
@pytest.mark.parametrize("case", BITS)
def test_a_decided_comparison_of_reals_is_right_to_the_last_bit(case, target, dtype):
    program = Program(BITS[case])
    try:
        model = lsrl.compile(program, target, max_length=16, dtype=dtype)
    except lsrl.UnsupportedProgram:
        pytest.skip("a product of reals")
    assert model.guarantee.kind == "exact"
    drawn = near_ends(program.input.dim, dtype)
    trace = program.trace(drawn, exact=True)
    first = np.full(len(drawn), 16)
    for undecided in trace.undecided:
        first[undecided.batch] = min(first[undecided.batch], undecided.step)
    decided = np.arange(16)[None, :] < first[:, None]
    assert decided.any()
    assert absolute_errors(model.run(drawn), trace.output)[decided].max() == 0


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")
@pytest.mark.parametrize("target", [target for target, dtype in COMPILABLE if dtype == "float32"])
def test_a_boolean_is_never_off_by_more_than_one(target):
    narrow = Program(lsrl.larger(lsrl.cumsum(r[0]), 50, width="1e-6", name="high"))
    model = lsrl.compile(narrow, target, max_length=100, dtype="float32")
    # But for its own rounding, and for what an activation falls below 0.
    assert 0 < model.guarantee.bound <= 1.01
