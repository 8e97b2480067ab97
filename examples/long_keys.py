"""The dictionary of the benchmarks: keys and values of 10 symbols, 20 pairs.

Run: python examples/long_keys.py, or: lsrl draw examples/long_keys.py:dictionary --max-length 410 -o long_keys.svg
"""

import numpy as np

import lsrl

words = lsrl.SequenceMap(10, max_pairs=20)
dictionary = words.program

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    pairs = {tuple(rng.integers(0, 10, 10).tolist()): tuple(rng.integers(0, 10, 10).tolist()) for _ in range(20)}
    model = lsrl.compile(dictionary, max_length=words.max_length)
    print(model.report())
    answers = words.answers(model, list(pairs), words.prompt(pairs))
    print(
        sum(answer == value for answer, value in zip(answers, pairs.values(), strict=True)), "of 20 answers are right"
    )
