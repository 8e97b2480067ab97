"""Sensitivity: known margins, and bounds that hold while every weight is changed."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import lsrl
from lsrl import Input, Program, zoo
from lsrl.backends.registry import TARGETS
from lsrl.circuit.translate import input_facts
from lsrl.errors import FormatError, LsrlError
from lsrl.lowering.ramps import RAMP
from lsrl.model.changed_weights import changed, outputs_of
from lsrl.model.sampling import sampled_inputs
from lsrl.stability.sensitivity import sensitivity_of
from lsrl.stability.weight_noise import errors, noisy
from noisy_circuits import evaluated
from strategies import STYLES, expressible, programs, rotated, thorough

LENGTH = 8
PASSES = 5
"""Weights that a value passes in each layer at most: two, both where it travels lifted by its low end, and the lift."""

digit = Input(1, range=(0, 9), integer=True, name="digit")


def check_bounds(model, x, rng, largest=0.05):
    """Every unit and output is as near to its exact value as promised, and no decision flips."""
    circuit, found = model.circuit, sensitivity_of(model.circuit)
    u = min(found.certified, largest)
    assume(u > 0)
    noise = noisy(circuit)
    bounds = np.array(errors(noise, u))
    exact, outputs = evaluated(circuit, x)
    changed, _ = evaluated(circuit, x, u, rng)
    closed = [i for i in range(len(circuit.units)) if i not in noise.open]
    off = np.abs(changed - exact).max(axis=0)
    slack = 1e-9 * (1 + np.abs(exact).max(initial=0))
    assert (off <= bounds + slack)[closed].all()
    tiny = min(u, 1e-7)
    _, nearby = evaluated(circuit, x, tiny, rng)
    assert np.abs(nearby - outputs).max() <= 1.01 * tiny * found.output_gain + slack
    return off, bounds


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")  # programs of reals can have such a bound
@pytest.mark.parametrize("target", TARGETS)
@thorough
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_bounds_hold_for_random_programs(target, data, seed):
    program = data.draw(programs(**expressible(target)))
    rng = np.random.default_rng(seed)
    try:
        model = lsrl.compile(program, target, max_length=LENGTH, style=data.draw(STYLES))
    except LsrlError:
        assume(False)
    x = sampled_inputs(input_facts(program, None), rng, 1, LENGTH)[0]
    assume(not program.undecided(x))
    check_bounds(model, x, rng)
    assert all(0 <= limit.made <= limit.gain * (1 + 1e-9) for limit in sensitivity_of(model.circuit).limits)


def test_a_gain_is_made_or_inherited():
    tripled = lsrl.ReLU(3 * digit - 5, name="tripled")
    found = {limit.name: limit for limit in lsrl.compile(Program(2 * tripled)).explain().limits}
    assert found["tripled"].made == found["tripled"].gain == 3 * 9 + 5
    assert found["output[0]"].gain == found["output[0]"].made + 2 * 32 == 44 + 64


@pytest.mark.parametrize(("target", "margin"), [("linear-rnn", 3 / 8), ("mamba", 3 / 8), ("lstm", 1 / 2)])
def test_a_comparison_of_reals_has_a_margin_inside_its_ramp(target, margin):
    real = Input(1, range=(0, 9), name="real")
    found = lsrl.compile(Program(lsrl.larger(real, 4, width="1/8", name="high")), target).explain()
    assert found.weakest.name == "high"
    assert found.weakest.margin == margin / 8
    assert found.certified > 0


@pytest.mark.parametrize(("name", "target"), rotated(zoo.CLASSICS, ["linear-rnn", "gated-linear-rnn", "lstm"], 2))
def test_networks_stand_what_their_circuits_do_shared_out_over_their_layers(name, target):
    entry, rng = zoo.get(name), np.random.default_rng(0)
    model = lsrl.compile(entry.program, target, max_length=64)
    found, passes = model.explain(), PASSES * (model.sizes.layers + 1)
    u = min(found.certified, 1e-3) / passes
    x = np.stack([entry.sample(rng, 64) for _ in range(4)])
    runtime = changed(model, lambda weights: weights * (1 + u * rng.choice([-1, 1], weights.shape)))
    off = np.abs(outputs_of(runtime, x, model.dtype) - model.run(x)).max()
    assert off <= 1.5 * u * passes * found.output_gain


@pytest.mark.parametrize(("target", "margin"), [("linear-rnn", (1 - float(RAMP)) / 2), ("lstm", 1 / 2)])
def test_a_comparison_has_a_margin_and_a_tolerance(target, margin):
    found = lsrl.compile(Program(lsrl.larger(digit, 4, name="high")), target).explain()
    (weakest, output) = found.limits
    assert (weakest.name, weakest.kind, weakest.margin) == ("high", "decision", margin)
    assert weakest.gain == pytest.approx(9 + 4.5, rel=0.03)  # the largest digit, and the threshold
    assert found.certified == pytest.approx(margin / weakest.gain, rel=0.15)
    assert (output.kind, output.margin, output.worst_case) == ("output", 0.5, 0.5 / output.gain)


def test_tolerances_are_not_far_from_what_flips():
    model = lsrl.compile(Program(lsrl.larger(lsrl.cumsum(digit), 100, name="much")), max_length=30)
    x = np.array([[9]] * 11 + [[1]] + [[0]] * 18)  # the sum is 100: just not more
    u = model.explain().certified
    runs = [evaluated(model.circuit, x, factor * u, Upwards())[1] for factor in (1, 30)]
    assert [run[-1, 0] > 0.5 for run in runs] == [False, True]


class Upwards:
    """Every weight is off upwards: state and drive grow."""

    def choice(self, _):
        return 1

    def uniform(self, *_):
        return 1


def test_sums_say_what_to_declare():
    found = lsrl.compile(Program(lsrl.larger(lsrl.cumsum(digit, name="sum"), 4, name="high"))).explain()
    assert (found.certified, found.unbounded) == (0, "sum")
    assert str(found).endswith("no bound is known for 'sum': declare Input(range=...) and max_length")
    assert found.as_dict()["limits"][0]["gain"] is None


def test_bits_stand_nothing():
    pair = Input(2, range=(0, 9), integer=True)
    chosen = lsrl.ifelse(pair[0] > 4, pair[1], 0, name="chosen")
    found = lsrl.compile(Program(chosen), "rnn-tanh").explain()
    assert found.certified == 0
    assert "no change of weights is tolerated: 'chosen' tells 0 from the number next to it" in str(found)


def test_without_comparisons_nothing_is_decided():
    found = lsrl.compile(Program(lsrl.cumsum(digit, name="sum")), max_length=10).explain()
    assert found.weakest is None
    assert np.isinf(found.certified)
    assert [limit.kind for limit in found.limits] == ["output", "value"]
    assert "nothing is decided by a gap; outputs change by at most" in str(found)


@pytest.mark.parametrize(
    ("target", "options"), [("lstm", {}), ("linear-rnn", {"style": "paper"}), ("linear-rnn", {"input_range": (0, 1)})]
)
def test_loaded_models_explain_themselves(target, options, tmp_path):
    model = lsrl.compile(zoo.get("parity").program, target, max_length=64, **options)
    model.save(tmp_path / "model")
    loaded = lsrl.load(tmp_path / "model")
    assert loaded.explain() == model.explain()
    assert loaded.report() == model.report()


def test_a_network_of_other_sizes_has_no_explanation():
    model = lsrl.compile(zoo.get("parity").program, max_length=64)
    other = dataclasses.replace(model, program=zoo.get("majority").program, circuit=None)
    with pytest.raises(FormatError, match="are no longer what linear-rnn compiles it to; expected a model"):
        other.explain()
    assert other.report().stability.startswith("not known: the weights of majority")
