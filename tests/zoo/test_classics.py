"""Every zoo program against its specification in plain Python."""

import numpy as np
import pytest

import lsrl
from lsrl import ProgramError, zoo
from lsrl.backends.registry import TARGETS
from strategies import COMPILABLE

LENGTHS = [1, 2, 7, 60, 1024]


@pytest.mark.parametrize("name", zoo.names())
def test_the_program_is_what_its_specification_says(name):
    entry, rng = zoo.get(name), np.random.default_rng(0)
    assert entry.name == name
    for length in LENGTHS:
        x = entry.sample(rng, length)
        assert (entry.program.run(x) == entry.expected(x)).all()
    short = entry.sample(rng, 60)
    assert (entry.program.run(short, exact=True) == entry.expected(short)).all()


@pytest.mark.parametrize(("target", "dtype"), COMPILABLE)
@pytest.mark.parametrize("name", zoo.names())
def test_the_network_is_too_bit_for_bit(name, target, dtype):
    entry, rng = zoo.get(name), np.random.default_rng(1)
    model = lsrl.compile(entry.program, target, max_length=entry.max_length, dtype=dtype)
    assert model.guarantee.kind == "exact"
    for length in LENGTHS:
        x = entry.sample(rng, length)
        assert (model.run(x) == entry.expected(x)).all()


@pytest.mark.parametrize("name", zoo.names())
def test_samples_show_more_than_one_answer(name):
    entry = zoo.get(name)
    assert len(np.unique(entry.expected(entry.sample(np.random.default_rng(2), 200)))) > 1


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", zoo.names())
def test_every_variable_of_the_user_can_be_read_from_the_network(name, target):
    entry = zoo.get(name)
    model = lsrl.compile(entry.program, target, max_length=entry.max_length)
    x = entry.sample(np.random.default_rng(3), 50)
    trace = entry.program.trace(x)
    for value, label in entry.program.names.items():
        assert value.name is None or label in model.layout
    for label in model.layout:
        assert (model.read(label, x) == trace[label]).all(), label


def test_an_unknown_name_lists_the_zoo():
    with pytest.raises(ProgramError, match=r"no zoo program is named 'lion'; expected one of majority, .*palindrome"):
        zoo.get("lion")
