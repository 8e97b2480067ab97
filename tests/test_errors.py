"""Messages: one printable line of bounded length, whatever they quote."""

import pickle
from fractions import Fraction

import pytest

import lsrl
from lsrl.errors import LONGEST_MESSAGE, FormatError, LsrlError, MissingPackage, printable, shortened

HUGE = 10**5000
UNPRINTABLE = [
    "\n",
    "\r",
    "\t",
    "\0",
    "\x1b[31m",
    "\x7f",
    "\x9b31m",
    "\u200e",
    "\u202e",
    "\u2028",
    "\udcff",
    "\U000e0001",
]


class Unwritable:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize("sign", UNPRINTABLE, ids=ascii)
def test_what_a_terminal_would_obey_is_escaped(sign):
    assert printable(f"a{sign}→ é 😀") == "a" + sign.encode("unicode_escape").decode() + "→ é 😀"
    assert str(FormatError(f"cannot read a{sign}b")).isprintable()
    assert shortened(sign).isprintable()


def test_messages_are_bounded_and_stay_as_they_are():
    problem = FormatError("cannot read " + "a\n" * 5000 + "; expected a file")
    message = str(problem)
    assert len(message) == LONGEST_MESSAGE
    assert message.startswith("cannot read a\\na\\n")
    assert message.endswith("; expected a file")
    assert str(pickle.loads(pickle.dumps(problem))) == message
    assert str(FormatError(message)) == message


def test_every_error_is_an_lsrl_error_with_its_message():
    assert str(MissingPackage("a\nb", "drawing", "view")).startswith("drawing needs the package a\\nb")


@pytest.mark.parametrize("item", [HUGE, -HUGE, [HUGE], {1: HUGE}, Unwritable()], ids=lambda item: type(item).__name__)
def test_what_python_does_not_write_out_is_named_by_its_type(item):
    assert shortened(item) == f"<{type(item).__name__}>"


X = lsrl.Input(1, range=(0, 9), integer=True)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: lsrl.delay(X, HUGE),
        lambda: lsrl.mod_counter(HUGE),
        lambda: lsrl.Input(HUGE),
        lambda: lsrl.Program(X + 1).run([[HUGE]]),
        lambda: lsrl.Program(X + 1).run([[Fraction(1, HUGE)]], exact=True),
        lambda: lsrl.Program(lsrl.Input(1) + 1).run([[HUGE]]),
        lambda: lsrl.compile(lsrl.Program(X + 1), max_length=HUGE),
        lambda: lsrl.compile(lsrl.Program(X + 1), input_range=(HUGE, 0)),
        lambda: lsrl.compile(lsrl.Program(X + 1), max_length=9).verify(cases=HUGE),
    ],
)
def test_a_mistake_in_a_number_of_any_size_is_told(mistake):
    with pytest.raises(LsrlError) as caught:
        mistake()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= LONGEST_MESSAGE
