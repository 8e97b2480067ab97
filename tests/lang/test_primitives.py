"""Every primitive: its fields, and that listings and files keep each of them."""

import pytest

from lsrl import Concat, Constant, GatedState, Input, Linear, LinState, Modulo, Multi, Previous, Program, Recur, ReLU
from lsrl.lang.json_format import from_json, to_json
from lsrl.lang.primitives import PRIMITIVES

x = Input(2, range=(-1, 3), grid="1/2", name="x")

last = Previous([1, "1/3"], hint="last")
loop = Recur(last + x, last)

EXAMPLES = (
    x,
    Constant([1, "1/3"]),
    Linear(x, [[1, 2]], "1/3", comparison=True),
    LinState(x, [[1, "1/2"], [0, 1]], [[1, 0], [2, 1]], init=[1, 2], bias=[3, 0]),
    GatedState(x, x[0] > 1, [1, 2]),
    last,
    loop,
    ReLU(x, comparison=True),
    Multi(x, via="relu"),
    Modulo(x, 3, below=7),
    Concat([x, x]),
    x[1:2],
)
"""Values of every primitive, with all that can be said of them."""


def test_there_is_an_example_of_every_primitive():
    assert [type(example) for example in EXAMPLES] == list(PRIMITIVES.values())


@pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: value.primitive)
def test_listings_and_files_keep_every_field(value):
    program = Program(Concat([x, value, *([loop] if value is last else [])]))
    for back in (Program.parse(str(program)), from_json(to_json(program))):
        assert fields(back) == fields(program)


def fields(program):
    """By their names, what the values of a program are."""
    return {
        name: (
            value.primitive,
            value.dim,
            value.comparison,
            [program.names[argument] for argument in value.arguments],
            value.parameters,
        )
        for value, name in program.names.items()
    }


@pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: value.primitive)
def test_fields_are_read_only(value):
    for field, before in value.parameters.items():
        with pytest.raises(AttributeError, match="immutable"):
            setattr(value, field, None)
        value.parameters[field] = None
        assert getattr(value, field) is before is not None
