"""Robust forms: the same answers, as exactly as before, under noise on weights that the plain forms do not tolerate."""

import numpy as np
import pytest

import lsrl
from lsrl import zoo
from lsrl.backends.registry import TARGETS
from lsrl.model.changed_weights import changed, outputs_of, relative_noise
from lsrl.studies.subjects import DICTIONARY, error_of_answer, question

DRAWS = 4


def robust(program, target, **options):
    return lsrl.compile(program, target, style="robust", **options)


def wrong(model, sigma):
    """% of wrong symbols of the dictionary, over some noisy copies."""
    found = []
    for draw in range(DRAWS):
        asked = question("dictionary", np.random.default_rng(draw))
        noisy = changed(model, relative_noise(sigma, np.random.default_rng(1000 + draw)))
        found.append(error_of_answer("dictionary", outputs_of(noisy, asked.x, model.dtype), asked))
    return float(np.mean(found))


@pytest.mark.parametrize("target", ["rnn-relu", "mamba", "jamba", "hawk", "griffin"])
def test_noise_of_a_thousandth_reaches_plain_forms_and_no_robust_ones(target):
    plain, strong = (
        lsrl.compile(DICTIONARY.program, target, max_length=DICTIONARY.max_length, style=style)
        for style in ("default", "robust")
    )
    assert strong.guarantee.kind == plain.guarantee.kind == "exact"
    assert wrong(plain, 1e-3) > 30
    assert wrong(strong, 5e-4) == 0


@pytest.mark.parametrize("target", TARGETS)
def test_robust_forms_answer_as_the_program_does(target):
    entry = zoo.get("bracket_balance")
    model = robust(entry.program, target, max_length=40)
    assert model.guarantee.kind == "exact"
    assert model.verify(20).passed


def test_a_robust_model_says_what_its_forms_cost_and_comes_back_as_it_was(tmp_path):
    program = DICTIONARY.program
    plain = lsrl.compile(program, "rnn-relu", max_length=51)
    model = robust(program, "rnn-relu", max_length=51)
    cost = f"robust forms: {model.sizes.layers} layers where {plain.sizes.layers} would do, "
    assert str(model.report()).count(cost) == 1
    model.save(tmp_path / "model")
    loaded = lsrl.load(tmp_path / "model")
    assert loaded.style == "robust"
    assert loaded.guarantee == model.guarantee
    assert loaded.report().nonzeros == model.report().nonzeros
    assert loaded.explain().certified == model.explain().certified
