"""The example that follows exchanges of five things, loaded by transformers alone."""

import runpy
from pathlib import Path

import pytest

import lsrl

pytest.importorskip("torch")
pytest.importorskip("transformers")

EXAMPLE = Path(__file__).parents[3] / "examples" / "permutations.py"


def test_exchanges_of_neighbours_are_followed_by_automodel():
    example = runpy.run_path(str(EXAMPLE))
    model = lsrl.compile(example["program"](), "olmo-hybrid")
    assert (model.guarantee.kind, model.guarantee.max_length) == ("exact", None)
    assert example["wrong_answers"](model, 500) == 0
