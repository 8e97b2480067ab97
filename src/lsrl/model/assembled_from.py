"""The circuit that a compiled network was assembled from, or is assembled from again."""

from __future__ import annotations

from lsrl.backends.guarded import GUARD_STEPS
from lsrl.backends.target import Assembly, assembled
from lsrl.circuit.translate import circuit_of
from lsrl.circuit.units import Circuit
from lsrl.errors import FormatError
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.rounding.guarantee import Guarantee


def circuit_and_guarantee(network: CompiledNetwork) -> tuple[Circuit, Guarantee]:
    """The legalised circuit, and the guarantee with its trail; of a loaded model, as `_assembled_again` finds them."""
    if network.circuit is not None:
        return network.circuit, network.guarantee
    made = _assembled_again(network)
    return made.circuit, network.guarantee if network.style == "paper" else made.guarantee


def _assembled_again(model: CompiledNetwork) -> Assembly:
    """What a model was made of, made again from its program: what a loaded one lacks.

    Raises `FormatError` if that does not give a network of the model's sizes.
    """
    ends = [(fact.low, fact.high) for fact in model.inputs]
    known = all(low is not None and high is not None for low, high in ends)
    narrowed = ([low for low, _ in ends], [high for _, high in ends]) if known else None
    length = model.max_length
    longest = length + GUARD_STEPS if length is not None and model.refuses else length
    as_written = model.style == "paper"
    circuit = circuit_of(
        model.program,
        input_range=narrowed,
        max_length=longest,
        as_written=as_written,
        by_cells="feedback" in model.target.abilities,
        cuts=model.variables,
    )
    assembly = assembled(model.target, circuit, model.program, model.dtype)
    if assembly.network.sizes == model.network.sizes:
        return assembly
    raise FormatError(
        f"the weights of {model.program.name} are no longer what {model.target} compiles it to; "
        "expected a model saved by this version of LSRL; compile it again"
    )
