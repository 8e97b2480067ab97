"""The scripts of pages, run by Node: their numbers are exact, and cells of every kind compute what programs mean."""

import json
import math
import random
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from chromium import node
from explored import exactly

import lsrl
from lsrl import zoo
from lsrl.explorer.page_data import number_in_page, page_data
from strategies import HUB

HERE = Path(__file__).parent
SCRIPTS = Path(lsrl.__file__).parent / "explorer" / "scripts"

pytestmark = pytest.mark.skipif(node() is None, reason="no Node is installed; make test-browser brings one")

RANDOM = random.Random(0)


def ran(*given):
    """What the scripts make of lines of JSON."""
    lines = "".join(json.dumps(item) + "\n" for item in given)
    command = [node(), HERE / "run_network.mjs", SCRIPTS]
    found = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in found.stdout.splitlines()]


def shown(text):
    """The number of a short text, and whether it is said to be rounded."""
    return Fraction(text.replace("−", "-").removeprefix("≈")), text.startswith("≈")


def drawn():
    """A number: small, very large, between floats, a fraction, or any float."""
    whole = RANDOM.randint(-(10**22), 10**22)
    kinds = [RANDOM.randint(-9, 9), Fraction(whole, RANDOM.choice([1, 10, 2**20, 2**53, 10**20]))]
    kinds += [
        Fraction(RANDOM.randint(-99, 99), RANDOM.randint(1, 99)),
        math.ldexp(RANDOM.random(), RANDOM.randint(-999, 999)),
    ]
    return Fraction(RANDOM.choice(kinds))


def test_sums_and_products_are_exact_and_what_is_shown_shortly_is_exact_or_says_that_it_is_not():
    sums = [(drawn(), [(drawn(), drawn()) for _ in range(RANDOM.randint(0, 5))]) for _ in range(2000)]
    lines = [
        {
            "constant": number_in_page(constant),
            "numbers": [number_in_page(number) for number, _ in terms],
            "weights": [number_in_page(weight) for _, weight in terms],
        }
        for constant, terms in sums
    ]
    for (constant, terms), found in zip(sums, ran(*lines), strict=True):
        assert Fraction(found["sum"]) == constant + sum(number * weight for number, weight in terms)
        assert found["same"]
        if terms:
            assert Fraction(found["product"]) == terms[0][0] * terms[0][1]
        for text, number in zip(found["short"], [constant, *(number for number, _ in terms)], strict=True):
            near, rounded = shown(text)
            assert near == number or rounded, (text, number)
            assert abs(near - number) <= abs(number) / 2, (text, number)


def test_what_has_too_many_digits_is_said_to_be_rounded():
    power = lsrl.Input(1, range=(0, 2), name="x")
    for _ in range(12):
        power = lsrl.Multi(lsrl.Concat([power, power]))
    model = lsrl.compile(lsrl.Program(power, name="powers"), "gated-linear-rnn")
    (found,) = ran(page_data(model, [[1], [1 + Fraction(1, 3**16)]]))
    (exact,), (near,) = found["values"][model.program.names[model.program.output]]
    assert exact == "1/1"
    assert near.startswith("≈")
    assert float(near[1:]) == pytest.approx((1 + 3.0**-16) ** 4096)


def test_only_tokens_are_read_whatever_objects_of_javascript_have():
    vocabulary = lsrl.Vocabulary({"a": 0, "__proto__": 1, "b": 2})
    x = lsrl.Input(1, range=(0, 2), integer=True, name="x")
    data = page_data(lsrl.compile(lsrl.Program(x, name="echo", vocabulary=vocabulary), "lstm"), "ab")
    read, *refused = ran(*({**data, "typed": text} for text in ("__proto__", "constructor", "toString")))
    assert read == ["1/1"]
    assert [message.partition(" of ")[0] for message in refused] == [
        "'constructor' is not a token",
        "'toString' is not a token",
    ]


TARGETS = ("linear-rnn", "gated-linear-rnn", "lstm", "gru", "mamba", "hawk", "xlstm", "olmo-hybrid")
NAMES = [name for i, name in enumerate(zoo.names()) if i % 9 == 0]


@pytest.mark.parametrize("target", TARGETS)
def test_cells_compute_what_programs_mean(target):
    """A ninth of the zoo on a target of each kind: every value that its network has."""
    models, rows = [], []
    for name in NAMES:
        entry = zoo.get(name)
        try:
            models.append(lsrl.compile(entry.program, target, max_length=entry.max_length))
        except lsrl.LsrlError:
            continue
        rows.append(exactly(entry.sample(np.random.default_rng(0), 9).tolist()))
    assert len(models) >= 10
    pages = [page_data(model, x) for model, x in zip(models, rows, strict=True)]
    for model, x, found in zip(models, rows, ran(*pages), strict=True):
        trace = model.program.trace(x, exact=True)
        for value, steps in found["values"].items():
            assert [[Fraction(number) for number in step] for step in steps] == trace[value].tolist(), value


@pytest.mark.parametrize("target", HUB)
def test_logits_are_those_of_the_network_bit_for_bit(target):
    import torch

    from lsrl.backends.transformers.tokens import table_of

    words = lsrl.TokenMap(2, symbols="AB", max_pairs=4)
    model = lsrl.compile(words.program, target, max_length=words.max_length)
    prompt = words.prompt("AB", {"AB": "BA"})
    table = table_of(model.program)
    ids = [table.bos, *(table.place(token) for token in prompt.replace(" ", ""))]
    with torch.no_grad():
        logits = model.network.stock(torch.tensor([ids])).logits[0, 1:]
    (found,) = ran(page_data(model, prompt))
    assert list(found["logits"]) == ["<none>", "A", "B", "=", "<eos>"]
    for token, numbers in found["logits"].items():
        assert [float(Fraction(number)) for number in numbers] == logits[:, table.place(token)].tolist()
