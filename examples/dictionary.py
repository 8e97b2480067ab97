"""One compiled network, two dictionaries: what it answers is in its prompt.

Run: python examples/dictionary.py
"""

import lsrl

words = lsrl.SequenceMap(3, symbols="ABCDEFGHIJKLMNOPQRSTUVWXYZ", max_pairs=64)
model = lsrl.compile(words.program, target="linear-rnn", max_length=words.max_length)

capitals = words.prompt({"AUS": "VIE", "BUL": "SOF", "CRO": "ZAG"})
airports = words.prompt({"JFK": "NYC", "LGA": "NYC", "CDG": "PAR"})

print(words.answers(model, ["CRO", "JFK"], capitals))  # ['ZAG', None]
print(words.answers(model, ["CRO", "JFK"], airports))  # [None, 'NYC']
