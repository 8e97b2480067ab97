"""The paper's forms of a program mean what the program means, and stay as they are written."""

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program, cumsum, cyclic, ifelse, mod_counter
from lsrl.circuit.paper_style import BIG_M, in_paper_style
from lsrl.circuit.translate import circuit_of
from lsrl.circuit.units import ReLUUnit, SumUnit
from lsrl.studies.paper_programs import LOWERINGS, dictionary_program, function_program
from lsrl.studies.paper_tasks import error_of, task

# In the paper's forms, comparisons are 0 and 1 only up to rounding: the interpreters say so.
pytestmark = pytest.mark.filterwarnings("ignore::lsrl.errors.UndecidedComparisonWarning")

PROGRAMS = {"function": function_program, "dictionary": dictionary_program}


def digit(name="digit"):
    return Input(1, range=(0, 9), integer=True, name=name)


def weights_of(program):
    return {abs(int(weight)) for value in program.values if value.primitive == "Linear"
            for row in value.A.rows for _, weight in row if weight.q == 1}  # fmt: skip


@pytest.mark.parametrize("lowering", LOWERINGS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_in_the_paper_s_forms_a_program_answers_as_before(program, lowering):
    source = PROGRAMS[program](LOWERINGS[lowering])
    asked = task(program, np.random.default_rng(1))
    before, after = (one.run(asked.x)[:, -asked.last :] for one in (source, in_paper_style(source)))
    assert np.abs(before - after).max() < 0.01
    assert error_of(program, before[None], asked.expected)[0] < (0.2 if program == "function" else 1e-9)


def test_a_step_is_a_difference_of_two_ramps():
    x = digit()
    program = in_paper_style(Program(lsrl.step(x - 4, width="1/1000")))
    assert [value.primitive for value in program.values].count("ReLU") == 2
    assert 1000 in weights_of(program)


@pytest.mark.parametrize(("short", "relus"), [(False, 4), (True, 1)])
def test_branches_by_relus_use_the_big_m_of_the_paper(short, relus):
    x = digit()
    program = Program(ifelse(x > 4, x, 0, via="relu", short=short))
    paper = in_paper_style(program)
    assert BIG_M in weights_of(paper)
    steps = 2
    assert [value.primitive for value in paper.values].count("ReLU") == steps + relus


def test_a_value_of_both_signs_needs_both_halves():
    x = Input(1, range=(-9, 9), integer=True)
    paper = in_paper_style(Program(ifelse(x > 4, x - 3, 0, via="relu")))
    assert [value.primitive for value in paper.values].count("ReLU") == 2 + 2


@pytest.mark.parametrize("n", [2, 3, 7, 100])
@pytest.mark.parametrize("start", [0, 1])
def test_a_cyclic_counter_turns_a_vector_on_the_circle(n, start):
    program = Program(cyclic(n, start) + 0 * digit())
    paper = in_paper_style(program)
    x = np.zeros((3 * n, 1))
    assert np.abs(paper.run(x) - program.run(x)).max() < 1e-6
    states = [value for value in paper.values if value.primitive == "LinState"]
    assert [state.dim for state in states] == [2]


def test_names_of_the_user_stay():
    x = digit()
    program = Program(cumsum(ifelse(x > 4, x, 0, via="relu", name="chosen"), name="sum"), name="named")
    paper = in_paper_style(program)
    assert {"chosen", "sum", "digit"} <= set(paper.names.values())
    assert paper.name == "named"


def test_a_circuit_as_written_shares_and_folds_nothing():
    x = digit()
    program = Program((x > 4) + (x > 4))
    assert circuit_of(program, as_written=True).count(ReLUUnit) == 4
    assert circuit_of(program).count(ReLUUnit) < 4


def test_linear_maps_in_a_row_are_one_map():
    x = digit()
    folded = circuit_of(Program(lsrl.ReLU(1000 * (3 * x + 1) - 500 * (x - 2)) + 0 * x), as_written=True)
    assert (folded.count(ReLUUnit), folded.count(SumUnit)) == (1, 0)
    (unit,) = [unit for unit in folded.units if isinstance(unit, ReLUUnit)]
    assert (list(unit.argument.terms.values()), unit.argument.constant) == ([2500], 2000)


def test_what_is_passed_on_travels_with_both_signs_whatever_is_known_of_it():
    x = digit()
    program = Program(x + lsrl.ReLU(lsrl.ReLU(x - 3) - 3))
    outputs = {
        style: [cell.label for cell in lsrl.compile(program, style=style).stack.layers[0].outputs]
        for style in ("default", "paper")
    }
    assert {"digit up", "digit down"} <= set(outputs["paper"])
    assert "digit down" not in outputs["default"]


def test_a_product_multiplies_both_signs_of_a_factor():
    x = digit()
    program = Program(ifelse(x > 4, x, 0, via="multi"))
    gates = {
        style: lsrl.compile(program, "gated-linear-rnn", style=style).stack.layers[-1].outputs
        for style in ("default", "paper")
    }
    assert (len(gates["default"]), len(gates["paper"])) == (1, 2)


@pytest.mark.parametrize("target", ["linear-rnn", "gated-linear-rnn"])
def test_a_model_in_the_paper_s_style_computes_and_guarantees_nothing(target):
    x = digit()
    program = Program(ifelse(x > 4, x, 0, via="relu" if target == "linear-rnn" else "multi") + mod_counter(3))
    model = lsrl.compile(program, target, max_length=6, style="paper")
    assert model.guarantee.kind == "none"
    given = [[5], [4], [9], [0]]
    assert np.abs(model.run(given) - program.run(given)).max() < 0.01


def test_styles_and_targets_that_do_not_go_together_are_refused_in_one_line():
    program = Program(digit() > 4)
    with pytest.raises(
        lsrl.UnsupportedProgram, match=r"style='paper' on lstm; the paper's forms are for target='linear-rnn'"
    ):
        lsrl.compile(program, "lstm", style="paper")
    with pytest.raises(lsrl.UnsupportedProgram, match="style='fancy' of linear-rnn; expected one of default, "):
        lsrl.compile(program, style="fancy")
