"""A compiled LSTM in pyvene: a state is exchanged, for one step and for all that follow.

Run: python examples/tools/lstm_in_pyvene.py
"""

from itertools import count

import pyvene
import torch

import lsrl
from lsrl.interp import named


def writing(step, index, number):
    """An intervention at one call of a module: a recurrent one is called once a step."""
    calls = count()

    def write(output, _):
        if next(calls) == step:
            output[:, index] = number
        return output

    return write


# Are the brackets balanced so far? Their depth is to have a place of its own in the network.
depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True, name="bracket"), name="depth")
program = lsrl.Program(lsrl.equal(depth, 0), name="balanced")
model = lsrl.compile(program, "lstm", max_length=64, variables=["depth"])

# torch.nn.LSTM is one call for all layers and steps. This has its weights, and calls a module for each of them.
network = model.hooked()
base, source = torch.tensor([[1, 1, -1, 1, -1, -1], [1, -1, 1, -1, 1, 1]], dtype=torch.float64)[:, None, :, None]
assert torch.equal(network(base), model.module(base))

# The depth is read from its site, step by step.
value, state = (named(site, model, "pyvene") for site in (model.sites["depth"].value, model.sites["depth"].state))
((component,), index) = (value.coordinates[0].modules, value.coordinates[0].index)
collecting = pyvene.IntervenableModel({"component": component, "intervention": pyvene.CollectIntervention()}, network)
(_, there), _ = collecting({"x": source})
read = [float(value.read({component: output})[0]) for output in there]
print(f"number {index} of {component} says on the source", read)

# The base runs with the depth that the source has at step 3: as it is read there, and as later steps go on from, too.
STEP = 3
for kind, sites in (("value", [value]), ("continuing", [value, state])):
    places = [(module, place) for site in sites for place in site.coordinates for module in place.modules]
    writes = [(module, writing(STEP, place.index, place.stored(read[STEP]))) for module, place in places]
    exchange = pyvene.IntervenableModel([{"component": m, "intervention": write} for m, write in writes], network)
    exchange.is_model_stateless = False  # or pyvene refuses modules that are called more than once
    _, answers = exchange({"x": base})
    expected = program.run(base[0], do={"depth": (STEP, read[STEP])}, kind=kind)
    assert answers.ravel().tolist() == expected.ravel().tolist()
    print(f"{kind}: the base then answers, as the program says:", answers.ravel().tolist())
