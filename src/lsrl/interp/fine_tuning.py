"""Networks that are trained on from where the compiler ends: no longer exact, and more like what training finds.

A disguise keeps the function, and so all that makes compiled networks look compiled: most weights are 0, gates are shut
or open. Here every weight gets noise, and the network is trained on what the program answers and, after interchange
interventions at the sites of its variables, on what the program answers then (`interchange_training`), so that
variables stay where they were. Noise at once, so much that a network looks different, destroys it for good: gradients
are 0 where comparisons are off. So it is given in doses, and the next one once all is right again. How well sites still
hold is measured, on pairs of the test split.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsrl.backends.torch_environment import undisturbed
from lsrl.errors import ProgramError, UnsupportedProgram, shortened
from lsrl.interp.changed_weights import with_weights
from lsrl.interp.counterfactuals import Counterfactuals, Split, counterfactuals
from lsrl.interp.disguise import fill_idle_units
from lsrl.interp.everyday_sizes import with_everyday_sizes
from lsrl.interp.interchange_training import Training, exchanged_right, noise_on, pairs_of
from lsrl.interp.site_check import SiteCheck, check_site
from lsrl.interp.site_fit import with_fitted_sites
from lsrl.interp.task import agree
from lsrl.interp.trainable import Trainable
from lsrl.lang.numbers import whole_number
from lsrl.model.compiled_model import CompiledModel
from lsrl.semantics import Kind
from lsrl.zoo.streams import Sampler

SAMPLED, LENGTH = 256, 16
"""Inputs on which answers are counted, and how long these and the pairs are."""

PAIRS: dict[Split, int] = {"train": 256, "validation": 64, "test": 64}
"""For each variable: to train by, to see when the next dose is due, and to say at the end how well its site holds."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What became of a network: the share of sequences that it answers right, and how well sites hold, on new pairs.

    Sites are checked by exchanges, with what the network has on the source, also where a state is kept.
    `accuracy_before` is with noise of the first dose and no training. `doses` are what it took in `steps` of training,
    and `moved` how far weights are from where they began, in units that move a sum by its spread (`weight_units`).
    """

    accuracy_before: float
    accuracy: float
    sites: tuple[SiteCheck, ...]
    nonzeros: tuple[int, int]
    parameters: int
    doses: int
    steps: int
    moved: float

    @property
    def interchange_accuracy(self) -> float:
        """IIA over the sites of all variables."""
        return sum(check.agreeing for check in self.sites) / sum(check.pairs for check in self.sites)

    def __str__(self) -> str:
        before, after = self.nonzeros
        return (
            f"{before:,} of {self.parameters:,} weights not 0 became {after:,}; {self.accuracy:.1%} of sequences right "
            f"({self.accuracy_before:.1%} before training), IIA {self.interchange_accuracy:.2f} after {self.doses} "
            f"doses of noise in {self.steps} steps"
        )


@dataclass(frozen=True, slots=True)
class FineTuning:
    """Doses of noise on all weights, each with training until all is right again.

    `noise` is how large a dose is at first: so many times what moves the sum that a weight is in by its own spread.
    `steps` are those of the training in all; with none of them the noise stays as it is. Raises `ShapeError` for a seed
    or steps that are no whole numbers, and `ProgramError` for other noise than from 0 to 1.

    >>> import lsrl
    >>> entry = lsrl.zoo.get("two_thirds")
    >>> model = lsrl.compile(entry.program, "lstm", max_length=64, variables=["lead"])
    >>> tuned, found = FineTuning(steps=40).applied(model, entry.sample)
    >>> found.nonzeros[1] > 3 * found.nonzeros[0], tuned.guarantee.kind
    (True, 'none')
    >>> found.accuracy > 0.9, found.interchange_accuracy > 0.9
    (True, True)
    """

    seed: int = 0
    noise: float = 0.05
    steps: int = 300

    def __post_init__(self) -> None:
        whole_number(self.seed, "seed of FineTuning", least=0, most=2**63 - 1)
        whole_number(self.steps, "steps of FineTuning", least=0)
        if isinstance(self.noise, bool) or not isinstance(self.noise, (int, float)) or not 0 <= self.noise <= 1:
            raise ProgramError(f"noise={shortened(self.noise)}; expected a number from 0 to 1")

    def applied(self, model: CompiledModel, sample: Sampler) -> tuple[CompiledModel, Tuned]:
        """The trained model, which promises nothing, and how good it is; its sites say where variables should be.

        `sample(rng, steps)` draws inputs. Raises `UnsupportedProgram` for a model of which no variable is
        cut, and as `counterfactuals` does.
        """
        _check(model, sample)
        steps = min(LENGTH, model.max_length or LENGTH)
        rng = np.random.default_rng(self.seed)
        x = np.stack([sample(rng, steps) for _ in range(SAMPLED)])
        start = with_everyday_sizes(model, x)
        arrays = dict(start.network.arrays)
        fill_idle_units(model.network.unit_groups, arrays, rng)
        start = with_weights(start, arrays)
        drawn = {
            split: [
                counterfactuals(model.program, sample, name, n=n, steps=steps, split=split, kind=kind)
                for name in model.sites
                for kind in _kinds(model, name)
            ]
            for split, n in PAIRS.items()
        }
        noisy, tuned, doses, moved = self._trained(model, start, x, drawn)
        expected = model.program.run(x)
        with np.errstate(all="ignore"):  # with noise alone numbers can be beyond the floats: these are wrong
            answers = [each.network.run(x.astype(model.network.dtype)) for each in (noisy, tuned)]
            before, after = (float(agree(found, expected).mean()) for found in answers)
        checks = tuple(_checked(model, tuned, pairs) for pairs in drawn["test"])
        nonzeros = model.network.sizes.nonzeros, tuned.network.sizes.nonzeros
        return tuned, Tuned(before, after, checks, nonzeros, tuned.network.sizes.parameters, doses, self.steps, moved)

    def _trained(
        self, model: CompiledModel, start: CompiledModel, x: np.ndarray, drawn: dict[Split, Any]
    ) -> tuple[CompiledModel, CompiledModel, int, float]:
        """The model with noise, the trained one, how many doses it took, and how far its weights are."""
        import torch

        from lsrl.interp.weight_units import units_of

        trainable = Trainable(start.network)
        train, check = (pairs_of(model, trainable, drawn[split]) for split in ("train", "validation"))
        with undisturbed(model.sizes.widest), torch.enable_grad():
            units, begin = units_of(trainable, x), trainable.tensors()
            noisy = noise_on(begin, units, self.noise, torch.Generator().manual_seed(self.seed))
            training = Training(trainable, units, train, check)
            found, doses = training.in_doses(self.noise, self.steps, self.seed) if self.steps else (noisy, 1)
        squares = [((found[name] - begin[name]) / unit)[unit > 0].double().square() for name, unit in units.items()]
        far = math.sqrt(float(torch.cat(squares).mean()))
        tuned = with_fitted_sites(with_weights(start, found), x)
        return with_weights(start, noisy), tuned, doses, far


def _checked(model: CompiledModel, tuned: CompiledModel, pairs: Counterfactuals) -> SiteCheck:
    """How many pairs answer as they should after an exchange.

    `check_site` writes the program's numbers into states, which here hold a little more than these: so they get the
    source's own.
    """
    if pairs.kind == "value":
        return check_site(tuned, pairs)
    trainable = Trainable(tuned.network)
    with undisturbed(model.sizes.widest):
        right = exchanged_right(trainable, trainable.tensors(), pairs_of(model, trainable, [pairs]))[: len(pairs)]
    return SiteCheck(pairs.variables[0], pairs.kind, len(pairs), int(right.sum()))


def _kinds(model: CompiledModel, name: str) -> tuple[Kind, ...]:
    """How a variable is exchanged: where it is kept as well, if it is and one pass over all steps comes by there."""
    kept = model.sites[name].has_state
    alone = kept and any(c.modules[0].startswith("states.") for c in model.sites[name].state.coordinates)
    return ("value", "continuing") if kept and not alone else ("value",)


def _check(model: Any, sample: Any) -> None:
    if not isinstance(model, CompiledModel) or not callable(sample):
        raise ProgramError(
            f"fine-tuning of {shortened(model)} with inputs of {shortened(sample)}; expected a compiled model and a "
            "function sample(rng, steps)"
        )
    if not model.sites:
        raise UnsupportedProgram(
            f"{model.program.name} on {model.target} has no variable that is cut, whose site could stay; use "
            "variables='named'"
        )
