"""In-context functions: exact on the network, within the bound, and better with planes and uneven cells."""

from fractions import Fraction

import numpy as np
import pytest

import lsrl
from lsrl import FunctionApproximator, LsrlError, NumberError, RangeError, ShapeError
from lsrl.incontext.sampled import approximated_points, read_samples

RNG = np.random.default_rng(0)


def on_grid(points, resolution=1024):
    return np.rint(points * resolution) / resolution


def wave(points):
    return np.stack([np.sin(3 * points[:, 0] + points[:, -1]), points[:, 0] * points[:, -1]], axis=-1)


CASES = [
    ("linear-rnn", 0, False),
    ("linear-rnn", 0, True),
    ("gated-linear-rnn", 0, True),
    ("gated-linear-rnn", 1, False),
    ("gated-linear-rnn", 1, True),
    *((target, 0, uneven) for target in ("rnn-relu", "rnn-tanh", "lstm", "gru") for uneven in (False, True)),
]


@pytest.mark.parametrize(("target", "order", "uneven"), CASES)
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_networks_answer_what_the_exact_program_answers(target, order, uneven, dim):
    approximator = FunctionApproximator(dim, 2, order=order, max_cells=64)
    model = lsrl.compile(approximator.program, target, max_length=approximator.max_length)
    assert model.guarantee.kind == "exact"
    prompt = approximator.prompt(wave, 64, uneven=uneven)
    points = np.concatenate([RNG.random((12, dim)), np.zeros((1, dim)), np.ones((1, dim)), np.full((1, dim), 0.5)])
    exact = approximator.program.run(approximator.queries(prompt, points), exact=True)[:, -1]
    assert (approximator.evaluate(model, prompt, points) == exact).all()
    assert (np.abs(exact.astype(float)).sum(axis=-1) > 0).any()


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("cells", [1, 10, 64])
def test_errors_stay_within_the_bound(dim, cells):
    slope = np.arange(1, dim + 1)
    lipschitz = float(np.linalg.norm(slope))
    points = RNG.random((300, dim))

    def ramp(x):
        return np.abs(x @ slope - 1)

    approximator = FunctionApproximator(dim, 1, max_cells=64)
    found = approximator.evaluate(approximator.program, approximator.prompt(ramp, cells), points)
    worst = np.abs(found[:, 0] - ramp(points)).max()
    assert worst <= approximator.error_bound(lipschitz, cells)
    side = int(cells ** (1 / dim) + 1e-9)
    paper = lipschitz * np.sqrt(dim) / (2 * side)
    assert approximator.error_bound(lipschitz, cells) == pytest.approx(
        paper, abs=lipschitz * np.sqrt(dim) / 1024 + 1e-5
    )


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("cells", [1, 10, 64])
def test_errors_of_planes_stay_within_their_bound(dim, cells):
    def bowl(x):
        return (x**2).sum(axis=-1)  # its gradient 2x has the Lipschitz constant 2

    points = on_grid(RNG.random((300, dim)))
    approximator = FunctionApproximator(dim, 1, order=1, max_cells=64)
    found = approximator.evaluate(approximator.program, approximator.prompt(bowl, cells), points)
    assert np.abs(found[:, 0] - bowl(points)).max() <= approximator.error_bound(2, cells)


def errors(order, uneven, cells):
    def bump(x):
        return np.exp(-60 * ((x - [0.3, 0.6]) ** 2).sum(axis=-1))

    approximator = FunctionApproximator(2, 1, order=order, max_cells=cells)
    prompt = approximator.prompt(bump, cells, uneven=uneven)
    points = on_grid(np.random.default_rng(1).random((400, 2)))
    found = approximator.evaluate(approximator.program, prompt, points)[:, 0]
    return np.sqrt(((found - bump(points)) ** 2).mean())


def test_planes_converge_with_the_square_of_the_cells_and_constants_do_not():
    constants, planes = (errors(order, False, 64) / errors(order, False, 1024) for order in (0, 1))
    assert 3 < constants < 6  # four times as many cells a side: a quarter of the error
    assert 10 < planes < 24  # a sixteenth


def test_uneven_planes_are_several_times_better_than_the_papers_grid():
    assert errors(0, True, 256) < errors(0, False, 256) / 2
    assert errors(1, True, 256) < errors(0, False, 256) / 10


def test_every_point_is_in_exactly_one_cell():
    approximator = FunctionApproximator(2, 1, max_cells=100, resolution=64)
    corners = np.stack(np.meshgrid(*[np.arange(65) / 64] * 2), axis=-1).reshape(-1, 2)
    for uneven in (False, True):
        prompt = approximator.prompt(lambda x: np.cos(9 * x[:, 0]), 100, uneven=uneven)
        prompt[:, 4] = 1  # every cell answers 1: the answer counts the cells
        assert (approximator.evaluate(approximator.program, prompt, corners) == 1).all()


def test_samples_stand_for_a_function():
    samples = np.add.outer(np.arange(5) / 4, 2 * np.arange(3) / 2)
    approximator = FunctionApproximator(2, 1, order=1)
    points = [[0.5, 0.25], [1, 1], [0, 0]]
    found = approximator.evaluate(approximator.program, approximator.prompt(samples, 16), points)
    np.testing.assert_allclose(found[:, 0], [1, 3, 0], atol=1e-3)


def test_prompts_of_different_lengths_suit_one_network():
    approximator = FunctionApproximator(1, 1, max_cells=32)
    model = lsrl.compile(approximator.program, max_length=approximator.max_length)
    for cells in (1, 2, 32):
        prompt = approximator.prompt(lambda x: x, cells)
        assert len(prompt) == cells
        assert abs(approximator.evaluate(model, prompt, [[0.5]])[0, 0] - 0.5) <= approximator.error_bound(1, cells)


plain = FunctionApproximator(2, 1, max_cells=16)
line = FunctionApproximator(1, 1, max_cells=2048, resolution=64)

MISTAKES = [
    (lambda: FunctionApproximator(1, 1, value_range=None), RangeError, "value_range is None; expected a pair"),
    (lambda: FunctionApproximator(20, 1), RangeError, "in_dim is 20; expected at most 16"),
    (lambda: FunctionApproximator(1, 1, resolution=2**2000), ShapeError, "resolution is .*; expected at most"),
    (lambda: plain.error_bound(-1, 4), RangeError, "lipschitz is -1; expected a number from 0"),
    (lambda: plain.error_bound(float("nan"), 4), RangeError, "lipschitz is nan"),
    (lambda: plain.error_bound(1, 0), ShapeError, "cells is 0"),
    (lambda: plain.prompt([[1, 2], [3]], 4), ShapeError, "samples are rows of unequal length"),
    (lambda: plain.prompt(np.full((4, 4), 1e308), 16, uneven=True), LsrlError, "f reaches|NaN"),
    (lambda: plain.queries(np.zeros((1, 5)), "here"), ShapeError, "points are 'here'; expected numbers"),
    (lambda: plain.queries([[0] * 5], [[0, 0]]), ShapeError, "prompt has shape"),
    (lambda: FunctionApproximator(0, 1), ShapeError, "in_dim is 0; expected a whole number from 1"),
    (lambda: FunctionApproximator(1, 1, order=2), RangeError, "order is 2; expected 0"),
    (lambda: FunctionApproximator(1, 1, resolution=100), RangeError, "resolution is 100; expected a power of two"),
    (lambda: FunctionApproximator(1, 1, value_range=(1, 1)), RangeError, r"value_range is \(1, 1\)"),
    (lambda: plain.prompt(lambda x: x[:, 0], 17), RangeError, "cells is 17; expected .* max_cells=16"),
    (lambda: plain.prompt(lambda x: x[:, 0], 0), RangeError, "cells is 0"),
    (lambda: line.prompt(lambda x: x, 100), RangeError, "100 cells a side; expected at most resolution=64"),
    (
        lambda: plain.prompt(lambda x: x, 4),
        ShapeError,
        r"f of 1 points gave an array of shape \(1, 2\); expected \(1, 1\)",
    ),
    (lambda: plain.prompt(lambda x: 1 / (x[:, 0] - 0.5), 1), NumberError, "f gave NaN, infinity or no number"),
    (lambda: plain.prompt(lambda x: 100 * x[:, 0], 4), RangeError, "f reaches from .* expected values in value_range"),
    (lambda: plain.prompt(np.zeros(5), 4), ShapeError, r"samples have shape \(5,\); expected 2 axes"),
    (lambda: plain.prompt(np.zeros((5, 1)), 4), ShapeError, "at least 2 points"),
    (lambda: plain.prompt(np.full((3, 3), np.nan), 4), NumberError, "samples hold NaN"),
    (lambda: plain.queries(np.zeros((1, 5)), [[0, 2]]), RangeError, "points reach from 0 to 2; expected all in"),
    (lambda: plain.queries(np.zeros((1, 5)), [0.5]), ShapeError, r"points have shape \(1,\); expected \(k, 2\)"),
    (lambda: plain.queries(np.zeros((1, 5)), [[np.nan, 0]]), RangeError, "points reach from nan"),
    (lambda: plain.queries(np.zeros((1, 4)), [[0, 0]]), ShapeError, r"prompt has shape \(1, 4\); expected \(T, 5\)"),
]


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES)
def test_mistakes_are_named_in_one_line(mistake, error, message):
    with pytest.raises(error, match=message) as caught:
        mistake()
    assert isinstance(caught.value, LsrlError)
    assert "\n" not in str(caught.value)


def test_prompts_of_jumps_and_of_values_at_the_ends_are_inside_the_declaration():
    jump = FunctionApproximator(1, 1, order=1, max_cells=64, resolution=64)
    prompt = jump.prompt(lambda x: np.where(x < 0.3047, -4.0, 4.0), 64, uneven=True)
    assert abs(jump.evaluate(jump.program, prompt, [[0.5]])[0, 0] - 4) < 0.01
    tenth = FunctionApproximator(1, 1, value_range=(0, 0.1), max_cells=8)
    prompt = tenth.prompt(lambda x: 0 * x + 0.1, 4)
    assert abs(tenth.evaluate(tenth.program, prompt, [[0.5]])[0, 0] - 0.1) < 1e-6
    edge = FunctionApproximator(1, 1, order=1, max_cells=2, resolution=16)
    assert edge.prompt(lambda x: np.where(x < 0.6, -4.0, 3.9), 2).shape == (2, 4)


@pytest.mark.parametrize("resolution", [1, 2**10, 2**20])
@pytest.mark.parametrize("value_range", [(0, 0.001), (0, "1/3"), (-4, 4), (0, 10**6), (0, 1e-30)])
def test_prompts_suit_every_resolution_and_value_range(resolution, value_range):
    approximator = FunctionApproximator(1, 1, max_cells=8, resolution=resolution, value_range=value_range)
    top = float(Fraction(value_range[1]))
    prompt = approximator.prompt(lambda x: top * x, min(8, resolution))
    found = approximator.evaluate(approximator.program, prompt, [[1.0]])[0, 0]
    assert abs(found - top) <= approximator.error_bound(top, min(8, resolution))


@pytest.mark.filterwarnings("ignore:overflow")
def test_linear_cells_are_refused_by_a_target_without_products():
    approximator = FunctionApproximator(2, 1, order=1)
    with pytest.raises(lsrl.UnsupportedProgram, match="value 'rises' multiplies two values that are not booleans"):
        lsrl.compile(approximator.program, "linear-rnn", max_length=approximator.max_length)


def test_a_csv_grid_is_approximated_at_points(tmp_path):
    path = tmp_path / "grid.csv"
    path.write_text("0,1,2\n1,2,3\n2,3,4\n")
    samples = read_samples(path)
    rows = approximated_points(
        samples, np.array([[0.5, 0.5], [0, 1]]), cells=64, order=1, uneven=False, target="gated-linear-rnn"
    )
    assert [row["samples"] for row in rows] == [2, 2]
    assert all(row["error"] < 0.01 for row in rows)
    path.write_text("1,2\n")
    with pytest.raises(lsrl.FormatError, match="is a grid of 1 × 2; expected at least 2 × 2"):
        read_samples(path)
