"""One program in several networks: the same values, and what of them is not exact."""

import re

import numpy as np
import pytest

import lsrl
from drawn import drawn, overlaps
from lsrl import Input, Program, ProgramError, ShapeError, UnsupportedProgram


def balance():
    x = Input(1, range=(-1, 1), integer=True, name="bracket")
    depth = lsrl.cumsum(x, name="depth")
    return Program(lsrl.equal(depth, 0, name="balanced"), name="balance")


def leaky():
    x = Input(1, range=(0, 1), grid="1/8", name="x")
    return Program(lsrl.LinState(x, "9/10", 1, name="smooth"), name="leaky")


def test_exact_networks_have_the_exact_values():
    found = lsrl.compare(balance(), ["lstm", "gru", "mamba"], [[1], [1], [-1], [-1]])
    assert found.targets == ("lstm", "gru", "mamba")
    assert found.largest_error == 0
    for target in found.targets:
        assert found.read["depth"][target].ravel().tolist() == [1, 2, 1, 0]
        assert found.read["balanced"][target].ravel().tolist() == [0, 0, 0, 1]
    assert str(found).splitlines()[0].split() == ["lstm", "gru", "mamba"]
    assert str(found).count("exact") == 6
    assert found.draw().title == "balance on lstm, gru, mamba: all exact"
    assert 'class="mark"' not in found.draw().svg


def test_what_is_not_exact_is_measured_and_framed():
    steps = np.ones((20, 1))
    found = lsrl.compare(leaky(), ["hawk"], steps)
    exact = leaky().run(steps, exact=True)
    by_hand = np.abs(found.read["smooth"]["hawk"].astype(float) - exact.astype(float))
    assert found.largest_error == pytest.approx(by_hand.max(), rel=1e-6)
    assert re.search(r"smooth +off by \S+ at step \d+, layer 0", str(found))
    frames = re.findall(r'<path class="mark" d="([^"]*)"', found.draw().svg)
    assert sum(path.count("M") for path in frames) == np.count_nonzero(found.errors("smooth", "hawk"))
    assert not overlaps(drawn(found.draw()).texts)


def test_a_target_that_refuses_the_program_says_why():
    x = Input(1, range=(0, 9), integer=True, name="x")
    found = lsrl.compare(Program(lsrl.latch(x, x > 4, name="kept"), name="hold"), ["linear-rnn", "gru"], [[7], [2]])
    assert list(found.refused) == ["linear-rnn"]
    assert "linear-rnn: " in str(found)
    assert found.read["kept"]["gru"].ravel().tolist() == [7, 7]
    assert found.draw().title == "hold on gru, refused by linear-rnn: all exact"


def test_what_cannot_be_compared_is_refused_in_a_line():
    for wrong in ("lstm", [], None, 3):
        with pytest.raises(UnsupportedProgram, match="of compare; expected a list of targets' names"):
            lsrl.compare(balance(), wrong, [[1]])
    with pytest.raises(ProgramError, match="'depth' was not read from 'gru'"):
        lsrl.compare(balance(), ["lstm"], [[1]]).place("depth", "gru")
    with pytest.raises(UnsupportedProgram, match="nosuch"):
        lsrl.compare(balance(), ["lstm", "nosuch"], [[1]])
    with pytest.raises(ShapeError, match=r"compare got an array of shape \(2, 1, 1\); expected one sequence"):
        lsrl.compare(balance(), ["lstm"], [[[1]], [[1]]])
    with pytest.raises(ProgramError, match="'nosuch' was not read from 'lstm'"):
        lsrl.compare(balance(), ["lstm"], [[1]]).errors("nosuch", "lstm")
