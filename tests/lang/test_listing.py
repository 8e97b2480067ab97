"""Listings: what they look like, that they read back, and what is said about broken ones."""

import textwrap

import pytest

import lsrl
from lsrl import Input, Program
from lsrl.errors import FormatError


def test_a_listing_of_primitives_has_a_line_for_every_value():
    x = Input(1, range=(0, 9), integer=True, name="x")
    program = Program(lsrl.cumsum(lsrl.ifelse(x > 4, x, 0), name="sum"), name="sum of the large")
    assert program.listing("primitives") == textwrap.dedent("""\
        program sum of the large
        x: 1 = Input(range=(0, 9), grid=1)
        %difference: 1 = Linear(x, A=1, b=-4)
        %larger.progress: 1 = Linear(%difference, A=1024)
        %not: 1 = Linear(%larger.progress, A=-1, b=1)
        %larger.missing: 1 = ReLU(%not)
        %not_2: 1 = Linear(%larger.missing, A=-1, b=1)
        %larger: 1 = ReLU(%not_2, comparison=1)
        %concat: 2 = Concat(%larger, x)
        %ifelse: 1 = Multi(%concat)
        sum: 1 = LinState(%ifelse, A=1, B=1)
        return sum""")


MATRICES = {
    "A=2": 2,
    "A=cycle(3)": lsrl.lang.matrix.cycle(3),
    "A=shift(3, 2)": lsrl.lang.matrix.shift(3, 2),
    "A=diagonal([1, 1/2, 0])": lsrl.lang.matrix.diagonal([1, "1/2", 0]),
    "A=[[1, 2, 0], [0, 0, 0], [3, 0, 0]]": [[1, 2, 0], [0, 0, 0], [3, 0, 0]],
    "A=0": 0,
}


@pytest.mark.parametrize(("text", "matrix"), MATRICES.items())
def test_matrices_are_written_the_shortest_way(text, matrix):
    program = Program(lsrl.LinState(Input(3), matrix, 1))
    assert text in str(program)
    assert Program.parse(str(program)) == program


def test_large_matrices_and_vectors_are_written_by_their_entries():
    wide = Input(100)
    rows = [[int(row + column == 50) for column in range(100)] for row in range(100)]
    program = Program(lsrl.LinState(wide, rows, 1, init=[0] * 99 + [5]))
    assert "sparse(100, 100, (0, 50, 1), (1, 49, 1)" in str(program)
    assert "init=sparse(100, (99, 5))" in str(program)
    assert Program.parse(str(program)) == program


def test_gated_states_are_written_with_their_two_arguments():
    x = Input(2, name="x")
    program = Program(lsrl.GatedState(x, lsrl.step(x[0], name="open"), name="s"), lsrl.latch(x, x[1], init=[1, "1/2"]))
    assert "s: 2 = GatedState(x, open)" in program.listing("primitives")
    assert "%latch: 2 = GatedState(%latch.taken, %not_3, init=[1, 1/2])" in program.listing("primitives")
    parsed = Program.parse(str(program))
    assert parsed == program
    points = [[1, 0], [0, 1], [2, 0]]
    assert (parsed.run(points, exact=True) == program.run(points, exact=True)).all()


def test_a_written_gate_is_claimed_as_one_made_in_python():
    program = Program.parse("program p\nx: 2 = Input()\n%gate: 1 = x[0:1]\n%s: 2 = GatedState(x, %gate)\nreturn %s")
    assert "%s: 2 = GatedState(x, %s.gate)" in str(program)
    assert Program.parse(str(program)) == program


def test_comments_and_blank_lines_are_skipped():
    text = "program p  # a name\n\n# nothing\nx: 1 = Input()\n%y: 1 = Linear(x, A=2)\nreturn %y\n"
    assert Program.parse(text).run([[3]]).tolist() == [[6]]


def test_names_of_the_user_are_told_from_the_librarys():
    program = Program.parse("program p\n%x: 1 = Input()\nkept: 1 = ReLU(%x)\nreturn kept")
    assert [value.name for value in program.values] == [None, "kept"]


BROKEN = [
    ("", "no 'program NAME' first"),
    ("program p\nx: 1 = Input()\nx: 1 = ReLU(x)\nreturn x", "line 3: a value is named 'x' already"),
    ("program p\nx: 1 = Input()\ny: 1 = ReLU(z)\nreturn y", "line 3: y reads 'z', which is not a value"),
    ("program p\nx: 1 = Input()\ny: 1 = ReLU(y)\nreturn y", "line 3: y reads 'y', which comes later or reads it"),
    ("program p\nx: 1 = Input()\na: 1 = ReLU(b)\nb: 1 = ReLU(a)\nreturn b", "line 3: a reads 'b', which comes later"),
    ("program p\nx: 1 = Input()\ny: 2 = ReLU(x)\nreturn y", "line 3: y has dimension 1, not 2"),
    ("program p\nx: 1 = Input()\ny: 1 = ReLU(x)\nreturn z", "the output is 'z', which no value is named"),
    ("program p\nx: 1 = Input()\ny: 1 = ReLU(x)\nreturn x", "value 'y' is not needed for the output 'x'"),
    ("program p\nx: 1 = Input()\ny: 1 = Tanh(x)\nreturn y", "line 3: 'Tanh' is not an operation"),
    ("program p\nx: 1 = Input()\ny: 1 = ReLU(x, x)\nreturn y", "line 3: ReLU of 2 values; expected 1"),
    ("program p\nx: 1 = Input()\ny: 1 = ReLU(x\nreturn y", "line 3: 'ReLU\\(x' ends too early"),
    ("program p\nx: 1 = Input()\ny: 1 = ReLU(x) y\nreturn y", "line 3: 'y' follows the operation"),
    ("program p\nx: 1 = Input()\ny: 1 = Linear(x, C=1)\nreturn y", "line 3: Linear has no 'C'"),
    ("program p\nx: 1 = Input()\ny: 1 = Linear(x, A=cycle(5))\nreturn y", r"line 3: cycle\(5, …\); expected 1 rows"),
    ("program p\nx: 1 = Input()\ny: 1 = x[0:3]\nreturn y", r"line 3: x\[0:3\] is outside dimension 1"),
    ("program p\nx: 1 = Input()\ny: 1 = x[a]\nreturn y", "line 3: slice in"),
    ("program p\nx: 1 = Input()\ny: 1 = Linear(x, A=1, A=2)\nreturn y", "line 3: A= appears twice"),
    (
        "program p\nx: 1 = Input()\ny: 1 = Linear(x, A=sparse(1, 1, (0, 0, 1), (0, 0, 5)))\nreturn y",
        "two entries in one",
    ),
    ("program p\nx: 1 = Input()\ny: 1 = Linear(x, A=sparse(1, 1, (0, 1)))\nreturn y", "expected 3 numbers in brackets"),
    ("program p\nx: 1 = Input()\ny: 1 = Linear(x)\nreturn y", "line 3: Linear without A"),
    ("program p\nx: 1 = Input()\ny: 1 = LinState(x)\nreturn y", "line 3: LinState without A"),
    ("program p\nx: 1 = Input()\ny: 1 = GatedState(x)\nreturn y", "line 3: GatedState of 1 values; expected 2"),
    ("program p\nx: 1 = Input()\ny: 1 = GatedState(x, x, x)\nreturn y", "line 3: GatedState of 3 values; expected 2"),
    ("program p\nx: 1 = Input()\ny: 1 = GatedState(x, 1)\nreturn y", "line 3: GatedState of something .* not a name"),
    ("program p\nx: 1 = Input()\ny: 1 = GatedState(x, x, A=1)\nreturn y", "line 3: GatedState has no 'A'"),
    ("program p\nx: 1 = Input()\ny: 1 = GatedState(x, y)\nreturn y", "line 3: y reads 'y', .* only states reach back"),
    ("program p\nx: 3 = Input()\ny: 3 = GatedState(x, x, init=[1, 2])\nreturn y", "line 3: init has 2 numbers"),
    (
        "program p\nx: 3 = Input()\ng: 2 = x[0:2]\ny: 3 = GatedState(x, g)\nreturn y",
        "line 4: dimensions differ in y: x has 3, its gate g has 2",
    ),
    ("program p\nx: 3 = Input()\ny: 1 = GatedState(x, x)\nreturn y", "line 3: y has dimension 3, not 1"),
    (
        "program p\nx: 1 = Input()\ny: 1 = LinState(x, A=cycle(1, 7), B=1)\nreturn y",
        "cycle of 2 arguments; expected at most 1",
    ),
    (
        "program p\nx: 1 = Input()\ny: 1 = ReLU(x, comparison=2)\nreturn y",
        "comparison=2; expected comparison=1, or nothing",
    ),
    ("program p\nx: 1 = Input()\ny: 1 = ReLU(x, comparison=True)\nreturn y", "comparison=True; expected comparison=1"),
    (f"program p\nx: 1 = Input()\ny: 1 = x[0:{'9' * 5000}]\nreturn y", "line 3: slice in"),
    (
        f"program p\nx: 1000 = Input()\ny: 1000 = Linear(x, A=blocks({'1, ' * 1199}1))\nreturn y",
        "blocks of 1,200,000 columns",
    ),
    ("program p\nx: 1 = Input()\ny = ReLU(x)\nreturn y", "line 3 is 'y = ReLU\\(x\\)'; expected 'name: dimension"),
    ("program p\nx: 1 = Input()\ny: 1 = ReLU(x;)\nreturn y", "line 3: ';\\)' is not readable"),
    ("program p\nx: 1 = Input(range=3)\ny: 1 = ReLU(x)\nreturn y", "line 2: range is not a pair"),
    ("program p\nx: 1 = Input(range=(1, 0))\ny: 1 = ReLU(x)\nreturn y", "line 2: range .1, 0. of x is empty"),
    ("program p\nx: 1 = Input()\ny: 1 = Constant(2)\nreturn y", "depends on no Input|not needed"),
    ("program p\nx: 1 = Input()\nz: 1 = Input()\ny: 2 = Concat(x, z)\nreturn y", "has 2 inputs"),
    ("program p\nx: 999999999 = Input()\ny: 1 = ReLU(x)\nreturn y", "line 2: dimension 999999999; expected 1 to"),
    (f"program p\nx: 1 = Input()\ny: 1 = Linear(x, A={'[' * 5000})\nreturn y", "line 3: brackets nest too deeply"),
    (f"program p\nx: 1 = Input()\ny: 1 = Linear(x, b={'9' * 9999})\nreturn y", "line 3: number is '9"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_broken_listings_are_refused_by_line(text, message):
    with pytest.raises(FormatError, match=message) as caught:
        Program.parse(text)
    assert "\n" not in str(caught.value)


def test_short_notations_cannot_ask_for_much_memory():
    lines = [f"s{i}: 1000000 = LinState(x, A=cycle(1000000), B=0)" for i in range(100)]
    with pytest.raises(FormatError, match="rows in all; expected at most"):
        Program.parse("\n".join(["program p", "x: 1 = Input()", *lines, "return x"]))
    lines = [f"a{i}: 1 = Linear(x, A=1)" for i in range(40)]
    with pytest.raises(FormatError, match="entries; expected fewer|rows in all"):
        Program.parse("\n".join(["program p", "x: 1000000 = Input()", *lines, "return a0"]))
