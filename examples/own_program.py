"""A program of one's own: the last two symbols, as a number in base 4, if they are in order.

Run: python examples/own_program.py, or: lsrl draw examples/own_program.py:pairs -o pairs.svg
"""

import numpy as np

import lsrl

symbol = lsrl.Input(1, range=(0, 3), integer=True, name="symbol")
before = lsrl.delay(symbol, name="before")
ordered = lsrl.at_most(before, symbol, name="ordered")
pairs = lsrl.Program(lsrl.ifelse(ordered, 4 * before + symbol, -1, name="pair"), name="ordered_pairs")

if __name__ == "__main__":
    print(pairs)
    x = np.array([[2], [3], [1], [1]])
    for target in ("linear-rnn", "gated-linear-rnn"):
        model = lsrl.compile(pairs, target)
        print(target, model.run(x).ravel(), model.guarantee)
        assert model.verify(100).passed
    print("in exact rationals:", pairs.run(x, exact=True).ravel())
    print("the variable 'before', read from the network:", model.read("before", x).ravel())
