"""The circuit that a compiled network was assembled from, or is assembled from again."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from lsrl.backends.guarded import GUARD_STEPS
from lsrl.backends.network import Network
from lsrl.backends.target import Assembly, Placement, Style, assembled, placed
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
    made = _assembled_again(network, network.variables, network.style)
    if made.network.sizes != network.network.sizes:
        raise _changed(network)
    return made.circuit, network.guarantee if network.style == "paper" else made.guarantee


def placement_of(network: CompiledNetwork) -> Placement:
    """The legalised circuit with its units in their places, made again from the program.

    Raises `FormatError` if that does not give the model's weights, as of one that is disguised or trained.
    """
    circuit = _circuit_again(network, network.variables, network.style)
    placement = placed(network.target, circuit, network.program, network.dtype)
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


def cost_of_options(network: CompiledNetwork) -> str:
    """What it costs that variables are cut and that forms are robust, in words; nothing where neither is."""
    count, robust = len(network.variables), network.style == "robust"
    options = [*["robust forms"] * robust, *[f"{count} variable{'s' * (count > 1)} cut"] * (count > 0)]
    if not options:
        return ""
    style: Style = "default" if robust else network.style
    plain, sizes = _assembled_again(network, (), style).network.sizes, network.network.sizes
    return (
        f"{', '.join(options)}: {sizes.layers} layers where {plain.layers} would do, "
        f"{sizes.nonzeros:,} non-zeros where {plain.nonzeros:,}"
    )


def _assembled_again(model: CompiledNetwork, cuts: Collection[str], style: Style) -> Assembly:
    """What a model is made of, made again from its program, with these variables cut, in this style."""
    return assembled(model.target, _circuit_again(model, cuts, style), model.program, model.dtype)


def _circuit_again(model: CompiledNetwork, cuts: Collection[str], style: Style) -> Circuit:
    ends = [(fact.low, fact.high) for fact in model.inputs]
    known = all(low is not None and high is not None for low, high in ends)
    narrowed = ([low for low, _ in ends], [high for _, high in ends]) if known else None
    length = model.max_length
    longest = length + GUARD_STEPS if length is not None and model.refuses else length
    return circuit_of(
        model.program,
        input_range=narrowed,
        max_length=longest,
        as_written=style == "paper",
        robust=style == "robust",
        by_cells="feedback" in model.target.abilities,
        cuts=cuts,
    )
