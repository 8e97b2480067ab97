"""Programs over tokens: vocabularies, their files and listings, and what guards against other text."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import FormatError, Input, Program, ProgramError, RangeError, Vocabulary
from lsrl.backends.guarded import guarded
from lsrl.errors import ShapeError
from lsrl.lang.json_format import from_json, to_json
from lsrl.zoo import CLASSICS, get

ODD = Vocabulary({"#": 2, "=": 0, "a:b#": 1, "end=": 3, "ü": -7}, end="end=", nothing="nothing=#")


def program(vocabulary=ODD):
    x = Input(1, range=(0, 3), integer=True, name="x")
    return Program(x + 0, x > 1, name="odd", vocabulary=vocabulary)


def test_a_vocabulary_keeps_its_order_and_cannot_change():
    assert list(ODD.tokens) == ["#", "=", "a:b#", "end=", "ü"]
    assert (ODD.text_of(-7), ODD.number_of("=")) == ("ü", 0)
    assert copy.deepcopy(ODD) == ODD
    assert len({ODD, copy.copy(ODD), Vocabulary(dict(reversed(ODD.pairs)))}) == 2
    with pytest.raises(AttributeError):
        ODD.end = None
    with pytest.raises(TypeError):
        ODD.tokens["b"] = 3
    assert ODD.text_of(np.float64(2)) == "#"


@pytest.mark.parametrize("guard", [False, True])
def test_programs_with_a_vocabulary_come_back_the_same(guard, tmp_path):
    given_ = guarded(program(), 5) if guard else program()
    given_.save(tmp_path / "odd.json")
    for back in (Program.load(tmp_path / "odd.json"), from_json(to_json(given_)), Program.parse(str(given_))):
        assert back == given_
        assert back.vocabulary == ODD
    assert program(None) != program()
    assert "vocabulary" not in to_json(program(None))


def test_the_listing_says_which_number_is_which_text():
    line = str(program()).splitlines()[1]
    assert line == "vocabulary 2:# 0:= 1:a:b# 3:end= -7:ü end=end= nothing=nothing=#"
    commented = str(program()).replace(line, f"{line} # 5:no token")
    assert Program.parse(commented) == program()
    named = "program p\nvocabulary : 1 = Input() # a value\n%y: 1 = Linear(vocabulary, A=2)\nreturn %y"
    assert Program.parse(named).vocabulary is None


BROKEN = [
    ("vocabulary nothing=x", "line 2: the vocabulary has no 'number:text'"),
    ("vocabulary 0:a 1:b", "no 'nothing=text'"),
    ("vocabulary 0:a 1:a nothing=x", "line 2: the token 'a' is there twice"),
    ("vocabulary 0:a 0:b nothing=x", "line 2: the tokens 'a' and 'b' both stand for 0"),
    ("vocabulary 0:a b nothing=x", "line 2: 'b'; expected 'number:text'"),
    ("vocabulary 0:a end=a end=a nothing=x", "line 2: 'end=a'; expected"),
    ("vocabulary 0:a end=b nothing=x", "line 2: end of a vocabulary is 'b', which is not a token"),
    ("vocabulary 999999999:a nothing=x", "stands for 999999999; expected a whole number from"),
    ("vocabulary 5:a nothing=x", "no token stands for 0"),
]


@pytest.mark.parametrize(("line", "message"), BROKEN)
def test_broken_vocabulary_lines_are_refused(line, message):
    text = f"program p\n{line}\nx: 1 = Input(range=(0, 3), grid=1)\nreturn x"
    with pytest.raises(FormatError, match=message) as caught:
        Program.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokens": []}, "at vocabulary"),
        ({"tokens": [["a", 0], ["a", 1]]}, "vocabulary: the token 'a' is there twice"),
        ({"tokens": [["a", True]]}, "not of type 'integer'"),
        ({"tokens": [["a b", 0]]}, "expected printable text without blanks"),
        ({"end": "none"}, "end of a vocabulary is 'none'"),
        ({"more": 1}, "'more' was unexpected"),
    ],
)
def test_broken_vocabularies_in_files_are_refused(changes, message):
    data = to_json(program())
    with pytest.raises(FormatError, match=message):
        from_json(data | {"vocabulary": data["vocabulary"] | changes})


def number(**declared):
    return Input(declared.pop("dim", 1), name="x", **declared)


WHOLE = {"range": (0, 3), "integer": True}

MISTAKES = [
    (lambda: Vocabulary({}), "tokens of a vocabulary are {}"),
    (lambda: Vocabulary(["a"]), "expected a dictionary"),
    (lambda: Vocabulary({"": 0}), "token '' of a vocabulary; expected printable text"),
    (lambda: Vocabulary({"a\u2028": 0}), "expected printable text without blanks"),
    (lambda: Vocabulary({"a" * 201: 0}), "has 201 characters"),
    (lambda: Vocabulary({"a": True}), "'a' of a vocabulary stands for True; expected a whole number"),
    (lambda: Vocabulary({"a": 0.5}), r"stands for 0\.5"),
    (lambda: Vocabulary({"a": 1, "b": 1}), "the tokens 'a' and 'b' both stand for 1"),
    (lambda: Vocabulary({"a": 1}, end="b"), "end of a vocabulary is 'b', which is not a token"),
    (lambda: Vocabulary({"a": 1}, nothing="a"), "nothing of a vocabulary is 'a', which is a token"),
    (lambda: Vocabulary.of_numbers(2, 1), "go from 2 to 1; expected low ≤ high"),
    (lambda: Program(number(**WHOLE), vocabulary={"a": 0}), "vocabulary of program is {'a': 0}; expected an lsrl"),
    (lambda: Program(number(range=(0, 3)), vocabulary=ODD), "x is not one whole number in a declared range"),
    (lambda: Program(number(integer=True), vocabulary=ODD), "x is not one whole number in a declared range"),
    (lambda: Program(number(dim=2, **WHOLE), vocabulary=ODD), "x is not one whole number in a declared range"),
    (lambda: Program(lsrl.broadcast(number(**WHOLE), 3), vocabulary=ODD), "a vocabulary and 3 outputs"),
    (lambda: Program(number(range=(0, 5), integer=True), vocabulary=ODD), "no token stands for 4"),
    (lambda: guarded(program(None)), "guarded of odd, which has no vocabulary"),
]


@pytest.mark.parametrize(("mistake", "message"), MISTAKES)
def test_mistakes_are_named_in_one_line(mistake, message):
    with pytest.raises(ProgramError, match=message) as caught:
        mistake()
    assert "\n" not in str(caught.value)


def test_unknown_numbers_and_texts_are_named():
    with pytest.raises(RangeError, match=r"no token stands for 9; expected one of 2, 0, 1, 3, -7"):
        ODD.text_of(9)
    with pytest.raises(RangeError, match="'b' is not a token of the vocabulary; expected one of '#', '='"):
        ODD.number_of("b")
    with pytest.raises(ShapeError, match="max_length is 0"):
        guarded(program(), 0)


@pytest.mark.parametrize("name", CLASSICS)
@pytest.mark.filterwarnings("ignore::lsrl.UndecidedComparisonWarning")
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_guarded_zoo_programs_answer_the_same_or_refuse(name, data):
    entry = get(name)
    plain = Program(entry.program.output, name=name, vocabulary=Vocabulary.of_numbers(-1, 9))
    longest = data.draw(st.integers(1, 8))
    guard = guarded(plain, longest)
    assert guard.vocabulary == plain.vocabulary
    assert {v.name for v in plain.values} <= {v.name for v in guard.values}
    (low,), (high,) = entry.stream.low, entry.stream.high
    symbols = data.draw(st.lists(st.integers(low, high), min_size=1, max_size=longest + 3))
    x = np.array(symbols)[:, None]
    outputs = guard.run(x, exact=True)
    assert (outputs[:longest, :1] == plain.run(x, exact=True)[:longest]).all()
    # Above all tokens the symbol tells by itself; below, or between, it takes a word.
    assert ((outputs[:longest, 1] > 0) == (outputs[:longest, 0] < -1)).all()
    assert (outputs[longest:, 1] >= 1).all()
    place = data.draw(st.integers(0, len(x) - 1))
    x[place] = high + 1
    spoiled = guard.run(x, exact=True)
    assert (spoiled[place:, 1] >= 1).all()
    assert (spoiled[:place, 1] == outputs[:place, 1]).all()


def test_a_guard_adds_to_the_programs_own_refusal_and_takes_free_names():
    x = Input(1, range=(0, 3), integer=True, name="refused")
    own = Program(x, lsrl.larger(x, 2, name="invalid"), vocabulary=ODD)
    guard = guarded(own, 2)
    assert guard.run([[1], [3], [3]])[:, 1].tolist() == [0, 1, 2]
    assert guard["refused_2"].name == "refused_2"
    assert guard["invalid_2"].name == "invalid_2"
