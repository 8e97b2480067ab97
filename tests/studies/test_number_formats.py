"""Networks that compute in other formats, and the studies of formats and of drift."""

import numpy as np
import polars
import pytest

import lsrl
from lsrl import zoo
from lsrl.studies import drift, formats
from lsrl.studies.cells import SweepCell
from lsrl.studies.other_arithmetic import NoSuchNetwork, running_in
from lsrl.studies.subjects import ARCHITECTURES, STEPS, question, subject


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_in_float32_the_stock_module_is_the_model(architecture):
    model, asked = (
        subject("dyck_depth", architecture, dtype="float32"),
        question("dyck_depth", np.random.default_rng(0)),
    )
    assert (running_in("float32", model)(asked.x) == model.run(asked.x)).all()


def counted(architecture):
    bit = lsrl.Input(1, range=(0, 1), integer=True, name="bit")
    return lsrl.compile(lsrl.Program(lsrl.cumsum(bit)), architecture, max_length=600, dtype="float32")


@pytest.mark.parametrize("architecture", ["linear-rnn", "rnn-relu", "lstm", "gru", "mamba"])
@pytest.mark.parametrize("arithmetic", ["float32", "bfloat16"])
def test_bfloat16_counts_to_256(architecture, arithmetic):
    found = running_in(arithmetic, counted(architecture))(np.ones((1, 600, 1)))[0, :, 0]
    assert (found[:256] == np.arange(1, 257)).all()
    assert (found == np.arange(1, 601)).all() == (arithmetic == "float32")  # 600 itself is a bfloat16, 599 is not


@pytest.mark.parametrize("architecture", ["mamba", "hawk", "qwen3.5"])
def test_a_language_model_answers_in_float32_and_refuses_in_others(architecture):
    entry = zoo.get("most_frequent")
    model = lsrl.compile(entry.program, architecture, max_length=STEPS)
    asked = question("most_frequent", np.random.default_rng(0))
    assert (running_in("float32", model)(asked.x) == asked.expected).all()
    for arithmetic in ("bfloat16", "float16"):
        assert np.isnan(running_in(arithmetic, model)(asked.x)).all()


def test_what_is_not_there_says_why():
    with pytest.raises(NoSuchNetwork, match="overflow"):
        running_in("float16", counted("lstm"))
    with pytest.raises(NoSuchNetwork, match="no layer"):
        running_in("int8", counted("linear-rnn"))


def test_int8_rounds_what_it_can():
    x = lsrl.Input(1, range=(0, 9), integer=True, name="x")
    model = lsrl.compile(lsrl.Program(lsrl.Concat([x, 100 * x])), "rnn-relu", dtype="float32")
    found = running_in("int8", model)(np.full((1, 1, 1), 7.0))[0, 0]
    assert found[1] == pytest.approx(700, rel=0.02)  # a scale for the whole matrix, of which 1 is about one level
    assert found[0] != 7


def cell(study, **parameters):
    return SweepCell(study, parameters)


def format_cell(way, name, architecture, program):
    return cell("formats", program=program, architecture=architecture, **{"in format": way}, format=name, question=0)


def test_architectures_to_which_the_same_happens_share_a_row():
    found = [
        (made, formats.measure(made, 0))
        for made in (
            format_cell("all", name, architecture, program)
            for name in ("float32", "float16")
            for architecture in ("linear-rnn", "rnn-relu", "lstm")
            for program in ("parity", "set_reset")
        )
    ]
    lines = [{**made.parameters, "error": None, "refused": None, "why not": None, **row} for made, [row] in found]
    rows = [tuple(row.values()) for row in formats.table(polars.DataFrame(lines))]
    assert rows == [
        ("all", "float32", "linear-rnn", "0", "–"),
        ("all", "float32", "rnn-relu, lstm", "0", "0"),
        ("all", "float16", "linear-rnn", "0", "–"),
        ("all", "float16", "rnn-relu", "0", "0"),
        ("all", "float16", "lstm", "overflow", "overflow"),
    ]


def test_refusals_are_told_apart_from_wrong_answers():
    for name, expected in (("float32", (0, 0)), ("bfloat16", (0, 100))):
        [row] = formats.measure(format_cell("all", name, "mamba", "most_frequent"), 0)
        assert (row["error"], row["refused"]) == expected
    [row] = formats.measure(format_cell("all", "bfloat16", "hawk", "parity"), 0)
    assert row["error"] > 10
    assert row["refused"] == 0


def drifted(architecture, states, sigma, length=1000):
    made = cell("drift", architecture=architecture, states=states, sigma=sigma, draw=0, length=length)
    return {(row["state"], row["steps"]): row["error"] for row in drift.measure(made, 0)}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_without_noise_nothing_drifts(architecture):
    for states in drift._states(architecture):
        found = drifted(architecture, states, 0.0)
        assert found.keys() == {(state, steps) for state in states.split() for steps in (100, 1000)}
        assert set(found.values()) == {0}


def test_with_noise_a_gate_that_saturates_holds_and_a_weight_near_1_does_not():
    held, lost = (drifted(architecture, "count sum latch", 1e-3) for architecture in ("lstm", "gru"))
    for state in ("count", "sum", "latch"):
        assert held[state, 1000] == pytest.approx(held[state, 100], rel=0.01)
        assert lost[state, 1000] > 5 * lost[state, 100]


def test_an_automaton_is_put_right_at_every_step_and_a_cycle_is_not():
    for architecture in ("lstm", "gru", "rnn-tanh"):
        assert (
            drifted(architecture, "parity", 1e-3)["parity", 1000]
            < 0.01
            < drifted(architecture, "cycle", 1e-3)["cycle", 1000]
        )


def test_the_longest_runs_are_of_four_architectures():
    longest = {
        (made.parameters["architecture"], made.parameters["states"])
        for made in drift.cells(False)
        if made.parameters["length"] == 10**6
    }
    assert longest == {
        *(
            (architecture, states)
            for architecture in ("lstm", "gru")
            for states in ("count sum latch", "cycle", "parity")
        ),
        ("mamba", "count sum latch"),
        ("hawk", "count sum latch"),
    }
