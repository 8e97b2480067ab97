"""Random programs mean the same to everything that can run them."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import Program
from lsrl.backends.registry import TARGETS
from lsrl.lang.json_format import from_json, to_json
from lsrl.model.verification import absolute_errors
from stock_models import outputs_of
from strategies import COMPILABLE, LONGEST, STYLES, examples_for, expressible, programs, sequences, thorough

pytestmark = [
    pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning"),
    pytest.mark.filterwarnings("ignore::lsrl.UndecidedComparisonWarning"),
]


def decided(program, x):
    """The exact trace; inputs with an undecided comparison are outside every promise."""
    trace = program.trace(x, exact=True)
    assume(not trace.undecided)
    return trace


def close(computed, exact, dtype="float64"):
    exact, off = exact.astype(np.float64), {"float64": 1e-9, "float32": 1e-5}[dtype]
    np.testing.assert_allclose(computed, exact, rtol=off, atol=off * max(1.0, np.abs(exact).max()))


@thorough
@given(st.data())
def test_float_interpreter_follows_the_exact_one(data):
    program = data.draw(programs())
    x = data.draw(sequences(program))
    close(program.run(x), decided(program, x).output)


@thorough
@given(st.data())
def test_listing_and_json_read_back_as_the_same_program(data):
    program = data.draw(programs())
    parsed, loaded = Program.parse(str(program)), from_json(to_json(program))
    assert parsed == loaded == program == Program.parse(program.listing("primitives"))
    assert str(parsed) == str(loaded) == str(program)
    assert list(parsed.names.values()) == list(loaded.names.values()) == list(program.names.values())
    x = data.draw(sequences(program))
    exact = program.trace(x, exact=True)
    for other in (parsed, loaded):
        assert (other.trace(x, exact=True).output == exact.output).all()


@pytest.mark.parametrize(("target", "dtype"), COMPILABLE)
def test_compiled_models_keep_their_guarantee(target, dtype):
    @examples_for(target)
    @given(st.data())
    def check(data):
        program = data.draw(programs(**expressible(target)))
        x = data.draw(sequences(program)).astype(dtype)
        model = lsrl.compile(program, target, max_length=LONGEST, dtype=dtype, style=data.draw(STYLES))
        errors = absolute_errors(model.run(x), decided(program, x).output)
        assert model.guarantee.kind != "none"
        assert (errors <= model.guarantee.bounds).all()

    check()


@pytest.mark.parametrize("target", TARGETS)
def test_streaming_and_torch_keep_the_guarantee(target):
    torch = pytest.importorskip("torch")

    @examples_for(target)
    @given(st.data())
    def check(data):
        program = data.draw(programs(**expressible(target)))
        x = data.draw(sequences(program))
        model = lsrl.compile(program, target, max_length=LONGEST, style=data.draw(STYLES))
        exact = decided(program, x).output
        streamed, state = [], None
        for t in range(x.shape[1]):
            output, state = model.step(x[:, t], state)
            streamed.append(output)
        assert (absolute_errors(np.stack(streamed, axis=1), exact) <= model.guarantee.bounds).all()
        output = outputs_of(model, torch.from_numpy(x)).detach().numpy()
        assert (absolute_errors(output, exact) <= model.guarantee.bounds).all()

    check()


@pytest.mark.parametrize("target", TARGETS)
def test_reloaded_models_are_bit_for_bit_the_same(target):
    @examples_for(target, many=settings(parent=thorough, max_examples=12))
    @given(st.data())
    def check(data):
        program = data.draw(programs(**expressible(target)))
        x = data.draw(sequences(program))
        model = lsrl.compile(program, target, max_length=LONGEST, style=data.draw(STYLES))
        with tempfile.TemporaryDirectory() as directory:
            model.save(directory)
            loaded = lsrl.load(directory)
        assert (loaded.run(x) == model.run(x)).all()
        assert loaded.program == program
        assert loaded.layout == model.layout
        assert (loaded.guarantee, loaded.sizes, loaded.inputs) == (model.guarantee, model.sizes, model.inputs)

    check()


@pytest.mark.parametrize("target", TARGETS)
def test_layouts_read_every_value_they_name(target):
    @examples_for(target, many=settings(parent=thorough, max_examples=12))
    @given(st.data())
    def check(data):
        program = data.draw(programs(**expressible(target)))
        x = data.draw(sequences(program))
        trace = decided(program, x)
        model = lsrl.compile(program, target, max_length=LONGEST, style=data.draw(STYLES))
        assert set(model.layout) | set(model.layout.absent) == set(program.names.values())
        assert all(name in model.layout for value, name in program.names.items() if value.name)
        for name in model.layout:
            close(model.read(name, x), trace[name], model.dtype)

    check()
