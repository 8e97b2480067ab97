"""The weights of a torch recurrent module, its read-out and its initial states, as torch names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from lsrl.backends.float_limits import bfloat16, held_by
from lsrl.backends.torch_rnn.hidden import GateRow, HiddenStack
from lsrl.backends.unit_groups import Along, Change, UnitGroup
from lsrl.errors import FormatError, RangeError, listed, shortened
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import as_float

LARGEST_SIZE = 2**14
"""Larger hidden states are refused: the matrices are dense."""


@dataclass(frozen=True, slots=True)
class TorchArchitecture:
    """A recurrent torch module: its class, the order of its gates, its states.

    `arguments` are those of the class beyond sizes and depth. A unit is multiplied by what `signed` gates are, whose
    function allows that (`lsrl.backends.unit_groups`).
    """

    name: str
    gates: tuple[str, ...]
    states: tuple[str, ...]
    arguments: Mapping[str, Any]
    signed: tuple[str, ...]
    allows: frozenset[Change]


@dataclass(frozen=True)
class RecurrentWeights:
    """Tensors by name: `recurrent.weight_ih_l0` (gates · H, in) … , `readout.weight`, `h0` (layers, H), …

    `arithmetic` is what the module computes in; the numbers of bfloat16 are in float32 arrays.
    """

    architecture: TorchArchitecture
    tensors: Mapping[str, np.ndarray]
    arithmetic: str

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return int(self.tensors["h0"].shape[0])

    @property
    def size(self) -> int:
        """How many hidden units a layer has."""
        return int(self.tensors["h0"].shape[1])

    @property
    def input_dim(self) -> int:
        """Components of one input token."""
        return int(self.tensors["recurrent.weight_ih_l0"].shape[1])

    @property
    def output_dim(self) -> int:
        """Components of one output."""
        return len(self.tensors["readout.bias"])

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32."""
        return self.tensors["h0"].dtype

    @property
    def description(self) -> dict[str, Any]:
        """The stock modules that these weights are for: class and arguments, and the initial states."""
        return {
            "recurrent": {"class": f"torch.nn.{self.architecture.name}", "arguments": self.module_arguments},
            "readout": {
                "class": "torch.nn.Linear",
                "arguments": {"in_features": self.size, "out_features": self.output_dim},
            },
            "initial_state": list(self.architecture.states),
            "dtype": self.arithmetic,
        }

    @property
    def module_arguments(self) -> dict[str, Any]:
        """The arguments of the recurrent module."""
        return {
            "input_size": self.input_dim,
            "hidden_size": self.size,
            "num_layers": self.depth,
            "batch_first": True,
            **self.architecture.arguments,
        }


def unit_groups(weights: RecurrentWeights) -> list[UnitGroup]:
    """The hidden units of every layer, with what makes and reads them."""
    architecture, size, groups = weights.architecture, weights.size, []
    names = "weight_ih", "weight_hh", "bias_ih", "bias_hh"
    for layer in range(weights.depth):
        makes = [Along(f"{state}[{layer}]", 0) for state in architecture.states]
        follows: list[Along] = []
        for position, gate in enumerate(architecture.gates):
            rows = [Along(f"recurrent.{name}_l{layer}", 0, position * size) for name in names]
            (makes if gate in architecture.signed else follows).extend(rows)
        above = "readout.weight" if layer + 1 == weights.depth else f"recurrent.weight_ih_l{layer + 1}"
        reads = Along(f"recurrent.weight_hh_l{layer}", 1), Along(above, 1)
        parts = ("hidden", "cell") if "c0" in architecture.states else ("hidden",)
        modules = tuple(f"layers.{layer}.{part}" for part in parts)
        groups.append(UnitGroup(modules, size, reads, tuple(makes), tuple(follows), architecture.allows))
    return groups


def shapes(architecture: TorchArchitecture, input_dim: int, size: int, depth: int, output_dim: int) -> dict[str, Any]:
    """The shape of every tensor."""
    rows = len(architecture.gates) * size
    found: dict[str, tuple[int, ...]] = {}
    for layer in range(depth):
        found[f"recurrent.weight_ih_l{layer}"] = (rows, size if layer else input_dim)
        found[f"recurrent.weight_hh_l{layer}"] = (rows, size)
        found[f"recurrent.bias_ih_l{layer}"] = found[f"recurrent.bias_hh_l{layer}"] = (rows,)
    found |= {"readout.weight": (output_dim, size), "readout.bias": (output_dim,)}
    return found | dict.fromkeys(architecture.states, (depth, size))


def assembled(architecture: TorchArchitecture, stack: HiddenStack, dtype: str) -> RecurrentWeights:
    """The stack's weights in `dtype`, each the nearest float. Raises `RangeError` for one beyond it."""
    size = stack.size
    if size > LARGEST_SIZE:
        raise RangeError(f"the network would have {size:,} hidden units a layer; expected at most {LARGEST_SIZE:,}")
    wanted = shapes(architecture, stack.input_dim, size, len(stack.layers), len(stack.readout))
    tensors = {name: np.zeros(shape) for name, shape in wanted.items()}
    for index, layer in enumerate(stack.layers):
        for position, gate in enumerate(architecture.gates):
            _fill(tensors, index, layer.gates.get(gate, ()), position * size)
        for state in architecture.states:
            _fill_vector(tensors[state][index], layer.init)
    for row, form in enumerate(stack.readout):
        _fill_row(tensors["readout.weight"][row], tuple(form.terms.items()))
    _fill_vector(tensors["readout.bias"], [form.constant for form in stack.readout])
    converted = {name: held_by(array, dtype, _labels(stack, name)) for name, array in tensors.items()}
    return RecurrentWeights(architecture, converted, dtype)


def _labels(stack: HiddenStack, name: str) -> Callable[[int], str]:
    """What the rows of a tensor are for."""
    layer = name.rpartition("_l")[2]
    if not layer.isdigit():
        return lambda _: "output" if name.startswith("readout") else "initial state"
    return lambda row: stack.layers[int(layer)].labels[row % stack.size]


def _fill(tensors: dict[str, np.ndarray], layer: int, rows: Sequence[GateRow], first: int) -> None:
    for row, gate_row in enumerate(rows, start=first):
        _fill_row(tensors[f"recurrent.weight_ih_l{layer}"][row], gate_row.below)
        _fill_row(tensors[f"recurrent.weight_hh_l{layer}"][row], gate_row.own)
        tensors[f"recurrent.bias_ih_l{layer}"][row] = as_float(gate_row.bias)


def _fill_row(array: np.ndarray, row: Row) -> None:
    for index, weight in row:
        array[index] = as_float(weight)


def _fill_vector(array: np.ndarray, numbers: Sequence[fmpq]) -> None:
    array[: len(numbers)] = [as_float(number) for number in numbers]


def from_tensors(
    architecture: TorchArchitecture, tensors: Mapping[str, np.ndarray], arithmetic: object = None
) -> RecurrentWeights:
    """The weights in a file's tensors; names, dtypes, shapes and numbers are checked. Raises `FormatError`."""
    for name in ("recurrent.weight_ih_l0", "readout.weight", *architecture.states):
        if name not in tensors or tensors[name].ndim != 2:
            raise FormatError(f"no tensor is named {name} with two dimensions; expected one")
    depth, size = tensors[architecture.states[0]].shape
    input_dim, output_dim = tensors["recurrent.weight_ih_l0"].shape[1], len(tensors["readout.weight"])
    if depth > len(tensors) or not all((depth, size, input_dim, output_dim)):
        sizes = f"{depth} layers of {size} units, {input_dim} inputs and {output_dim} outputs"
        raise FormatError(f"the tensors claim {sizes}; expected at least one of each, and tensors for all layers")
    wanted = shapes(architecture, input_dim, size, depth, output_dim)
    if missing := sorted(wanted.keys() - tensors.keys()):
        raise FormatError(f"no tensor is named {listed(missing)}; expected all of torch.nn.{architecture.name}")
    if unknown := sorted(tensors.keys() - wanted.keys()):
        names = listed([shortened(name) for name in unknown])
        raise FormatError(f"tensor {names} belongs to no torch.nn.{architecture.name}; expected it to be absent")
    dtype = tensors["readout.bias"].dtype
    if dtype not in (np.float32, np.float64):
        raise FormatError(f"tensor readout.bias is {dtype}; expected float32 or float64")
    for name, shape in wanted.items():
        tensor = tensors[name]
        if tensor.shape != shape or tensor.dtype != dtype:
            raise FormatError(f"tensor {name} is {tensor.dtype} of shape {tensor.shape}; expected {dtype} of {shape}")
        _check_numbers(name, tensor, arithmetic)
    return RecurrentWeights(architecture, dict(tensors), "bfloat16" if arithmetic == "bfloat16" else str(dtype))


def _check_numbers(name: str, tensor: np.ndarray, arithmetic: object) -> None:
    if not np.isfinite(tensor).all():
        raise FormatError(f"tensor {name} holds NaN or infinity; expected finite numbers")
    if arithmetic == "bfloat16" and not np.array_equal(bfloat16(tensor), tensor):
        raise FormatError(f"tensor {name} holds numbers that bfloat16 does not; expected its own, in float32")
