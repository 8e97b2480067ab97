"""The circuit that a compiled network was assembled from, or is assembled from again."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from lsrl.backends.guarded import GUARD_STEPS
from lsrl.backends.network import Network
from lsrl.backends.target import Assembly, Placement, assembled, placed
from lsrl.circuit.translate import circuit_of
from lsrl.circuit.units import Circuit
from lsrl.errors import FormatError
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.rounding.guarantee import Guarantee


def circuit_and_guarantee(network: CompiledNetwork) -> tuple[Circuit, Guarantee]:
    """The legalised circuit, and the guarantee with its trail; of a loaded model, made again.

    Raises `FormatError` if that does not give a network of the model's sizes.
    """
    if network.circuit is not None:
        return network.circuit, network.guarantee
    made = _assembled_again(network, network.variables)
    if made.network.sizes != network.network.sizes:
        raise _changed(network)
    return made.circuit, network.guarantee if network.style == "paper" else made.guarantee


def placement_of(network: CompiledNetwork) -> Placement:
    """The legalised circuit with its units in their places, made again from the program.

    Raises `FormatError` if that does not give the model's weights, as of one that is disguised or trained.
    """
    placement = placed(network.target, _circuit_again(network, network.variables), network.program, network.dtype)
    if not _same_weights(placement.network(network.program), network.network):
        raise _changed(network)
    return placement


def _same_weights(one: Network, other: Network) -> bool:
    found, expected = (
        {(file, name): array for file, tensors in network.tensors().items() for name, array in tensors.items()}
        for network in (one, other)
    )
    return found.keys() == expected.keys() and all(np.array_equal(found[key], expected[key]) for key in found)


def _changed(network: CompiledNetwork) -> FormatError:
    return FormatError(
        f"the weights of {network.program.name} are no longer what {network.target} compiles it to; "
        "expected a model saved by this version of LSRL; compile it again"
    )


def cost_of_cuts(network: CompiledNetwork) -> str:
    """What it costs that variables are cut, in words; nothing where none is."""
    if not network.variables:
        return ""
    plain, sizes = _assembled_again(network, ()).network.sizes, network.network.sizes
    count = len(network.variables)
    return (
        f"{count} variable{'s' * (count > 1)} cut: {sizes.layers} layers where {plain.layers} would do, "
        f"{sizes.nonzeros:,} non-zeros where {plain.nonzeros:,}"
    )


def _assembled_again(model: CompiledNetwork, cuts: Collection[str]) -> Assembly:
    """What a model is made of, made again from its program, with these variables cut."""
    return assembled(model.target, _circuit_again(model, cuts), model.program, model.dtype)


def _circuit_again(model: CompiledNetwork, cuts: Collection[str]) -> Circuit:
    ends = [(fact.low, fact.high) for fact in model.inputs]
    known = all(low is not None and high is not None for low, high in ends)
    narrowed = ([low for low, _ in ends], [high for _, high in ends]) if known else None
    length = model.max_length
    longest = length + GUARD_STEPS if length is not None and model.refuses else length
    as_written = model.style == "paper"
    return circuit_of(
        model.program,
        input_range=narrowed,
        max_length=longest,
        as_written=as_written,
        by_cells="feedback" in model.target.abilities,
        cuts=cuts,
    )
