"""Listings at the level at which people write: values remember the library calls that made them."""

import random
import textwrap

import numpy as np
import pytest

import lsrl
from lsrl import FormatError, Input, Program
from lsrl.lang.json_format import from_json, to_json

x = Input(2, range=(-3, 3), grid="1/2", name="x")
a, b = (lsrl.Linear(part, 1, name=name) for name, part in zip("ab", x, strict=True))


def test_a_program_reads_as_it_was_written():
    bit = Input(1, range=(0, 1), integer=True, name="bit")
    ones = lsrl.cumsum(bit, name="ones")
    parity = lsrl.modulo(ones, 2, name="parity")
    program = Program(lsrl.ifelse(lsrl.equal(ones, 3), parity, -1), name="parity")
    assert str(program) == textwrap.dedent("""\
        program parity
        bit: 1 = Input(range=(0, 1), grid=1)
        ones: 1 = cumsum(bit)
        parity: 1 = modulo(ones, 2)
        %ifelse: 1 = ifelse(equal(ones, 3), parity, -1)
        return %ifelse""")
    assert str(program) == program.listing("library")
    assert len(program.listing("primitives").splitlines()) == len(program.values) + 2
    with pytest.raises(lsrl.ProgramError, match="level='all' of a listing; expected 'library' or 'primitives'"):
        program.listing("all")


EXPRESSIONS = {
    "a + b": a + b,
    "a - 1": a - 1,
    "1 - a": 1 - a,
    "a * 2 + b": 2 * a + b,
    "(a + b) * 2": (a + b) * 2,
    "a - (b - 1)": a - (b - 1),
    "a - b - 1": a - b - 1,
    "a + -1": a + -1,
    "a * (1/2)": a * 0.5,
    "a * (-1/2)": a * -0.5,
    "a / (1/3)": a / lsrl.lang.numbers.exact("1/3"),
    "-a * b": -a * b,
    "-(a * b)": -(a * b),
    "a // 2": a // 2,
    "modulo(a, 3)": a % 3,
    "absolute(a)": abs(a),
    "a > b": a > b,
    "a >= 1/2": a >= 0.5,
    "a + b > 1": a + b > 1,
    "(a > b) > 0": (a > b) > 0,
    "3 > a": lsrl.larger(3, a),
    "larger(a, b, width=1/2)": lsrl.larger(a, b, width=0.5),
    "clip(a, -1/2, 1/3)": lsrl.clip(a, "-1/2", "1/3"),
    "(a > 0) & (b > 0)": (a > 0) & (b > 0),
    "~(a > 0) | ~~(b > 0)": ~(a > 0) | ~~(b > 0),
    "and_(a > 0, b > 0, a < b)": lsrl.and_(a > 0, b > 0, a < b),
    "(a + b)[0]": (a + b)[0],
    "x + [1, 2]": x + [1, 2],
    "x * [1, 1/2]": x * np.array([1, 0.5]),
    'ifelse(a > 0, b, 1, via="relu", short=0)': lsrl.ifelse(a > 0, b, 1, via="relu", short=False),
    "delay(a, steps=2)": lsrl.delay(a, steps=2),
    "delay(a)": lsrl.delay(a, steps=1, init=0),
    "shift_register(a, 3)[1:3]": lsrl.shift_register(a, 3)[1:],
    "select(x, a)": x[a],
    "lookup(a, [b, 1, 1/2])": lsrl.lookup(a, [b, True, 0.5]),
    "switch(a, {1: b, 2: 5, -1: a + b}, default=-a)": lsrl.switch(a, {1: b, 2: 5, -1: a + b}, default=-a),
    "a + constant(3)": a + lsrl.constant(3),
    "a + 3": a + lsrl.Constant([3]),
    "x - [0, -1/2]": x - lsrl.Constant([0, "-1/2"]),
    "ReLU(a) * Multi(Concat(a, b))": lsrl.ReLU(a) * lsrl.Multi(lsrl.Concat([a, b])),
    "automaton(a, [[1, 0], [None, 1]], start=1)": lsrl.automaton(a, {(0, 0): 1, (0, 1): 0, (1, 1): 1}, start=1),
    "accepts(a, [[0, 1], [1, 0]], accepting=[1], alphabet=[-1, 1/2])": lsrl.accepts(
        a,
        [["even", "odd"], ["odd", "even"]] and {"e": {-1: "e", "1/2": "o"}, "o": {-1: "o", "1/2": "e"}},
        accepting=["o"],
    ),
    "moore(a, [[0, 1], [1, 0]], [[5, 0], [7, 1]])": lsrl.moore(
        a, lambda state, symbol: (state + symbol) % 2, {1: [7, 1], 0: [5, 0]}, start=0, alphabet=[0, 1]
    ),
    "mealy(a, [[0, 0]], {(0, 1): 2, (0, 0): 1/2})": lsrl.mealy(
        a, {"s": {0: "s", 1: "s"}}, {("s", 1): 2, ("s", 0): 0.5}
    ),
    'regex("(0|1)*1", a)': lsrl.regex("(0|1)*1", a),
    'regex("q\\"#\\u200b", a, alphabet={"q": 0, "\\"": 1, "#": 2, "\\u200b": 4})': lsrl.regex(
        'q"#\u200b', a, alphabet={"q": 0, '"': 1, "#": 2, "\u200b": 4}
    ),
}


@pytest.mark.parametrize(("text", "value"), EXPRESSIONS.items())
def test_a_call_is_written_as_in_python_and_reads_back(text, value):
    program = Program(lsrl.Concat([value, a, b], name="all"))
    assert f"= Concat({text}, a, b)" in str(program) or f" = {text}\n" in str(program)
    reads_back(program)


def reads_back(program):
    for back in (Program.parse(str(program)), from_json(to_json(program))):
        assert back == program
        assert str(back) == str(program)
    primitives = Program.parse(program.listing("primitives"))
    assert primitives == program
    assert hash(primitives) == hash(program)
    return program


def test_long_expressions_and_those_that_are_read_twice_have_lines_of_their_own():
    both = a + b
    program = reads_back(Program(lsrl.maximum(both, lsrl.absolute(both)), sum((a * i for i in range(30)), b)))
    lines = str(program).splitlines()
    assert "%sum: 1 = a + b" in lines
    assert "%maximum: 1 = maximum(%sum, absolute(%sum))" in lines or "maximum(%sum, absolute(%sum))" in lines[-2]
    assert max(map(len, lines)) < 160


def test_what_a_call_stands_for_is_folded_with_its_names():
    program = reads_back(Program(lsrl.delay(a, 2, name="late")))
    assert "late.history" in program.names.values()
    assert "late.history" not in str(program)
    assert program.trace([[1, 0], [2, 0], [3, 0]])["late.history"].tolist()[2] == [3, 2, 1]


def test_a_call_whose_inside_is_read_elsewhere_is_opened():
    late = lsrl.delay(a, 2, name="late")
    history = late.arguments[0]
    program = reads_back(Program(late, history[1]))
    assert "late.history: 3 = LinState(a, A=shift(3, 1)" in str(program)
    assert "late: 1 = Linear(late.history" in str(program)
    assert "delay(" not in str(program)


def test_one_constant_in_two_calls_stays_one():
    one = lsrl.constant(1)
    shared = reads_back(Program(lsrl.cumsum(one) + lsrl.delay(one) + a))
    assert str(shared).count("%constant") == 3
    apart = reads_back(Program(lsrl.cumsum(1) + lsrl.delay(1) + a))
    assert "cumsum(1) + delay(1) + a" in str(apart)
    dropped = reads_back(Program((a + one) * (b + one)))
    assert "(a + constant(1)) * (b + constant(1))" in str(dropped)
    assert len(dropped.values) == len(Program((a + 1) * (b + 1)).values)


def test_the_same_numbers_in_a_matrix_and_as_a_value():
    one = lsrl.constant(1)
    reads_back(Program(a + one, lsrl.cumsum(one)))
    twice = lsrl.Constant([1])
    reads_back(Program(a + twice, lsrl.cumsum(twice)))


def test_a_call_that_returns_what_it_was_given_made_nothing():
    assert lsrl.broadcast(a, 1) is a
    assert a.call is None
    made = a + 1
    assert lsrl.broadcast(made, 1).call.function == "added"
    text = "program p\nx: 1 = Input()\n%y: 1 = broadcast(x, 1)\n%z: 1 = %y + 1\nreturn %z"
    assert str(Program.parse(text)).splitlines()[1:] == ["x: 1 = Input()", "%sum: 1 = x + 1", "return %sum"]


def test_what_is_remembered_does_not_change_with_the_lists_that_were_given():
    table = [1, 2, 3]
    value = lsrl.lookup(a, table)
    table[0] = 5
    assert "lookup(a, [1, 2, 3])" in str(reads_back(Program(value)))


def test_what_cannot_be_written_down_is_seen_as_primitives():
    value = lsrl.delay(a, init=iter([1]))
    assert value.call is None
    assert "LinState" in str(reads_back(Program(value)))


def test_a_pattern_that_takes_long_to_read_is_kept_as_its_automaton():
    value = lsrl.regex("((01)?){40}", a)
    assert "accepts(a, [[" in str(reads_back(Program(value)))


def test_loops_are_seen_as_such_with_the_calls_of_their_step():
    state = lsrl.recur(lambda last: lsrl.maximum(last * "9/10", a), name="peak")
    text = str(reads_back(Program(state)))
    assert "%peak.previous: 1 = Previous(init=0)" in text
    assert "peak: 1 = Recur(maximum(%peak.previous * (9/10), a), %peak.previous)" in text


@pytest.mark.parametrize("name", ["None", "equal", "in", "lambda", "not", "x1.y"])
def test_values_may_have_any_name(name):
    named = lsrl.Linear(x[0], 1, name=name)
    reads_back(Program(lsrl.equal(named, 3), lsrl.automaton(named, [[0, 1], [1, 0]])))


def test_programs_are_equal_however_they_were_written():
    called = Program(lsrl.larger(a, 3), name="p")
    bare = Program.parse(called.listing("primitives"))
    assert bare == called
    assert hash(bare) == hash(called)
    assert str(bare) != str(called)
    assert Program(a > 3, name="p") == called


def test_a_listing_in_a_file_that_says_something_else_is_left_out():
    program = Program(lsrl.equal(a, 3, name="three"), name="p")
    data = to_json(program)
    for lines in (
        [line.replace("3", "4") for line in data["listing"]],
        ["program p", "what: 1 = no_such_function(3)", "return what"],
        data["listing"][:-1],
        ["nonsense"],
        [],
        str(Program(lsrl.equal(a, 3, name="three"), name="q")).splitlines(),
        [*data["listing"][:-2], "three: 1 = shift_register(a, 1000000000000)", "return three"],
    ):
        back = from_json(data | {"listing": lines})
        assert back == program
        assert not any(value.call for value in back.values)
    with pytest.raises(FormatError, match="listing"):
        from_json(data | {"listing": [3]})


def test_files_without_a_listing_are_read_as_ever():
    program = Program(lsrl.equal(a, 3), name="p")
    data = to_json(program)
    del data["listing"]
    loaded = reads_back(from_json(data))
    assert loaded == program
    assert not any(value.call for value in loaded.values)


def test_what_is_folded_without_a_call_stays_so_in_a_file():
    reads_back(Program(lsrl.Concat([lsrl.Multi(lsrl.Concat([x[0], x[1]])), x])))


REFUSED = {
    "print(x)": "'print' is not an operation; expected a function of lsrl, one of Input",
    "__import__(x)": "'__import__' is not an operation",
    "recur(x)": "'recur' is not an operation",
    "compile(x)": "'compile' is not an operation",
    "x.delay(1)": "'x.delay' is not an operation",
    'cumsum(x, name="s")': "cumsum with a name is not an operation",
    "cumsum()": "cumsum does not take what it is given in 'cumsum",
    "cumsum(x, 3)": "cumsum does not take",
    "cumsum(x, start=3)": "cumsum does not take",
    "lookup(x, None)": "lookup of x in NoneType; expected a list",
    "automaton(x, [[{1: 2}]])": "leads to {1: 2}",
    "ReLU(1 + 2)": "added does not take",
    "ReLU(1 / x)": "1 / x: division by a value",
    "x > 1 > 0": "'>' in 'x > 1 > 0'; expected brackets around what comes before it",
    "x + cumsum": "y reads 'cumsum', which is not a value",
    "x + y": "y reads 'y', which comes later or reads it",
    "Linear(x, A=1) + 1": "Linear within another operation; expected a line of its own",
    "x + Input()": "Input within another operation; expected a line of its own",
    "switch(x, {1: 2, 1: 3})": "the case 1 appears twice",
    "switch(x, {x: 2})": "is not 'number: result'",
    'regex("0, x)': "not readable",
    'regex("\\q", x)': "is not a text in quotes",
    "(" * 5000 + "x": "brackets nest too deeply",
    "-" * 5000 + "x": "brackets nest too deeply",
    "x" + " + x" * 5000: "expected brackets around what comes before it",
    "x + 'a'": "is not readable",
    "broadcast(x, 1)": "'y' would name what broadcast only passes on; expected %y",
    "x + 1": "what added makes takes no name of the user's; expected %y",
    "equal(x, [1, 2])": "y has dimension 2, not 1",
}


@pytest.mark.parametrize(("operation", "message"), REFUSED.items(), ids=lambda text: text[:30])
def test_anything_else_is_refused_by_line(operation, message):
    with pytest.raises(FormatError, match=message.replace("(", "\\(").replace("+", "\\+")) as caught:
        Program.parse(f"program p\nx: 1 = Input()\ny: 1 = {operation}\nreturn y")
    assert str(caught.value).startswith("line 3: ")
    assert "\n" not in str(caught.value)


HUGE = [
    'regex("' + "((((0|1)*)*){9}){9}" + '", x) + ' + " + ".join(['regex("((0|1)*){9}", x)'] * 30),
    'regex("(0?1?){400}", x)',
    "shift_register(x, 16000000)",
    "total(shift_register(shift_register(x, 5000), 5000))",
    "total(cyclic(16000000))",
    "delay(x, 4000000)",
    "total(one_hot(x, 10000000))",
    "total(broadcast(x, 10000000))",
    "quotient(x, x, 9000000)",
    "total(register_file(broadcast(x, 3000), x, 3000))",
    "total(one_hot(broadcast(x, 3000), 3000))",
    "total(quotient(broadcast(x, 1000), x, 1000))",
    "total(" * 30 + "shift_register(" * 9 + "x" + ", 9)" * 9 + ")" * 30,
]


@pytest.mark.parametrize("operation", HUGE, ids=lambda text: text[:40])
def test_a_line_cannot_ask_for_much_memory_or_time(operation):
    with pytest.raises(FormatError, match="line 3: .*(expected at most|are read from a file)"):
        Program.parse(f"program p\nx: 1 = Input()\n%y: 1 = {operation}\nreturn %y")


def test_the_calls_of_all_lines_have_one_room():
    lines = [f"%s{i}: 1 = delay(x, 300000)" for i in range(40)]
    with pytest.raises(FormatError, match="line [0-9]+: .*(expected at most|are read from a file)"):
        Program.parse("\n".join(["program p", "x: 1 = Input()", *lines, "return %s0"]))


def test_outside_of_files_there_is_all_the_room():
    assert lsrl.one_hot(a, 5_000).dim == 5_000
    with pytest.raises(lsrl.ShapeError, match=r"dimension of shift_register is 25,000,000|expected at most 16,777,216"):
        lsrl.shift_register(Input(5_000), 5_000)


@pytest.mark.parametrize("seed", range(8))
def test_a_garbled_listing_is_a_program_or_refused(seed):
    rng = random.Random(seed)
    pieces = [
        "(",
        ")",
        "[",
        "]",
        "{",
        ":",
        ",",
        "=",
        '"',
        "/",
        "-",
        "~",
        ">",
        "%",
        "#",
        "\\",
        "None",
        "7",
        "1/0",
        *"ab",
    ]
    text = str(Program(lsrl.Concat(list(EXPRESSIONS.values()), name="all")))
    read = 0
    for _ in range(40):
        place = rng.randrange(text.index("\n"), len(text))
        garbled = text[:place] + rng.choice(pieces) + text[place + rng.randrange(3) :]
        try:
            program = Program.parse(garbled)
        except FormatError:
            continue
        read += 1
        reads_back(program)
    assert read < 40
