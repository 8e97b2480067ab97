"""A refusal says which targets can: every one it names compiles the program, and all others refuse it too."""

import re
from fractions import Fraction

import pytest

import lsrl
from lsrl import Concat, GatedState, Input, Linear, LinState, Program, RangeError, UnsupportedProgram
from lsrl.backends.registry import TARGETS, target_named
from lsrl.lang.matrix import cycle

w = Input(2, range=(-4, 4), integer=True, name="w")
high = w[1] > 2
rotation = LinState(w, [[0, -1], [1, 0]], name="rotation")
held = lsrl.latch(w[0], high, name="held")
area = lsrl.Multi(w, name="area")

NEEDY = {
    "a rotation": rotation,
    "a rotation by an angle": LinState(w, [["3/5", "-4/5"], ["4/5", "3/5"]], name="rotation"),
    "a permutation": LinState(Concat([w, 0]), cycle(3), name="permutation"),
    "a shear": LinState(w, [[1, 1], [1, 0]], name="fibonacci"),
    "irrational eigenvalues": LinState(w, [["1/2", "1/4"], ["1/4", "1/4"]], name="mixture"),
    "a sign that alternates": LinState(w[0], -2, name="sign"),
    "a state that doubles": LinState(w[0], 2, name="double"),
    "a latch": held,
    "a sum that starts anew": lsrl.reset_sum(w[0], high, name="since"),
    "a gated state": GatedState(w, high, name="state"),
    "a product": area,
    "a square": lsrl.cumsum(w[0] * w[0], name="energy"),
    "a product of a boolean that is asked for": lsrl.ifelse(high, w[0], 0, via="multi", name="chosen"),
    "a rotation and a latch": Concat([rotation, held]),
    "a rotation and a product": Concat([area, rotation]),
    "a product and a latch": Concat([held, area]),
    "a product of a boolean and a latch": Concat([lsrl.ifelse(high, w[0], 0, via="multi", name="chosen"), held]),
}


def refusals(value):
    """What each target says; None where it compiles."""
    said = {}
    for target in TARGETS:
        try:
            lsrl.compile(Program(value), target, max_length=9)
            said[target] = None
        except UnsupportedProgram as refusal:
            said[target] = str(refusal)
    return said


def names_of(program):
    """What the program calls its values, by name or as it is written."""
    return {*program.names.values(), *program.words.values(), "output"}


def named(message):
    """The targets that a refusal points to."""
    return set(re.findall(r"'([a-z0-9.-]+)'", message.partition("use target=")[2]))


@pytest.mark.parametrize("need", NEEDY)
def test_a_refusal_names_exactly_the_targets_that_compile_the_program(need):
    value = NEEDY[need]
    said = refusals(value)
    able = {target for target, message in said.items() if message is None}
    assert 0 < len(able) < len(TARGETS)
    for message in filter(None, said.values()):
        assert named(message) == able
        assert "\n" not in message


@pytest.mark.parametrize("need", NEEDY)
def test_a_refusal_names_the_value(need):
    for message in filter(None, refusals(NEEDY[need]).values()):
        assert re.search(r"value '(.+?)'", message).group(1) in names_of(Program(NEEDY[need]))


@pytest.mark.parametrize("target", ["linear-rnn", "gated-linear-rnn", "rnn-relu"])
def test_a_program_that_no_target_can_is_told_so(target):
    with pytest.raises(UnsupportedProgram) as caught:
        lsrl.compile(Program(held, area, rotation), target, max_length=9)
    assert named(str(caught.value)) == set()
    assert "no target" in str(caught.value)


@pytest.mark.parametrize("ability", ["products", "selective_states", "any_matrix"])
def test_targets_can_do_what_they_declare(ability):
    shown = {"products": area, "selective_states": held, "any_matrix": rotation}[ability]
    able = {target for target, message in refusals(shown).items() if message is None}
    assert able == {target for target in TARGETS if ability in target_named(target).abilities}


HARMONIC = [Fraction(1, i) for i in range(1, 310)]
"""Their smallest common grid is one part in 10^133."""
many = Input(309, range=(0, 1), grid=HARMONIC, name="many")
bits = Input(309, range=(0, 1), integer=True, name="bits")

FINE = {
    "a sum of grids": lsrl.total(many, name="mixture"),
    "a sum of fractions": Linear(bits, [HARMONIC], name="mixture"),
    "a comparison": lsrl.larger(lsrl.total(many), 3, width=1, name="mixture"),
    "a running sum": lsrl.cumsum(lsrl.total(many), name="mixture"),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("value", FINE.values(), ids=list(FINE))
def test_grids_that_have_no_common_multiple_in_floats_are_no_obstacle(value, target):
    model = lsrl.compile(Program(value), target, max_length=4, dtype="float32")
    assert model.guarantee.kind in ("exact", "bounded")
    assert "says nothing" not in str(model.guarantee)


HUGE = {
    "a weight": Linear(w[0], 1e300, name="huge") + 1,
    "a comparison": lsrl.larger(w[0], 0, width=Fraction(1, 10**300), name="huge") * 1e300,
    "a constant": w[0] + lsrl.constant(1e300, name="huge"),
    "a state": LinState(w[0], 1, 1e300, name="huge"),
    "a delay": lsrl.delay(Linear(w[0], 1e300, name="huge"), 2),
    "a part of a branch": lsrl.ifelse(high, Linear(w[0], 1e300, name="huge"), 0),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("value", HUGE.values(), ids=list(HUGE))
def test_a_number_beyond_the_floats_is_refused_by_a_name_of_the_program(value, target):
    program = Program(value)
    with pytest.raises((RangeError, UnsupportedProgram), match="float32") as caught:
        lsrl.compile(program, target, dtype="float32", max_length=4)
    quoted = re.search(r"(?<!\w)'(.+?)'", str(caught.value)).group(1)
    assert quoted in names_of(program)
    assert "layers." not in str(caught.value)
