"""A Hugging Face transformers model as data: its class, its configuration, its tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from lsrl.backends.float_limits import held_by
from lsrl.backends.transformers.scale import StreamScale
from lsrl.backends.transformers.stock_model import StockModel
from lsrl.backends.unit_groups import Along, Change, UnitGroup
from lsrl.circuit.affine import Affine
from lsrl.circuit.units import InputUnit
from lsrl.errors import FormatError, RangeError, shortened
from lsrl.lang.numbers import ONE, as_float
from lsrl.placement.residual import MARKS, ResidualStack

MAPS = "maps.safetensors"

SMALLEST = 2.0**-126
"""The smallest float32 that has all its digits."""

BETTER = "target='lstm' with dtype='float64'"
"""What holds more than float32 does."""

BEYOND = 2.0**127
"""A larger float32 would only just be one."""

_LAYER = re.compile(r"(?:^|\.)(?:layers|blocks)\.([0-9]{1,6})\.")

ALWAYS, STARTED = 0, 1
"""The channels that are 1 at every position, and 1 (stored as ε) at every step of the program."""


@dataclass(frozen=True)
class HubWeights:
    """Tensors of the stock model, and of the maps into and out of its residual stream; `architecture` is its class.

    `maps`: `input.weight` (d, in) and `input.bias` make an embedding of a step's input, `bos` (d,) is
    the one that every sequence begins with; `readout.weight` (out, d) and `readout.bias` read an
    output from the last hidden state.
    """

    stock: StockModel
    architecture: str
    config: Mapping[str, Any]
    tensors: Mapping[str, np.ndarray]
    maps: Mapping[str, np.ndarray]

    @property
    def input_dim(self) -> int:
        """Components of one input."""
        return int(self.maps["input.weight"].shape[1])

    @property
    def output_dim(self) -> int:
        """Components of one output."""
        return len(self.maps["readout.bias"])

    @property
    def width(self) -> int:
        """Channels of the residual stream."""
        return int(self.config["hidden_size"])

    @property
    def channels(self) -> int:
        """How many channels of the stream anything is ever written to."""
        writers = [tensor for name, tensor in self.tensors.items() if name.endswith(self.stock.writers)]
        # What a folder has there is checked where the model is made of it.
        rows = [tensor.any(axis=1) for tensor in writers if tensor.ndim == 2 and len(tensor) == self.width]
        maps = [self.maps["bos"], self.maps["input.bias"], *self.maps["input.weight"].T]
        return int(np.any([*maps, *rows], axis=0).sum())

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return int(self.config["num_hidden_layers"])

    @property
    def description(self) -> dict[str, Any]:
        """The stock model that these weights are for: its class and its configuration."""
        return {"class": f"transformers.{self.architecture}", "config": dict(self.config)}

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return self.maps["readout.bias"].dtype


OF_MAPS = "maps."
"""In front of the names of maps, where they are named beside the tensors of the model."""


STREAM: frozenset[Change] = frozenset({"permutation", "signs", "powers"})
"""What a stream allows whose scores are whole numbers up to 2²⁷: halves of sums of four are no longer exact."""


def unit_groups(weights: HubWeights) -> list[UnitGroup]:
    """The stream, with all that writes to it and reads it, and the numbers inside every layer."""
    stock, prefix = weights.stock, "" if weights.architecture == weights.stock.model else f"{weights.stock.prefix}."
    written = [name for name in weights.tensors if name.endswith(stock.writers)]
    embeds = [name for name in weights.tensors if name.endswith(stock.embeddings)]
    read = [name for name in weights.tensors if name.endswith((*stock.readers, "lm_head.weight"))]
    mixes = "lm_head.weight" not in weights.tensors and stock.mixes(weights.tensors)
    maps = [Along(f"{OF_MAPS}{name}", 0) for name in ("input.weight", "input.bias", "bos")]
    stream = UnitGroup(
        modules=tuple(f"model.{name.removeprefix(prefix)}" for name in dict.fromkeys(map(_sublayer, written))),
        size=weights.width,
        makes=(*(Along(name, 0) for name in written), *(Along(name, 1) for name in embeds), *maps),
        reads=(*(Along(name, 1) for name in read), Along(f"{OF_MAPS}readout.weight", 1)),
        allows=STREAM | {"mixing"} if mixes else STREAM,
        apart=MARKS,
    )
    inner = [group for layer in range(weights.depth) for group in stock.inner(layer, weights.config)]
    return [stream, *(group.named(prefix) for group in inner)]


def _sublayer(tensor: str) -> str:
    """The part of a layer that a tensor belongs to: `layers.1.mixer`."""
    found = _LAYER.search(tensor)
    return tensor if found is None else tensor[: found.end()] + tensor[found.end() :].split(".", maxsplit=1)[0]


class StreamRows:
    """Rows over the stream's channels for forms over units.

    A form's constant is read from the channel `STARTED`, so that every form is 0 before the first step; what holds at
    every position, padding too, is read from `ALWAYS`. `gain` is what the norm before them leaves of its factor.
    """

    def __init__(self, stack: ResidualStack, scale: StreamScale, gain: fmpq = ONE) -> None:
        self.gain = gain
        self.channels = stack.channels
        self.origins = stack.circuit.origins
        self.scale = scale
        self.width = scale.width

    def of(self, form: Affine, factor: Any) -> np.ndarray:
        """The row that reads `factor` times the form. Raises `RangeError` for a weight beyond float32."""
        row = np.zeros(self.width)
        by = factor / (self.scale.epsilon * self.gain)
        for unit_id, weight in form.terms.items():
            row[self.channels[unit_id]] = number = as_float(weight * by)
            if abs(number) > BEYOND:
                raise RangeError(
                    f"value {self.origins[unit_id]!r} is read with a weight of {number:.3g}, beyond float32; "
                    "expected smaller numbers in the program, or numbers that are less far apart"
                )
        row[STARTED] = as_float(form.constant * by)
        return row

    def always(self, number: float) -> np.ndarray:
        """The row that reads this number at every position."""
        row = np.zeros(self.width)
        row[ALWAYS] = number / as_float(self.gain)
        return row


def maps_of(stack: ResidualStack, scale: StreamScale, readout: Sequence[Affine]) -> dict[str, np.ndarray]:
    """The maps into and out of the stream."""
    dim, epsilon = stack.circuit.input_dim, as_float(scale.epsilon)
    weight = np.zeros((scale.width, dim))
    for unit_id, unit in enumerate(stack.circuit.units):
        if isinstance(unit, InputUnit):  # what the program does not read stays out: nobody knows how large it is
            weight[stack.channels[unit_id], unit.component] = epsilon
    always = np.eye(scale.width)[ALWAYS]
    rows, constants = StreamRows(stack, scale), np.array([as_float(form.constant) for form in readout])
    return {
        "input.weight": weight,
        "input.bias": always + epsilon * np.eye(scale.width)[STARTED],
        "bos": always,
        "readout.weight": np.stack([rows.of(Affine(form.terms), 1) for form in readout]),
        "readout.bias": held_by(constants, "float32", lambda _: "output", BETTER),
    }


def converted(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors in float32. Raises `RangeError` for a number beyond it, and for one that would be lost."""
    found = {}
    for name, array in tensors.items():
        sizes = np.abs(array[array != 0])  # of large matrices almost all is 0
        with np.errstate(over="ignore"):
            found[name] = np.ascontiguousarray(array, dtype=np.float32)
            finite = np.isfinite(sizes.astype(np.float32)).all()
        if (sizes < SMALLEST).any():
            raise RangeError(
                f"a number in {name} is {float(sizes.min()):.3g}, below float32's normal ones; "
                f"expected numbers in the program that are less far apart, or {BETTER}"
            )
        if not finite:
            raise RangeError(
                f"a number in {name} is {float(sizes.max()):.3g}, beyond float32; "
                f"expected smaller numbers in the program, or {BETTER}"
            )
    return found


def from_tensors(
    stock: StockModel,
    tensors: Mapping[str, np.ndarray],
    maps: Mapping[str, np.ndarray],
    description: Mapping[str, Any],
) -> HubWeights:
    """The weights in a folder's files; names, shapes and numbers are checked. Raises `FormatError`.

    The description has the form that the model says (`StockModel.module_schema`). That the tensors are those of the
    model is checked where that is made; here, that there are as many layers of them.
    """
    architecture, config = description["class"].removeprefix("transformers."), description["config"]
    layers = {int(found[1]) for found in map(_LAYER.search, tensors) if found}
    depth, width = config["num_hidden_layers"], config["hidden_size"]
    if layers != set(range(depth)) or len(config.get("block_types", config.get("layer_types", layers))) != depth:
        raise FormatError(f"the tensors are those of {len(layers)} layers; expected {depth}, as the configuration says")
    _check_maps(maps, width)
    for name, array in (*tensors.items(), *maps.items()):
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise FormatError(
                f"tensor {shortened(name)} is {array.dtype}, or holds NaN or infinity; expected finite float32"
            )
    return HubWeights(stock, architecture, dict(config), dict(tensors), dict(maps))


def _check_maps(maps: Mapping[str, np.ndarray], width: int) -> None:
    shapes = {name: array.shape for name, array in maps.items()}
    dims = [(*shapes.get(name, ()), 0, 0)[axis] for name, axis in (("input.weight", 1), ("readout.weight", 0))]
    wanted = {
        "input.weight": (width, dims[0]),
        "input.bias": (width,),
        "bos": (width,),
        "readout.weight": (dims[1], width),
        "readout.bias": (dims[1],),
    }
    if shapes != wanted:
        raise FormatError(f"{MAPS} has tensors of shapes {shortened(shapes, 200)}; expected {shortened(wanted, 200)}")
