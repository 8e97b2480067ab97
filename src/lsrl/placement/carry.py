"""What a layer must pass on: the fewest linear combinations that later readers need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import TermsKey, common_scale, terms_key
from lsrl.lang.numbers import ONE

Atom: TypeAlias = int
"""Something a layer has at hand: a unit, a copy of an autonomous state, or a carried combination."""

AtomTerms: TypeAlias = dict[Atom, fmpq]
Combination: TypeAlias = tuple[tuple[Atom, fmpq], ...]


def carried_combinations(
    pending: Sequence[AtomTerms], candidates: Iterable[Atom]
) -> tuple[list[Combination], list[list[tuple[int, fmpq]]]]:
    """Combinations of the candidate atoms that are enough for all pending forms.

    Returns the combinations, and for each pending form its parts as (combination, factor).
    Atoms and forms that hang together are treated together: either each *kind of atom* is passed
    on (atoms that every form weighs alike are one kind, and travel as one sum), or, where that is
    fewer, each *kind of form* (the part of it over the candidates, up to a factor).

    >>> one = fmpq(1)
    >>> carried_combinations([{0: one, 1: one}], [0, 1])  # a sum travels as one number
    ([((0, 1), (1, 1))], [[(0, 1)]])
    """
    wanted = set(candidates)
    restricted = [{atom: weight for atom, weight in form.items() if atom in wanted} for form in pending]
    combinations: list[Combination] = []
    parts: list[list[tuple[int, fmpq]]] = [[] for _ in pending]
    for forms in _connected(restricted):
        if len(forms) == 1:  # nothing else reads these atoms, and the form travels as it is
            scale, direction = _normalised(restricted[forms[0]])
            parts[forms[0]].append((len(combinations), scale))
            combinations.append(direction)
            continue
        by_atom = _columns(forms, restricted)
        by_form: dict[TermsKey, tuple[Combination, list[tuple[int, fmpq]]]] = {}
        for i in forms:
            scale, direction = _normalised(restricted[i])
            by_form.setdefault(terms_key(direction), (direction, []))[1].append((i, scale))
        if len(by_form) < len(by_atom):
            for direction, readers in by_form.values():
                for i, scale in readers:
                    parts[i].append((len(combinations), scale))
                combinations.append(direction)
        else:
            for column, direction in by_atom:
                for i, factor in column:
                    parts[i].append((len(combinations), factor))
                combinations.append(direction)
    return combinations, parts


def carried_atoms(
    pending: Sequence[AtomTerms], candidates: Iterable[Atom]
) -> tuple[list[Combination], list[list[tuple[int, fmpq]]]]:
    """Every candidate that a pending form reads, by itself, as Petrov et al. 2024 pass on; else as above.

    >>> carried_atoms([{0: fmpq(3), 1: fmpq(1)}], [0, 1])
    ([((0, 1),), ((1, 1),)], [[(0, 3), (1, 1)]])
    """
    read = {atom for form in pending for atom in form}
    place = {atom: i for i, atom in enumerate(atom for atom in dict.fromkeys(candidates) if atom in read)}
    parts = [[(place[atom], weight) for atom, weight in form.items() if atom in place] for form in pending]
    return [((atom, ONE),) for atom in place], parts


def _connected(forms: Sequence[Mapping[Atom, fmpq]]) -> list[list[int]]:
    """Indices of the forms that share atoms, directly or through others; empty forms are left out."""
    parent: dict[int, int] = {}
    owner: dict[Atom, int] = {}

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, form in enumerate(forms):
        if form:
            parent[i] = i
            for atom in form:
                if atom in owner:
                    parent[root(owner[atom])] = root(i)
                else:
                    owner[atom] = i
    groups: dict[int, list[int]] = {}
    for i in parent:
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())


def _columns(
    indices: Sequence[int], forms: Sequence[Mapping[Atom, fmpq]]
) -> list[tuple[list[tuple[int, fmpq]], Combination]]:
    """Atoms with proportional weights in all forms, as (factor per form, combination of atoms)."""
    column_of: dict[Atom, list[tuple[int, fmpq]]] = {}
    for i in indices:
        for atom, weight in forms[i].items():
            column_of.setdefault(atom, []).append((i, weight))
    kinds: dict[TermsKey, tuple[list[tuple[int, fmpq]], list[tuple[Atom, fmpq]]]] = {}
    for atom, column in column_of.items():
        first = column[0][1]
        factors = [(i, weight / first) for i, weight in column]
        kinds.setdefault(terms_key(factors), (factors, []))[1].append((atom, first))
    columns = []
    for factors, atoms in kinds.values():
        scale, direction = _normalised(dict(atoms))
        columns.append(([(i, factor * scale) for i, factor in factors], direction))
    return columns


def _normalised(form: Mapping[Atom, fmpq]) -> tuple[fmpq, Combination]:
    """form = scale · direction; its weights are whole and coprime, where floats hold that, the first is positive."""
    if len(form) == 1:
        ((atom, weight),) = form.items()
        return weight, ((atom, ONE),)
    terms = sorted(form.items())
    scale = common_scale([weight for _, weight in terms])
    if terms[0][1] < 0:
        scale = -scale
    return scale, tuple((atom, weight / scale) for atom, weight in terms)
