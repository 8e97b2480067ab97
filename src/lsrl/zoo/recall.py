"""Recall: what was written is asked for later, by a place, a key, a marker, or what stood beside it."""

from __future__ import annotations

import numpy as np

from lsrl.lang import (
    Concat,
    Value,
    and_,
    broadcast,
    constant,
    counter,
    cumsum,
    delay,
    equal,
    ifelse,
    latch,
    not_,
    or_,
    recur,
    shift_register,
    total,
)
from lsrl.zoo.entry import Family
from lsrl.zoo.samplers import phrases
from lsrl.zoo.specifications import remembering
from lsrl.zoo.streams import BITS, letters, symbols, whole

FAMILY = Family("recall", "what was written is asked for later: by place, key, marker or neighbour")

LETTERS, DIGITS = symbols(4), symbols(10)


def chosen(hot: Value, values: Value, *, name: str | None = None) -> Value:
    """The value of the component where `hot` is 1; 0 where none is."""
    return total(ifelse(hot, values, 0), name=name)


def same_as(symbol: Value, count: int) -> Value:
    """Which of 0 … count − 1 a symbol is, and none of them if it is another number."""
    return equal(broadcast(symbol, count), list(range(count)))


@FAMILY.program("the first symbol, for ever", DIGITS, lambda x: [x[0]] * len(x), difficulty=2)
def first_symbol(symbol: Value) -> Value:
    """A latch that is written once."""
    later = delay(constant(1), name="later")
    return latch(symbol, not_(later), name="first")


@FAMILY.program(
    "a set-reset latch: (set, reset); reset is the stronger",
    whole((0, 1), (0, 1), name="inputs"),
    remembering(0, lambda q, sr: (0 if sr[1] else 1 if sr[0] else q,) * 2),
    difficulty=2,
)
def set_reset(inputs: Value) -> Value:
    """A latch of 1 or 0."""
    return latch(not_(inputs[1]), or_(inputs[0], inputs[1]), name="state")


@FAMILY.program(
    "a JK flip-flop: (1, 0) sets, (0, 1) resets, (1, 1) toggles",
    whole((0, 1), (0, 1), name="inputs"),
    remembering(0, lambda q, jk: ({(0, 0): q, (1, 0): 1, (0, 1): 0, (1, 1): 1 - q}[jk],) * 2),
    difficulty=3,
)
def jk_flip_flop(inputs: Value) -> Value:
    """Its equation."""
    j, k = inputs[0], inputs[1]
    return recur(lambda q: or_(and_(j, not_(q)), and_(not_(k), q)), name="state")


def _flip_flops(word: list[str]) -> list[int]:
    memory, answers, before = 0, [], ""
    for symbol in word:
        if before == "w" and symbol in "01":
            memory = int(symbol)
        answers.append(memory)
        before = symbol
    return answers


FLIP_FLOPS = letters("01wir")


@FAMILY.program(
    "flip-flops: the bit after the last w; bits after i and r mean nothing",
    FLIP_FLOPS,
    _flip_flops,
    difficulty=2,
    sampler=phrases(FLIP_FLOPS, "w0", "w1", "i0", "i1", "i0", "i1", "r0", "r1"),
    references=("Liu et al. 2023, arXiv 2306.00946",),
)
def flip_flop(symbol: Value) -> Value:
    """A latch of a bit, written where the symbol before it was w."""
    writes = and_(equal(delay(symbol), 2), symbol <= 1)
    return latch(symbol, writes, name="memory")


def _followers(x: list[int]) -> list[int]:
    answers = []
    for t, symbol in enumerate(x):
        earlier = [i for i in range(t) if x[i] == symbol]
        answers.append(x[earlier[-1] + 1] if earlier else -1)
    return answers


@FAMILY.program(
    "induction: what followed when this symbol was there last; -1 for the first time",
    LETTERS,
    _followers,
    difficulty=5,
    references=("Olsson et al. 2022, arXiv 2209.11895",),
)
def induction(symbol: Value) -> Value:
    """A latch for each symbol, of what followed it."""
    follows = delay(same_as(symbol, 4), name="follows")
    followers = latch(broadcast(symbol + 1, 4), follows, name="followers")
    return chosen(same_as(symbol, 4), followers) - 1


def _recalled(x: list[int]) -> list[int]:
    known: dict[int, int] = {}
    answers = []
    for t, symbol in enumerate(x):
        if t > 0 and x[t - 1] < 4 <= symbol:
            known[x[t - 1]] = symbol - 3
        answers.append(known.get(symbol, 0))
    return answers


@FAMILY.program(
    "multi-query associative recall: a key (0 … 3) asks, a value (4 … 9) after a key is kept for it as 1 … 6",
    DIGITS,
    _recalled,
    difficulty=5,
    references=("Arora et al. 2023, arXiv 2312.04927",),
)
def associative_recall(symbol: Value) -> Value:
    """A latch for each key, written where its key is the symbol before."""
    writes = and_(delay(same_as(symbol, 4)), broadcast(symbol >= 4, 4), name="writes")
    values = latch(broadcast(symbol - 3, 4), writes, name="values")
    return chosen(same_as(symbol, 4), values, name="value")


def _registers(x: list[tuple[int, int, int]]) -> list[int]:
    memory = [0] * 4
    answers = []
    for write, place, value in x:
        if write:
            memory[place] = value
        answers.append(memory[place])
    return answers


@FAMILY.program(
    "four registers: (write, place, value) writes if it should, and reads",
    whole((0, 1), (0, 3), (0, 9), name="command"),
    _registers,
    difficulty=5,
)
def register_file(command: Value) -> Value:
    """A latch for each place."""
    place = same_as(command[1], 4)
    kept = latch(broadcast(command[2], 4), and_(place, broadcast(command[0], 4)), name="registers")
    return chosen(place, kept, name="value")


def _balances(x: list[tuple[int, int]]) -> list[int]:
    return [sum(amount for who, amount in x[: t + 1] if who == x[t][0]) for t in range(len(x))]


@FAMILY.program(
    "four accounts: (account, amount) is booked, and the account’s balance told",
    whole((0, 3), (-9, 9), name="booking"),
    _balances,
    difficulty=5,
)
def accounts(booking: Value) -> Value:
    """A sum for each account."""
    account = same_as(booking[0], 4)
    balances = cumsum(ifelse(account, broadcast(booking[1], 4), 0), name="balances")
    return chosen(account, balances, name="balance")


def _members(x: list[tuple[int, int]]) -> list[int]:
    members: set[int] = set()
    answers = []
    for command, item in x:
        if command == 1:
            members.add(item)
        elif command == 2:
            members.discard(item)
        answers.append(int(item in members))
    return answers


@FAMILY.program(
    "a set: (0, item) asks, (1, item) adds, (2, item) removes; whether it is a member then, of 0 … 5",
    whole((0, 2), (0, 5), name="command"),
    _members,
    difficulty=5,
)
def membership(command: Value) -> Value:
    """A latch for each item."""
    item = same_as(command[1], 6)
    changes = and_(item, broadcast(command[0] >= 1, 6))
    members = latch(broadcast(equal(command[0], 1), 6), changes, name="members")
    return chosen(item, members, name="member")


@FAMILY.program(
    "the symbol was not there before, of 0 … 15",
    symbols(16),
    lambda x: [int(symbol not in x[:t]) for t, symbol in enumerate(x)],
    difficulty=2,
    sampler=lambda rng, length: np.floor(rng.random((length, 1)) ** 2 * np.linspace(1, 16, length)[:, None]),
)
def novelty(symbol: Value) -> Value:
    """Which symbols were there, and which one this is."""
    is_it = same_as(symbol, 16)
    seen = cumsum(delay(is_it)) >= 1
    return total(and_(is_it, not_(seen)), name="new")


@FAMILY.program(
    "how often this symbol was there so far, of 0 … 3",
    LETTERS,
    lambda x: [x[: t + 1].count(symbol) for t, symbol in enumerate(x)],
    difficulty=5,
)
def occurrences(symbol: Value) -> Value:
    """A count for each symbol, of which one is read."""
    is_it = same_as(symbol, 4)
    return chosen(is_it, cumsum(is_it, name="counts"), name="count")


@FAMILY.program(
    "steps since the last one; those so far if there was none",
    BITS,
    lambda x: [next((d for d, bit in enumerate(x[t::-1]) if bit), t + 1) for t in range(len(x))],
    difficulty=4,
)
def steps_since(symbol: Value) -> Value:
    """The time, less a latch of it."""
    now = counter(1, name="now")
    return now - latch(now, symbol, name="then")


def _lists(rng: np.random.Generator, length: int) -> np.ndarray:
    """Blanks and symbols, a marker, and blanks; as many lists as there is room for."""
    x = np.where(rng.random((length, 1)) < 0.4, rng.integers(1, 4, (length, 1)), 0).astype(np.float64)
    for at in range(int(rng.integers(8, 13)), length, 20):
        x[at : at + 5] = [[4], [0], [0], [0], [0]][: length - at]
    return x


def _copied(x: list[int]) -> list[int]:
    kept: list[int] = []
    waiting: list[int] = []
    answers = []
    for symbol in x:
        if symbol == 4:
            waiting, kept = [*kept, 0, 0, 0, 0][:4], []
            answers.append(0)
            continue
        if symbol > 0:
            kept = [symbol, *kept][:4]
        answers.append(waiting.pop(0) if waiting else 0)
    return answers


@FAMILY.program(
    "selective copying: after a marker (4), the last four symbols that are no blanks (0), newest first",
    symbols(5),
    _copied,
    difficulty=5,
    sampler=_lists,
    references=("Gu and Dao 2023, arXiv 2312.00752",),
)
def selective_copying(symbol: Value) -> Value:
    """Four slots that each symbol moves on, a copy of them at the marker, and a place in it for each step after it."""
    marker = equal(symbol, 4, name="marker")
    moves = symbol >= 1
    data = symbol * 1
    slots: list[Value] = []
    for i in range(4):
        coming = ifelse(marker, 0, data)
        slots.append(latch(coming, moves, name=f"slot_{i}"))
        data = ifelse(marker, 0, delay(slots[-1]))
    before = delay(Concat(slots), name="before")
    kept = latch(before, marker, name="kept")
    return chosen(delay(shift_register(marker, 4)), kept, name="copy")
