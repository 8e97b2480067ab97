"""Decoys: programs beside programs, which the answer does not read."""

import numpy as np
import pytest

import lsrl
from lsrl import ProgramError, RangeError, ShapeError, zoo
from lsrl.interp import circuit_graph, with_decoy
from strategies import rotated

PAIRS = [("bracket_balance", "last_opened_at"), ("shuffle_dyck", "novelty"), ("moving_sum", "running_maximum")]


@pytest.mark.parametrize(("names", "target"), rotated(PAIRS, ["rnn-relu", "lstm", "gru", "mamba", "hawk"], 2))
def test_both_programs_are_in_one_network_and_only_one_is_read(names, target):
    program, decoy = (zoo.get(name).program for name in names)
    both = with_decoy(program, decoy)
    plain, model = (lsrl.compile(one, target, max_length=32) for one in (program, both))
    x = np.stack([zoo.get(names[0]).sample(np.random.default_rng(i), 32) for i in range(8)])
    assert np.array_equal(model.run(x), plain.run(x))
    assert np.array_equal(model.read("decoy.output", x), decoy.run(x))
    assert np.array_equal(both.run(x, exact=True), program.run(x, exact=True))
    needed, unread = (
        [node.value for node in circuit_graph(model, "unit").nodes if node.in_graph is wanted]
        for wanted in (True, False)
    )
    assert len(needed) == sum(node.in_graph for node in circuit_graph(plain, "unit").nodes)
    assert unread


def test_all_named_values_of_the_decoy_are_there_under_names_of_their_own():
    x = lsrl.Input(1, range=(-1, 1), integer=True)
    program = lsrl.Program(lsrl.cumsum(x, name="depth") > 1)
    both = with_decoy(program, program)
    assert {"depth", "decoy.depth", "decoy.output"} <= set(both.names.values())


def test_what_is_no_decoy_is_refused_in_a_line():
    def program(dim, low, **options):
        return lsrl.Program(lsrl.cumsum(lsrl.Input(dim, range=(low, 1), **options)), name=f"from {low}")

    host = program(1, -1)
    with pytest.raises(ProgramError, match="3 is not a Program"):
        with_decoy(host, 3)
    with pytest.raises(ShapeError, match="the decoy from 0 has inputs of 2 components; expected 1, as from -1 has"):
        with_decoy(host, program(2, 0))
    for other in (program(1, 0), program(1, -1, integer=True)):
        with pytest.raises(RangeError, match="is not for all inputs of from -1"):
            with_decoy(host, other)
