"""What floats do to residual networks is known: programs that once were exact by name only, or out of bounds."""

from fractions import Fraction

import numpy as np
import pytest

import lsrl
from lsrl import Input, LinState, Program, Vocabulary, cumsum, delay, larger, latch, mod_counter, step
from strategies import HUB

pytest.importorskip("transformers")

TINY = Fraction(1, 10**8)


def _whole(low, high, dim=1):
    return Input(dim, range=(low, high), integer=True)


def _unread(low, high, of):
    return of(Input(2, range=([0, low], [1, high]), integer=True)[0])


EXACT = {
    "an input that nothing reads is as large as it likes": lambda: _unread(0, 10**6, lambda x: delay(x, 1)),
    "and has either sign": lambda: _unread(-(10**9), 10**9, lambda x: x > 0),
    "a ramp of 6": lambda: step(7 * _whole(-3, 3) - 8, width=6),
    "a ramp of 1/7": lambda: larger(_whole(-1000, 1000), Fraction("2.9"), width=Fraction(1, 7)),
    "a cycle of 7 with any numbers": lambda: (mod_counter(7) * 3 - 5) + 0 * _whole(0, 1),
    "a register of different beginnings": lambda: LinState(
        _whole(0, 3), [[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[1], [0], [0]], [5, -3, 2]
    ),
}


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("name", EXACT)
def test_whole_numbers_are_exact(name, target):
    model = lsrl.compile(Program(EXACT[name]()), target, max_length=40)
    assert model.guarantee.kind == "exact"
    assert model.verify(8).passed


def _undecided():
    x = Input(2, range=(-1, 1))
    held = latch(cumsum(x[0]), larger(x[0], x[1]))
    return mod_counter(2) * held + 0 * x[0]


def _product():
    x = Input(2, range=(-TINY, TINY))
    return x[0] * x[1] * 10**15


BOUNDED = {
    "a latch that reals open": _undecided,
    "a product of tiny numbers": _product,
    "a slow decay": lambda: LinState(Input(1, range=(-1, 1)), Fraction(99, 100), 1),
    "a quick decay": lambda: LinState(Input(1, range=(-1, 1)), Fraction(1, 1000), init=3),
}


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("name", BOUNDED)
def test_real_numbers_are_within_their_bound(name, target):
    model = lsrl.compile(Program(BOUNDED[name]()), target, max_length=40)
    assert model.guarantee.kind == "bounded"
    assert model.verify(8).passed


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("decay", [1 - Fraction(1, 10**17), Fraction(1, 10**330), Fraction(-3, 2), 2])
def test_decays_that_float32_has_not_are_refused(decay, target):
    with pytest.raises(lsrl.UnsupportedProgram, match="state"):
        lsrl.compile(Program(LinState(Input(1, range=(-1, 1)), decay)), target, max_length=10)


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("grows", [lambda x: mod_counter(26) + 0 * x, lambda x: cumsum(x)])
def test_nothing_is_answered_however_many_tokens_too_many_there_are(grows, target):
    program = Program(grows(Input(1, range=(0, 25), integer=True)), vocabulary=Vocabulary.of_numbers(0, 99))
    model = lsrl.compile(program, target, max_length=4)
    x = np.ones((100, 1))
    ids = np.concatenate([[2], 4 + x[:, 0]]).astype(int)
    import torch

    chosen = model.module(torch.tensor(ids)[None]).logits[0].argmax(-1).tolist()
    texts = ["<none>", "<pad>", "<bos>", "<unk>", *program.vocabulary.tokens]
    expected = [str(int(number)) for number in program.run(x[:4])[:, 0]]
    assert [texts[place] for place in chosen] == ["<none>", *expected, *["<none>"] * 96]
