"""A language model that follows a word problem, loaded by transformers alone: the state after every token."""

import numpy as np
import pytest

import lsrl
from lsrl import Vocabulary
from lsrl.automata import word_problem

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

PLACES, LETTERS = 4, "eabc"
"""`e` leaves all as it is, `a` exchanges the first two, `b` the second and the third, …"""


def test_exchanges_of_neighbours_are_followed_by_automodel(tmp_path):
    moves = [tuple(range(PLACES))]
    moves += [(*range(i), i + 1, i, *range(i + 2, PLACES)) for i in range(PLACES - 1)]
    machine = word_problem(*moves)
    names = ["".join(map(str, state)) for state in machine.states]
    tokens = {text: i for i, text in enumerate([*LETTERS, *names])}
    letter = lsrl.Input(1, range=(0, len(LETTERS) - 1), integer=True, name="letter")
    state = lsrl.moore(letter, machine, [len(LETTERS) + i for i in range(len(names))], name="state")
    program = lsrl.Program(state, vocabulary=Vocabulary(tokens), name="permutations")
    model = lsrl.compile(program, "olmo-hybrid")
    assert (model.guarantee.kind, model.guarantee.max_length) == ("exact", None)
    model.save(tmp_path / "permutations")
    loaded = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "permutations")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "permutations")
    word = np.random.default_rng(0).integers(0, len(LETTERS), 500).tolist()
    given = tokenizer(" ".join(LETTERS[i] for i in word), return_tensors="pt")
    with torch.no_grad():
        said = loaded(**given).logits.argmax(-1)[0, -len(word) :]
    things, expected = list(range(PLACES)), []
    for i in word:
        if i:
            things[i - 1], things[i] = things[i], things[i - 1]
        expected.append("".join(str(things.index(thing)) for thing in range(PLACES)))
    assert tokenizer.convert_ids_to_tokens(said.tolist()) == expected
