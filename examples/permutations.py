"""The word problem of S₅: exchanges of five things, followed by a checkpoint that transformers loads alone.

Run: python examples/permutations.py
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import lsrl
from lsrl.automata import word_problem
from lsrl.model.compiled_model import CompiledModel

LENGTH = 10_000  # 100,000 take less than a minute, and any other number is as right

PLACES, LETTERS = 5, "eabcd"
"""`e` leaves all as it is, `a` exchanges what is in the first two places, `b` in the second and third, …"""


def program() -> lsrl.Program:
    """A language model that says after every letter where each thing is."""
    moves = [(*range(i), i + 1, i, *range(i + 2, PLACES)) for i in range(PLACES - 1)]
    machine = word_problem(tuple(range(PLACES)), *moves)
    orders = ["".join(map(str, state)) for state in machine.states]
    tokens = {text: number for number, text in enumerate([*LETTERS, *orders])}
    letter = lsrl.Input(1, range=(0, PLACES - 1), integer=True, name="letter")
    order = lsrl.moore(letter, machine, range(PLACES, len(tokens)), name="order")
    return lsrl.Program(order, vocabulary=lsrl.Vocabulary(tokens), name="permutations")


def followed(word: str) -> list[str]:
    """In plain Python, where each thing is after every letter."""
    things, found = list(range(PLACES)), []
    for letter in word:
        i = LETTERS.index(letter)
        if i:
            things[i - 1], things[i] = things[i], things[i - 1]
        found.append("".join(str(things.index(thing)) for thing in range(PLACES)))
    return found


def wrong_answers(model: CompiledModel, length: int) -> int:
    """How many answers about a random word the saved network gets wrong."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "permutations"
        model.save(folder)
        network, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    word = "".join(np.random.default_rng(0).choice(list(LETTERS), length))
    given = tokenizer(" ".join(word), return_tensors="pt")
    with torch.no_grad():
        said = network(**given).logits.argmax(-1)[0, -length:]
    answers = tokenizer.convert_ids_to_tokens(said.tolist())
    return sum(answer != right for answer, right in zip(answers, followed(word), strict=True))


if __name__ == "__main__":
    compiled = lsrl.compile(program(), target="olmo-hybrid")
    print(compiled.report())
    started = time.perf_counter()
    print(f"{wrong_answers(compiled, LENGTH)} of {LENGTH:,} answers are wrong; {time.perf_counter() - started:.0f} s")
