"""What a page knows of a model: cells of every backend, values and what feeds them, the first input, tokens."""

import json
from fractions import Fraction

import pytest
from explored import PROGRAMS, model_of
from flint import fmpq

import lsrl
from lsrl import Input, Program, cumsum, zoo
from lsrl.errors import RangeError, ShapeError, UnsupportedProgram
from lsrl.explorer.first_input import first_input, token_numbers
from lsrl.explorer.page_data import number_in_page, page_data
from lsrl.explorer.values import shown_values


@pytest.mark.parametrize(
    ("number", "given"),
    [
        (fmpq(3), 3),
        (fmpq(1, 4), 0.25),
        (fmpq(1, 3), "1/3"),
        (fmpq(2**53 + 1), str(2**53 + 1)),
        (fmpq(2**60 + 1, 2), f"{2**60 + 1}/2"),
        (Fraction(10**400, 3), f"{10**400}/3"),
        (Fraction(0.1), 0.1),
    ],
)
def test_numbers_are_read_by_javascript_as_they_are(number, given):
    assert number_in_page(number) == given


@pytest.mark.parametrize(("name", "target"), PROGRAMS.items())
def test_cells_read_cells_before_them_now_and_cells_of_their_row_one_step_ago(name, target):
    data = page_data(model_of(name, target))
    row_of = {cell: set(row["cells"]) for row in data["rows"] for cell in row["cells"]}
    assert sorted(row_of) == list(range(len(data["cells"])))
    for i, cell in enumerate(data["cells"]):
        for now, *before in cell["readings"]:
            assert all(other < i for other in now[1::2])
            assert all(set(past[1::2]) <= row_of[i] for past in before)


@pytest.mark.parametrize(("name", "target"), PROGRAMS.items())
def test_every_value_with_a_name_of_the_user_is_there(name, target):
    model = model_of(name, target)
    there = {value["name"]: value for value in page_data(model)["values"]}
    for value, own in model.program.names.items():
        if value.name is not None and own in model.layout:
            assert there[own]["forms"] is not None
            assert there[own]["place"] == str(model.layout[own])


def test_values_have_the_lines_of_the_listing_and_what_feeds_them():
    x = Input(1, range=(0, 1), integer=True, name="x")
    ones = cumsum(x, name="ones")
    program = Program(lsrl.modulo(ones, 2, name="odd") + x, name="mixed")
    shown = {value.name: value for value in shown_values(program)}
    assert [value.line for value in shown.values() if value.line] == str(program).splitlines()[1:-1]
    assert {name: value.fed_by for name, value in shown.items()} == {
        "x": (),
        "ones": ("x",),
        "odd": ("ones",),
        "sum": ("odd", "x"),
    }
    assert {name: value.memory for name, value in shown.items() if value.memory != "none"} == {"ones": "state"}


def test_values_of_a_loop_are_marked():
    shown = {value.name: value.memory for value in shown_values(zoo.get("covered_account").program)}
    assert shown["balance"] == "loop"
    assert shown["amount"] == "none"


def test_a_page_opens_with_what_it_is_given_exactly():
    model = lsrl.compile(Program(Input(2, range=(0, 1))))
    assert first_input(model, [["1/3", 1], [0.5, 0]]) == [[Fraction(1, 3), 1], [Fraction(1, 2), 0]]
    assert page_data(model, [["1/3", 1]])["first"] == [["1/3", 1]]
    drawn = first_input(model, None)
    assert len(drawn) == 16
    assert all(0 <= number <= 1 for row in drawn for number in row)


@pytest.mark.parametrize(
    "declared",
    [
        {"range": (0, 1), "grid": Fraction(1, 3)},
        {"range": (-1, 1), "grid": Fraction(1, 10)},
        {"range": (Fraction(1, 10), Fraction(11, 100))},
        {"range": (Fraction(1, 3), Fraction(1, 3))},
        {"range": (0, Fraction(1, 10**9))},
    ],
)
def test_random_inputs_are_inside_what_is_declared_exactly(declared):
    model = lsrl.compile(Program(cumsum(Input(1, name="x", **declared))), "linear-rnn", max_length=20)
    drawn = first_input(model, None)
    assert first_input(model, drawn) == drawn  # which refuses what is outside


def test_a_text_is_read_as_the_tokens_of_the_input():
    words = lsrl.TokenMap(2, symbols="AB", max_pairs=4)
    model = lsrl.compile(words.program, "mamba", max_length=words.max_length)
    assert list(token_numbers(model)) == ["A", "B", "="]
    assert first_input(model, "AB BA=") == [[0], [1], [1], [0], [2]]


def test_inputs_that_the_model_does_not_take_are_refused():
    words = lsrl.TokenMap(2, symbols="AB", max_pairs=1)
    model = lsrl.compile(words.program, "mamba", max_length=words.max_length)
    with pytest.raises(RangeError, match=r"has '<', which is not a token of token_map_2_to_2's input"):
        first_input(model, "AB <eos>")
    with pytest.raises(RangeError, match=r"expected at most max_length=9"):
        first_input(model, "A" * 10)
    with pytest.raises(ShapeError, match=r"has no tokens; expected at least one"):
        first_input(model, " ")
    with pytest.raises(ShapeError, match=r"is 2 sequences; expected one"):
        first_input(model, [[[0]], [[1]]])
    with pytest.raises(UnsupportedProgram, match=r"the text '1 0' for parity, which has no vocabulary"):
        first_input(model_of("parity", "lstm"), "1 0")


def test_the_data_of_a_page_are_json():
    data = page_data(model_of("fast_less_slow", "gated-linear-rnn"))
    assert json.loads(json.dumps(data, allow_nan=False)) == data
