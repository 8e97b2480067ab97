"""In-context dictionaries over tokens: generation, symbol by symbol, is a Python dictionary; the rest is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import FormatError, Program, ProgramError, RangeError, SequenceMap, ShapeError, TokenMap
from lsrl.backends.guarded import guarded
from lsrl.incontext.dictionaries import airports, capitals, codes_tokens

few = TokenMap(2, 1, symbols="xyz", max_pairs=2)


def raw_numbers(words, text):
    return np.array([words.vocabulary.number_of(symbol) for symbol in text if symbol != " "])[:, None]


def generated(words, prompt):
    """What the program generates after a prompt: text up to the end token, or None; and the outputs at the end."""
    sequence, texts = raw_numbers(words, prompt), []
    for _ in range(words.value_length + 1):
        outputs = words.program.run(sequence, exact=True)
        number, refused = outputs[-1]
        texts.append(words.vocabulary.nothing if refused else words.vocabulary.text_of(number))
        if texts[-1] in (words.vocabulary.end, words.vocabulary.nothing):
            break
        sequence = np.concatenate([sequence, [[int(number)]]])
    *symbols, last = texts
    return None if last == words.vocabulary.nothing and not symbols else "".join(symbols) + last, outputs


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 3), st.integers(1, 4), st.sampled_from(["a", "ab", "xyz#"]))
def test_any_map_is_generated_like_a_dict(data, key_length, value_length, symbols):
    words = TokenMap(key_length, value_length, symbols=symbols, max_pairs=5)
    key, value = (st.text(symbols, min_size=size, max_size=size) for size in (key_length, value_length))
    pairs = data.draw(st.lists(st.tuples(key, value), min_size=1, max_size=5))
    first_wins = dict(reversed(pairs))
    for asked in [data.draw(key), pairs[-1][0]]:
        prompt = words.prompt(asked, pairs)
        assert np.array_equal(words.numbers(prompt), raw_numbers(words, prompt))
        answer, outputs = generated(words, prompt)
        assert answer == (f"{first_wins[asked]}<eos>" if asked in first_wins else None)
        if answer is not None:  # one pass over prompt and answer gives what the single steps gave
            texts = [words.vocabulary.text_of(number) for number in outputs[-value_length - 1 :, 0]]
            assert "".join(texts) == answer
            assert outputs[: -value_length - 1, 1].all()
            assert not outputs[-value_length - 1 :, 1].any()


def test_both_shipped_dictionaries():
    words = codes_tokens()
    for pairs in (capitals(), airports()):
        for key, value in list(pairs.items())[::6]:
            assert generated(words, words.prompt(key, pairs))[0] == f"{value}<eos>"
        assert generated(words, words.prompt("QQQ", pairs))[0] is None


@settings(max_examples=100, deadline=None)
@given(st.text("xyz=", max_size=12), st.text("xyz=", max_size=4))
def test_every_text_is_answered_as_check_says_and_refused_for_good(text, after):
    try:
        few.check(f"{text}=")
        pairs = [(text[i : i + 2], text[i + 2]) for i in range(2, len(text), 3)]
        answer = dict(reversed(pairs)).get(text[:2])
    except (FormatError, ShapeError):
        answer = None
    except RangeError:
        return  # longer than it is made for: `guarded` refuses that
    outputs = few.program.run(raw_numbers(few, f"{text}={after}"), exact=True)
    asked, refused = len(text), outputs[:, 1] != 0
    if answer is None:
        assert refused[asked:].all()
        return
    second = after.find("=") if "=" in after else len(after)
    assert refused[:asked].all()
    assert not refused[asked : asked + second + 1].any()
    assert refused[asked + second + 1 :].all()
    end = few.vocabulary.number_of("<eos>")
    expected = [few.vocabulary.number_of(answer), *[end] * second]
    assert outputs[asked : asked + second + 1, 0].tolist() == expected


def test_a_prompt_without_its_end_is_not_answered_and_its_outputs_are_in_the_vocabulary():
    outputs = few.program.run(few.numbers("xy xx y xy z ="))
    assert outputs[:-1].tolist() == [[0, 1]] * 8


def test_guarded_prompts_refuse_unknown_tokens_and_what_is_too_long():
    model = guarded(few.program, few.max_length)
    prompt = few.numbers("xy xy z =")
    assert model.run(prompt)[-1].tolist() == [2, 0]
    unknown = few.vocabulary.number_of("<eos>")  # the program never reads it
    for place in range(len(prompt)):
        spoiled = prompt.copy()
        spoiled[place] = unknown
        refused = model.run(spoiled)[:, 1]
        assert refused[place:].all()
    longest = few.numbers("xy xy z xx y =")
    answered = np.concatenate([longest, [[2]]])
    assert len(answered) == few.max_length
    assert not model.run(answered)[-2:, 1].any()
    assert model.run(np.concatenate([answered, [[2]]]))[-1, 1]


@pytest.mark.parametrize("sizes", [(1, 1), (3, 3), (2, 7)])
def test_networks_are_no_deeper_than_those_that_are_not_over_tokens(sizes):
    sequences, words = SequenceMap(*sizes, symbols=26, max_pairs=9), TokenMap(*sizes, max_pairs=9)
    layers = [
        lsrl.compile(program, "linear-rnn", max_length=words.max_length).report().layers
        for program in (sequences.program, words.program, guarded(words.program, words.max_length))
    ]
    assert layers == [layers[0]] * 3


@pytest.mark.parametrize("target", ["linear-rnn", "lstm"])
def test_a_guarded_network_is_exact(target):
    words = TokenMap(2, 2, symbols="xyz", max_pairs=3)
    model = lsrl.compile(program := guarded(words.program, words.max_length), target, max_length=words.max_length + 3)
    assert model.guarantee.kind == "exact"
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, (40, words.max_length + 3, 1))
    assert np.array_equal(model.run(x), program.run(x))


MISTAKES = [
    (lambda: few.check("xy xé z ="), RangeError, "has the character 'é'; expected those of 'xyz', and '=' at the end"),
    (lambda: few.check("xy xy <eos> ="), RangeError, "has the character '<'"),
    (lambda: few.check(""), FormatError, "does not end in '='"),
    (lambda: few.check("xy xy z"), FormatError, "'xy xy z' does not end in '='"),
    (lambda: few.check("xy = xy z"), FormatError, "does not end in '='"),
    (lambda: few.check("xy xy = z ="), FormatError, "has 2 of '='; expected one, at its end"),
    (lambda: few.check("xy ="), ShapeError, "has 2 symbols before '='; expected 2 of the query and 3 a pair: 5, 8, 11"),
    (lambda: few.check("xy z ="), ShapeError, "has 3 symbols"),
    (lambda: few.check("xy xy z xx ="), ShapeError, "has 7 symbols"),
    (lambda: few.check("xy xy z xx y zz z ="), RangeError, "has 3 pairs; expected at most 2"),
    (lambda: few.check(3), FormatError, "the prompt is 3; expected text"),
    (lambda: few.numbers("xy ="), ShapeError, "has 2 symbols"),
    (lambda: few.prompt("x", {"xx": "x"}), ShapeError, "key 'x' has 1 symbols; expected 2"),
    (lambda: few.prompt("xa", {"xx": "x"}), RangeError, "has the symbol 'a'"),
    (lambda: few.prompt("xx", {"xx": "xx"}), ShapeError, "value of key 'xx' 'xx' has 2 symbols; expected 1"),
    (lambda: few.prompt("xx", {}), RangeError, "the prompt has 0 pairs"),
    (lambda: TokenMap(2, symbols="a="), ProgramError, "symbols hold '='"),
    (lambda: TokenMap(2, symbols="a<"), ProgramError, "symbols hold '<'"),
    (lambda: TokenMap(2, symbols="a b"), ProgramError, "symbols hold ' '"),
    (lambda: TokenMap(2, symbols=3), ProgramError, "symbols are 3; expected the text"),
    (lambda: TokenMap(2, symbols="aa"), ProgramError, "symbols 'aa' repeat"),
    (lambda: TokenMap(0), ShapeError, "key_length is 0"),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES)
def test_mistakes_are_named_in_one_line(mistake, error, message):
    with pytest.raises(error, match=message) as caught:
        mistake()
    assert "\n" not in str(caught.value)


def test_white_space_means_nothing():
    assert few.prompt("xy", [("xy", "z"), ("xx", "y")]) == "xy xy z xx y ="
    assert np.array_equal(few.numbers(" x\ny xyz\t= "), few.numbers("xy xy z ="))


def test_the_program_reads_back():
    assert Program.parse(str(few.program)) == few.program
    assert few.program.vocabulary == few.vocabulary
