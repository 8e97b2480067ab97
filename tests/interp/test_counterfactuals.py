"""Pairs for experiments: informative, balanced, in splits that share none, and the same again from a file."""

from collections import Counter

import numpy as np
import pytest

import lsrl
from lsrl import zoo
from lsrl.interp import Counterfactuals, counterfactuals

ENTRY = zoo.get("bracket_balance")


def drawn(split="train", n=24, **given):
    return counterfactuals(ENTRY.program, ENTRY.sample, "depth", n=n, steps=12, split=split, **given)


def rows(found):
    return {(b.tobytes(), s.tobytes(), int(t)) for b, s, t in zip(found.base, found.source, found.step, strict=True)}


@pytest.mark.parametrize("kind", ["value", "continuing"])
def test_every_pair_changes_the_answer_to_its_label(kind):
    found = drawn(kind=kind)
    for base, source, step, label in zip(found.base, found.source, found.step, found.label, strict=True):
        depth = ENTRY.program.trace(source)["depth"][step]
        made = ENTRY.program.run(base, do={"depth": (int(step), depth)}, kind=kind)
        assert np.array_equal(made, label)
        assert not np.array_equal(made, ENTRY.program.run(base))


def test_no_answer_is_much_more_frequent_than_another():
    found = drawn(n=40)
    counts = Counter(float(label[step, 0]) for step, label in zip(found.step, found.label, strict=True))
    assert len(counts) > 1
    assert max(counts.values()) <= 4 * min(counts.values())


def test_exchanges_are_at_many_steps():
    assert len(set(drawn(n=24).step.tolist())) > 3


def test_no_run_of_a_pair_leaves_a_comparison_undecided():
    """A depth of 1 is in the middle of the step: such bases and sources are left out, even if the exchange mends it."""
    x = lsrl.Input(1, range=(-2, 2), integer=True)
    depth = lsrl.cumsum(x, name="depth")
    program = lsrl.Program(lsrl.step(depth, width=2))

    def sample(rng, steps):
        return np.concatenate([[[0.0]], rng.integers(-2, 3, (steps - 1, 1))])

    found = counterfactuals(program, sample, "depth", n=12, steps=3)
    numbers = program.trace(found.source)["depth"]
    for i, step in enumerate(found.step.tolist()):
        assert not program.undecided(found.base[i])
        assert not program.undecided(found.source[i])
        assert not program.trace(found.base[i], exact=True, do={"depth": (step, numbers[i, step])}).undecided


def test_splits_share_no_pair_whatever_the_seed():
    train, test = rows(drawn("train", n=60)), rows(drawn("test", n=60, seed=1))
    assert not train & test
    assert not rows(drawn("validation", n=60, seed=2)) & (train | test)


def test_the_same_seed_draws_the_same_pairs():
    assert rows(drawn(seed=3)) == rows(drawn(seed=3)) != rows(drawn(seed=4))
    assert drawn(seed=2**63 - 1).seed == 2**63 - 1  # seeds of studies have 63 bits


def test_pairs_come_back_from_a_file(tmp_path):
    found = drawn(kind="continuing", seed=5)
    found.save(tmp_path / "pairs.parquet")
    again = Counterfactuals.load(tmp_path / "pairs.parquet")
    assert (again.variables, again.kind, again.split, again.seed) == (("depth",), "continuing", "train", 5)
    for name in ("base", "source", "step", "label"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
    (tmp_path / "pairs.parquet").write_bytes(b"PAR1")
    with pytest.raises(lsrl.FormatError, match="expected a file that save wrote"):
        Counterfactuals.load(tmp_path / "pairs.parquet")


def test_what_cannot_be_drawn_is_refused_in_a_line():
    with pytest.raises(lsrl.ProgramError, match="split='all'; expected one of train, validation, test"):
        drawn("all")
    with pytest.raises(lsrl.ProgramError, match="no value is named 'width'"):
        counterfactuals(ENTRY.program, ENTRY.sample, "width", n=1)
    with pytest.raises(lsrl.RangeError, match="0 of 16,384 pairs drawn for depth of bracket_balance change"):
        counterfactuals(ENTRY.program, lambda rng, steps: np.ones((steps, 1)), "depth", n=4)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"seed": -1}, lsrl.ShapeError, "seed of counterfactuals is -1; expected a whole number from 0"),
        ({"seed": None}, lsrl.ShapeError, "seed of counterfactuals is None"),
        ({"n": 0}, lsrl.ShapeError, "n of counterfactuals is 0; expected a whole number from 1"),
        ({"steps": 0}, lsrl.ShapeError, "steps of counterfactuals is 0"),
        ({"variables": []}, lsrl.ProgramError, "expected a name, or a list of names"),
        ({"variables": 3}, lsrl.ProgramError, "variables=3; expected a name, or a list of names"),
        ({"variables": ["depth", "depth"]}, lsrl.ProgramError, "expected each of them once"),
        ({"sample": 3}, lsrl.ProgramError, r"the sampler is 3; expected a function sample\(rng, steps\)"),
        ({"sample": lambda rng, t: np.zeros(t)}, lsrl.ShapeError, r"shape \(8,\); expected \(steps, dim\) = \(8, 1\)"),
        ({"sample": lambda rng, t: np.zeros((t + 1, 1))}, lsrl.ShapeError, r"shape \(9, 1\)"),
        ({"sample": lambda rng, t: [[1], [1, 2]]}, lsrl.ShapeError, "the sampler draws is not an array"),
        ({"sample": lambda rng, t: np.full((t, 1), 7)}, lsrl.RangeError, "is 7.0; expected .* range -1 … 1"),
        ({"sample": lambda rng, t: np.full((t, 1), np.nan)}, lsrl.NumberError, "is nan; expected finite"),
        ({"sample": lambda rng, t: [["up"]] * t}, lsrl.NumberError, "expected a number like 2"),
    ],
)
def test_bad_input_is_refused_in_a_line(given, error, message):
    usual = {"program": ENTRY.program, "sample": ENTRY.sample, "variables": "depth", "n": 4, "steps": 8}
    with pytest.raises(error, match=message) as problem:
        counterfactuals(**(usual | given))
    assert "\n" not in str(problem.value)
