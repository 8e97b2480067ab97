"""The noise that a compiled network tolerates, estimated by running it with very little (`NoiseTolerance`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_array

from lsrl.backends.layout import read_out
from lsrl.backends.network import Network
from lsrl.backends.target import Placement
from lsrl.circuit.affine import variable
from lsrl.circuit.units import PreviousUnit
from lsrl.lang.numbers import as_float
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
    numbers = _Numbers(placement_of(model), x.astype(np.float64))
    clean = numbers.units(model.network)
    values = numbers.forms(clean)
    distances = np.stack([one.distances(values[..., i]) for i, one in enumerate(numbers.watched)], axis=-1)
    for sigma in (places * float(np.finfo(model.network.dtype).eps) for places in LITTLE):
        rng, squares, flipped = np.random.default_rng(0), np.zeros(values.shape), False
        for _ in range(DRAWS):
            noisy = changed(model, relative_noise(sigma, rng))
            off = np.full(values.shape, np.inf) if noisy is None else numbers.forms(numbers.units(noisy)) - values
            off = np.nan_to_num(np.abs(off), nan=np.inf)
            squares += np.square(off / sigma)
            flipped |= bool((off > distances).any())
        if not flipped:
            break
    deviations = np.sqrt(squares / DRAWS + numbers.own_variances(clean))
    return NoiseTolerance(limits_of(numbers.watched, distances, deviations), len(x), x.shape[1], DRAWS)


def random_sequences(model: CompiledNetwork, sample: Sampler | None = None) -> np.ndarray:
    """Inputs (batch, T, dim) that `sample(rng, T)` draws; without it, numbers of the declared ranges, or tokens."""
    rng, steps = np.random.default_rng(0), min(model.max_length or STEPS, MOST_STEPS)
    if sample is not None:
        return np.stack([sample(rng, steps) for _ in range(SEQUENCES)])
    facts = tokens_only(model.inputs) if model.refuses else model.inputs
    return sampled_inputs(facts, rng, SEQUENCES, steps, str(model.network.dtype))


class _Numbers:
    """Reads what is watched from a network's activations on x, in float64."""

    def __init__(self, placement: Placement, x: np.ndarray) -> None:
        circuit, places = placement.circuit, placement.places()
        self.x = x
        previous = {i: unit for i, unit in enumerate(circuit.units) if isinstance(unit, PreviousUnit)}
        # What was one step ago is nowhere: it is read where it is now, and delayed.
        where = {i: variable(i) for i in places} | {i: unit.argument for i, unit in previous.items() if i not in places}
        where = {i: form for i, form in where.items() if form.terms.keys() <= places.keys()}
        self.watched = [one for one in watched(circuit) if one.form.terms.keys() <= where.keys()]
        used = sorted({unit for one in self.watched for unit in one.form.terms})
        self._read_out = read_out([where[unit] for unit in used], places)
        self._delayed = {j: as_float(previous[i].init) for j, i in enumerate(used) if i not in places}
        self._constants = np.array([as_float(one.form.constant) for one in self.watched])
        column = {unit: j for j, unit in enumerate(used)}
        entries = [
            (as_float(weight), column[unit], i)
            for i, one in enumerate(self.watched)
            for unit, weight in one.form.terms.items()
        ]
        data, rows, columns = (np.array(part) for part in zip(*entries, strict=True)) if entries else ([], [], [])
        self._weights = csr_array((data, (rows, columns)), shape=(len(used), len(self.watched)))

    def units(self, network: Network) -> np.ndarray:
        """The units that are read (batch, T, units)."""
        with np.errstate(over="ignore", invalid="ignore"):
            activations = network.activations(self.x.astype(network.dtype))
            values = self._read_out.applied(self.x, activations)
        for j, init in self._delayed.items():
            values[:, 1:, j], values[:, 0, j] = values[:, :-1, j].copy(), init
        return values

    def forms(self, units: np.ndarray) -> np.ndarray:
        """What is watched (batch, T, n)."""
        values: np.ndarray = _summed(units, self._weights) + self._constants
        return values

    def own_variances(self, units: np.ndarray) -> np.ndarray:
        """The variance for σ = 1 that noise on the forms' own weights makes, which the layer has that reads them."""
        variances: np.ndarray = _summed(np.square(units), self._weights.power(2)) + np.square(self._constants)
        return variances


def _summed(units: np.ndarray, weights: csr_array) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        summed: np.ndarray = np.concatenate([sequence @ weights for sequence in units])
    return summed.reshape(*units.shape[:2], weights.shape[1])
