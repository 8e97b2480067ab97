"""Finding where a variable is: a method says what to exchange in a module's output, and is scored by what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lsrl.backends.sites import Site
from lsrl.errors import ProgramError, listed, shortened
from lsrl.interp.counterfactuals import Counterfactuals
from lsrl.interp.disguise_key import Key
from lsrl.interp.exchanges import largest_angle, site_exchange, spread_of
from lsrl.interp.task import Exchange, Method, Task, agree
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.notebook import Tabulated


@dataclass(frozen=True, slots=True)
class Score(Tabulated):
    """How well a method found a variable.

    `accuracy` is IIA on pairs it has not seen, in the module that it chose, and `at_site` in those of the variable's
    site. What comes before a site can hold the variable as well (the state that it is a copy of): then both are right.
    `isolation` is the share of pairs where the exchange in the chosen module leaves every other variable that is cut
    what the program says it then is, at all steps (Huang et al., RAVEL, 2024); None without others.
    `angle` is the largest principal angle in degrees between what the method exchanges at the site and what is there,
    of outputs divided by their spread; subspaces of different dimension are 90° apart. None for exchanges that are not
    of a linear subspace.
    `rank` is where the site's module stands when modules are ordered by IIA on the pairs that the method has seen: 1
    plus how many are better. Of a model whose sites are not known, what needs them is None.
    """

    method: str
    variable: str
    module: str
    accuracy: float
    at_site: float | None
    isolation: float | None
    angle: float | None
    rank: int | None

    def __str__(self) -> str:
        found = f"{self.method}: IIA {self.accuracy:.2f} of {self.variable!r} in {self.module}"
        return found if self.at_site is None else f"{found}, {self.at_site:.2f} at its site"

    def as_dict(self) -> dict[str, Any]:
        """The score as plain JSON types."""
        return asdict(self)


def score(
    model: CompiledNetwork,
    method: Method,
    train: Counterfactuals,
    test: Counterfactuals,
    *,
    site: Site | None = None,
    key: Key | None = None,
) -> Score:
    """Let a method find the variable that pairs are about, and see whether exchanges there change the right answers.

    It is fitted to every module, and takes the one where it does best on the pairs it was fitted to. `site` is the
    variable's, of a model that does not tell since it is disguised, and `key` says what became of it: without it there
    is no angle. Raises `ProgramError` for pairs of other kinds or of another program, a method that is none, and a site
    of another model; `ShapeError` for exchanges of another shape.

    >>> import lsrl
    >>> from lsrl.interp import counterfactuals, methods
    >>> entry = lsrl.zoo.get("bracket_balance")
    >>> model = lsrl.compile(entry.program, "lstm", max_length=64, variables=["depth"])
    >>> train, test = (counterfactuals(entry.program, entry.sample, "depth", n=16, steps=10, split=split)
    ...                for split in ("train", "test"))
    >>> found = score(model, methods.SingleUnit(), train, test)
    >>> print(found)
    single unit: IIA 1.00 of 'depth' in layers.0.hidden, 1.00 at its site
    >>> found.angle, found.rank
    (0.0, 1)
    """
    _check_method(method)
    expected = _checked(model, train, test)
    task = Task(model, train)
    (variable,) = train.variables
    fitted = {module: _fitted(method, task, module) for module in task.modules}
    seen = {module: task.accuracy(module, exchange, train) for module, exchange in fitted.items()}
    module = max(seen, key=lambda module: seen[module])
    told = site is None and variable in model.sites
    if site is None and told:
        site = model.sites[variable].value
    found = task.accuracy(module, fitted[module], test)
    isolation = _isolation(task, {module: fitted[module]}, test, expected)
    if site is None:
        return Score(method.name, variable, module, found, None, isolation, None, None)
    places = tuple(dict.fromkeys(coordinate.modules[-1] for coordinate in site.coordinates))
    if unknown := [place for place in places if place not in fitted]:
        raise ProgramError(
            f"the site of {site.variable!r} is in {listed(unknown)}, which {model.program.name} on {model.target} does "
            f"not have; expected one in some of {listed(list(fitted))}"
        )
    at_site = task.agreement({place: fitted[place] for place in places}, test)
    angle = None if not told and key is None else _angle(task, fitted, site, key)
    rank = min(1 + sum(other > seen[place] for other in seen.values()) for place in places)
    return Score(method.name, variable, module, found, at_site, isolation, angle, rank)


def _check_method(method: Any) -> None:
    named = isinstance(getattr(method, "name", None), str)
    if isinstance(method, type) or not named or not callable(getattr(method, "fit", None)):
        raise ProgramError(
            f"the method is {shortened(method)}; expected an object with a name and a function fit(task, module)"
        )


def _fitted(method: Method, task: Task, module: str) -> Exchange:
    exchange = method.fit(task, module)
    if not callable(exchange):
        raise ProgramError(
            f"{method.name} fits {shortened(exchange)} to {module}; expected a function of the outputs on base and "
            "source"
        )
    return exchange


def _checked(model: CompiledNetwork, train: Counterfactuals, test: Counterfactuals) -> Mapping[str, np.ndarray]:
    """What the program says of all values (pairs, T, dim) on bases of `test` after the exchange."""
    if train.variables != test.variables or len(train.variables) != 1 or {train.kind, test.kind} != {"value"}:
        raise ProgramError(
            f"pairs are about {listed(list(train.variables))} ({train.kind}) and {listed(list(test.variables))} "
            f"({test.kind}); expected one variable, the same, and kind='value'"
        )
    program = model.program
    wanted = (program.input.dim, program.output.dim)
    for pairs in (train, test):
        dims = pairs.base.shape[-1], pairs.label.shape[-1]
        if dims != wanted:
            raise ProgramError(
                f"pairs have inputs of dimension {dims[0]} and labels of {dims[1]}; expected {wanted[0]} and "
                f"{wanted[1]}, those of {program.name}"
            )
        model.check_length(pairs.base.shape[1])
        expected = _intervened(model, pairs)
        wrong = int((~agree(expected[program.names[program.output]], pairs.label)).sum())
        if wrong:
            raise ProgramError(
                f"{wrong} of {len(pairs)} labels are not what {program.name} answers; expected pairs drawn for it"
            )
    return expected


def _intervened(model: CompiledNetwork, pairs: Counterfactuals) -> dict[str, np.ndarray]:
    """Every value that is cut, and the output, as the program has them on bases after the exchange."""
    program, (variable,) = model.program, pairs.variables
    names = (*model.sites, program.names[program.output])
    found = {name: np.empty((*pairs.base.shape[:2], program[name].dim)) for name in names}
    source = program.trace(pairs.source)[variable]
    for step in np.unique(pairs.step).tolist():
        rows = pairs.step == step
        made = program.trace(pairs.base[rows], do={variable: (step, source[rows, step : step + 1])})
        for name, numbers in found.items():
            numbers[rows] = made[name]
    return found


def _isolation(
    task: Task, exchanges: Mapping[str, Exchange], pairs: Counterfactuals, expected: Mapping[str, np.ndarray]
) -> float | None:
    """The share of pairs where every other variable that is cut is what the program says."""
    others = {name: sites.value for name, sites in task.model.sites.items() if name not in pairs.variables}
    if not others:
        return None
    modules = dict.fromkeys(c.modules[-1] for site in others.values() for c in site.coordinates)
    outputs = {name: seen.numpy() for name, seen in task.seen(exchanges, pairs, list(modules)).items()}
    read = {name: np.stack(site.read(outputs), axis=-1) for name, site in others.items()}
    return float(np.all([agree(read[name], expected[name]) for name in others], axis=0).mean())


def _angle(task: Task, fitted: Mapping[str, Exchange], site: Site, key: Key | None) -> float | None:
    """The largest over the modules of the site."""
    import torch

    angles = []
    for place in dict.fromkeys(coordinate.modules[-1] for coordinate in site.coordinates):
        outputs = torch.cat(task.activations(place, task.train))
        basis = getattr(fitted[place], "basis", None)
        if basis is None:
            return None
        true = site_exchange(site, place, outputs.shape[1], key).basis
        angles.append(largest_angle(np.asarray(basis), true, spread_of(outputs).numpy()))
    return max((angle for angle in angles if angle is not None), default=None)
