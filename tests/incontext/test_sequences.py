"""In-context dictionaries: any lengths, any symbols, on every target; clear answers for missing and doubled keys."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import FormatError, LsrlError, RangeError, SequenceMap, ShapeError
from lsrl.backends.registry import TARGETS
from lsrl.incontext import read_pairs
from lsrl.incontext.dictionaries import airports, capitals, codes_map
from strategies import examples_for


@pytest.mark.parametrize("target", TARGETS)
def test_any_map_is_answered_like_a_dict(target):
    @examples_for(target, many=settings(max_examples=8, deadline=None))
    @given(st.data(), st.integers(1, 4), st.integers(1, 4), st.integers(1, 5))
    def check(data, key_length, value_length, symbols):
        words = SequenceMap(key_length, value_length, symbols=symbols, max_pairs=6)
        symbol = st.integers(0, symbols - 1)
        key, value = st.tuples(*[symbol] * key_length), st.tuples(*[symbol] * value_length)
        pairs = data.draw(st.lists(st.tuples(key, value), min_size=1, max_size=6))
        asked = data.draw(st.lists(key, min_size=1, max_size=4)) + [pairs[0][0]]
        first_wins = dict(reversed(pairs))
        expected = [first_wins.get(k) for k in asked]
        prompt = words.prompt(pairs)
        assert words.answers(words.program, asked, prompt) == expected
        model = lsrl.compile(words.program, target, max_length=words.max_length)
        assert model.guarantee.kind == "exact"
        assert words.answers(model, asked, prompt) == expected

    check()


# On the CPU, mamba2's kernels take a quarter of a minute for so long a prompt.
@pytest.mark.parametrize(("turn", "target"), list(enumerate(target for target in TARGETS if target != "mamba2")))
def test_both_shipped_dictionaries_with_the_same_weights(turn, target):
    words = codes_map()
    model = lsrl.compile(words.program, target, max_length=words.max_length)
    for pairs in (capitals(), airports()):
        prompt = words.prompt(pairs)
        asked = list(pairs)[turn % 5 :: 5]  # a fifth by each target: the whole prompt is read for every key
        assert words.answers(model, [*asked, "QQQ"], prompt) == [*(pairs[key] for key in asked), None]


def test_shipped_dictionaries_are_large_enough():
    assert len(capitals()) == 25
    assert len(airports()) >= 50


@pytest.mark.parametrize(("turn", "target"), list(enumerate(TARGETS)))
def test_long_keys_and_many_pairs(turn, target):
    rng = np.random.default_rng(0)
    words = SequenceMap(10, 10, symbols=10, max_pairs=20)
    pairs = {tuple(rng.integers(0, 10, 10).tolist()): tuple(rng.integers(0, 10, 10).tolist()) for _ in range(20)}
    model = lsrl.compile(words.program, target, max_length=words.max_length)
    assert model.guarantee.kind == "exact"
    asked = list(pairs)[turn % 4 :: 4]
    assert words.answers(model, asked, words.prompt(pairs)) == [pairs[key] for key in asked]


def test_keys_that_almost_match_are_not_found():
    words = SequenceMap(3, 2, symbols="ab", max_pairs=8)
    prompt = words.prompt({"aab": "ab", "aba": "ba", "baa": "bb"})
    assert words.answers(words.program, ["aab", "aba", "baa"], prompt) == ["ab", "ba", "bb"]
    assert words.answers(words.program, ["aaa", "bbb", "abb"], prompt) == [None, None, None]


def test_where_the_key_stands_in_the_prompt_twice_the_first_pair_wins():
    words = SequenceMap(1, 2, symbols=10)
    prompt = words.prompt([((1,), (2, 3)), ((1,), (4, 5)), ((6,), (7, 8))])
    assert words.answers(words.program, [(1,), (6,)], prompt) == [(2, 3), (7, 8)]


words = SequenceMap(2, 1, symbols="xyz", max_pairs=2)

cut = words.prompt({"xx": "x", "xy": "y"})[:-1]

MISTAKES = [
    (
        lambda: words.answer(words.program, "xy", cut),
        ShapeError,
        r"prompt has shape \(5, 1\); expected .* multiple of 3",
    ),
    (lambda: words.answer(words.program, "xy", np.zeros((9, 1))), ShapeError, "a multiple of 3 up to 6"),
    (lambda: words.answer(words.program, "xy", [1, 2, 3]), ShapeError, "prompt has shape"),
    (lambda: words.answers(words.program, "xy", words.prompt({"xx": "x"})), ShapeError, "keys are 'xy'"),
    (lambda: words.prompt(None), ShapeError, "pairs are None; expected a dictionary"),
    (lambda: words.prompt("ABC"), ShapeError, "pairs are 'ABC'"),
    (lambda: words.prompt([("a", "b", "c")]), ShapeError, "expected a dictionary, or a list of"),
    (lambda: words.prompt({3: "x"}), ShapeError, "key is 3; expected 2 symbols"),
    (
        lambda: words.read(np.array([[[-1.0, 1.0]]])),
        RangeError,
        r"the model answered \[-1\]; expected symbols from 0 to 2",
    ),
    (lambda: SequenceMap(1, symbols=2**53), ShapeError, "symbols is 9007199254740992; expected at most"),
    (lambda: SequenceMap(0), ShapeError, "key_length is 0; expected a whole number from 1"),
    (lambda: SequenceMap(2, 1.5), ShapeError, r"value_length is 1\.5"),
    (lambda: SequenceMap(2, max_pairs=0), ShapeError, "max_pairs is 0"),
    (lambda: SequenceMap(2, symbols="aa"), LsrlError, "symbols 'aa' repeat"),
    (lambda: SequenceMap(2, symbols=0), LsrlError, "symbols is 0"),
    (lambda: words.prompt({}), RangeError, "the prompt has 0 pairs; expected 1 to max_pairs=2"),
    (lambda: words.prompt({"xx": "x", "xy": "x", "yx": "x"}), RangeError, "the prompt has 3 pairs"),
    (lambda: words.prompt({"xxx": "x"}), ShapeError, "key 'xxx' has 3 symbols; expected 2"),
    (lambda: words.prompt({"xx": "xy"}), ShapeError, "value of key 'xx' 'xy' has 2 symbols; expected 1"),
    (lambda: words.prompt({"xa": "x"}), RangeError, "key 'xa' has the symbol 'a'; expected those of 'xyz'"),
    (lambda: words.prompt({(0, 1): "x"}), RangeError, "has the symbol 0; expected those of 'xyz'"),
    (lambda: words.query("x"), ShapeError, "key 'x' has 1 symbols; expected 2"),
    (
        lambda: words.answers(words.program, [], np.zeros((3, 1))),
        ShapeError,
        "keys are .*; expected a list of at least one",
    ),
    (lambda: SequenceMap(1, symbols=4).query([4]), RangeError, r"key \[4\] has the symbol 4; expected those of 0 … 3"),
    (lambda: SequenceMap(1, symbols=4).query([1.5]), RangeError, r"symbol 1\.5"),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES)
def test_mistakes_are_named_in_one_line(mistake, error, message):
    with pytest.raises(error, match=message) as caught:
        mistake()
    assert "\n" not in str(caught.value)


BAD_FILES = [
    ("", "has no rows"),
    ("\n\n", "has no rows"),
    ("AUS,VIE\nBUL\n", "line 2 has 1 columns; expected 2"),
    ("AUS,VIE,x\n", "line 1 has 3 columns"),
    ("AUS,VIE\nBUL,SOF\nAUS,SYD\n", "line 3 has the key 'AUS' again; expected every key once"),
    ("AUS,VIE\nBULG,SOF\n", "line 2 has 'BULG','SOF'; expected 3 and 3 symbols, as in the first line"),
    ("AUS,VIE\nBUL,SO\n", "line 2 has 'BUL','SO'"),
    (",VIE\n", "line 1"),
    ('AUS,"VIE\n', "cannot read"),
]


@pytest.mark.parametrize(("content", "message"), BAD_FILES)
def test_bad_csv_files_are_refused_by_line(content, message, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError, match=message) as caught:
        read_pairs(path)
    assert "pairs.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_csv_files_with_a_byte_order_mark_and_blanks_are_read(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"\xef\xbb\xbfAUS, VIE\r\n\r\nBUL,SOF\r\n")
    assert read_pairs(path) == {"AUS": "VIE", "BUL": "SOF"}
    path.write_bytes(b"\xff\xfe\x00A")
    with pytest.raises(FormatError, match="cannot read"):
        read_pairs(path)
    with pytest.raises(FormatError, match="cannot read"):
        read_pairs(tmp_path / "none.csv")
