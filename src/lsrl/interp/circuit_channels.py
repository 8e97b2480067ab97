"""Channels as nodes of a graph: what every number that a layer puts out computes and reads, from the compiler's stack.

A channel is named after its module in the hooked network, and its place there: `layers.1.hidden[0]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsrl.backends.linear.target import Stacked
from lsrl.backends.network import Network
from lsrl.backends.target import Placement
from lsrl.backends.torch_rnn.hidden import HiddenLayer
from lsrl.backends.torch_rnn.target import Expressed
from lsrl.backends.transformers.network import HubNetwork
from lsrl.backends.transformers.target import Staged
from lsrl.circuit.affine import UnitId
from lsrl.circuit.units import InputUnit, forms_of
from lsrl.interp.circuit_units import Kind, Part, UnitWords, inputs_and_outputs, read_by
from lsrl.placement.neurons import Neuron
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Cell, Layer

_LINES = {" up": "what of {} is above 0", " down": "what of {} is below 0", " lifted": "{}, less its lowest value"}
"""How labels end of lines that hold a part of a value (`LayerBuilder.carry`)."""


def output_modules(network: Network) -> tuple[str, ...]:
    """The modules of the hooked network whose outputs are what layers pass on, or add to the stream, in their order."""
    found = [network.address(layer, "output")[-1] for layer in range(network.sizes.layers)]
    if not isinstance(network, HubNetwork):
        return tuple(found)
    stream, *_ = network.unit_groups
    # A layer's mixer comes first; one that attends has none.
    found = [*(module for module in found if module in stream.modules), *stream.modules]
    return tuple(sorted(dict.fromkeys(found), key=_layer_of))


def _layer_of(module: str) -> int:
    return int(module.split(".")[2])


def channel_parts(placement: Placement, modules: Sequence[str], width: Sequence[int]) -> list[Part]:
    """A node for every channel of these modules, which have so many, and for inputs and outputs."""
    by_name = {part.name: part for part in _parts(placement, modules)}
    channels = [f"{module}[{i}]" for module, size in zip(modules, width, strict=True) for i in range(size)]
    idle = "computes nothing"
    found = [by_name.pop(name, Part(name, "", "idle", idle, ())) for name in channels]
    return [*by_name.values(), *found]  # the input and the output first


def _parts(placement: Placement, modules: Sequence[str]) -> list[Part]:
    match placement:
        case Stacked():
            return _of_stack(placement, modules)
        case Expressed():
            return _of_hidden(placement, modules)
        case Staged():
            return _of_stages(placement.stack, _by_stage(placement, modules))
        case _:
            raise TypeError(f"{type(placement).__name__} is no placement of a target")


def _by_stage(placement: Staged, modules: Sequence[str]) -> list[str]:
    """The module that computes each stage: a layer's stages are its modules, from the first on."""
    layers = [placement.architecture.layer_of(stage) for stage in range(len(placement.stack.stages))]
    found = []
    for stage, layer in enumerate(layers):
        own = [module for module in modules if _layer_of(module) == layer]
        found.append(own[stage - layers.index(layer)])
    return found


def _named(module: str | None, indices: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"input[{i}]" if module is None else f"{module}[{i}]" for i in indices)


def _of_stack(placement: Stacked, modules: Sequence[str]) -> list[Part]:
    stack, words = placement.stack, UnitWords(placement.circuit)
    units = _computed(placement)
    last = modules[-1] if modules else None
    found = inputs_and_outputs(words, [_named(last, [i for i, _ in row]) for row in stack.R.rows])
    for at, layer in enumerate(stack.layers):
        below = modules[at - 1] if at else None
        for i, cell in enumerate(layer.outputs):
            reads = _named(below, sorted(_read_of_below(layer, i)))
            found.append(_part(f"{modules[at]}[{i}]", cell, units.get((at, i)), words, reads))
    return found


def _read_of_below(layer: Layer, output: int) -> set[int]:
    """What an output reads of the layer below, now or at earlier steps: through its states, and in its gate."""
    states, waiting = set[int](), [i for i, _ in layer.C.rows[output]]
    while waiting:
        state = waiting.pop()
        if state not in states:
            states.add(state)
            waiting.extend(i for i, _ in layer.A.rows[state])
    found = {i for state in states for i, _ in layer.B.rows[state]}
    return found if layer.G is None else found | {i for i, _ in layer.G.rows[output]}


def _computed(placement: Stacked | Expressed) -> dict[tuple[int, int], UnitId]:
    """Which unit is computed where; what is there besides is carried, or a copy."""
    return {
        (place.layer, i): unit_id
        for unit_id, place in placement.stack.places.items()
        if place.part == "output"
        for i, _ in place.weights
    }


def _part(name: str, cell: Cell, unit_id: UnitId | None, words: UnitWords, reads: tuple[str, ...]) -> Part:
    """The node of a line or neuron: what it computes, or what it passes on."""
    label = cell.label
    ending = next((ending for ending in _LINES if label.endswith(ending)), "")
    value, line = label.removesuffix(ending), _LINES.get(ending, "{}")
    if label.startswith("−("):
        value, line = label[2:-1], "minus {}"
    if unit_id is None:
        kind: Kind = "carried" if cell.carried else "state"
        what = f"passes on {value}" if cell.carried else f"{value}, computed once more"
        return Part(name, value, kind, line.format(what) if line == "{}" else f"passes on {line.format(value)}", reads)
    return Part(name, value, words.kind(unit_id), line.format(words.meaning(unit_id)), reads)


def _of_hidden(placement: Expressed, modules: Sequence[str]) -> list[Part]:
    words, units = UnitWords(placement.circuit), _computed(placement)
    hidden = placement.hidden
    found = inputs_and_outputs(words, [_named(modules[-1], sorted(form.terms)) for form in hidden.readout])
    for at, (layer, neurons) in enumerate(zip(hidden.layers, placement.stack.layers, strict=True)):
        below = modules[at - 1] if at else None
        for j, (neuron, form) in enumerate(zip(neurons, layer.neurons, strict=True)):
            made = sorted(form.terms)
            for nth, i in enumerate(made):
                reads = _named(below, sorted(_read_in(layer, i, "below")))
                reads += _named(modules[at], sorted(_read_in(layer, i, "own") | _itself(neuron, made)))
                part = _part(f"{modules[at]}[{i}]", neuron.cell, units.get((at, j)), words, reads)
                found.append(_one_of(part, nth, len(made)))
    return found


def _read_in(layer: HiddenLayer, unit: int, part: str) -> set[int]:
    return {i for rows in layer.gates.values() for i, _ in getattr(rows[unit], part)}


def _itself(neuron: Neuron, made: Sequence[int]) -> set[int]:
    """The hidden units of a neuron that keeps its value by a gate, not by a weight."""
    return set(made) if neuron.kind == "hold" or neuron.sums_up else set()


def _one_of(part: Part, nth: int, count: int) -> Part:
    if count == 1:
        return part
    together = f"number {nth + 1} of {count} that together are: {part.meaning}"
    return Part(part.name, part.value, part.kind, together, part.reads)


def _of_stages(stack: ResidualStack, modules: Sequence[str]) -> list[Part]:
    words, units = UnitWords(stack.circuit), stack.circuit.units
    computed_in = {unit_id: stage for stage, unit_ids in enumerate(stack.stages) for unit_id in unit_ids}
    erased_in = [
        (stage, stack.channels[unit_id]) for stage, unit_ids in enumerate(stack.erased) for unit_id in unit_ids
    ]

    def read(unit_ids: Iterable[UnitId], before: int) -> tuple[str, ...]:
        """The nodes that units are read of in this stage: what was in their channels is gone, if that was erased."""
        names: list[str] = []
        for unit_id in unit_ids:
            unit, channel = units[unit_id], stack.channels[unit_id]
            stages = [stage for stage, of in erased_in if of == channel and stage < before]
            if isinstance(unit, InputUnit):
                names.append(f"input[{unit.component}]")
            else:
                stages.append(computed_in[unit_id])
            names += [f"{modules[stage]}[{channel}]" for stage in stages]
        return tuple(dict.fromkeys(names))

    end = len(stack.stages)
    found = inputs_and_outputs(words, [read(sorted(form.terms), end) for form in stack.circuit.outputs])
    for stage, (computed, erased) in enumerate(zip(stack.stages, stack.erased, strict=True)):
        for unit_id in computed:
            name = f"{modules[stage]}[{stack.channels[unit_id]}]"
            kept = [name] if unit_id in read_by(unit_id, units[unit_id]) else []
            forms = forms_of(units[unit_id])
            reads = (*read(sorted({other for form in forms for other in form.terms}), stage), *kept)
            found.append(Part(name, words.value(unit_id), words.kind(unit_id), words.meaning(unit_id), reads))
        for unit_id in erased:
            value, name = words.value(unit_id), f"{modules[stage]}[{stack.channels[unit_id]}]"
            meaning = f"takes {value} out of the stream, so that another value has room"
            found.append(Part(name, value, "erased", meaning, read([unit_id], stage)))
    return found
