"""Programs whose prompt says what they compute: dictionaries, functions, tables, machines."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from lsrl.incontext import FunctionApproximator, SequenceMap
from lsrl.incontext.dictionaries import capitals
from lsrl.lang import (
    Program,
    Value,
    broadcast,
    constant,
    cumsum,
    delay,
    equal,
    ifelse,
    larger,
    latch,
    not_,
    one_hot,
    recur,
    shift_register,
    total,
)
from lsrl.zoo.entry import Family, Specification, ZooProgram
from lsrl.zoo.streams import BITS, Sampler, reals, symbols, whole

FAMILY = Family(
    "incontext",
    "the prompt says what is computed",
    ("Petrov et al. 2024, arXiv 2406.01424", "Garg et al. 2022, arXiv 2208.01066"),
)


def _answers(key_length: int, value_length: int) -> Specification:
    """A dictionary's outputs at every step: a symbol of the value, as far as it was read, and whether there is one."""
    pair = key_length + value_length

    def specification(x: list[int]) -> list[tuple[int, int]]:
        query, rest = x[:key_length], x[key_length:]
        starts = range(0, len(rest), pair)
        keys = (start for start in starts if rest[start : start + key_length] == query)
        found = next(keys, len(rest)) + key_length
        answers = [(0, 0)] * key_length
        for t in range(len(rest)):
            place = t % pair - key_length
            read = place >= 0 and found + place <= t
            answers.append((rest[found + place] if read else 0, int(t >= found)))
        return answers[: len(x)]

    return specification


def _dictionary(name: str, words: SequenceMap, count: int, sampler: Sampler) -> None:
    key, value = words.key_length, words.value_length
    FAMILY.add(
        ZooProgram(
            name,
            FAMILY.name,
            f"a dictionary: a query of {key} symbols, then pairs of keys and values of {value}; the query’s value",
            5,
            FAMILY.references,
            symbols(count),
            lambda: Program(words.program.output, name=name),
            _answers(key, value),
            sampler,
            words.max_length,
        )
    )


def _pairs(key_length: int, value_length: int, count: int) -> Sampler:
    """A query, and pairs of which about one has it as its key."""

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        x = rng.integers(0, count, (length, 1)).astype(np.float64)
        starts = range(key_length, length, key_length + value_length)
        at = starts[int(rng.integers((len(starts) + 1) // 2))] if starts else length
        return np.concatenate([x[:at], x[: min(key_length, length - at)], x[at + key_length :]])

    return sample


def _countries(rng: np.random.Generator, length: int) -> np.ndarray:
    """A country and the capitals of all, in some order, as often as there is room."""
    pairs = list(capitals().items())
    order = [pairs[i] for i in rng.permutation(len(pairs))]
    text = order[int(rng.integers(min(len(order), length // 12 + 1)))][0] + "".join(key + value for key, value in order)
    text += "".join(key + value for key, value in pairs) * (length // 150)
    return np.array([[ord(letter) - ord("A")] for letter in text[:length]], dtype=np.float64)


_dictionary("capitals", SequenceMap(3, 3, symbols=26, max_pairs=64), 26, _countries)
_dictionary("dictionary_1_to_1", SequenceMap(1, 1, symbols=10, max_pairs=64), 10, _pairs(1, 1, 10))
_dictionary("dictionary_2_to_1", SequenceMap(2, 1, symbols=4, max_pairs=64), 4, _pairs(2, 1, 4))


def _added_up(dim: int, order: int) -> Specification:
    """The values of all cells so far that hold the query, added up."""

    def specification(x: list[tuple[Any, ...]]) -> list[Any]:
        query, answer, answers = x[0][:dim], x[0][0] * 0, []
        for t, token in enumerate(x):
            low, high, value = token[:dim], token[dim : 2 * dim], token[2 * dim]
            if t > 0 and all(a <= q < b for a, q, b in zip(low, query, high, strict=True)):
                centres = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
                slopes = token[2 * dim + 1 :] if order else [0] * dim
                answer += value + sum(s * (q - c) for s, q, c in zip(slopes, query, centres, strict=True))
            answers.append(answer)
        return answers

    return specification


@cache
def _approximator(dim: int, order: int) -> FunctionApproximator:
    return FunctionApproximator(dim, 1, order=order, max_cells=255)


def _bumps(dim: int, order: int) -> Sampler:
    """A query, and the cells of a wave; or one cell around it, again and again, so that sums grow large and round."""

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        approximator = _approximator(dim, order)
        slant = rng.uniform(1, 9, dim)
        cells = max(1, min(length - 1, 64))
        prompt = approximator.prompt(lambda x: np.sin(x @ slant), cells)
        if rng.random() < 0.5:
            prompt = approximator.prompt(lambda x: rng.uniform(2, 3.8) + x[:, 0] * (x @ slant) / 90, 1)
            prompt[:, 2 * dim + 1 :] *= 1024
        sequence = approximator.queries(prompt, rng.random((1, dim)))[0]
        return np.asarray(sequence[np.minimum(np.arange(length), 1 + (np.arange(length) - 1) % len(prompt))])

    return sample


def _function(name: str, what: str, dim: int, order: int) -> None:
    tokens = 2 * dim + 1 + order * dim
    FAMILY.add(
        ZooProgram(
            name,
            FAMILY.name,
            f"a function of {dim} variable{'s' * (dim > 1)} by {what} cells: a query, then cells; the function at it",
            4,
            FAMILY.references,
            reals(*[(-4, 4)] * tokens, name="token"),
            lambda: Program(_approximator(dim, order).program.output, name=name),
            _added_up(dim, order),
            _bumps(dim, order),
            256,
        )
    )


_function("function_1_to_1", "constant", 1, 0)
_function("function_2_to_1", "constant", 2, 0)
_function("planes_1_to_1", "linear", 1, 1)


def begun(symbol: Value, count: int, *, name: str) -> Value:
    """The first so many symbols, for ever; 0 for those that are still to come."""
    first = not_(delay(constant(1)))
    return cumsum(ifelse(shift_register(first, count), broadcast(symbol, count), 0), name=name)


@FAMILY.program(
    "the first symbol is a threshold: whether this one is larger",
    symbols(10),
    lambda x: [int(symbol > x[0]) for symbol in x],
    difficulty=2,
    sampler=lambda rng, length: np.concatenate([[[5]], rng.integers(0, 10, (length - 1, 1))]).astype(np.float64),
)
def threshold(symbol: Value) -> Value:
    """A comparison with what was kept."""
    return larger(symbol, begun(symbol, 1, name="threshold"), name="larger")


@FAMILY.program(
    "the first step holds a and b: a x + b at every step, with its first component as x",
    whole((-5, 5), (-5, 5), name="numbers"),
    lambda x: [x[0][0] * a + x[0][1] for a, _ in x],
    difficulty=2,
)
def line(numbers: Value) -> Value:
    """A product of a number and one that was kept."""
    first = not_(delay(constant(1)))
    kept = cumsum(ifelse(first, numbers, 0), name="line")
    return kept[0] * numbers[0] + kept[1]


def _substituted(x: list[int]) -> list[int]:
    return [(x[:4] + [0] * 4)[symbol] if t >= symbol else 0 for t, symbol in enumerate(x)]


@FAMILY.program(
    "a substitution cipher: the first four symbols say what 0, 1, 2 and 3 become",
    symbols(4),
    _substituted,
    difficulty=5,
)
def substitution(symbol: Value) -> Value:
    """A table that was kept, read by one-hot."""
    return total(ifelse(equal(broadcast(symbol, 4), [0, 1, 2, 3]), begun(symbol, 4, name="table"), 0))


def _tabulated(x: list[int]) -> list[int]:
    return [x[2 * a + b] if 2 * a + b <= t else 0 for t, (a, b) in enumerate(zip([0, *x], x, strict=False))]


@FAMILY.program(
    "a truth table: the first four bits say what becomes of the last bit and this one",
    BITS,
    _tabulated,
    difficulty=5,
)
def truth_table(bit: Value) -> Value:
    """A table that was kept, read by two bits."""
    return total(ifelse(one_hot(2 * delay(bit) + bit, 4), begun(bit, 4, name="table"), 0))


def _machine(x: list[int]) -> list[int]:
    state, answers = 0, []
    for t, bit in enumerate(x):
        if t >= 4:
            state = x[2 * state + bit]
        answers.append(state)
    return answers


@FAMILY.program(
    "any machine of two states: the first four bits are its table, the others what it reads; its state",
    BITS,
    _machine,
    difficulty=5,
)
def two_state_machine(bit: Value) -> Value:
    """A state that reads its own past and a table that was kept."""
    first = not_(delay(constant(1)))
    table = latch(broadcast(bit, 4), shift_register(first, 4), name="table")
    running = delay(constant(1), 4, name="running")
    return recur(lambda state: ifelse(running, total(ifelse(one_hot(2 * state + bit, 4), table, 0)), 0), name="state")
