"""The noise that a compiled network tolerates, estimated by running it with very little (`NoiseTolerance`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_array

from lsrl.backends.layout import ReadOut, read_out
from lsrl.backends.network import Network
from lsrl.backends.target import Placement
from lsrl.circuit.affine import Affine, number, substituted
from lsrl.circuit.units import PreviousUnit
from lsrl.lang.numbers import ONE, as_float
from lsrl.model.assembled_from import placement_of
from lsrl.model.changed_weights import changed, relative_noise
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.model.sampling import sampled_inputs, tokens_only
from lsrl.stability.noise_tolerance import NoiseTolerance, limits_of, watched

Sampler: TypeAlias = Callable[[np.random.Generator, int], np.ndarray]

DRAWS = 12
"""Networks with noise: a standard deviation from so many is 20 % off."""

SEQUENCES, STEPS, MOST_STEPS = 4, 64, 128
"""Random sequences unless the caller has some: of `max_length` steps up to `MOST_STEPS`, of `STEPS` without one."""

LITTLE = 2**7, 2**2
"""σ of the noise, in units of the format's last place: the first, unless that flips something."""


def tolerated_noise(model: CompiledNetwork, x: np.ndarray) -> NoiseTolerance:
    """The noise that a network tolerates on sequences (batch, T, dim).

    Raises `FormatError` where the weights are not the compiler's, so that nobody knows what is where.
    """
    placement = placement_of(model)
    # A loaded network has its tensors in another order, in which noise would be drawn otherwise.
    model = replace(model, network=placement.network(model.program))
    reader = _Reader(placement, x.astype(np.float64))
    clean = reader.numbers(model.network)
    values = reader.watched_values(clean)
    distances = np.stack([one.distances(values[..., i]) for i, one in enumerate(reader.watched)], axis=-1)
    for sigma in (places * float(np.finfo(model.network.dtype).eps) for places in LITTLE):
        rng, squares, flipped = np.random.default_rng(0), np.zeros(values.shape), False
        for _ in range(DRAWS):
            noisy = changed(model, relative_noise(sigma, rng))
            found = np.nan if noisy is None else reader.watched_values(reader.numbers(noisy))
            off = np.nan_to_num(np.abs(found - values), nan=np.inf)
            squares += np.square(off / sigma)
            flipped |= bool((off > distances).any())
        if not flipped:
            break
    deviations = np.sqrt(squares / DRAWS + reader.own_variances(clean))
    return NoiseTolerance(limits_of(reader.watched, distances, deviations), len(x), x.shape[1], DRAWS)


def random_sequences(model: CompiledNetwork, sample: Sampler | None = None) -> np.ndarray:
    """Inputs (batch, T, dim) that `sample(rng, T)` draws; without it, numbers of the declared ranges, or tokens."""
    rng, steps = np.random.default_rng(0), min(model.max_length or STEPS, MOST_STEPS)
    if sample is not None:
        return np.stack([sample(rng, steps) for _ in range(SEQUENCES)])
    facts = tokens_only(model.inputs) if model.refuses else model.inputs
    return sampled_inputs(facts, rng, SEQUENCES, steps, str(model.network.dtype))


class _Reader:
    """Reads what is watched from a network's activations on x, in float64: some numbers now, some one step ago."""

    def __init__(self, placement: Placement, x: np.ndarray) -> None:
        circuit, places = placement.circuit, placement.places()
        self.x = x
        known = {i: unit for i, unit in enumerate(circuit.units) if isinstance(unit, PreviousUnit) and i not in places}
        before = {i: unit.argument for i, unit in known.items() if unit.argument.terms.keys() <= places.keys()}
        self.watched = [one for one in watched(circuit) if one.form.terms.keys() <= places.keys() | before.keys()]
        forms = [one.form for one in self.watched]
        past = [Affine({i: weight for i, weight in form.terms.items() if i in before}) for form in forms]
        now = [form.plus(part.times(-ONE)) for form, part in zip(forms, past, strict=True)]
        self._now, self._past = (
            _Weights(read_out(parts, places)) for parts in (now, [substituted(part, before) for part in past])
        )
        inits = {i: number(unit.init) for i, unit in known.items()}
        self._start = np.array([as_float(substituted(part, inits).constant) for part in past])

    def numbers(self, network: Network) -> tuple[np.ndarray, np.ndarray]:
        """The activations that are read, now and one step ago."""
        with np.errstate(over="ignore", invalid="ignore"):
            activations = network.activations(self.x.astype(network.dtype))
        return self._now.activations(self.x, activations), self._past.activations(self.x, activations)[:, :-1]

    def watched_values(self, numbers: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """What is watched (batch, T, n)."""
        now, past = (_summed(each, part.matrix) for each, part in zip(numbers, (self._now, self._past), strict=True))
        values: np.ndarray = now + self._now.constants
        values[:, :1] += self._start
        values[:, 1:] += past + self._past.constants
        return values

    def own_variances(self, numbers: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """The variance for σ = 1 that noise on the weights makes by which the layer reads it that needs it."""
        now, past = (
            _summed(np.square(each), part.matrix.power(2))
            for each, part in zip(numbers, (self._now, self._past), strict=True)
        )
        variances: np.ndarray = now + np.square(self._now.constants + self._past.constants)
        variances[:, 1:] += past
        return variances


class _Weights:
    """A read-out as a matrix from the activations that it reads."""

    def __init__(self, way: ReadOut) -> None:
        entries = [
            ((read.layer, read.part, index), component, weight)
            for read in way.reads
            for component, row in enumerate(read.rows)
            for index, weight in row
        ]
        self.places = sorted({place for place, _, _ in entries})
        column = {place: i for i, place in enumerate(self.places)}
        self.constants = np.array(way.constants)
        self.matrix = csr_array((len(self.places), len(way.constants)))
        if entries:
            rows, columns = [column[place] for place, _, _ in entries], [component for _, component, _ in entries]
            self.matrix = csr_array(([weight for *_, weight in entries], (rows, columns)), shape=self.matrix.shape)

    def activations(self, x: np.ndarray, layers: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """(batch, T, n), in x's format."""
        found = np.empty((*x.shape[:2], len(self.places)), x.dtype)
        for i, (layer, part, index) in enumerate(self.places):
            found[..., i] = (x if part == "input" else layers[layer][part == "output"])[..., index]
        return found


def _summed(numbers: np.ndarray, weights: csr_array) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        summed: np.ndarray = np.concatenate([sequence @ weights for sequence in numbers])
    return summed.reshape(*numbers.shape[:2], weights.shape[1])
