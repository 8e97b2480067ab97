"""Saved models: hostile directories are refused in one line, before they take memory."""

import json
import os
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import lsrl
from lsrl import FormatError, Input, Program
from lsrl.model.folder import MANIFEST, WEIGHTS
from saved_folders import edited, signed


@pytest.fixture
def folder(tmp_path):
    x = Input(1, range=(0, 9), integer=True, name="x")
    program = Program(lsrl.ifelse(x > 4, lsrl.cumsum(x, name="sum"), 0), name="p")
    lsrl.compile(program, "gated-linear-rnn", max_length=20).save(tmp_path / "model")
    return tmp_path / "model"


def refused(folder, message="."):
    with pytest.raises(FormatError, match=message) as caught:
        lsrl.load(folder)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def refused_as_signed(folder, message="."):
    """Not for being changed, but for what it says."""
    signed(folder)
    refused(folder, message)


def test_a_model_runs_from_its_directory(folder):
    assert {path.name for path in folder.iterdir()} == {MANIFEST, WEIGHTS}
    model = lsrl.load(folder)
    assert model.run([[5], [6], [1]]).ravel().tolist() == [5, 11, 0]
    assert model.read("sum", [[5], [6]]).ravel().tolist() == [5, 11]
    assert model.verify(20).passed


def test_changed_weights_are_refused(folder):
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(bytes([*content[:-9], content[-9] ^ 1, *content[-8:]]))
    refused(folder, rf"{WEIGHTS} is not the file that was saved \(its SHA-256 differs\); save the model again")


def test_a_manifest_without_digests_is_refused(folder):
    edited(folder, lambda manifest: manifest.pop("files"))
    refused(folder, "does not say what the files were that it was saved with; save the model again")
    edited(folder, lambda manifest: manifest.update(files={"other": "0" * 64}))
    refused(folder, r"does not say what model\.safetensors was; save the model again")


def test_an_unfinished_folder_is_refused(folder):
    edited(folder, lambda manifest: manifest.update(format="lsrl-model-unfinished"))
    refused(folder, "a save was interrupted; expected a whole model; save it again")


def test_missing_things(folder, tmp_path):
    refused(tmp_path / "nowhere", "is not a directory; expected one with manifest.json and model.safetensors")
    refused(tmp_path, r"cannot read .*manifest\.json")
    (folder / WEIGHTS).unlink()
    refused(folder, r"cannot read .*model\.safetensors: No such file or directory; expected the file that was saved")


@pytest.mark.parametrize(
    "field",
    ["format", "version", "target", "max_length", "inputs", "guarantee", "compile_seconds", "layout", "program"],
)
def test_every_field_of_the_manifest_is_needed_and_checked(folder, field):
    original = (folder / MANIFEST).read_text()
    edited(folder, lambda manifest: manifest.pop(field))
    refused(folder, f"'{field}' is a required property")
    for nonsense in (5.5, "nonsense", [], {}, None, [[[1]]]):
        if (nonsense is None and field == "max_length") or (nonsense == 5.5 and field == "compile_seconds"):
            continue
        (folder / MANIFEST).write_text(original)
        edited(folder, lambda manifest, nonsense=nonsense: manifest.update({field: nonsense}))
        refused(folder, MANIFEST if field != "target" else ".")


MANIFEST_CHANGES = [
    (lambda m: m["layout"]["values"]["sum"]["reads"][0].update(layer=99), "layer 99"),
    (lambda m: m["layout"]["values"]["sum"]["reads"][0]["rows"][0][0].__setitem__(0, 10**6), "1000000"),
    (lambda m: m["layout"]["values"].update(ghost=m["layout"]["values"]["sum"]), "ghost"),
    (lambda m: m["inputs"].append({"low": None, "high": None, "grid": None}), "2 inputs"),
    (lambda m: m["inputs"][0].update(low="1/0"), "'1/0' is not a number"),
    (lambda m: m["inputs"][0].update(grid="0"), "grid"),
    (lambda m: m["inputs"][0].update(low="100"), "low"),
    (lambda m: m["guarantee"].update(kind="exact", bound=1.0), "guarantee"),
    (lambda m: m["program"].update(version=7), "version"),
    (lambda m: m.update(compile_seconds=-1), "compile_seconds"),
    (lambda m: m.update(max_length=1e300), "max_length"),
    (lambda m: m["layout"]["values"]["sum"]["reads"][0].update(layer=0.0), "layer"),
    (lambda m: m["layout"]["values"]["sum"]["reads"][0].update(rows=[5]), "something other than numbers and pairs"),
    (lambda m: m["layout"]["values"]["sum"]["reads"][0].update(rows=[[5]]), "something other than numbers and pairs"),
    (lambda m: m["layout"]["values"]["sum"]["reads"][0].update(rows=[[[0.0, 1]]]), "something other than numbers"),
    (lambda m: m["layout"]["values"]["sum"]["reads"][0].update(rows=[[[-1, 1]]]), "something other than numbers"),
    (lambda m: m["layout"]["values"]["sum"]["reads"][0].update(rows=[[[0, "1"]]]), "something other than numbers"),
    (lambda m: m["layout"]["values"]["sum"]["reads"][0].update(rows=[[[True, 1]]]), "something other than numbers"),
    (
        lambda m: m["layout"]["values"]["sum"].update(constants=[None]),
        "layout of 'sum' has something other than numbers",
    ),
    (lambda m: m["layout"].update(absent=[["x"]]), "a value that is absent in the layout has no name"),
    (lambda m: m["inputs"].__setitem__(0, None), "an input is None; expected its low, high and grid"),
    (lambda m: m["inputs"][0].pop("grid"), "an input is .*; expected its low, high and grid"),
    (lambda m: m["inputs"][0].update(low=[1]), r"\[1\] is not a number of a file"),
    (lambda m: m.update(target="linear-rnn"), "the tensors have gates; expected none on linear-rnn"),
    (lambda m: m.update(version=99), "version: 2 was expected"),
    (lambda m: m.update(target="os.system"), "no target is named 'os.system'"),
]


@pytest.mark.parametrize(("change", "message"), MANIFEST_CHANGES)
def test_inconsistent_manifests_are_refused(folder, change, message):
    edited(folder, change)
    refused(folder, message)


def test_another_models_weights_are_refused_as_signed(folder, tmp_path):
    x = Input(2)
    lsrl.compile(Program(x + 1)).save(tmp_path / "other")
    (folder / WEIGHTS).write_bytes((tmp_path / "other" / WEIGHTS).read_bytes())
    refused_as_signed(folder, "maps 2 to 2 numbers; expected 1 to 1, as the program does")


def test_every_tensor_is_needed_and_checked(folder):
    tensors = load_file(folder / WEIGHTS)
    for name, tensor in tensors.items():
        others = {key: other for key, other in tensors.items() if key != name}
        save_file(others, folder / WEIGHTS)
        refused_as_signed(folder, WEIGHTS)
        for wrong in (tensor.astype(np.int8), tensor[None], np.concatenate([tensor, tensor, tensor[:1], tensor[:1]])):
            save_file(others | {name: np.ascontiguousarray(wrong)}, folder / WEIGHTS)
            if not np.array_equal(wrong, tensor):
                refused_as_signed(folder, WEIGHTS)
    save_file(tensors | {"extra": np.zeros(1)}, folder / WEIGHTS)
    refused_as_signed(folder, "extra")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused_as_signed(folder, bad):
    tensors = load_file(folder / WEIGHTS)
    tensors["r"][:] = bad
    save_file(tensors, folder / WEIGHTS)
    refused_as_signed(folder, "tensor r holds NaN or infinity")


def test_truncated_and_absurd_weight_files_are_refused_as_signed(folder):
    content = (folder / WEIGHTS).read_bytes()
    for length in range(0, len(content) - 1, 211):
        (folder / WEIGHTS).write_bytes(content[:length])
        refused_as_signed(folder, "not a readable safetensors file")
    header = json.dumps({"r": {"dtype": "F64", "shape": [10**15], "data_offsets": [0, 8 * 10**15]}}).encode()
    for bad in (b"\xff" * 64, struct.pack("<Q", 2**62), struct.pack("<Q", len(header)) + header + bytes(8)):
        (folder / WEIGHTS).write_bytes(bad)
        refused_as_signed(folder, "not a readable safetensors file")


def test_claimed_shapes_take_no_memory(folder):
    tensors = load_file(folder / WEIGHTS)
    tensors["layers.0.B.shape"][1] = 2**31
    save_file(tensors, folder / WEIGHTS)
    refused_as_signed(folder, "shape")


def test_numbers_beyond_the_floats_are_refused(folder):
    text = (folder / MANIFEST).read_text().replace('"constants": [', '"constants": [1e999, ', 1)
    (folder / MANIFEST).write_text(text)
    refused(folder, "1e999 is beyond every float")


def test_special_and_huge_files_are_refused_unread(folder):
    content = (folder / WEIGHTS).read_bytes()
    for name in (WEIGHTS, MANIFEST):
        original = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).symlink_to("/dev/zero")
        refused(folder, "it is not a regular file")
        (folder / name).unlink()
        os.mkfifo(folder / name)
        refused(folder, "it is not a regular file")
        (folder / name).unlink()
        (folder / name).write_bytes(original)
        os.truncate(folder / name, 2**34)  # sparse: it takes no room
        refused(folder, "bytes; expected")
        (folder / name).write_bytes(original)
    assert (folder / WEIGHTS).read_bytes() == content


def test_paths_that_are_none_are_refused(folder):
    model = lsrl.load(folder)
    for path in (None, "", "a\0b", "x" * 5000):
        with pytest.raises(FormatError, match="not a path|cannot write"):
            model.save(path)
        with pytest.raises(FormatError, match="not a path|not a directory|cannot read"):
            lsrl.load(path)


def test_unwritable_places_are_refused(folder):
    with pytest.raises(FormatError, match="cannot write"):
        lsrl.load(folder).save(folder / MANIFEST)
