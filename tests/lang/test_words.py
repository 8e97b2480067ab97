"""What messages, layouts and explanations call values that have no name: as the program was written."""

import copy
import json
import pickle

import pytest

import lsrl
from lsrl import Input, Program
from lsrl.backends.guarded import guarded
from lsrl.lang.words import Label, label, words_of

x = Input(1, range=(0, 9), integer=True, name="x")


def test_a_value_is_called_by_its_name_or_as_it_is_written():
    late = lsrl.delay(x, name="late")
    program = Program(lsrl.ifelse(late > 4, lsrl.cumsum(x), -late), name="p")
    words = program.words
    assert words.keys() == set(program.names.values())
    assert [words[name] for name in ("x", "late", "late.history")] == ["x", "late", "late.history"]
    assert [words[name] for name in ("larger", "larger.missing", "cumsum")] == ["late > 4", "late > 4", "cumsum(x)"]
    assert words["ifelse"] == words["ifelse.then"] == "ifelse(late > 4, cumsum(x), -late)"


def test_what_is_long_to_write_keeps_its_name():
    program = Program(lsrl.and_(*(x > i for i in range(9))))
    assert program.words["and"] == "and"
    assert program.words["larger_3"] == "x > 2"


def test_a_label_is_the_name_and_is_quoted_as_it_is_written():
    program = Program(x > 4)
    high = label(program, program.output)
    assert high == "larger" == f"{high}"
    assert repr(high) == "'x > 4'"
    assert words_of(high) == "x > 4"
    assert {high: 1}["larger"] == 1
    assert json.dumps(high) == '"larger"'
    for alike in (pickle.loads(pickle.dumps(high)), copy.deepcopy(high)):
        assert alike == "larger"
        assert not isinstance(alike, Label)
    assert label(program, x) == words_of("x") == "x"


def test_refusals_call_values_as_they_are_written():
    with pytest.raises(lsrl.RangeError, match=r"^'latch\(x, x \+ x\)' of p reads 'x \+ x', which can be 0 … 18"):
        lsrl.compile(Program(lsrl.latch(x, x + x), name="p"))
    with pytest.raises(lsrl.UnsupportedProgram, match=r"value 'delay\(x\) \* x' multiplies two values"):
        lsrl.compile(Program(lsrl.delay(x) * x), "lstm")


def test_undecided_comparisons_are_called_as_they_are_written():
    y = Input(1, name="y")
    program = Program(lsrl.larger(y, 1, width=1), lsrl.larger(y, 1, width=1, name="above"))
    assert [str(one).partition(" is ")[0] for one in program.undecided([[1.5]])] == ["'larger(y, 1, width=1)'", "above"]
    assert [one.value for one in program.undecided([[1.5]])] == ["larger", "above"]


def test_a_guarantee_and_an_explanation_call_values_as_they_are_written():
    model = lsrl.compile(Program(lsrl.cumsum(Input(1, range=(0, 9), name="x")) > 3), "rnn-relu")
    assert "no range that floats hold is known for 'cumsum(x)'" in str(model.guarantee)
    explained = lsrl.compile(Program(lsrl.equal(x, 3)), "lstm").explain()
    assert "(weakest: 'equal(x, 3)'" in str(explained)
    assert {words_of(limit.name) for limit in explained.limits} == {"equal(x, 3)", "output[0]"}


def test_a_layout_as_text_has_what_one_sees_of_the_program(tmp_path):
    model = lsrl.compile(Program(lsrl.equal(x, 3) + lsrl.delay(x, name="late")), "lstm")
    lines = [line.partition(": ")[0] for line in str(model.layout).splitlines()]
    assert lines == ["x", "equal(x, 3)", "late.history", "late", "equal(x, 3) + late"]
    assert set(model.layout) > set(model.program.names.values()) - set(model.layout.absent) - {"not"}
    model.save(tmp_path / "model")
    assert str(lsrl.load(tmp_path / "model").layout) == str(model.layout)


def test_a_guarded_program_reads_as_it_was_written():
    vocabulary = lsrl.Vocabulary({str(number): number for number in range(20)})
    program = Program(lsrl.modulo(lsrl.cumsum(x), 7, name="week"), name="days", vocabulary=vocabulary)
    for guard in (guarded(program, 30), guarded(Program.parse(str(program)), 30)):
        assert "week: 1 = modulo(cumsum(x), 7)" in str(guard)
        assert Program.parse(str(guard)) == guard
