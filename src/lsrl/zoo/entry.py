"""What a zoo program is: a program, what it means in plain Python, and inputs that show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from lsrl.errors import ProgramError
from lsrl.lang import Program, Value
from lsrl.zoo.streams import Sampler, Stream

Specification: TypeAlias = Callable[[list[Any]], Sequence[Any]]
"""From the inputs of all steps to the outputs of all steps, without a word of LSRL (see `Stream.seen`)."""

MAX_LENGTH = 4096
"""Steps that a zoo program is made for, unless it says otherwise."""

DIFFICULTIES = {
    1: "a window: the last few steps decide",
    2: "states that are set and forgotten: latches, star-free languages, fading averages",
    3: "finite states that go round: cycles, solvable groups",
    4: "states that grow: counts and sums",
    5: "states with addresses: dictionaries, stacks, sorting; groups that are not solvable",
}
"""What each difficulty means: the memory that the task takes."""


@dataclass(frozen=True)
class ZooProgram:
    """A program, and what it should compute.

    `build` makes the program when it is first asked for. `difficulty` is a key of `DIFFICULTIES`; `references` say
    where the task comes from. Inputs are drawn so that outputs differ.
    """

    name: str
    family: str
    summary: str
    difficulty: int
    references: tuple[str, ...]
    stream: Stream
    build: Callable[[], Program]
    specification: Specification
    sampler: Sampler
    max_length: int = MAX_LENGTH

    @cached_property
    def program(self) -> Program:
        """The program, which has the entry's name."""
        return self.build()

    def sample(self, rng: np.random.Generator, length: int) -> np.ndarray:
        """Random inputs of shape (length, dim)."""
        return self.sampler(rng, length)

    def expected(self, x: np.ndarray, *, exact: bool = False) -> np.ndarray:
        """What the specification says of inputs (T, dim): outputs (T, dim), as `Fraction` if `exact`.

        Where a program over tokens has no answer, this says nothing of it either.
        """
        rows = self.stream.numbers(self.specification(self.stream.seen(x)))
        if exact:
            return np.array([[Fraction(number) for number in row] for row in rows], dtype=object)
        return np.array(rows, dtype=np.float64)


@dataclass(frozen=True)
class Family:
    """Programs of one kind, in one file: what they have in common, and each by its name."""

    name: str
    summary: str
    references: tuple[str, ...] = ()
    members: dict[str, ZooProgram] = field(default_factory=dict)

    def program(
        self,
        summary: str,
        stream: Stream,
        specification: Specification,
        *,
        difficulty: int,
        sampler: Sampler | None = None,
        references: tuple[str, ...] = (),
        max_length: int = MAX_LENGTH,
        name: str | None = None,
    ) -> Callable[[Callable[[Any], Value]], ZooProgram]:
        """A decorator that adds a member: a function from the input to the output, with the member's name."""

        def added(write: Callable[[Any], Value]) -> ZooProgram:
            title = name or write.__name__

            def build() -> Program:
                return Program(write(stream.source()), name=title, vocabulary=stream.vocabulary)

            return self.add(
                ZooProgram(
                    title,
                    self.name,
                    summary,
                    difficulty,
                    references or self.references,
                    stream,
                    build,
                    specification,
                    sampler or stream.sample,
                    max_length,
                )
            )

        return added

    def add(self, member: ZooProgram) -> ZooProgram:
        """Add a member. Raises `ProgramError` if there is one of its name, or for an unknown difficulty."""
        if member.name in self.members or member.difficulty not in DIFFICULTIES:
            raise ProgramError(f"{member.name} is in the family {self.name} twice, or has no known difficulty")
        self.members[member.name] = member
        return member
