"""Cases: a program, a target, options and inputs. A case prints as code that anybody can run, and is built from it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import lsrl

from .oracle import outputs_of
from .running import Run, Vector
from .syntax import Node, lines_of, literal, ordered

Rows = tuple[Vector, ...]
"""One sequence of inputs, a vector a step."""

TARGETS = (
    "linear-rnn",
    "gated-linear-rnn",
    "rnn-relu",
    "rnn-tanh",
    "lstm",
    "gru",
    "mamba",
    "falcon-mamba",
    "jamba",
    "mamba2",
    "qwen3.5",
    "olmo-hybrid",
    "xlstm",
    "hawk",
    "griffin",
)
HUB = ("mamba", "falcon-mamba", "jamba", "mamba2", "qwen3.5", "olmo-hybrid", "xlstm", "hawk", "griffin")
"""The targets that are transformers models; they have float32 alone."""

TORCH = ("rnn-relu", "rnn-tanh", "lstm", "gru")
"""The targets that are modules of torch.nn; they have bfloat16."""

GATED = ("rnn-relu", "lstm", "gru", *HUB)
"""The targets with selective states."""

MULTIPLYING = ("gated-linear-rnn", *HUB)
"""The targets that multiply two numbers."""


def dtypes_of(target: str) -> tuple[str, ...]:
    """The number formats that a target has."""
    if target in HUB:
        return ("float32",)
    return ("float32", "float64", "bfloat16") if target in TORCH else ("float32", "float64")


ALSO = ("files", "module", "verify", "text", "")
"""Slow checks: what is saved and loaded; the torch module; the model's own verification; the program's listing."""


@dataclass(frozen=True)
class Tokens:
    """The vocabulary of a program over tokens, and the prompts to ask it."""

    numbers: tuple[tuple[str, int], ...]
    nothing: str
    prompts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Case:
    """A program on a target, and the sequences to compare it on; `also` is the one slow check to make, if any."""

    outputs: tuple[Node, ...]
    sequences: tuple[Rows, ...]
    target: str
    dtype: str
    max_length: int | None = None
    input_range: tuple[Any, Any] | None = None
    tokens: Tokens | None = None
    also: str = ""
    style: str | None = None

    @cached_property
    def program_code(self) -> str:
        """Python that makes `program`."""
        lines, outputs = lines_of(self.outputs)
        given = ""
        if self.tokens:
            pairs = ", ".join(f"{text!r}: {value}" for text, value in self.tokens.numbers)
            given = f", vocabulary=lsrl.Vocabulary({{{pairs}}}, nothing={self.tokens.nothing!r})"
        return "\n".join([*lines, f"program = lsrl.Program({', '.join(outputs)}{given})"])

    @property
    def options(self) -> dict[str, Any]:
        """What `lsrl.compile` is given besides program and target."""
        given = {
            "max_length": self.max_length,
            "input_range": self.input_range,
            "dtype": self.dtype,
            "style": self.style,
        }
        return {key: value for key, value in given.items() if value is not None}

    @property
    def compile_code(self) -> str:
        """Python that makes `model` of `program`."""
        options = "".join(f", {key}={literal(value)}" for key, value in self.options.items())
        return f"model = lsrl.compile(program, {self.target!r}{options})"

    def build(self) -> lsrl.Program:
        """The program, made by running its code."""
        space: dict[str, Any] = {"lsrl": lsrl, "Fraction": Fraction}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(self.program_code, space)
        program = space["program"]
        assert isinstance(program, lsrl.Program)
        return program

    def compiled(self, program: lsrl.Program) -> Any:
        """The model, or whatever `lsrl.compile` raises."""
        return lsrl.compile(program, self.target, **self.options)

    def run(self, rows: Sequence[Vector]) -> Run:
        """The oracle's run on one sequence."""
        run = Run(rows)
        outputs_of(run, self.outputs)
        return run

    @property
    def input(self) -> Node:
        """The input that the program reads."""
        return next(node for node in ordered(self.outputs) if node.op == "input")

    @property
    def dyadic(self) -> bool:
        """Whether all numbers of the program are multiples of powers of two, so that floats can hold them."""
        denominators = map(int, re.findall(r"Fraction\(-?\d+, (\d+)\)", self.program_code))
        thirds = any(node.op == "div" and node.params["by"] == 3 for node in ordered(self.outputs))
        return not thirds and all(number & (number - 1) == 0 for number in denominators)

    @property
    def whole(self) -> bool:
        """Whether all numbers of the program and its inputs are whole: states that decay have others."""
        grid = self.input.params["grid"]
        divides = any(node.op == "div" for node in ordered(self.outputs))
        return "Fraction" not in self.program_code and not divides and grid is not None and grid == int(grid)

    @property
    def names(self) -> dict[str, Node]:
        """The values that the program names."""
        return {node.name: node for node in ordered(self.outputs) if node.name}

    @property
    def size(self) -> int:
        """How much there is to read: what the minimiser makes smaller."""
        asked = sum(map(len, self.tokens.prompts)) if self.tokens else 0
        numbers = sum(len(literal(rows)) for rows in self.sequences)
        return len(self.program_code) + len(self.compile_code) + numbers + asked
