"""What every target's rules make of a unit that it lacks, as circuits print it."""

import pytest

import lsrl
from lsrl import Input, LinState, Program, ReLU
from lsrl.circuit.listing import listing

x = Input(2, range=(-3, 3), integer=True)


def lowered(value, target):
    """The units after the inputs, and the output."""
    circuit = lsrl.compile(Program(value), target, max_length=8).circuit
    lines = listing(circuit).splitlines()
    return [line.split(":")[0].split(" = ")[-1] for line in lines if " = Input" not in line and "claim" not in line]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("linear-rnn", ["ReLU(-%0 + 5/8)", "ReLU(-4 %2 + 1)", "ReLU(%1 + 6 %3 - 3)", "return -3 %3 + %4"]),
        ("gated-linear-rnn", ["ReLU(-%0 + 5/8)", "ReLU(-4 %2 + 1)", "Gate(%1, %3)", "return %4"]),
        ("lstm", ["Step(%0 - 1/2, 1/2)", "Product(%2, %1, auto)", "return %3"]),
        ("rnn-tanh", ["Step(%0 - 1/2, 1/2)", "Bit(-%2 + 1)", "Product(-%3 + 1, %1, auto)", "Sum(%4)", "return %5"]),
        ("mamba", ["Step(%0 - 1/2, 1/2)", "Gate(%1, %2)", "return %3"]),
    ],
)
def test_a_selection(target, expected):
    """By big-M with M = 3 from the ranges, by a gated ReLU, by a gate that takes or leaves."""
    assert lowered(lsrl.ifelse(x[0] > 0, x[1], 0), target) == expected


@pytest.mark.parametrize("target", ["gated-linear-rnn", "mamba"])
def test_a_product_of_two_signs_is_two_gated_relus(target):
    assert lowered(x[0] * x[1], target) == ["Gate(%0, %1)", "Gate(%0, -%1)", "return %2 - %3"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        *((name, ["ReLU(%0)", "return %1"]) for name in ("gated-linear-rnn", "rnn-relu", "lstm", "gru", "mamba")),
        ("rnn-tanh", ["Step(%0 - 1/2, 1/2)", "Bit(-%1 + 1)", "Product(-%2 + 1, %0, auto)", "Sum(%3)", "return %4"]),
    ],
)
def test_a_relu(target, expected):
    """Itself, or what is taken where it is positive."""
    assert lowered(ReLU(x[0]), target) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("lstm", ["Step(%0 - 1/2, 1/2)", "GatedState(-%2 + 1, %1, 0, False)", "return %3"]),
        # What is left of a whole running sum since the last reset: minus what that was then.
        ("mamba", ["Step(%0 - 1/2, 1/2)", "State(%3, %1, 0, 3)", "Latch(-%2 + 1, -%1 + %3)", "return %3 - %4"]),
    ],
)
def test_a_sum_that_is_reset(target, expected):
    assert lowered(lsrl.reset_sum(x[1], x[0] > 0), target) == expected


@pytest.mark.parametrize("target", ["linear-rnn", "gated-linear-rnn", "rnn-tanh"])
def test_a_selective_state_is_refused_where_nothing_keeps_or_drops(target):
    with pytest.raises(
        lsrl.UnsupportedProgram,
        match=r"'reset_sum\(input\[1\], input\[0\] > 0\)' is a GatedState, and this target cannot keep or drop",
    ):
        lowered(lsrl.reset_sum(x[1], x[0] > 0), target)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("lstm", ["State(0, %0, 0, 1)", "State(%1, 0, 0, 1)", "State(%2, 0, 0, 1)", "State(%3, 0, 0, 1)", "return %4"]),
        ("mamba", ["Delay(%0, 3, 0)", "return %1"]),
    ],
)
def test_a_delay_is_a_shift_register_or_a_convolution(target, expected):
    assert lowered(lsrl.delay(x[0], 3), target) == expected


def test_a_cycle_is_turned_or_counted():
    """Where states only add up, the remainder of the number of steps, up to the longest sequence of 8."""
    thirds = lsrl.mod_counter(3) + 0 * x[0]
    assert lowered(thirds, "lstm") == [
        "State(%2, 0, 0, 0)",
        "State(%0, 0, 0, 0)",
        "State(%1, 0, 1, 0)",
        "return %1 + 2 %2",
    ]
    assert lowered(thirds, "hawk") == [
        "State(%0, 1, 0, 0)",
        "Step(%0 - 5/2, 1/2)",
        "Step(%0 - 11/2, 1/2)",
        "Step(%0 - 3 %1 - 3 %2 - 1/2, 1/2)",
        "Step(%0 - 3 %1 - 3 %2 - 3/2, 1/2)",
        "return -2 %3 + %4 + 2",
    ]


@pytest.mark.parametrize("target", ["linear-rnn", "lstm", "mamba"])
def test_a_decay_from_0_to_1_is_a_state_of_every_target(target):
    assert lowered(LinState(x[0], "1/2"), target)[-2:] == ["State(1/2 %1, %0, 0, 1)", "return %1"]
