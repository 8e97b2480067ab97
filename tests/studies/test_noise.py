"""The noise study: what it does to weights, what it measures, and that ours tolerates what the paper's forms do not."""

import numpy as np
import pytest

import lsrl
from lsrl.backends.linear.network import NumpyNetwork
from lsrl.studies import STUDIES, conducted
from lsrl.studies.cells import SweepCell
from lsrl.studies.noise import AUTHORS, OURS, SIGMAS, measure, network
from lsrl.studies.noisy_stack import noisy_outputs
from lsrl.studies.paper_programs import LOWERINGS, PROGRAMS, error_of, task


def error(program, lowering, sigma, copies=5, number=0):
    asked = task(program, np.random.default_rng(number))
    rng = np.random.default_rng(number)
    outputs = noisy_outputs(network(program, lowering), asked.x, last=asked.last, sigma=sigma, copies=copies, rng=rng)
    return error_of(program, outputs, asked.expected)


@pytest.mark.parametrize("lowering", [*LOWERINGS, *OURS])
@pytest.mark.parametrize("program", PROGRAMS)
def test_without_noise_the_vectorised_network_is_the_network(program, lowering):
    weights, asked = network(program, lowering), task(program, np.random.default_rng(2))
    found = noisy_outputs(weights, asked.x, last=asked.last, sigma=0.0, copies=2, rng=np.random.default_rng(0))
    expected = NumpyNetwork(weights).run(asked.x)[:, -asked.last :]
    # Sums in another order: exact for ours, where every number is a float; as large as M makes it for the paper's.
    tolerance = 1e-9 if lowering in OURS else 1e-2
    assert np.abs(found - expected).max() < tolerance


def test_noise_is_on_every_weight_that_is_not_zero_and_on_no_other():
    program = lsrl.Program(lsrl.cumsum(lsrl.Input(2, range=(0, 9), integer=True)))
    weights = lsrl.compile(program, max_length=10).weights
    x = np.zeros((1, 1, 2))
    outputs = noisy_outputs(weights, x, last=1, sigma=0.1, copies=50, rng=np.random.default_rng(0))
    assert not outputs.any()  # zero states, zero inputs, no biases: zero weights stayed zero
    x[0, 0, 0] = 1
    outputs = noisy_outputs(weights, x, last=1, sigma=0.1, copies=2000, rng=np.random.default_rng(0))
    assert not outputs[..., 1].any()
    relative = outputs[..., 0] - 1
    factors = sum(matrix.nnz // 2 for layer in weights.layers for matrix in (layer.B, layer.C)) + weights.R.nnz // 2
    assert relative.std() == pytest.approx(0.1 * factors**0.5, rel=0.1)


def test_every_step_reads_the_noise_free_state():
    x = lsrl.Input(1, range=(0, 1), integer=True)
    weights = lsrl.compile(lsrl.Program(lsrl.cumsum(x)), max_length=10_000).weights
    ones = np.ones((1, 10_000, 1))
    outputs = noisy_outputs(weights, ones, last=1, sigma=1e-3, copies=200, rng=np.random.default_rng(0))
    # One step's noise of 10⁻³ on a sum of 10⁴; fed back, (1 + 10⁻³)^10⁴ would be 20,000 times as much.
    assert np.abs(outputs / 10_000 - 1).max() < 0.01


@pytest.mark.parametrize("lowering", OURS)
def test_ours_reaches_its_goals(lowering):
    clean = [error("function", lowering, 0.0, copies=1, number=n).mean() for n in range(4)]
    noisy = [error("function", lowering, 1e-5, number=n).mean() for n in range(4)]
    assert np.mean(noisy) == pytest.approx(np.mean(clean), rel=0.1)
    assert all(not error("dictionary", lowering, 1e-4, number=n).any() for n in range(4))


@pytest.mark.parametrize("lowering", LOWERINGS)
def test_the_paper_s_forms_fail_where_ours_do_not(lowering):
    assert error("dictionary", lowering, 0.0, copies=1).mean() == 0
    assert np.mean([error("dictionary", lowering, 1e-5, number=n) for n in range(2)]) > 50


def test_a_cell_says_everything_and_is_measured_alike_again():
    cell = SweepCell("noise", {"program": "function", "lowering": "direct", "sigma": 1e-5, "target": 3, "copies": 2})
    assert measure(cell, 0) == measure(cell, 0) != measure(cell, 1)


def test_all_lowerings_are_asked_the_same():
    cells = [SweepCell("noise", {"program": "function", "lowering": name, "target": 3}) for name in (*LOWERINGS, *OURS)]
    drawn = {task("function", cell.generator(0, "program", "target")).x.tobytes() for cell in cells}
    assert len(drawn) == 1


def test_the_authors_figures_stand_beside_noises_that_are_measured():
    assert {sigma for figures in AUTHORS.values() for sigma in figures} <= set(SIGMAS)
    assert {lowering for _, lowering in AUTHORS} == set(LOWERINGS)


def test_a_study_leaves_results_pictures_and_how_it_was_made(tmp_path):
    study = STUDIES["formats"]
    first = conducted(study, tmp_path, quick=True, workers=1)
    again = conducted(study, tmp_path, quick=True, workers=1)
    assert first.frame.equals(again.frame)
    assert again.taken_over == first.cells == len(study.cells(True))
    assert {path.name for path in (tmp_path / "formats").iterdir()} >= {
        "results.csv",
        "results.parquet",
        "metadata.json",
    }
    assert (first.frame.filter(first.frame["format"] == "float32")["error"] == 0).sum() >= 14
