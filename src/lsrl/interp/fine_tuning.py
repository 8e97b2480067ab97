"""Networks that are trained on from where the compiler ends: no longer exact, and more like what training finds.

A compiled network of torch is moved off its weights and then trained, on what the program answers and on what it
answers after interchange interventions at the sites of its variables, so that these stay where they are (Geiger et al.,
Inducing Causal Structure for Interpretable Neural Networks, 2022; with noise first, as InterpBench does it from
scratch: Gupta et al. 2024).

Two things are in the way. Gates are σ(±thousands), which have no gradient: their rows are made smaller until the least
that is ever in one is ±`GATE` (a comparison is then a steep ramp). And numbers are of all sizes, as values are
multiplied by 2⁻ᵏ: noise and steps of training are in units in which a weight changes what its unit gets by as much as
that is, so that all weights move, those that were 0 as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lsrl.backends.torch_rnn.weights import RecurrentWeights
from lsrl.errors import ProgramError, UnsupportedProgram, shortened
from lsrl.interp.changed_weights import with_weights
from lsrl.interp.counterfactuals import counterfactuals
from lsrl.interp.interchange_training import trained
from lsrl.interp.site_check import SiteCheck, check_site
from lsrl.interp.task import agree
from lsrl.lang.numbers import whole_number
from lsrl.model.compiled_model import CompiledModel
from lsrl.zoo.streams import Sampler

GATE = 6.0
"""What gates get at least, on one side or the other."""

SAMPLED, PAIRS, LENGTH = 256, 32, 16
"""Inputs by which units are found and answers are counted, pairs for each variable, and how long they are."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What became of a network: answers that are right on sampled inputs, and sites on pairs of the test split."""

    accuracy_before: float
    accuracy: float
    sites: tuple[SiteCheck, ...]
    nonzeros: tuple[int, int]
    parameters: int

    @property
    def interchange_accuracy(self) -> float:
        """IIA over the sites of all variables."""
        return sum(check.agreeing for check in self.sites) / max(sum(check.pairs for check in self.sites), 1)

    def __str__(self) -> str:
        before, after = self.nonzeros
        return (
            f"{before:,} of {self.parameters:,} weights not 0 became {after:,}; {self.accuracy:.1%} of sequences right "
            f"({self.accuracy_before:.1%} before training), IIA {self.interchange_accuracy:.2f}"
        )


@dataclass(frozen=True, slots=True)
class FineTuning:
    """Noise on all weights, of so many times what they add up to, and then so many steps of training.

    >>> import lsrl
    >>> entry = lsrl.zoo.get("two_thirds")
    >>> model = lsrl.compile(entry.program, "lstm", max_length=64, variables=["lead"])
    >>> tuned, found = FineTuning(steps=20).applied(model, entry.sample)
    >>> found.nonzeros[1] > found.nonzeros[0], tuned.guarantee.kind
    (True, 'none')
    """

    seed: int = 0
    noise: float = 0.02
    steps: int = 300

    def __post_init__(self) -> None:
        whole_number(self.seed, "seed of FineTuning", least=0, most=2**63 - 1)
        whole_number(self.steps, "steps of FineTuning", least=0)
        if not (isinstance(self.noise, (int, float)) and 0 <= self.noise <= 1):
            raise ProgramError(f"noise={shortened(self.noise)}; expected a number from 0 to 1")

    def applied(self, model: CompiledModel, sample: Sampler) -> tuple[CompiledModel, Tuned]:
        """The trained model, which promises nothing, and how good it is; its sites are where they were.

        Raises `UnsupportedProgram` for a network that is none of torch's RNN, LSTM and GRU, or in which no variable is
        cut, and as `counterfactuals` does.
        """
        _check(model, sample)
        rng = np.random.default_rng(self.seed)
        x = np.stack([sample(rng, LENGTH) for _ in range(SAMPLED)])
        expected = model.program.run(x)
        start, units = _soft_start(model, x)
        pairs = {
            split: [
                counterfactuals(model.program, sample, name, n=PAIRS, steps=LENGTH, split=split, seed=self.seed)
                for name in model.sites
            ]
            for split in ("train", "test")
        }
        moved = {name: rng.normal(0, self.noise, array.shape) for name, array in units.items()}
        noisy = with_weights(model, {name: start[name] + units[name] * moved[name] for name in units})
        best = trained(noisy, start, units, moved, pairs["train"], self.steps) if self.steps else moved
        tuned = with_weights(model, {name: start[name] + units[name] * best[name] for name in units})
        sites = tuple(check_site(tuned, each) for each in pairs["test"])
        nonzeros = model.network.sizes.nonzeros, tuned.network.sizes.nonzeros
        before, after = (float(agree(each.run(x), expected).mean()) for each in (noisy, tuned))
        return tuned, Tuned(before, after, sites, nonzeros, model.network.sizes.parameters)


def _check(model: Any, sample: Any) -> None:
    if not isinstance(model, CompiledModel) or not callable(sample):
        raise ProgramError(
            f"fine-tuning of {shortened(model)} with inputs of {shortened(sample)}; expected a compiled model and a "
            "function sample(rng, steps)"
        )
    name = f"{model.program.name} on {model.target}"
    if not isinstance(model.weights, RecurrentWeights):
        raise UnsupportedProgram(f"{name} is not trained on: that is for torch's RNN, LSTM and GRU; use target='lstm'")
    if not model.sites:
        raise UnsupportedProgram(f"{name} has no variable that is cut, whose site could stay; use variables='named'")


def _soft_start(model: CompiledModel, x: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The weights with gates that have a gradient, and for each weight by how much it takes to matter."""
    weights = model.weights
    gates, size = weights.architecture.gates, weights.size
    arrays = {name: array.astype(np.float64) for name, array in model.network.arrays.items()}
    units: dict[str, np.ndarray] = {}
    below = x.astype(np.float64)
    for layer, (_, hidden) in enumerate(model.network.activations(x.astype(model.dtype))):
        before = np.concatenate([np.broadcast_to(weights.tensors["h0"][layer], hidden[:, :1].shape), hidden[:, :-1]], 1)
        read = {"weight_ih": below, "weight_hh": before}
        names = {kind: f"recurrent.{kind}_l{layer}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        got = sum(numbers @ arrays[names[kind]].T for kind, numbers in read.items())
        got = got + arrays[names["bias_ih"]] + arrays[names["bias_hh"]]
        soft = [gate not in weights.architecture.signed for gate in gates for _ in range(size)]
        least = np.where(got == 0, np.inf, np.abs(got)).min(axis=(0, 1))
        factor = np.where(soft & (least > GATE) & np.isfinite(least), GATE / np.where(least > 0, least, 1), 1)
        for name in names.values():
            arrays[name] = (arrays[name].T * factor).T
        typical = np.where(soft, GATE, _size(got))
        for kind, numbers in read.items():
            units[names[kind]] = typical[:, None] / _or_infinite(_size(numbers))
        units[names["bias_ih"]] = typical
        below = hidden.astype(np.float64)
    answers = below @ arrays["readout.weight"].T + arrays["readout.bias"]
    units["readout.weight"] = _size(answers)[:, None] / _or_infinite(_size(below))
    units["readout.bias"] = _size(answers)
    return arrays, units


def _size(numbers: np.ndarray) -> np.ndarray:
    """How large numbers (…, n) are: the root of the mean square of each."""
    found: np.ndarray = np.sqrt(np.square(numbers.reshape(-1, numbers.shape[-1])).mean(axis=0))
    return found


def _or_infinite(sizes: np.ndarray) -> np.ndarray:
    """Sizes, where of what is always 0 nothing is read."""
    return np.where(sizes > 0, sizes, np.inf)
