"""Ten classics: what recurrent networks are asked to learn, as programs."""

from __future__ import annotations

from itertools import accumulate

from lsrl.lang import (
    Input,
    Program,
    Value,
    and_,
    at_least,
    broadcast,
    constant,
    cumsum,
    delay,
    equal,
    modulo,
    shift_register,
    smaller,
    total,
)
from lsrl.zoo.entry import ZooProgram

BITS = (0, 1)
LETTERS = (0, 1, 2, 3)
OPEN, CLOSE = 1, -1
BRACKETS = (OPEN, CLOSE, 0)


def _symbol(symbols: tuple[int, ...]) -> Value:
    return Input(1, range=(min(symbols), max(symbols)), integer=True, name="symbol")


def majority() -> ZooProgram:
    """1 while there were more ones than zeros."""
    symbol = _symbol(BITS)
    lead = cumsum(2 * symbol - 1, name="lead")
    program = Program(lead > 0, name="majority")
    return ZooProgram(
        "more ones than zeros so far",
        program,
        lambda x: [int(2 * sum(x[: t + 1]) > t + 1) for t in range(len(x))],
        BITS,
    )


def parity() -> ZooProgram:
    """Whether the number of ones is odd."""
    ones = cumsum(_symbol(BITS), name="ones")
    program = Program(modulo(ones, 2, name="odd"), name="parity")
    return ZooProgram("odd number of ones so far", program, lambda x: [n % 2 for n in accumulate(x)], BITS)


def running_maximum() -> ZooProgram:
    """The largest symbol so far, of a bounded alphabet: how many of the levels were reached."""
    top = 7
    symbol = _symbol(tuple(range(top + 1)))
    levels = list(range(1, top + 1))
    visits = cumsum(at_least(broadcast(symbol, top), levels), name="visits")
    program = Program(total(visits >= 1, name="maximum"), name="running_maximum")
    return ZooProgram(
        "the largest symbol so far, of 0 … 7", program, lambda x: list(accumulate(x, max)), tuple(range(top + 1))
    )


def dyck_depth() -> ZooProgram:
    """How many brackets are open: 1 opens, −1 closes, 0 is anything else."""
    program = Program(cumsum(_symbol(BRACKETS), name="depth"), name="dyck_depth")
    return ZooProgram("open brackets (1 opens, -1 closes)", program, lambda x: list(accumulate(x)), BRACKETS)


def bracket_balance() -> ZooProgram:
    """Whether the brackets so far are balanced: none open, and never more closed than opened."""
    depth = cumsum(_symbol(BRACKETS), name="depth")
    failures = cumsum(smaller(depth, 0), name="failures")
    balanced = and_(equal(depth, 0), failures < 1, name="balanced")

    def specification(x: list[int]) -> list[int]:
        depths = list(accumulate(x))
        return [int(depths[t] == 0 and min(depths[: t + 1]) == 0) for t in range(len(x))]

    program = Program(balanced, name="bracket_balance")
    return ZooProgram("brackets are balanced", program, specification, BRACKETS, (0.4, 0.35, 0.25))


def delayed_copy() -> ZooProgram:
    """The symbol of five steps ago, 0 before."""
    program = Program(delay(_symbol(LETTERS), 5, name="copy"), name="delayed_copy")
    return ZooProgram("the symbol of 5 steps ago", program, lambda x: ([0] * 5 + x)[: len(x)], LETTERS)


def count_modulo() -> ZooProgram:
    """The number of ones modulo 5."""
    ones = cumsum(_symbol(BITS), name="ones")
    program = Program(modulo(ones, 5, name="remainder"), name="count_modulo")
    return ZooProgram("ones so far, modulo 5", program, lambda x: [n % 5 for n in accumulate(x)], BITS)


def moving_sum() -> ZooProgram:
    """The sum of the last eight symbols."""
    program = Program(total(shift_register(_symbol(LETTERS), 8, name="recent"), name="sum"), name="moving_sum")
    return ZooProgram(
        "sum of the last 8 symbols", program, lambda x: [sum(x[max(0, t - 7) : t + 1]) for t in range(len(x))], LETTERS
    )


def last_k_equal() -> ZooProgram:
    """Whether the last four symbols are the same."""
    recent = shift_register(_symbol(BITS), 4, init=-1, name="recent")
    same = and_(*(equal(recent[i], recent[i + 1]) for i in range(3)), recent[3] >= 0, name="same")

    def specification(x: list[int]) -> list[int]:
        return [int(t >= 3 and len(set(x[t - 3 : t + 1])) == 1) for t in range(len(x))]

    return ZooProgram("the last 4 symbols are the same", Program(same, name="last_k_equal"), specification, BITS)


def palindrome() -> ZooProgram:
    """Whether the last six symbols read the same backwards."""
    recent = shift_register(_symbol(BITS), 6, init=-1, name="recent")
    reads_back = and_(*(equal(recent[i], recent[5 - i]) for i in range(3)), recent[5] >= constant(0), name="palindrome")

    def specification(x: list[int]) -> list[int]:
        windows = [x[t - 5 : t + 1] if t >= 5 else [0, 1] for t in range(len(x))]
        return [int(window == window[::-1]) for window in windows]

    program = Program(reads_back, name="palindrome")
    return ZooProgram("the last 6 symbols are a palindrome", program, specification, BITS)


CLASSICS = (
    majority,
    parity,
    running_maximum,
    dyck_depth,
    bracket_balance,
    delayed_copy,
    count_modulo,
    moving_sum,
    last_k_equal,
    palindrome,
)
