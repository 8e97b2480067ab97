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


def test_splits_share_no_pair_whatever_the_seed():
    train, test = rows(drawn("train", n=60)), rows(drawn("test", n=60, seed=1))
    assert not train & test
    assert not rows(drawn("validation", n=60, seed=2)) & (train | test)


def test_the_same_seed_draws_the_same_pairs():
    assert rows(drawn(seed=3)) == rows(drawn(seed=3)) != rows(drawn(seed=4))


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
