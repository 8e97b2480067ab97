"""lstm: `torch.nn.LSTM` and a `torch.nn.Linear`.

    i, f, o = σ(…), σ(…), σ(…)    g = tanh(…)    c ← f ⊙ c + i ⊙ g    h = o ⊙ tanh(c)

where … = W x + U h' + b, x is the layer below, h' is the layer itself one step ago. All values are
multiplied by ε, so small that tanh is the identity, and gates are fed so much that they are 0 or 1.
One hidden unit is worth one neuron:

- linear value or state v: i = 1, f = 0, o = 1, so that h = g = εv; a state's matrix is in U.
- running sum of v: f = 1, g = εv, and the cell adds up.
- ReLU of v: g = εv and o = σ(Kv): the gate shuts where v < 0.
- a comparison, or two booleans multiplied: g = ε and i = σ(K(v − threshold)).
- boolean c times v: g = εv and i = σ(K(c − ½)).
- selective state c · s' + v: f = σ(K(c − ½)) keeps the cell or forgets it, g = εv is added.

A product of two reals would need a gate that is proportional to one of them; a sigmoid is that only
around 0 and only approximately. It is refused.
"""

from dataclasses import replace

from lsrl.backends.torch_rnn.lines import NeuronArithmetic
from lsrl.backends.torch_rnn.scale import HiddenScale
from lsrl.backends.torch_rnn.signals import Expression, HiddenUnit, Signal, constant
from lsrl.backends.torch_rnn.target import torch_target
from lsrl.backends.torch_rnn.weights import TorchArchitecture
from lsrl.backends.unit_groups import SIGNED
from lsrl.lang.numbers import ONE
from lsrl.lowering.feedback import by_transitions
from lsrl.lowering.ramps import by_steps
from lsrl.lowering.rule_kinds import Rules
from lsrl.lowering.rules import CHOOSING, by_selection
from lsrl.placement.neurons import Neuron


def express(neuron: Neuron, scale: HiddenScale) -> Expression:
    """One hidden unit, as in the docstring of this file."""
    gates = {"i": scale.open, "f": scale.closed, "g": scale.small(neuron.drive), "o": scale.open}
    return Expression((HiddenUnit(gates | _gates(neuron, scale), neuron.init * scale.epsilon),), (ONE / scale.epsilon,))


def _gates(neuron: Neuron, scale: HiddenScale) -> dict[str, Signal]:
    """What feeds a neuron's cell where it differs from a linear value's."""
    match neuron.kind:
        case "linear":
            return {"f": scale.open, "g": scale.small(replace(neuron.drive, own=()))} if neuron.sums_up else {}
        case "relu":
            return {"o": scale.positive(neuron)}
        case "step":
            return {"i": scale.positive(neuron), "g": constant(scale.epsilon)}
        case "select":
            return {"i": scale.chosen(neuron.chooser)}
        case "hold":
            return {"f": scale.chosen(neuron.chooser)}
        case "bit":
            raise neuron.inexpressible("lstm")


TARGET = torch_target(
    "lstm",
    "torch.nn.LSTM; selection and selective states by its gates, no products of reals",
    TorchArchitecture(
        "LSTM", gates=("i", "f", "g", "o"), states=("h0", "c0"), arguments={}, signed=("g",), allows=SIGNED
    ),
    express,
    passes=(CHOOSING, Rules(by_selection, by_steps, automaton=by_transitions)),
    arithmetic=NeuronArithmetic(weighted=False),
)
