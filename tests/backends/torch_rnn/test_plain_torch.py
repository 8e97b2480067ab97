"""Saved networks run with torch alone, and with onnxruntime: nothing of LSRL is needed on the other side."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lsrl
from lsrl import FormatError, Input, Program, UnsupportedProgram
from lsrl.model.checkpoint import MANIFEST
from stock_models import WITHOUT_LSRL

pytest.importorskip("torch")

README = Path(__file__).parents[3] / "README.md"
TARGETS = ["rnn-relu", "rnn-tanh", "lstm", "gru"]

PLAIN = """
import json, sys
import numpy as np, torch
from safetensors.torch import load_file

def stock(part, module, tensors):
    made = getattr(torch.nn, module[part]["class"].removeprefix("torch.nn."))(**module[part]["arguments"])
    made.to(tensors["h0"].dtype).load_state_dict(
        {name.removeprefix(part + "."): tensor for name, tensor in tensors.items() if name.startswith(part + ".")}
    )
    return made

for folder in sys.argv[1:]:
    module = json.load(open(f"{folder}/manifest.json"))["module"]
    tensors = load_file(f"{folder}/model.safetensors")
    x = torch.tensor(np.load(f"{folder}/x.npy"))
    states = [tensors[name][:, None].repeat(1, len(x), 1) for name in module["initial_state"]]
    with torch.no_grad():
        hidden, _ = stock("recurrent", module, tensors)(x, tuple(states) if len(states) > 1 else states[0])
        np.save(f"{folder}/y.npy", stock("readout", module, tensors)(hidden).numpy())
"""

x = Input(2, range=(-4, 4), integer=True, name="x")
program = Program(
    lsrl.ifelse(lsrl.cumsum(x[0], init=3) > 2, x[1], -1, name="chosen"),
    lsrl.delay(lsrl.absolute(x[1]), 2, init=5),
    name="mixed",
)


def test_saved_networks_run_where_lsrl_cannot_be_imported(tmp_path):
    models = {}
    for target, dtype in zip(TARGETS, ["float32", "float64"] * 2, strict=True):
        models[target] = lsrl.compile(program, target, max_length=60, dtype=dtype)
        models[target].save(tmp_path / target)
        np.save(tmp_path / target / "x.npy", np.random.default_rng(0).integers(-4, 5, (3, 60, 2)).astype(dtype))
    command = [sys.executable, "-c", WITHOUT_LSRL + PLAIN, *(str(tmp_path / target) for target in TARGETS)]
    subprocess.run(command, check=True, capture_output=True)
    for target, model in models.items():
        given, answered = (np.load(tmp_path / target / name) for name in ("x.npy", "y.npy"))
        assert (answered == model.run(given)).all(), target
        assert (answered == program.run(given, exact=True)).all(), target


def test_the_lines_in_the_readme_run_where_lsrl_cannot_be_imported(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    plain = next(i for i, (code, _) in enumerate(blocks) if "load_file" in code)
    assert "lsrl" not in blocks[plain][0]
    assert len(blocks[plain][0].splitlines()) <= 12
    monkeypatch.chdir(tmp_path)
    exec("\n".join(code for code, _ in blocks[:plain]), {})
    capsys.readouterr()
    command = [sys.executable, "-c", WITHOUT_LSRL + blocks[plain][0]]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == blocks[plain][1]


@pytest.mark.parametrize("target", TARGETS)
def test_the_manifest_says_all_that_there_is_to_know(target, tmp_path):
    model = lsrl.compile(program, target, max_length=60)
    model.save(tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert manifest["module"]["recurrent"]["arguments"]["num_layers"] == model.report().layers
    assert manifest["guarantee"] == {"bounds": [0.0] * program.output.dim, "reason": ""}
    assert manifest["layout"]["values"]["chosen"]["reads"]
    assert Program.parse(str(program)) == program
    loaded = lsrl.load(tmp_path)
    given = np.random.default_rng(1).integers(-4, 5, (60, 2))
    assert (loaded.run(given) == model.run(given)).all()
    assert (loaded.read("chosen", given) == program.trace(given)["chosen"]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["module"]["recurrent"]["arguments"].update(num_layers=99), "module is not what the weights are"),
        (lambda m: m.pop("module"), "module is not what the weights are for"),
        (lambda m: m["module"].update(dtype="float32"), "module is not what the weights are for"),
        (lambda m: m["guarantee"].update(bounds=[10**400]), "too large|bounds 1 outputs"),
        (lambda m: m["guarantee"].update(bounds=[0.0] * 99), "it bounds 99 outputs; expected"),
        (lambda m: m.update(max_length=10**30), "max_length"),
        (lambda m: m.update(target="lstm"), "no tensor is named .*c0.*"),
        (lambda m: m.update(target="linear-rnn"), "no tensor is named"),
    ],
)
def test_a_manifest_that_does_not_fit_the_weights_is_refused(change, message, tmp_path):
    lsrl.compile(program, "gru", max_length=60).save(tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    change(manifest)
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(FormatError, match=message) as caught:
        lsrl.load(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("target", "tolerance"), [("rnn-relu", 0), ("lstm", 1e-5), ("gru", 1e-5)])
def test_onnxruntime_computes_the_same(target, tolerance, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    words = lsrl.SequenceMap(3, 3, symbols=10, max_pairs=20)
    model = lsrl.compile(words.program, target, max_length=words.max_length, dtype="float32")
    model.export_onnx(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for batch, length in ((1, 123), (5, 40)):
        given = np.random.default_rng(0).integers(0, 10, (batch, length, 1)).astype("float32")
        (answered,) = session.run(["y"], {"x": given})
        np.testing.assert_allclose(answered, model.run(given), rtol=0, atol=tolerance)


def test_a_running_sum_stays_in_the_cell_of_an_lstm(tmp_path):
    """There no tanh, however approximate, touches it: errors do not add up from step to step."""
    onnxruntime = pytest.importorskip("onnxruntime")
    running = Program(lsrl.cumsum(Input(1, range=(0, 9), integer=True)))
    model = lsrl.compile(running, "lstm", max_length=3000, dtype="float32")
    model.export_onnx(tmp_path / "model.onnx")
    given = np.random.default_rng(0).integers(0, 10, (1, 3000, 1)).astype("float32")
    (answered,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(["y"], {"x": given})
    np.testing.assert_allclose(answered, model.run(given), rtol=1e-6)


def test_without_torch_a_model_compiles_and_says_what_running_it_needs(tmp_path):
    code = (
        WITHOUT_LSRL.replace('"lsrl"', '"torch"').partition("try:")[0]
        + f"""
import lsrl
x = lsrl.Input(2, range=(-4, 4), integer=True, name="x")
model = lsrl.compile(lsrl.Program(x + 1), "lstm")
model.save({str(tmp_path)!r})
for call in ("run([[1, 2]])", "step([1, 2])", "read('x', [[1, 2]])", "module"):
    try:
        eval("model." + call)
    except lsrl.LsrlError as problem:
        print(problem)
"""
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    said = found.stdout.splitlines()
    assert len(said) == 4
    assert all(
        "needs the package torch, which is missing; install LSRL with its extra 'torch'" in line for line in said
    )


def test_onnx_is_refused_where_its_runtimes_would_be_wrong(tmp_path):
    path = tmp_path / "model.onnx"
    for target, dtype, message in (
        ("rnn-tanh", "float32", "rnn-tanh needs a tanh that is exactly ±1"),
        ("lstm", "float64", "ONNX has recurrent modules in float32 only.*compile with dtype='float32'"),
        ("linear-rnn", "float32", "linear-rnn is not a stock torch module.*use target='rnn-relu', 'lstm' or 'gru'"),
    ):
        with pytest.raises(UnsupportedProgram, match=message):
            lsrl.compile(program, target, max_length=9, dtype=dtype).export_onnx(path)
    model = lsrl.compile(program, "lstm", max_length=9, dtype="float32")
    with pytest.raises(FormatError, match="cannot write .*expected a writable file"):
        model.export_onnx(tmp_path / "nowhere" / "model.onnx")
    assert not path.exists()
