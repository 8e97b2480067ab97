"""gru: `torch.nn.GRU` and a `torch.nn.Linear`.

    r, z = σ(…), σ(…)    n = tanh(W x + b + r ⊙ (U h'))    h = (1 − z) ⊙ n + z ⊙ h'

where … = W x + U h' + b, x is the layer below, h' is the layer itself one step ago. All values are
multiplied by ε, so small that tanh is the identity, and gates are fed so much that they are 0 or 1.

- linear value or state v: z = 0, r = 1, so that h = n = εv; a state's matrix is in U.
- ReLU of v: no gate can shut v out, only the past, so it takes two units.
      u: z = σ(−Kv), n = εv       takes v where v > 0, and keeps its stale value where v < 0
      w: z = 0, n = r ⊙ u'        with r = σ(−Kv): what u was, where v < 0, else 0
  u − w is relu(v): where v < 0, the two stale values cancel.
- boolean c times v: the same pair with c in place of v > 0.
- a comparison, or two booleans multiplied: z = 0, n = tanh(K(v − threshold)), which is exactly ±1; it is
  read as (1 + n)/2.
- selective state c · s' + v: z = 0, r = σ(K(c − ½)), n = εv + r ⊙ s'.

Where v has no grid, or a fine one, the gates of u and w could disagree in the last bit around v = 0,
and a stale value would be left over. There ReLU is a comparison with 0, a number that both then
read, and a selection by it. A product of two reals is refused, as for the LSTM.
"""

from collections.abc import Mapping

from lsrl.backends.torch_rnn.lines import NeuronArithmetic
from lsrl.backends.torch_rnn.scale import HiddenScale, opposite
from lsrl.backends.torch_rnn.signals import Expression, HiddenUnit, Signal, signed
from lsrl.backends.torch_rnn.target import torch_target
from lsrl.backends.torch_rnn.weights import TorchArchitecture
from lsrl.backends.unit_groups import SIGNED
from lsrl.circuit.affine import Affine
from lsrl.circuit.builder import CircuitBuilder
from lsrl.lang.numbers import HALF, ONE
from lsrl.lowering.feedback import by_transitions
from lsrl.lowering.ramps import by_steps, decided_gap
from lsrl.lowering.rule_kinds import Rules
from lsrl.lowering.rules import CHOOSING, by_selection, selected_relu
from lsrl.placement.neurons import Neuron


def express(neuron: Neuron, scale: HiddenScale) -> Expression:
    """One hidden unit, or two for what a gate chooses, as in the docstring of this file."""
    unit = {"r": scale.open, "z": scale.closed, "n": scale.small(neuron.drive)}
    match neuron.kind:
        case "linear":
            return _stored(unit, neuron, scale)
        case "relu":
            return _pair(neuron, scale, opposite(scale.positive(neuron)))
        case "select":
            return _pair(neuron, scale, opposite(scale.chosen(neuron.chooser)))
        case "step":
            return Expression((HiddenUnit(unit | {"n": scale.positive(neuron)}, signed(neuron)),), (HALF,), HALF)
        case "hold":
            itself = Signal(neuron.drive, scale.epsilon, held=((0, ONE),))
            return _stored(unit | {"n": itself, "r": scale.chosen(neuron.chooser)}, neuron, scale)
        case "bit":
            raise neuron.inexpressible("gru")


def _stored(gates: Mapping[str, Signal], neuron: Neuron, scale: HiddenScale) -> Expression:
    return Expression((HiddenUnit(gates, neuron.init * scale.epsilon),), (ONE / scale.epsilon,))


def _pair(neuron: Neuron, scale: HiddenScale, refused: Signal) -> Expression:
    value, init = scale.small(neuron.drive), neuron.init * scale.epsilon
    taking = HiddenUnit({"r": scale.open, "z": refused, "n": value}, init)
    cancelling = HiddenUnit({"r": refused, "z": scale.closed, "n": Signal(held=((0, ONE),))})
    return Expression((taking, cancelling), (ONE / scale.epsilon, -ONE / scale.epsilon))


def relu(builder: CircuitBuilder, argument: Affine) -> Affine:
    """A ReLU where floats decide whether its argument is positive, else a comparison and a selection."""
    decided = decided_gap(builder, argument) is not None
    return builder.relu_unit(argument) if decided else selected_relu(builder, argument)


TARGET = torch_target(
    "gru",
    "torch.nn.GRU; selection and selective states by its gates, no products of reals",
    TorchArchitecture("GRU", gates=("r", "z", "n"), states=("h0",), arguments={}, signed=("n",), allows=SIGNED),
    express,
    passes=(CHOOSING, Rules(by_selection, by_steps, relu, automaton=by_transitions)),
    arithmetic=NeuronArithmetic(stale=True, several=("relu", "select")),
)
