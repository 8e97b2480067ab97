"""Automata whose symbols exchange two places each: found by blocks, which tell the states apart."""

import itertools

import pytest

from lsrl import Automaton
from lsrl.automata import word_problem
from lsrl.automata.exchanges import colours, exchanges


def transposition(size, i, j):
    places = list(range(size))
    places[i], places[j] = places[j], places[i]
    return tuple(places)


def table_of(*permutations):
    found = word_problem(*permutations)
    return (found if isinstance(found, Automaton) else Automaton.of(found)).table


def follow(table, found, word):
    """The state after every symbol, and where the tokens of every set of places are."""
    state, tokens = 0, [each.places[0] for each in found]
    for symbol in word:
        state = table[state][symbol]
        for i, each in enumerate(found):
            pair = each.pairs[symbol]
            if pair is not None and tokens[i] in pair:
                tokens[i] = sum(pair) - tokens[i]
        yield state, tuple(tokens)


NEIGHBOURS = {n: table_of(*(transposition(n, i, i + 1) for i in range(n - 1))) for n in (2, 3, 4, 5)}


@pytest.mark.parametrize("n", NEIGHBOURS)
def test_transpositions_of_neighbours_move_tokens_that_tell_all_permutations_apart(n):
    table = NEIGHBOURS[n]
    found = exchanges(table)
    assert {each.size for each in found} <= set(range(2, n + 1))
    words = itertools.product(range(n - 1), repeat=min(n + 2, 6))
    seen = {(state, tokens) for word in words for state, tokens in follow(table, found, word)}
    assert len({state for state, _ in seen}) == len({tokens for _, tokens in seen}) == len(seen)


def test_all_of_a_star_change_places_with_its_middle():
    found = exchanges(table_of(*(transposition(5, 0, i) for i in range(1, 5))))
    assert max(each.size for each in found) == 5


@pytest.mark.parametrize(
    "permutations",
    [[(1, 2, 0)], [(1, 2, 0, 3, 4), (0, 1, 3, 4, 2)], [transposition(3, *pair) for pair in [(0, 1), (1, 2), (0, 2)]]],
    ids=["a circle of three", "A5", "a ring of three exchanges"],
)
def test_what_moves_more_or_closes_an_odd_ring_has_no_such_places(permutations):
    assert exchanges(table_of(*permutations)) is None


def test_a_reset_has_none():
    assert exchanges([[0, 1], [0, 1]]) is None


def test_colours_differ_across_every_pair_and_the_start_is_even():
    pairs = [(0, 1), (1, 2), (3, 1), (4, 5)]
    for start in range(6):
        found = colours(6, pairs, start)
        assert found[start] == 1
        assert all(found[one] == -found[other] for one, other in pairs)
