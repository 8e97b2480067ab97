"""Every torch architecture expresses a kind of neuron, or says that it has no hidden unit for it."""

from typing import get_args

import pytest
from flint import fmpq

from lsrl.backends.torch_rnn import gru, lstm, rnn_relu, rnn_tanh
from lsrl.backends.torch_rnn.scale import FORMATS, HiddenScale
from lsrl.circuit.facts import BOOLEAN
from lsrl.circuit.verify import CompilerError
from lsrl.lang.numbers import ONE, ZERO
from lsrl.placement.neurons import Drive, Neuron, NeuronKind
from lsrl.placement.stack import Cell

ROW = Drive(((0, ONE),), (), ZERO)
OPPOSITE = Drive(((0, -ONE),), (), ONE)  # 1 − a bit, which is what rnn-tanh can choose by
EXPRESSED = {
    lstm: {"linear", "relu", "step", "select", "hold"},
    gru: {"linear", "relu", "step", "select", "hold"},
    rnn_relu: {"linear", "relu", "hold"},
    rnn_tanh: {"linear", "step", "bit", "select"},
}


def neuron(kind):
    gate = OPPOSITE if kind in ("select", "hold") else None
    return Neuron(kind, ROW, BOOLEAN, Cell("value", BOOLEAN, False), gate, margin=fmpq(1, 2))


@pytest.mark.parametrize("architecture", EXPRESSED, ids=lambda module: module.__name__.rsplit(".", 1)[-1])
@pytest.mark.parametrize("kind", get_args(NeuronKind))
def test_a_neuron_is_expressed_or_refused(architecture, kind):
    scale = HiddenScale(fmpq(1, 2**40), FORMATS["float32"])
    if kind in EXPRESSED[architecture]:
        assert architecture.express(neuron(kind), scale).units
    else:
        with pytest.raises(CompilerError, match=f"neuron for value is a {kind}, which .* does not express"):
            architecture.express(neuron(kind), scale)
