"""Affine forms: exact rational weights over units plus a constant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from flint import fmpq

from lsrl.lang.numbers import ONE, ZERO

UnitId: TypeAlias = int
TermsKey: TypeAlias = tuple[object, ...]


LARGEST_ODD = 1024
"""Denominators with a larger odd part are left to floats: clearing them would only make all numbers large."""


LARGEST_WHOLE = 2**53
"""Weights that are whole only times more than this are left to floats, too: 1, 1/2, … 1/309 would become 10¹³²."""


class Affine:
    """Σ weight · unit + constant. Immutable by convention: `terms` is never changed once made.

    >>> form = Affine({0: fmpq(2)}, fmpq(1))
    >>> form.plus(form.times(fmpq(-1)))
    Affine({}, 0)
    """

    __slots__ = ("constant", "terms")

    def __init__(self, terms: Mapping[UnitId, fmpq], constant: fmpq = ZERO) -> None:
        self.terms = terms
        self.constant = constant

    def __repr__(self) -> str:
        return f"Affine({self.terms}, {self.constant})"

    def __str__(self) -> str:
        """The form with %3 for unit 3: -%1 + 2 %3 - 1/2."""
        terms = [(weight, f"%{unit}") for unit, weight in sorted(self.terms.items())]
        parts = [f"{'-' if w < 0 else '+'} {'' if abs(w) == 1 else f'{abs(w)} '}{unit}" for w, unit in terms]
        if self.constant or not terms:
            parts.append(f"{'-' if self.constant < 0 else '+'} {abs(self.constant)}")
        text = " ".join(parts)
        return text[2:] if text[0] == "+" else f"-{text[2:]}"

    @property
    def is_constant(self) -> bool:
        """Whether no unit is in it."""
        return not self.terms

    def times(self, factor: fmpq) -> Affine:
        """`factor` times this form."""
        if factor == ONE:
            return self
        if not factor:
            return Affine({})
        return Affine({unit: weight * factor for unit, weight in self.terms.items()}, self.constant * factor)

    def plus(self, other: Affine) -> Affine:
        """The sum of two forms."""
        return combination(((ONE, self), (ONE, other)))

    def shifted(self, number: fmpq) -> Affine:
        """This form plus a number."""
        return Affine(self.terms, self.constant + number) if number else self

    def key(self) -> TermsKey:
        """What makes two forms equal, quick to hash."""
        return (*terms_key(sorted(self.terms.items())), self.constant.p, self.constant.q)

    def content(self) -> fmpq:
        """The positive rational c for which terms / c are whole numbers without a common divisor.

        The constant counts where there are no terms, and where c would leave it with a small odd
        denominator: 3x − 1 stays as it is, since floats do not hold x − 1/3. Where no float holds the whole
        numbers, c is the largest weight. Dividing by c keeps
        whole-number programs whole, so that floats stay exact; dividing by a leading weight would not.

        >>> Affine({0: fmpq(6)}, fmpq(4)).content(), Affine({0: fmpq(6)}, fmpq(3)).content()
        (2, 6)
        """
        if not self.terms:
            return common_measure([self.constant])
        content = common_scale(self.terms.values())
        if not self.constant:
            return content
        denominator = int((self.constant / content).q)
        odd = denominator // (denominator & -denominator)
        return content / odd if odd <= LARGEST_ODD else content


def terms_key(terms: Iterable[tuple[int, fmpq]]) -> TermsKey:
    """The terms as a flat tuple of whole numbers: hashing a rational itself takes microseconds.

    >>> terms_key([(0, fmpq(1, 2))])
    (0, 1, 2)
    """
    key: list[object] = []
    for unit, weight in terms:
        key += unit, weight.p, weight.q
    return tuple(key)


def variable(unit: UnitId) -> Affine:
    """The form that is just this unit."""
    return Affine({unit: ONE})


def number(constant: fmpq) -> Affine:
    """The form that is just this number."""
    return Affine({}, constant)


def one_minus(form: Affine) -> Affine:
    """1 − form."""
    return form.times(-ONE).shifted(ONE)


def combination(parts: Iterable[tuple[fmpq, Affine]], constant: fmpq = ZERO) -> Affine:
    """Σ factor · form + constant, without the terms that cancel.

    >>> combination([(fmpq(2), variable(0)), (fmpq(3), variable(1))], fmpq(1))
    Affine({0: 2, 1: 3}, 1)
    """
    parts = list(parts)
    if len(parts) == 1:  # what is read as it is, mostly
        ((factor, form),) = parts
        return form.times(factor).shifted(constant)
    terms: dict[UnitId, fmpq] = {}
    for factor, form in parts:
        if form.constant:
            constant = constant + factor * form.constant
        for unit, weight in form.terms.items():
            term = weight if factor == ONE else factor * weight
            known = terms.get(unit)
            if known is not None:
                term = known + term
            if term:
                terms[unit] = term
            else:
                terms.pop(unit, None)
    return Affine(terms, constant)


def substituted(form: Affine, meanings: Mapping[UnitId, Affine]) -> Affine:
    """The form with every unit replaced by what it means in terms of others."""
    if not form.terms:
        return form
    return combination([(weight, meanings[unit]) for unit, weight in form.terms.items()], form.constant)


def multiple_of(form: Affine, direction: Affine) -> fmpq | None:
    """f, where the form is f times a form without a constant, plus a number.

    >>> multiple_of(Affine({0: fmpq(2)}, ONE), Affine({0: fmpq(1, 2)}))
    4
    """
    if not form.terms:
        return ZERO
    factors = {form.terms.get(unit, ZERO) / weight for unit, weight in direction.terms.items()}
    return factors.pop() if len(factors) == 1 and form.terms.keys() == direction.terms.keys() else None


def common_scale(weights: Collection[fmpq]) -> fmpq:
    """What to divide weights by: their common measure, or the largest of them where no float holds all multiples.

    >>> common_scale([fmpq(4), fmpq(6)]), common_scale([fmpq(1), fmpq(1, 3**99)])
    (2, 1)
    """
    measure, largest = common_measure(weights), max(map(abs, weights))
    return largest if largest > LARGEST_WHOLE * measure else measure


def common_measure(numbers: Iterable[fmpq]) -> fmpq:
    """The largest rational of which all (non-zero) numbers are whole multiples; 1 for none.

    >>> common_measure([fmpq(1, 2), fmpq(1, 3)])
    1/6
    """
    measure = ZERO
    for value in numbers:
        measure = measure.gcd(value)
    return measure or ONE
