"""rnn-relu: `torch.nn.RNN(nonlinearity="relu")` and a `torch.nn.Linear`.

    h = relu(W x + U h' + b)

where x is the layer below and h' is the layer itself one step ago.

- ReLU of v: one unit.
- linear value or state v: one unit where v ≥ 0 (or v ≤ 0) is known; one unit that holds v − low,
  where v has a short range on a grid; otherwise two, relu(v) and relu(−v), of which v is the
  difference. What a state was is read in the same way, so that its matrix is in U.
- boolean c times v: big-M from the ranges: relu(v − M(1 − c)) is v where c = 1 and 0 where c = 0, M ≥ |v|. Of a v on a
  grid that can be negative, what is above its lowest value is selected; of another boolean, relu(c + v − 1).
- selective state c · s' + v: p = relu(s' − M(1 − c)) and q = relu(−s' − M(1 − c)) keep what the state
  was or drop it; s = p − q + v.

A product of two reals is refused: relu networks are piecewise linear.
"""

from flint import fmpq

from lsrl.backends.float_limits import unbounded
from lsrl.backends.torch_rnn.lines import NeuronArithmetic
from lsrl.backends.torch_rnn.scale import HiddenScale, unscaled
from lsrl.backends.torch_rnn.signals import Expression, HiddenUnit, Signal
from lsrl.backends.torch_rnn.target import torch_target
from lsrl.backends.torch_rnn.weights import TorchArchitecture
from lsrl.backends.unit_groups import SCALED
from lsrl.circuit.facts import MOST_STEPS, Fact, constant_fact, union
from lsrl.lang.numbers import ONE, ZERO
from lsrl.lowering.feedback import by_transitions
from lsrl.lowering.ramps import by_relus
from lsrl.lowering.rule_kinds import Rules
from lsrl.lowering.rules import FOLLOWING, without_products
from lsrl.placement.neurons import Drive, Neuron


def express(neuron: Neuron, _: HiddenScale) -> Expression:
    """The hidden units of one neuron, as in the docstring of this file."""
    match neuron.kind:
        case "linear":
            return _linear(neuron.drive, neuron.cell.fact, neuron.init)
        case "hold":
            return _selective(neuron)
        case "relu":
            return Expression((HiddenUnit({"h": Signal(neuron.drive)}, neuron.init),), (ONE,))
        case "step" | "bit" | "select":
            raise neuron.inexpressible("rnn-relu")


def _linear(drive: Drive, fact: Fact, init: fmpq = ZERO) -> Expression:
    positive, negative = Signal(drive), Signal(drive, -ONE)
    if fact.is_nonnegative:
        return Expression((HiddenUnit({"h": positive}, init),), (ONE,))
    if fact.high is not None and fact.high <= 0:
        return Expression((HiddenUnit({"h": negative}, -init),), (-ONE,))
    if fact.low is not None and fact.steps is not None and fact.steps <= MOST_STEPS:
        return Expression((HiddenUnit({"h": Signal(drive, shift=-fact.low)}, init - fact.low),), (ONE,), fact.low)
    units = HiddenUnit({"h": positive}, max(init, ZERO)), HiddenUnit({"h": negative}, max(-init, ZERO))
    return Expression(units, (ONE, -ONE))


def _selective(neuron: Neuron) -> Expression:
    """p, q and the units of v; all but the first two are those of a linear value."""
    largest = union([neuron.cell.fact, constant_fact(neuron.init)]).magnitude
    if largest is None:
        raise unbounded(neuron.cell.label)
    added = _linear(neuron.drive, neuron.fact)
    weights = (ONE, -ONE, *added.weights)
    kept = []
    for sign, init in ((ONE, neuron.init), (-ONE, -neuron.init)):
        was = tuple((index, sign * weight) for index, weight in enumerate(weights))
        closing = sign * added.constant / largest - ONE  # largest · (c + closing) is ±constant − M(1 − c)
        kept.append(HiddenUnit({"h": Signal(neuron.chooser, largest, closing, was)}, max(init, ZERO)))
    return Expression((*kept, *added.units), weights, added.constant)


TARGET = torch_target(
    "rnn-relu",
    "torch.nn.RNN with ReLUs; selection and selective states by big-M, no products of reals",
    TorchArchitecture(
        "RNN", gates=("h",), states=("h0",), arguments={"nonlinearity": "relu"}, signed=("h",), allows=SCALED
    ),
    express,
    passes=(
        FOLLOWING,
        Rules(without_products, by_relus, automaton=by_transitions),
    ),
    arithmetic=NeuronArithmetic(gates=False, several=("hold",)),
    abilities=frozenset({"selective_states", "any_matrix", "automata", "feedback"}),
    scale=unscaled,
    onnx="exact",
)
