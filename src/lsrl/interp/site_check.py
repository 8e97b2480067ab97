"""Whether the sites of a model still hold: of one that was edited or trained on, or of which the key is doubtful."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lsrl.backends.sites import Site
from lsrl.errors import ProgramError, listed
from lsrl.interp.counterfactuals import Counterfactuals
from lsrl.interp.disguise_key import Key
from lsrl.interp.exchanges import site_exchange
from lsrl.interp.task import Task, agree
from lsrl.interp.writing import Write, run_with
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.notebook import Tabulated
from lsrl.semantics import Kind


@dataclass(frozen=True, slots=True)
class SiteCheck(Tabulated):
    """How many pairs answer as the program says when a variable is exchanged at its site."""

    variable: str
    kind: Kind
    pairs: int
    agreeing: int

    @property
    def holds(self) -> bool:
        """Whether all do."""
        return self.agreeing == self.pairs

    def __str__(self) -> str:
        said = "holds" if self.holds else "does not hold"
        return f"{self.variable!r} ({self.kind}) {said}: {self.agreeing} of {self.pairs} pairs agree"


def check_site(
    model: CompiledNetwork, pairs: Counterfactuals, *, site: Site | None = None, key: Key | None = None
) -> SiteCheck:
    """Exchange a variable at its site on pairs, whatever the model promises, and compare with their labels.

    `site` and `key` are those of a disguised model, as in `score`. Of pairs that are `continuing`, what the program
    says of the source is written where the variable is kept, too.
    Raises `ProgramError` for a variable without a site and, in a disguised model, pairs that are `continuing`;
    `UnsupportedProgram` for a state without a place of its own.

    >>> import lsrl
    >>> from lsrl.interp import counterfactuals, with_weights
    >>> entry = lsrl.zoo.get("bracket_balance")
    >>> model = lsrl.compile(entry.program, "lstm", max_length=64, variables=["depth"])
    >>> pairs = counterfactuals(entry.program, entry.sample, "depth", n=16, steps=10)
    >>> print(check_site(model, pairs))
    'depth' (value) holds: 16 of 16 pairs agree
    >>> edited = with_weights(model, {"recurrent.weight_ih_l2": 0 * model.network.arrays["recurrent.weight_ih_l2"]})
    >>> check_site(edited, pairs).holds
    False
    """
    if len(pairs.variables) != 1:
        raise ProgramError(f"pairs are about {listed(list(pairs.variables))}; expected one variable")
    (variable,) = pairs.variables
    if site is None:
        if variable not in model.sites:
            known = listed(list(model.sites)) or "none there"
            raise ProgramError(f"{variable!r} has no site in {model.program.name} on {model.target}; expected {known}")
        site = model.sites[variable].value
    right = _value(model, pairs, site, key) if pairs.kind == "value" else _continuing(model, pairs, key)
    return SiteCheck(variable, pairs.kind, len(pairs), round(right * len(pairs)))


def _value(model: CompiledNetwork, pairs: Counterfactuals, site: Site, key: Key | None) -> float:
    """The share of right answers where the site has what it has on the source."""
    task = Task(model, pairs)
    modules = dict.fromkeys(coordinate.modules[-1] for coordinate in site.coordinates)
    widths = {module: task.activations(module, pairs)[0].shape[1] for module in modules}
    return task.agreement({name: site_exchange(site, name, width, key) for name, width in widths.items()}, pairs)


def _continuing(model: CompiledNetwork, pairs: Counterfactuals, key: Key | None) -> float:
    """The share of right answers where the site and what the next step goes on from have what the program says."""
    (variable,) = pairs.variables
    if key is not None:
        raise ProgramError(
            f"pairs of {variable!r} go on from a state, which no key leads to; expected the model before its disguise"
        )
    sites, traced = model.sites[variable], model.program.trace(pairs.source)[variable]
    answers = np.empty(pairs.label.shape)
    for step in np.unique(pairs.step).tolist():
        rows = pairs.step == step
        numbers = traced[rows, step : step + 1]
        writes = [Write(site, [step], numbers) for site in (sites.state, sites.value)]
        answers[rows] = run_with(model, pairs.base[rows], writes)
    return float(agree(answers, pairs.label).mean())
