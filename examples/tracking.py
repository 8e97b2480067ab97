"""Which networks can track which automata: a flip-flop, parity, and the permutations of three and of five things.

Run: python examples/tracking.py
"""

import lsrl
from lsrl.automata import pattern_automaton, word_problem

AUTOMATA = {
    "the last of a and b": pattern_automaton("(a|b)*a", "ab"),
    "an even number of b's": pattern_automaton("(a*ba*b)*a*", "ab"),
    "three things, swapped": word_problem((1, 0, 2), (1, 2, 0)),
    "five things, even permutations": word_problem((1, 2, 0, 3, 4), (0, 1, 3, 4, 2)),
}

for name, automaton in AUTOMATA.items():
    found = lsrl.analyse(automaton)
    print(f"{name}: {found.states} states, {found.elements} transformations; {found.kind.partition(':')[0]}")
    for target in ("lstm", "mamba", "linear-rnn"):
        print(f"  {target}: {found.targets[target].replace('`', '')}")

# Three things as a network: the states are numbered as the automaton says.
swap = lsrl.Input(1, range=(0, 1), integer=True, name="swap")
order = lsrl.automaton(swap, AUTOMATA["three things, swapped"], name="order")
model = lsrl.compile(lsrl.Program(order, name="order"), target="gru")
print(model.report())
print(model.run([[0], [1], [0], [1]]).argmax(axis=-1))
