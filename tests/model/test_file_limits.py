"""What is saved can be loaded: at every limit it comes back, and beyond it is refused before it is written."""

import json
from fractions import Fraction
from importlib.resources import files

import pytest

import lsrl
from lsrl import Constant, Input, Linear, LinState, LsrlError, Program, ReLU, Vocabulary
from lsrl.lang import json_format, numbers, records, values
from lsrl.lang.vocabulary import LONGEST_TEXT
from lsrl.model import checkpoint


def of_length(characters, sign=1):
    """A whole number with so many digits, and one with a minus besides."""
    return sign * (10 ** (characters - (sign < 0)) // 9)


def fraction(characters):
    """A fraction of so many characters."""
    return Fraction(of_length(characters - 2), 7)


def over(symbols, **options):
    x = Input(1, range=(0, 1), integer=True, name="x")
    return Program(x, vocabulary=Vocabulary(symbols, **options))


x = Input(1, name="x")
NUMBER, LABEL, DIM = numbers.LONGEST_NUMBER, values.LONGEST_LABEL, records.LARGEST_DIMENSION

LIMITS = {
    "name of a program": (LABEL, lambda n: Program(x, name="a" * n)),
    "name of a value": (values.LONGEST_NAME, lambda n: Program(ReLU(x, name="a" * n))),
    "name from the library": (LABEL, lambda n: Program(ReLU(x, hint="a" * n))),
    "numbered name": (LABEL - 2, lambda n: Program(ReLU(x, hint="a" * n), ReLU(x, hint="a" * n))),
    "whole number": (NUMBER, lambda n: Program(Linear(x, of_length(n)))),
    "negative number": (NUMBER, lambda n: Program(Linear(x, of_length(n, -1)))),
    "fraction": (NUMBER, lambda n: Program(Linear(x, 1, fraction(n)))),
    "constant": (NUMBER, lambda n: Program(x + Constant([fraction(n)]))),
    "state": (NUMBER, lambda n: Program(LinState(x, 1, 1, init=fraction(n)))),
    "range": (NUMBER, lambda n: Program(Input(1, range=(of_length(n - 1, -1), of_length(n))))),
    "dimension": (DIM, lambda n: Program(Input(n)[0])),
    "n of modulo": (numbers.MOST, lambda n: Program(lsrl.modulo(x, n))),
    "below of modulo": (2**62, lambda n: Program(lsrl.modulo(x, 2, below=n))),
    "text of a token": (LONGEST_TEXT, lambda n: over({"a" * n: 0, "b": 1})),
    "text of the end": (LONGEST_TEXT, lambda n: over({"a" * n: 0, "b": 1}, end="a" * n)),
    "text of nothing": (LONGEST_TEXT, lambda n: over({"a": 0, "b": 1}, nothing="c" * n)),
    "number of a token": (numbers.MOST, lambda n: over({"a": 0, "b": 1, "c": n, "d": -n})),
}


@pytest.mark.parametrize("what", LIMITS)
def test_a_program_within_its_limits_comes_back(what, tmp_path):
    limit, made = LIMITS[what]
    for size in (limit - 1, limit):
        program = made(size)
        program.save(tmp_path / "program.json")
        loaded = Program.load(tmp_path / "program.json")
        assert (loaded == program, loaded.vocabulary) == (True, program.vocabulary)


@pytest.mark.parametrize("what", LIMITS)
@pytest.mark.parametrize("beyond", [1, 2, 100_000])
def test_a_program_beyond_its_limits_is_not_written(what, beyond, tmp_path):
    limit, made = LIMITS[what]
    with pytest.raises(LsrlError, match="expected|not usable") as caught:
        made(limit + beyond).save(tmp_path / "program.json")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(("total", "allowed"), [(16, True), (15, False), (11, False)])
def test_a_program_is_no_larger_than_those_that_are_read(total, allowed, tmp_path, monkeypatch):
    program = Program(Linear(Input(4), [[1] * 4] * 4))  # 16 entries; 12 rows, of two values and a matrix
    program.save(tmp_path / "program.json")
    monkeypatch.setattr(records, "LARGEST_TOTAL", total)
    for act in (lambda: program.save(tmp_path / "again.json"), lambda: Program.load(tmp_path / "program.json")):
        if allowed:
            act()
        else:
            with pytest.raises(LsrlError, match=f"expected at most {total}"):
                act()
    assert (tmp_path / "again.json").exists() == allowed


def test_files_are_no_larger_than_those_that_are_read(tmp_path, monkeypatch):
    program = Program(lsrl.cumsum(x), name="sum")
    program.save(tmp_path / "program.json")
    size = (tmp_path / "program.json").stat().st_size
    monkeypatch.setattr(json_format, "LARGEST_JSON", size)
    program.save(tmp_path / "program.json")
    assert Program.load(tmp_path / "program.json") == program
    monkeypatch.setattr(json_format, "LARGEST_JSON", size - 1)
    for act in (program.save, Program.load):
        with pytest.raises(LsrlError, match="bytes; expected"):
            act(tmp_path / "program.json")


def compiled(**options):
    return lsrl.compile(Program(lsrl.delay(Input(1, integer=True, range=(0, 9)), 1), name="past"), **options)


def test_a_model_within_its_limits_comes_back(tmp_path):
    model = compiled(max_length=2**62)
    model.save(tmp_path / "model")
    assert lsrl.load(tmp_path / "model").max_length == 2**62
    with pytest.raises(LsrlError, match="max_length"):
        compiled(max_length=2**62 + 1)
    wide = Program(Input(1), name="wide")
    for size in (NUMBER, NUMBER + 1):
        narrowed = lsrl.compile(wide, input_range=(0, of_length(size)))
        if size == NUMBER:
            narrowed.save(tmp_path / "wide")
            assert lsrl.load(tmp_path / "wide").inputs == narrowed.inputs
        else:
            with pytest.raises(LsrlError, match=r"has 4,001 characters; expected at most 4,000"):
                narrowed.save(tmp_path / "wider")
    assert not (tmp_path / "wider").exists()


def test_weights_are_no_larger_than_those_that_are_read(tmp_path, monkeypatch):
    model = compiled()
    model.save(tmp_path / "model")
    size = (tmp_path / "model" / "model.safetensors").stat().st_size
    monkeypatch.setattr(checkpoint, "LARGEST_FILE", size)
    model.save(tmp_path / "again")
    assert lsrl.load(tmp_path / "again").run([[1], [2]]).tolist() == [[0], [1]]
    monkeypatch.setattr(checkpoint, "LARGEST_FILE", size - 1)
    with pytest.raises(LsrlError, match="would have .* bytes; expected at most .*, as many as are read"):
        model.save(tmp_path / "third")
    with pytest.raises(LsrlError, match="bytes; expected"):
        lsrl.load(tmp_path / "again")
    assert not (tmp_path / "third").exists()


def test_the_schemas_have_the_limits_of_the_language():
    program, manifest = (
        json.loads(files(package).joinpath(name).read_text(encoding="utf-8"))
        for package, name in (json_format.PROGRAM_SCHEMA, checkpoint.MANIFEST_SCHEMA)
    )
    defined = program["$defs"]
    token = defined["vocabulary"]["properties"]["tokens"]["items"]["prefixItems"][1]
    assert program["properties"]["name"]["maxLength"] == defined["name"]["maxLength"] == LABEL
    assert defined["text"]["maxLength"] == LONGEST_TEXT
    assert (token["minimum"], token["maximum"]) == (-numbers.MOST, numbers.MOST)
    assert defined["size"]["maximum"] == defined["place"]["maximum"] == DIM
    assert manifest["properties"]["max_length"]["maximum"] == 2**62
