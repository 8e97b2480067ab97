"""dtype="bfloat16": programs whose numbers it holds are exact in it, however sums are added up; others are refused."""

import json

import numpy as np
import pytest
import rounding_anywhere
from hypothesis import given
from hypothesis import strategies as st

import lsrl
from lsrl import zoo
from lsrl.circuit.translate import input_facts
from lsrl.model.sampling import sampled_inputs
from strategies import expressible, integer_program, rotated, thorough

torch = pytest.importorskip("torch")

TARGETS = ("rnn-relu", "rnn-tanh", "lstm", "gru")
SMALL = ("tomita_2", "contains_aba", "lift", "dyck_depth", "dyck_2_depth_2", "moving_sum", "last_k_equal", "s3")
"""Programs of the zoo whose numbers fit 8 bits for 64 steps, on each of these targets."""


def bits(steps):
    return np.random.default_rng(0).integers(0, 2, (steps, 1)).astype(float)


def counted(target, steps, dtype="bfloat16"):
    bit = lsrl.Input(1, range=(0, 1), integer=True, name="bit")
    return lsrl.compile(lsrl.Program(lsrl.cumsum(bit, name="sum")), target, max_length=steps, dtype=dtype)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", SMALL)
def test_programs_of_the_zoo_are_exact(name, target):
    entry = zoo.get(name)
    model = lsrl.compile(entry.program, target, max_length=64, dtype="bfloat16")
    assert (model.guarantee.kind, model.dtype, model.report().dtype) == ("exact", "bfloat16", "bfloat16")
    assert model.module.readout.weight.dtype == torch.bfloat16
    x = np.stack([entry.sample(np.random.default_rng(i), 64) for i in range(4)])
    expected = np.stack([entry.expected(each) for each in x])
    assert (model.run(x) == expected).all()
    with torch.no_grad():
        assert (model.module(torch.from_numpy(x).bfloat16()).double().numpy() == expected).all()
    assert model.verify(5, length=64).passed


@pytest.mark.parametrize("target", TARGETS)
def test_random_programs_are_exact_or_refused(target):
    accepted = []

    @thorough
    @given(st.integers(0, 2**32 - 1))
    def check(seed):
        rng = np.random.default_rng(seed)
        program = integer_program(rng, expressible(target)["gated_states"])
        try:
            model = lsrl.compile(program, target, max_length=20, dtype="bfloat16")
        except lsrl.UnsupportedProgram:
            return
        accepted.append(seed)
        x = sampled_inputs(input_facts(program, None), rng, 1, 20)[0]
        exact = program.trace(x, exact=True).output.astype(np.float64)
        assert (model.run(x) == exact).all()
        assert (rounding_anywhere.run(model, x, seed) == exact).all()

    check()
    assert accepted


@pytest.mark.parametrize("target", TARGETS)
def test_the_longest_sum_is_right_to_its_end_in_any_order(target):
    longest = max(steps for steps in range(2, 300) if accepts(target, steps))
    assert 100 < longest < 256  # a sum of 256 ones and the next are not both multiples of 1 that 8 bits hold
    model, ones = counted(target, longest), np.ones((longest, 1))
    assert (model.run(ones)[:, 0] == np.arange(1, longest + 1)).all()
    assert (rounding_anywhere.run(model, ones, 0)[:, 0] == np.arange(1, longest + 1)).all()


def accepts(target, steps):
    try:
        return bool(counted(target, steps))
    except lsrl.UnsupportedProgram:
        return False


def test_rounding_anywhere_finds_what_does_not_fit():
    """The worst evaluation loses a sum that float32 holds, as torch's does in bfloat16."""
    model = counted("lstm", 600, "float32")
    assert rounding_anywhere.run(model, np.ones((600, 1)), 0)[-1, 0] == 256
    with torch.no_grad():
        assert model.module.bfloat16()(torch.ones(1, 600, 1, dtype=torch.bfloat16))[0, -1, 0] == 256


def whole(high):
    return lsrl.Input(1, range=(0, high), integer=True, name="x")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            lsrl.Program(whole(1000) + 1),
            "'x' is a multiple of 1 from 0 to 1000, which takes 10 bits of mantissa to compute exactly, "
            "and bfloat16 has 8; narrow ranges or max_length, or use dtype='float32'",
        ),
        (lsrl.Program(lsrl.cumsum(whole(9), name="s")), "'s' is a multiple of 1 from 0 to 900, which takes 10 bits"),
        (lsrl.Program(lsrl.larger(whole(200), 60, name="high")), "'high' decides on a multiple of 1/2 from"),
        (lsrl.Program(lsrl.Input(1, range=(0, 1), name="x") > 0.5), "input 'x' is any number from 0 to 1; expected a"),
        (lsrl.Program(lsrl.Linear(whole(3), "1/3")), "is not even in float32"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_numbers(program, message):
    with pytest.raises(lsrl.UnsupportedProgram) as caught:
        lsrl.compile(program, "lstm", max_length=100, dtype="bfloat16")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_targets_have_no_bfloat16():
    with pytest.raises(lsrl.UnsupportedProgram, match="of mamba; expected one of float32$"):
        counted("mamba", 10)


@pytest.mark.parametrize("target", TARGETS)
def test_a_saved_model_says_its_dtype_and_runs_without_lsrl(target, tmp_path):
    from safetensors.torch import load_file

    model, x = counted(target, 50), bits(50)
    model.save(tmp_path)
    module = json.loads((tmp_path / "manifest.json").read_text())["module"]
    assert module["dtype"] == "bfloat16"
    loaded = lsrl.load(tmp_path)
    assert (loaded.dtype, loaded.guarantee, loaded.sizes) == (model.dtype, model.guarantee, model.sizes)
    assert (loaded.run(x) == model.run(x)).all()
    assert loaded.verify(5).passed
    assert loaded.explain().as_dict() == model.explain().as_dict()
    tensors = load_file(tmp_path / "model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}

    def part(name):
        return {key.removeprefix(name): tensors[key] for key in tensors if key.startswith(name)}

    kind = getattr(torch.nn, module["recurrent"]["class"].removeprefix("torch.nn."))
    recurrent = kind(**module["recurrent"]["arguments"], dtype=torch.bfloat16)
    readout = torch.nn.Linear(**module["readout"]["arguments"], dtype=torch.bfloat16)
    recurrent.load_state_dict(part("recurrent."))
    readout.load_state_dict(part("readout."))
    states = tuple(tensors[name][:, None] for name in module["initial_state"])
    with torch.no_grad():
        hidden, _ = recurrent(torch.tensor(x[None], dtype=torch.bfloat16), states if states[1:] else states[0])
        assert (readout(hidden)[0, :, 0].double().numpy() == np.cumsum(x)).all()


def test_a_file_of_another_format_is_refused(tmp_path):
    counted("lstm", 50).save(tmp_path / "small")
    counted("lstm", 50, "float32").save(tmp_path / "large")
    small, large = (tmp_path / name / "manifest.json" for name in ("small", "large"))
    for place, dtype in ((small, "float32"), (large, "bfloat16")):
        manifest = json.loads(place.read_text())
        manifest["module"]["dtype"] = dtype
        place.write_text(json.dumps(manifest))
        with pytest.raises(lsrl.FormatError, match="safetensors: not a readable"):
            lsrl.load(place.parent)


@pytest.mark.parametrize("target", TARGETS)
def test_steps_states_and_hooks_are_those_of_the_full_pass(target):
    model, x = counted(target, 50), bits(50)
    state, outputs = None, []
    for row in x:
        output, state = model.step(row, state)
        outputs.append(output)
    assert (np.stack(outputs) == model.run(x)).all()
    assert (model.read("sum", x) == model.run(x)).all()
    with torch.no_grad():
        assert (model.hooked()(torch.tensor(x[None], dtype=torch.float32))[0].numpy() == model.run(x)).all()


def test_onnx_has_no_bfloat16(tmp_path):
    with pytest.raises(lsrl.UnsupportedProgram, match="this model is bfloat16; compile with dtype='float32'"):
        counted("lstm", 50).export_onnx(tmp_path / "sum.onnx")


@pytest.mark.parametrize(("name", "target"), rotated(zoo.names(), TARGETS, len(TARGETS)))
def test_no_program_of_the_zoo_is_wrong(name, target):
    entry = zoo.get(name)
    steps = min(24, entry.max_length)
    try:
        model = lsrl.compile(entry.program, target, max_length=steps, dtype="bfloat16")
    except (lsrl.UnsupportedProgram, lsrl.RangeError):
        return
    x = entry.sample(np.random.default_rng(0), steps)
    expected = entry.program.run(x)
    assert (model.run(x) == expected).all()
    assert (rounding_anywhere.run(model, x, 0) == expected).all()
