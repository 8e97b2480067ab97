"""Compiled models as their users hold them: what can be done with a network that computes a program."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsrl.backends.registry import alternatives
from lsrl.circuit.units import Circuit
from lsrl.errors import FormatError, MissingPackage, UnsupportedProgram
from lsrl.model.assembled_from import circuit_and_guarantee, cost_of_options, placement_of
from lsrl.model.checkpoint import save
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.model.report import Report
from lsrl.model.tolerated_noise import random_sequences, tolerated_noise
from lsrl.model.verification import Verification, verified
from lsrl.rounding.guarantee import Guarantee
from lsrl.stability.sensitivity import Sensitivity, sensitivity_of

if TYPE_CHECKING:
    from lsrl.explorer.page import Page
    from lsrl.view.drawing import Drawing


@dataclass(frozen=True, repr=False)
class CompiledModel(CompiledNetwork):
    """A network that computes `program`. Made by `lsrl.compile` and `lsrl.load`.

    >>> import lsrl
    >>> model = lsrl.compile(lsrl.Program(lsrl.cumsum(lsrl.Input(1, range=(0, 9), integer=True))), max_length=100)
    >>> model.run([[1], [2], [3]]).ravel().tolist()
    [1.0, 3.0, 6.0]
    """

    def complete(self, prompt: str, *, max_new_tokens: int | None = None) -> str:
        """The text that a language model generates after a prompt, always taking the likeliest token.

        It ends with the vocabulary's end, with its `nothing`, or where `max_length` is reached. Raises
        `RangeError` for text that is not a token, or longer than `max_length`, and `UnsupportedProgram` for a program
        without a vocabulary, or a target that is not a language model.
        """
        from lsrl.model.hub.generation import completed

        return completed(self, prompt, max_new_tokens)

    def explain(self, x: Any = None) -> Sensitivity:
        """What limits its precision and the noise in weights that it tolerates, and what rounds, worst first.

        See `Sensitivity`. The noise is estimated by running the network with very little of it, on inputs (T, dim) or
        (batch, T, dim), random ones unless they are given; not in bfloat16, which holds no little noise. A loaded model
        is compiled again for that. Raises `FormatError` if that gives another network, and as `run` does for x.

        >>> import lsrl
        >>> digit = lsrl.Input(1, range=(0, 9), integer=True)
        >>> model = lsrl.compile(lsrl.Program(lsrl.cumsum(digit, name="sum") > 20), max_length=10)
        >>> found = model.explain()
        >>> found.certified < 0.002 < found.tolerance < 0.02
        True
        """
        batch = random_sequences(self) if x is None else self._checked(x)[0]
        noise = None if self.dtype == "bfloat16" else tolerated_noise(self, batch)
        return replace(self._sensitivity, noise=noise)

    @cached_property
    def _sensitivity(self) -> Sensitivity:
        circuit, guarantee = self._made
        return replace(sensitivity_of(circuit), trail=guarantee.trail)

    @cached_property
    def _made(self) -> tuple[Circuit, Guarantee]:
        return circuit_and_guarantee(self)

    def report(self) -> Report:
        """Sizes, compile time, guarantee, automata, what options cost, and what is certain of changed weights."""
        try:
            circuit, _ = self._made
        except FormatError as problem:
            return replace(self.sizes, stability=f"not known: {problem}")
        cost = cost_of_options(self)
        return replace(self.sizes, stability=str(self._sensitivity), automata=circuit.automata, cost=cost)

    def draw(self) -> Drawing:
        """A picture of its layers, at most 1,600 pixels wide: what their cells hold, the input on top.

        A loaded model is compiled again for that. Raises `FormatError` if that gives other weights, and
        `UnsupportedProgram` for more than anybody reads.
        """
        from lsrl.view.stack_drawing import draw_stack

        stack = placement_of(self).stack if self.stack is None else self.stack
        return draw_stack(stack, self.sizes.size, self.program.words)

    def _repr_svg_(self) -> str | None:
        with suppress(FormatError, MissingPackage, UnsupportedProgram):  # a notebook then shows the text
            return self.draw().svg
        return None

    def verify(self, cases: int = 100, *, length: int | None = None, seed: int = 0) -> Verification:
        """Compare with the exact interpreter on random inputs; see `Verification`."""
        return verified(self, cases=cases, length=length, seed=seed)

    def explore(self, x: Any = None) -> Page:
        """A page in which the network is stepped, edited and looked into: one HTML file, which needs no server.

        It opens with the input `x`: numbers (T, dim), a text of tokens, or random ones for None; `page.save(path)`
        writes it, and notebooks show it. Raises as `run` does for such an input, `FormatError` for a model whose
        weights are not what its program compiles to, and `MissingPackage` without jinja2.
        """
        from lsrl.explorer.page import explorer_page

        return explorer_page(self, x)

    def save(self, directory: str | Path) -> None:
        """Write weights (safetensors) and manifest (JSON) into a directory; `lsrl.load` reads them."""
        if not isinstance(directory, (str, Path)) or not str(directory):
            raise FormatError(f"{directory!r} is not a path; expected a directory to write to")
        save(self, Path(directory))

    def export_onnx(self, path: str | Path) -> None:
        """Write the network as an ONNX file: input `x` (batch, time, in), output `y` (batch, time, out).

        ONNX runtimes approximate tanh and the sigmoid, so that only rnn-relu stays exact there.
        Raises `UnsupportedProgram` for a target or dtype that ONNX runtimes lack.
        """
        if self.target.export_onnx is None:
            raise UnsupportedProgram(
                f"{self.target} is not a stock torch module, and only those are exported to ONNX; "
                f"use target={alternatives(lambda target: target.onnx)}"
            )
        self.target.export_onnx(self.network, _as_file(path))

    def export_gguf(self, path: str | Path) -> None:
        """Write a language model as a GGUF file, in float32, which llama.cpp runs.

        Raises `UnsupportedProgram` for other targets than mamba and mamba2, and for a program without a vocabulary.
        """
        if self.target.export_gguf is None:
            raise UnsupportedProgram(
                f"{self.target} is not written as GGUF; "
                f"use target={alternatives(lambda target: target.export_gguf is not None)}"
            )
        self.target.export_gguf(self.network, self.program, _as_file(path))


def _as_file(path: object) -> Path:
    if not isinstance(path, (str, Path)) or not str(path):
        raise FormatError(f"{path!r} is not a path; expected a file to write to")
    return Path(path)
