"""The paper's two programs in its own words, in all five lowerings of `ifelse`."""

import numpy as np
import pytest

import lsrl
from lsrl import (
    Concat,
    ForEach,
    Input,
    LinState,
    SequenceMap,
    and_,
    bump,
    counter,
    cumsum,
    ifelse,
    larger,
    mod_counter,
    not_,
    one_hot,
    shift_register,
    smaller,
    total,
)
from lsrl.backends.registry import TARGETS

# Petrov et al. 2024, section 4: name → how ifelse is lowered, and whether a zero branch is left out.
LOWERINGS = {
    "multiplicative": {"via": "multi", "short": False},
    "multiplicative-optimised": {"via": "multi", "short": True},
    "direct": {"via": "relu", "short": False},
    "optimised": {"via": "relu", "short": True},
    "step-optimised": {"via": "relu-step", "short": True},
}


def targets(lowering):
    multiplying = [target for target in TARGETS if target not in ("linear-rnn", "rnn-relu")]
    return multiplying if lowering["via"] == "multi" else list(TARGETS)


def listing_1(n, m, cells, lowering):
    """Any continuous function: query first, then (1/N, corner, value) of each cell."""
    token = Input(1 + 2 * n + m - n, range=(-4, 4), grid=f"1/{2 * cells}", name="input")
    size, corner, value = token[0], token[1 : 1 + n], token[1 + n :]
    count = cumsum(lsrl.constant(1) + 0 * size, name="count")
    x = cumsum(ifelse(count < "3/2", token[:n], 0, **lowering), name="x")
    inside = bump(x, corner, corner + size, width=f"1/{2 * cells}", name="inside")
    in_cell = and_(larger(total(inside), n - 0.5), larger(count, 1.5), name="in_cell")
    return ForEach(cumsum(ifelse(in_cell, value, 0, **lowering), name="y"), name="listing_1")


@pytest.mark.parametrize("name", LOWERINGS)
def test_listing_1_is_piecewise_constant(name):
    n, m, cells = 2, 2, 4
    program = listing_1(n, m, cells, LOWERINGS[name])
    rng = np.random.default_rng(0)
    values = rng.integers(-3, 4, (cells, cells, m)).astype(float)
    prompt = [[1 / cells, i / cells, j / cells, *values[i, j]] for i in range(cells) for j in range(cells)]
    at = (rng.integers(0, cells, (20, n)) * 2 + 1) / (2 * cells)  # inside a cell, where no comparison is open
    x = np.array([[[*point, 0, 0, 0], *prompt] for point in at])
    expected = values[tuple((at * cells).astype(int).T)]
    assert (program.run(x)[:, -1] == expected).all()
    for target in targets(LOWERINGS[name])[list(LOWERINGS).index(name) % 2 :: 2]:
        model = lsrl.compile(program, target, max_length=1 + cells**2)
        assert (model.run(x)[:, -1] == expected).all()


def listing_2(T, lowering):
    """Any map from T tokens to T tokens: query first, then key, value, key, value, …"""
    symbol = Input(1, range=(0, 9), integer=True, name="input")
    n = counter(name="n")
    mod_t, mod_2t = one_hot(mod_counter(T), T), mod_counter(2 * T, name="m2T")
    prompt = n >= T
    compare = mod_2t >= T
    copy = and_(prompt, not_(compare))
    first = and_(copy, mod_t[0])
    query = cumsum(ifelse(and_(mod_t, not_(prompt)), symbol, 0, **lowering), name="query")
    expected = total(ifelse(mod_t, query, 0, **lowering), name="expected")
    match = and_(compare, prompt, larger(symbol, expected - 0.5), smaller(symbol, expected + 0.5), name="match")
    buffer = shift_register(match, T + 1, name="buffer")
    hit = total(buffer[1:]) >= T - 0.5
    started = cumsum(ifelse(and_(hit, first), n, 0, **lowering), name="started")
    copying = and_(copy, started >= 1, n < started + T, name="copying")
    register = cumsum(ifelse(and_(mod_t, copying), symbol, 0, **lowering), name="reg")
    return ForEach(total(ifelse(mod_t, register, 0, **lowering)), name="listing_2")


@pytest.mark.parametrize("name", LOWERINGS)
@pytest.mark.parametrize("build", ["paper", "SequenceMap"])
def test_listing_2_answers_from_its_prompt(name, build):
    turn = list(LOWERINGS).index(name) + (build == "paper")
    T, rng = 3, np.random.default_rng(0)
    sequence_map = SequenceMap(T, symbols=10, max_pairs=8, **LOWERINGS[name])
    program = listing_2(T, LOWERINGS[name]) if build == "paper" else sequence_map.program
    pairs = {tuple(rng.integers(0, 10, T).tolist()): tuple(rng.integers(0, 10, T).tolist()) for _ in range(8)}
    x = sequence_map.sequences(list(pairs), sequence_map.prompt(pairs))
    expected = [list(value) for value in pairs.values()]
    assert program.run(x)[:, -T:, 0].tolist() == expected
    for target in targets(LOWERINGS[name])[turn % 3 :: 3]:
        model = lsrl.compile(program, target, max_length=sequence_map.max_length)
        assert model.run(x)[:, -T:, 0].tolist() == expected
        assert model.guarantee.kind == "exact"


@pytest.mark.parametrize("name", ["multiplicative", "multiplicative-optimised"])
def test_products_are_refused_where_there_are_none(name):
    with pytest.raises(lsrl.UnsupportedProgram, match="via='multi'"):
        lsrl.compile(listing_2(2, LOWERINGS[name]), "linear-rnn", max_length=20)


def test_the_papers_primitives_are_all_there():
    x = Input(2, range=(-3, 3), integer=True)
    doubled = lsrl.Linear(x, [[2, 0], [0, 2]], [1, 1])
    summed = LinState(doubled, [[1, 0], [0, 1]], [[1, 0], [0, 1]], [0, 0])
    rectified = lsrl.ReLU(summed)
    product = lsrl.Multi(Concat([rectified, x]))
    program = ForEach(Concat([product, rectified[0]]))
    x = [[1, -2], [-3, 3]]
    assert program.run(x).tolist() == [[3, 0, 3], [0, 12, 0]]
    assert lsrl.compile(program, "gated-linear-rnn").run(x).tolist() == [[3, 0, 3], [0, 12, 0]]
