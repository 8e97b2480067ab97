"""rnn-tanh: `torch.nn.RNN` (with tanh, its default) and a `torch.nn.Linear`.

    h = tanh(W x + U h' + b)

where x is the layer below and h' is the layer itself one step ago. All values are multiplied by ε,
so small that tanh is the identity on them. There is no gate, but there is saturation:

- linear value or state v: h = εv; a state's matrix is in U.
- a comparison, or two booleans multiplied: h = tanh(K(v − threshold)), which is exactly ±1; it is read as
  s = (1 + h)/2.
- boolean s times v, in three layers:
      bit: n = tanh(K(1 − s))    exactly 0 where s = 1 and exactly 1 elsewhere, with K so large that it
                                 tells 1 from the float before it
      g = tanh(εv − Mn), n       g is εv where n = 0, and exactly −1 where n = 1
      h = tanh(g + n)            εv + 0 or −1 + 1; this unit reads nothing else, so that nothing is lost
- ReLU of v: the same, with s = (v > 0). Where v has no grid and is so close to 0 that h is not ±1, n is
  still 0 or 1, and either is right but for rounding.

What is small would lose its last digits if it were added to a saturated unit together with anything
else: that is why the last layer is there, and why a selective state, which would have to do all this
within one step, is refused. So is a product of two reals.
"""

from lsrl.backends.torch_rnn.lines import NeuronArithmetic
from lsrl.backends.torch_rnn.scale import HiddenScale
from lsrl.backends.torch_rnn.signals import Expression, HiddenUnit, Signal, signed
from lsrl.backends.torch_rnn.target import torch_target
from lsrl.backends.torch_rnn.weights import TorchArchitecture
from lsrl.backends.unit_groups import SIGNED
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import HALF, ONE
from lsrl.lowering.feedback import by_transitions
from lsrl.lowering.ramps import by_steps
from lsrl.lowering.rule_kinds import Rules, refused_gated_state
from lsrl.lowering.rules import SELECTING, by_bits, relu_by_bits
from lsrl.placement.neurons import Drive, Neuron


def express(neuron: Neuron, scale: HiddenScale) -> Expression:
    """One hidden unit, or two for a selection, as in the docstring of this file."""
    match neuron.kind:
        case "linear":
            small = HiddenUnit({"h": scale.small(neuron.drive)}, neuron.init * scale.epsilon)
            return Expression((small,), (ONE / scale.epsilon,))
        case "step":
            return Expression((HiddenUnit({"h": scale.positive(neuron)}, signed(neuron)),), (HALF,), HALF)
        case "bit":
            return Expression((HiddenUnit({"h": scale.surely(neuron.drive)}),), (ONE,))
        case "select":
            return _selection(neuron, scale)
        case "relu" | "hold":
            raise neuron.inexpressible("rnn-tanh")


def _selection(neuron: Neuron, scale: HiddenScale) -> Expression:
    chooser = neuron.chooser
    if chooser.own or chooser.constant != 1 or [weight for _, weight in chooser.below] != [-ONE]:
        raise neuron.inexpressible("rnn-tanh")  # it is one minus a bit
    saturating = Signal(chooser, scale.open.shift, -ONE, plus=scale.small(neuron.drive))
    bit = scale.surely(Drive(_negated(chooser.below), _negated(chooser.own), ONE - chooser.constant))
    return Expression((HiddenUnit({"h": saturating}), HiddenUnit({"h": bit})), (ONE / scale.epsilon,) * 2)


def _negated(row: Row) -> Row:
    return tuple((index, -weight) for index, weight in row)


TANH = Rules(by_bits, by_steps, relu_by_bits, gated_state=refused_gated_state, automaton=by_transitions)

TARGET = torch_target(
    "rnn-tanh",
    "torch.nn.RNN with tanh; selection by saturation, no selective states and no products of reals",
    TorchArchitecture(
        "RNN", gates=("h",), states=("h0",), arguments={"nonlinearity": "tanh"}, signed=("h",), allows=SIGNED
    ),
    express,
    passes=(SELECTING, TANH),
    arithmetic=NeuronArithmetic(unclean=("select",)),
    abilities=frozenset({"selection", "any_matrix", "automata"}),
    onnx=None,
)
