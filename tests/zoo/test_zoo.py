"""Every zoo program against its specification in plain Python; ten of them on every target."""

from collections import Counter

import numpy as np
import pytest

import lsrl
from lsrl import Program, ProgramError, zoo
from lsrl.backends.registry import TARGETS
from lsrl.lang.json_format import from_json, to_json
from strategies import COMPILABLE, rotated

LENGTHS = [1, 2, 7, 60, 1024]
ONE_SIDED = 0.9
"""The most that one answer may make up of all."""


def test_there_are_at_least_150_programs_each_in_one_family():
    members = [name for family in zoo.families().values() for name in family.members]
    assert len(members) == len(set(members)) >= 150
    assert members == zoo.names()
    assert set(zoo.CLASSICS) <= set(members)


@pytest.mark.parametrize("name", zoo.names())
def test_the_program_is_what_its_specification_says(name):
    entry, rng = zoo.get(name), np.random.default_rng(0)
    assert (entry.name, entry.program.name) == (name, name)
    for length in (1, 2, min(24, entry.max_length)):
        x = entry.sample(rng, length)
        trace = entry.program.trace(x, exact=True)
        assert (trace[entry.program.names[entry.program.output]] == entry.expected(x, exact=True)).all()
        assert not trace.undecided
    x = entry.sample(rng, min(100, entry.max_length))
    np.testing.assert_allclose(entry.program.run(x), entry.expected(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", zoo.names())
def test_samples_show_many_answers(name):
    entry, rng = zoo.get(name), np.random.default_rng(2)
    length = min(60, entry.max_length)
    answers = [tuple(row) for _ in range(20) for row in entry.expected(entry.sample(rng, length)).tolist()]
    (_, most), *_ = Counter(answers).most_common(1)
    assert most <= ONE_SIDED * len(answers)


@pytest.mark.parametrize("name", zoo.names())
def test_samples_are_always_in_the_declared_range(name):
    entry, rng = zoo.get(name), np.random.default_rng(3)
    entry.program.run(np.stack([entry.sample(rng, min(16, entry.max_length)) for _ in range(200)]))


@pytest.mark.parametrize("name", zoo.names())
def test_the_listing_is_short_and_reads_back(name):
    program = zoo.get(name).program
    assert len(str(program).splitlines()) <= 25
    for back in (Program.parse(str(program)), from_json(to_json(program))):
        assert back == program  # primitive for primitive
        assert str(back) == str(program)
    assert Program.parse(program.listing("primitives")) == program


@pytest.mark.parametrize(("name", "target_dtype"), rotated(zoo.CLASSICS, COMPILABLE, 2))
def test_the_network_is_too_bit_for_bit(name, target_dtype):
    (target, dtype), entry, rng = target_dtype, zoo.get(name), np.random.default_rng(1)
    model = lsrl.compile(entry.program, target, max_length=entry.max_length, dtype=dtype)
    assert model.guarantee.kind == "exact"
    for length in LENGTHS:
        x = entry.sample(rng, length)
        assert (model.run(x) == entry.expected(x)).all()


@pytest.mark.parametrize(("name", "target"), rotated(zoo.CLASSICS, TARGETS, 3))
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
    with pytest.raises(ProgramError, match=r"no zoo program is named 'lion'; expected one of tomita_1, tomita_2, .*"):
        zoo.get("lion")
