"""Methods say what matters; they are scored by the graph that is known, and by what their circuits answer."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

import lsrl
from lsrl import Concat, Linear, Program, zoo
from lsrl.errors import ProgramError
from lsrl.interp import counterfactuals
from lsrl.interp.circuit_ablation import activations_of, answers_patched, channel_names
from lsrl.interp.circuit_graph import circuit_graph
from lsrl.interp.circuit_methods import (
    AttributionPatching,
    ExactPatching,
    IntegratedGradients,
    OracleScores,
    RandomScores,
)
from lsrl.interp.circuit_scores import SHARES, score_circuit
from lsrl.interp.task import Task

VARIABLES = {"bracket_balance": "depth", "moving_sum": "recent"}


def task_of(name, target, decoy=False):
    entry = zoo.get(name)
    program = entry.program
    if decoy:
        met = lsrl.equal(lsrl.cumsum(program.input[0] + 1, name="decoy.counter"), 3, name="decoy.met")
        program = Program(Linear(Concat([program.output, met]), [[1, 0]]), name=name)
    pairs = [
        counterfactuals(entry.program, entry.sample, VARIABLES[name], n=16, steps=10, split=s)
        for s in ("train", "test")
    ]
    return lsrl.compile(program, target, max_length=64), *pairs


def test_exact_patching_is_what_a_hook_of_ones_own_finds():
    model, train, _ = task_of("bracket_balance", "gru")
    network, (base, source) = model.hooked(), (torch.tensor(x) for x in (train.base, train.source))
    seen = []
    module = network.get_submodule("layers.1.hidden")
    with torch.no_grad():
        plain = network(base)
        handle = module.register_forward_hook(lambda *given: seen.append(given[2].clone()))
        network(source)
        handle.remove()
        steps = iter(seen)

        def hook(_, __, output):
            made = output.clone()
            made[:, 1] = next(steps)[:, 1]
            return made

        module.register_forward_hook(hook)
        effect = float((network(base) - plain).abs().mean())
    assert effect > 0
    assert ExactPatching().scores(Task(model, train))["layers.1.hidden[1]"] == pytest.approx(effect)


@pytest.mark.parametrize("target", ["linear-rnn", "rnn-tanh", "lstm", "gru"])
def test_gradients_foretell_what_happens_where_networks_are_linear(target):
    model, train, _ = task_of("moving_sum", target)
    task = Task(model, train)
    base, plain = activations_of(task, train.base)
    source, aims = activations_of(task, train.source)
    names = channel_names(base)
    moved = answers_patched(task, train.base, source, np.eye(len(names), dtype=bool)) - plain
    away = aims - plain
    along = (moved * away).sum(axis=(2, 3)) / (away**2).sum(axis=(1, 2))
    found = AttributionPatching().scores(task)
    assert [found[name] for name in names] == pytest.approx(np.abs(along).mean(axis=1).tolist(), abs=1e-5)


@pytest.mark.parametrize("target", ["lstm", "gru"])
def test_saturated_comparisons_have_no_gradient(target):
    model, train, test = task_of("bracket_balance", target)
    for method in (AttributionPatching(), IntegratedGradients()):
        scores = method.scores(Task(model, train))
        assert [name for name, score in scores.items() if score] == ["layers.4.hidden[0]"]
        assert score_circuit(model, method, train, test).silent == 7 / 8


def test_integrated_gradients_end_on_the_base():
    model, train, _ = task_of("bracket_balance", "mamba")
    task = Task(model, train)
    assert IntegratedGradients(1).scores(task) == AttributionPatching().scores(task)
    assert sum(map(bool, IntegratedGradients(5).scores(task).values())) > sum(
        map(bool, AttributionPatching().scores(task).values())
    )


@pytest.mark.parametrize("target", ["linear-rnn", "rnn-relu", "lstm", "mamba", "hawk"])
def test_exact_patching_tells_the_circuit_from_a_decoy(target):
    model, train, test = task_of("bracket_balance", target, decoy=True)
    oracle, exact = (score_circuit(model, method, train, test) for method in (OracleScores(), ExactPatching()))
    assert oracle.auroc == exact.auroc == 1
    assert exact.faithfulness[-1] == oracle.faithfulness[-1] == 1
    assert exact.silent == 0
    plain, *_ = task_of("bracket_balance", target)
    assert score_circuit(plain, ExactPatching(), train, test).auroc is None  # all that moves is in the circuit


@dataclass(frozen=True)
class Given:
    """Scores that are made up."""

    numbers: dict
    name = "given"

    def scores(self, task):
        del task
        return self.numbers


def test_measures_are_those_of_their_definitions():
    model, train, test = task_of("bracket_balance", "lstm", decoy=True)
    drawn = RandomScores(3).scores(Task(model, train))
    numbers = {name: round(number, 1) for name, number in drawn.items()}  # with ties
    found = score_circuit(model, Given(numbers), train, test)
    truth = OracleScores().scores(Task(model, train))
    inside, outside = ([numbers[name] for name in numbers if truth[name] == wanted] for wanted in (1, 0))
    wins = [(a > b) + (a == b) / 2 for a in inside for b in outside]
    assert found.auroc_of_all == pytest.approx(np.mean(wins))
    faithful = np.array(found.faithfulness)
    widths = np.diff(SHARES)
    assert found.cpr == pytest.approx((widths * (faithful[1:] + faithful[:-1]) / 2).sum())
    off = np.abs(1 - faithful)
    assert found.cmd == pytest.approx((widths * (off[1:] + off[:-1]) / 2).sum())
    assert faithful[0] == 0  # a thousandth of so few channels is none


def test_pairs_that_are_equal_show_nothing():
    model, train, test = task_of("bracket_balance", "lstm")
    with pytest.raises(ProgramError, match=r"no answer of bracket_balance changes when every channel that moves is"):
        score_circuit(model, ExactPatching(), train, replace(test, source=test.base))


def test_what_fits_not_together_is_refused_in_a_line():
    model, train, test = task_of("bracket_balance", "lstm")
    _, others, _ = task_of("moving_sum", "lstm")
    with pytest.raises(lsrl.RangeError, match="expected"):
        score_circuit(model, ExactPatching(), train, others)
    with pytest.raises(ProgramError, match="the graph is of units of bracket_balance on lstm"):
        score_circuit(model, ExactPatching(), train, test, graph=circuit_graph(model, "unit"))
    with pytest.raises(ProgramError, match="expected an object with a name and a function scores"):
        score_circuit(model, ExactPatching, train, test)
    with pytest.raises(lsrl.ShapeError, match="steps of integrated gradients is 0"):
        IntegratedGradients(steps=0)
