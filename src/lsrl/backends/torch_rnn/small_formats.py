"""Which programs are exact in a format of few digits, and what others would need.

A network is exact where its guarantee is, and that holds in whatever order sums are added up, and whether partial sums
are rounded to the format or kept longer: all of them are multiples of one power of two that the format holds. So it
does not matter whether a library accumulates bfloat16 in float32, as most do.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from lsrl.circuit.facts import Fact
from lsrl.errors import UnsupportedProgram
from lsrl.lang.numbers import number_text
from lsrl.placement.neurons import NeuronStack
from lsrl.rounding.guarantee import Guarantee
from lsrl.rounding.sums import PRECISION

EXACT_DTYPES = ("bfloat16",)

LONGEST = PRECISION["float32"]


def exact_guarantee(dtype: str, bits: int, stack: NeuronStack, guarantee: Callable[[int], Guarantee]) -> Guarantee:
    """What a network promises in a format with so many bits of mantissa: to be exact. Else raises `UnsupportedProgram`.

    `guarantee(bits)` is what it would promise in one with so many. Inputs need a grid: a real number would be rounded
    before anything is computed of it.
    """
    for cell in stack.inputs:
        if cell.fact.grid is None or cell.fact.magnitude is None:
            raise UnsupportedProgram(
                f"dtype={dtype!r}: input {cell.label!r} is {_text(cell.fact)}; expected a range and a grid "
                f"(integer=True) whose numbers fit {bits} bits; or use dtype='float32'"
            )
    if (found := guarantee(bits)).kind == "exact":
        return found
    if guarantee(LONGEST).kind != "exact":
        raise UnsupportedProgram(
            f"dtype={dtype!r} is for programs that are exact in it, and this one is not even in float32 "
            f"({guarantee(LONGEST)}); use dtype='float32'"
        )
    longer = range(bits + 1, LONGEST + 1)
    enough = longer[bisect_left(longer, True, key=lambda more: guarantee(more).kind == "exact")]
    raise UnsupportedProgram(
        f"dtype={dtype!r}: {_culprit(stack, guarantee(enough - 1))}, which takes {enough} bits of mantissa to compute "
        f"exactly, and {dtype} has {bits}; narrow ranges or max_length, or use dtype='float32'"
    )


def _culprit(stack: NeuronStack, guarantee: Guarantee) -> str:
    """The first number that is not exact, and what can be; of a decision, what it is made on."""
    trail = guarantee.trail
    assert trail is not None
    place, number = next((i, number) for i, number in enumerate((*trail.numbers, *trail.outputs)) if number.error)
    neurons = dict(enumerate((neuron for layer in stack.layers for neuron in layer), start=len(stack.inputs)))
    if place in neurons and neurons[place].kind == "step":
        return f"{number.label!r} decides on {_text(neurons[place].fact)}"
    return f"{number.label!r} is {_text(number.fact)}"


def _text(fact: Fact) -> str:
    """A range and a grid in words."""
    low, high = (None if end is None else number_text(end) for end in (fact.low, fact.high))
    ends = f"from {low} to {high}" if low and high else f"{low} or more" if low else f"{high} or less" if high else ""
    step = "any number" if fact.measure is None else f"a multiple of {number_text(fact.measure)}"
    return f"{step} {ends}".rstrip()
