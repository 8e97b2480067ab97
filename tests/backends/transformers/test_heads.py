"""Heads weigh refusals heavily, and nothing is lost beside them: every position of a whole forward pass is right."""

import pytest

import lsrl
from lsrl import Input, Program, Vocabulary
from strategies import HUB, rotated
from token_programs import drawn, expected, likeliest, scores_of, texts_of

pytest.importorskip("torch")
pytest.importorskip("transformers")

digit = Input(1, range=(0, 9), integer=True, name="digit")
signed = Input(1, range=(-5, 7), integer=True, name="signed")
bit = Input(1, range=(0, 1), integer=True, name="bit")


def numbers(first, last):
    """A token for every whole number from one to another."""
    return Vocabulary({f"m{-number}" if number < 0 else str(number): number for number in range(first, last + 1)})


def _until_high(value, init):
    return lsrl.reset_sum(value, signed > 3, init=init)


def _after_a_comparison():
    over = lsrl.reset_sum(signed, signed <= 1, init="-3/2") > "7/2"
    return lsrl.reset_sum(7 - 2 * signed, over, init=5)


# Names say what is large beside what: the program, and for how many steps it is compiled.
PROGRAMS = {
    "a sum far below all tokens, refused by a 256th": (
        lambda: Program(-lsrl.cumsum(digit), (digit > 5) / 256, vocabulary=numbers(-19, 9)),
        14,
    ),
    "halves far below all tokens": (lambda: Program(_until_high(signed, "1/2"), vocabulary=numbers(-5, 7)), 1),
    "far above all tokens": (lambda: Program(_until_high(7 - 2 * signed, 5), vocabulary=numbers(-5, 8)), 1),
    "far above, after a comparison": (lambda: Program(_after_a_comparison(), vocabulary=numbers(-5, 8)), 1),
    "a quarter above the last token": (lambda: Program(bit * 5 / 4, vocabulary=numbers(0, 1)), 6),
    "a half above the last token": (lambda: Program(bit * 3 / 2, vocabulary=numbers(0, 1)), 6),
    "halves between tokens": (lambda: Program(lsrl.reset_sum(-digit / 2, digit > 3), vocabulary=numbers(-19, 9)), 6),
}


@pytest.mark.parametrize(("name", "target"), rotated(PROGRAMS, HUB, 2))
def test_every_position_is_answered_rightly(name, target, checkpoint):
    made, length = PROGRAMS[name]
    program = made()
    folder = checkpoint(program, target, length)
    for seed in range(8):
        given = drawn(program, length, seed)
        answers = likeliest(folder, scores_of(folder, texts_of(program, given)))
        assert answers == expected(program, given)
