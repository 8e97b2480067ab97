"""Programs as JSON files: they come back the same, and hostile files are refused in one line."""

import json

import pytest

import lsrl
from lsrl import FormatError, Input, Program
from lsrl.lang.json_format import from_json, to_json


@pytest.fixture
def program():
    x = Input(2, range=(-1, "1/3"), grid="1/9", name="x")
    chosen = lsrl.ifelse(x[0] > 0, lsrl.delay(x[1], 2), x[1], via="relu")
    return Program(chosen, lsrl.latch(x, x[0] > 0, init=[1, "1/2"]), name="choice")


def test_a_saved_program_comes_back_the_same(program, tmp_path):
    program.save(tmp_path / "choice.json")
    loaded = Program.load(tmp_path / "choice.json")
    assert loaded == program
    assert hash(loaded) == hash(program)
    assert to_json(loaded) == to_json(program)


def test_files_say_what_they_are(program):
    data = to_json(program)
    assert (data["format"], data["version"]) == ("lsrl-program", 1)


def refused(data, message):
    with pytest.raises(FormatError, match=message) as caught:
        from_json(data)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_every_missing_or_unknown_field_is_refused(program):
    for field in set(to_json(program)) - {"listing"}:
        refused({key: value for key, value in to_json(program).items() if key != field}, f"'{field}' is a required")
    refused(to_json(program) | {"extra": 1}, "'extra' was unexpected")
    refused([1, 2], "is not of type 'object'")
    refused(to_json(program) | {"version": 2}, "at version: 1 was expected")
    refused(to_json(program) | {"format": "onnx"}, "at format: 'lsrl-program' was expected")


def test_every_field_of_a_value_is_checked(program):
    data = to_json(program)
    for i, value in enumerate(data["values"]):
        for field in set(value) - {"comparison", "grid"}:
            values = [dict(v) for v in data["values"]]
            del values[i][field]
            refused(data | {"values": values}, ".")
            values[i][field] = {"nonsense": [field]}
            refused(data | {"values": values}, ".")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 10**9}, "greater than the maximum"),
        ({"dim": 3}, "has dimension 2, not 3|3 numbers|expected"),
        ({"dim": True}, "not of type 'integer'"),
        ({"low": ["1/0", 0]}, "'1/0' is not a number of a file"),
        ({"low": [0, 0, 0]}, "has 3 numbers; expected 2"),
        ({"low": ["9" * 5000, 0]}, "not a number of a file; expected an integer, or text like '1/3' of at most 4,000"),
        ({"low": [[], 0]}, r"\[\] is not a number"),
        ({"low": [0.5, 0]}, r"0\.5 is not a number"),
        ({"low": [True, 0]}, "True is not a number"),
        ({"low": ["1e5", 0]}, "'1e5' is not a number"),
        ({"name": "a b"}, "name 'a b' is not usable"),
    ],
)
def test_bad_inputs_are_refused(program, changes, message):
    data = to_json(program)
    place = next(i for i, value in enumerate(data["values"]) if value["primitive"] == "Input")
    data["values"][place] |= changes
    refused(data, message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arguments": ["x"]}, "GatedState of 1 values; expected 2"),
        ({"arguments": ["x", "x", "x"]}, "GatedState of 3 values; expected 2"),
        ({"arguments": ["x", "shift_register"]}, "x has 2, its gate shift_register has 3; expected equal ones"),
        ({"arguments": ["x", "later"]}, "latch reads 'later', which is not a value"),
        ({"init": [1, 2, 3]}, "init of latch has 3 numbers; expected 2"),
        ({"init": ["1/0", 0]}, "'1/0' is not a number"),
        ({"A": 1}, r"'A' is not one of \['name', 'kept', 'primitive', 'dim', 'arguments', 'init'\]"),
        ({"dim": 1}, "latch has dimension 2, not 1"),
    ],
)
def test_bad_gated_states_are_refused(program, changes, message):
    data = to_json(program)
    place = next(i for i, value in enumerate(data["values"]) if value["primitive"] == "GatedState")
    data["values"][place] |= changes
    refused(data, message)


def test_absurd_matrices_are_refused_before_memory_is_taken():
    x = {"name": "x", "kept": True, "primitive": "Input", "dim": 1, "arguments": []}
    matrix = {"shape": [1048576, 1], "entries": []}
    tall = {"kept": False, "primitive": "Linear", "dim": 1048576, "arguments": ["x"], "A": matrix, "b": [0]}
    values = [x] + [tall | {"name": f"v{i}"} for i in range(50)]
    data = {"format": "lsrl-program", "version": 1, "name": "big", "values": values, "output": "v0"}
    refused(data, "rows in all; expected at most")
    data["values"] = [x, tall | {"name": "v0", "A": {"shape": [10**12, 10**12], "entries": []}}]
    refused(data, "greater than the maximum")
    data["values"] = [x, tall | {"name": "v0", "dim": 1, "A": {"shape": [1, 1], "entries": [[0, 5, 1]]}}]
    refused(data, r"entry \(0, 5\) is outside a 1×1 matrix")


def test_entries_and_sizes_are_whole_and_stand_once(program):
    data = to_json(program)
    place = next(i for i, value in enumerate(data["values"]) if value["primitive"] == "LinState")
    matrix = data["values"][place]["A"]
    data["values"][place]["A"] = matrix | {"entries": [*matrix["entries"], matrix["entries"][0]]}
    refused(data, "A has two entries in one place")
    data["values"][place]["A"] = matrix | {"shape": [float(size) for size in matrix["shape"]]}
    refused(data, "not of type 'integer'")
    for entry in ([0.0, 0, 1], [0, True, 1], [0, 0], [0, 0, 1, 1], "001", 5, {}, None):
        data["values"][place]["A"] = matrix | {"entries": [entry]}
        refused(data, r"A has the entry .*; expected \[row, column, number\]")
    for number in (None, [], 0.5, "1/0", "", "1/-2", " 1", "1\n", "١"):
        data["values"][place]["A"] = matrix | {"entries": [[0, 0, number]]}
        refused(data, "is not a number of a file")


def test_a_million_mistakes_are_one_line_soon():
    x = {"name": "x", "kept": True, "primitive": "Input", "dim": 1, "arguments": []}
    data = {"format": "lsrl-program", "version": 1, "name": "p", "values": [x] + [{}] * 60_000, "output": "x"}
    refused(data, "is a required property")
    refused(data | {"values": [x] * 1_000_000}, "the program has 1,000,000 values; expected at most 65,536 in a file")


def test_cycles_and_unknown_names_are_refused():
    x = {"name": "x", "kept": True, "primitive": "Input", "dim": 1, "arguments": []}
    a = {"name": "a", "kept": True, "primitive": "ReLU", "dim": 1, "arguments": ["b"]}
    b = {"name": "b", "kept": True, "primitive": "ReLU", "dim": 1, "arguments": ["a"]}
    data = {"format": "lsrl-program", "version": 1, "name": "p", "values": [x, a, b], "output": "b"}
    refused(data, "a reads 'b', which comes later or reads it")
    refused(data | {"values": [x, a]}, "a reads 'b', which is not a value")
    refused(data | {"values": [x, x]}, "the name 'x' is taken")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b'{"format": "lsrl-program"', "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b"[" + b"9" * 10_000 + b"]", "is not JSON"),
        (b"null", "is not of type 'object'"),
    ],
)
def test_files_that_are_no_programs(content, message, tmp_path):
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        Program.load(path)
    assert "bad.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_refused_at_every_length(program, tmp_path):
    text = json.dumps(to_json(program))
    path = tmp_path / "short.json"
    for length in range(0, len(text) - 1, 97):
        path.write_text(text[:length], encoding="utf-8")
        with pytest.raises(FormatError):
            Program.load(path)


def test_missing_files_and_folders_are_refused(program, tmp_path):
    with pytest.raises(FormatError, match=r"cannot read .*none\.json: No such file"):
        Program.load(tmp_path / "none.json")
    with pytest.raises(FormatError, match="cannot read"):
        Program.load(tmp_path)
    with pytest.raises(FormatError, match="cannot write"):
        program.save(tmp_path / "no" / "folder.json")
