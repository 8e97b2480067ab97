"""The targets there are, by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from lsrl.backends.target import Target
from lsrl.errors import UnsupportedProgram, shortened

TARGETS: dict[str, str] = {
    "linear-rnn": "lsrl.backends.linear.linear_rnn",
    "gated-linear-rnn": "lsrl.backends.linear.gated_linear_rnn",
    "rnn-relu": "lsrl.backends.torch_rnn.rnn_relu",
    "rnn-tanh": "lsrl.backends.torch_rnn.rnn_tanh",
    "lstm": "lsrl.backends.torch_rnn.lstm",
    "gru": "lsrl.backends.torch_rnn.gru",
    "mamba": "lsrl.backends.transformers.mamba",
    "falcon-mamba": "lsrl.backends.transformers.falcon_mamba",
    "jamba": "lsrl.backends.transformers.jamba",
    "mamba2": "lsrl.backends.transformers.mamba2",
    "qwen3.5": "lsrl.backends.transformers.qwen3_5",
    "olmo-hybrid": "lsrl.backends.transformers.olmo_hybrid",
    "xlstm": "lsrl.backends.transformers.xlstm",
    "hawk": "lsrl.backends.transformers.hawk",
    "griffin": "lsrl.backends.transformers.griffin",
}
"""Each target's name and the module whose `TARGET` it is; imported when first used."""

RELATED = ("bamba", "granite-moe-hybrid", "falcon-h1", "nemotron-h", "zamba2")
"""Targets that compute as mamba2 does, in layers of other models: what is said of that, in tables, holds for them."""


def target_named(name: str) -> Target:
    """The target with this name; raises `UnsupportedProgram` if there is none.

    >>> sorted(target_named("gated-linear-rnn").abilities)
    ['any_matrix', 'products', 'selection']
    """
    if not is_target(name):
        names = ", ".join((*TARGETS, *RELATED))
        raise UnsupportedProgram(f"no target is named {shortened(name)}; expected one of {names}")
    if name in RELATED:
        from lsrl.backends.transformers.mamba2_hybrids import HYBRIDS

        return HYBRIDS[name]
    target: Target = import_module(TARGETS[name]).TARGET
    return target


def is_target(name: object) -> bool:
    """Whether a target has this name.

    >>> is_target("zamba2"), is_target("zamba")
    (True, False)
    """
    return isinstance(name, str) and (name in TARGETS or name in RELATED)


def targets_with(has: Callable[[Target], object]) -> list[str]:
    """The names of the targets of which something is true.

    >>> targets_with(lambda target: target.library is None)
    ['linear-rnn', 'gated-linear-rnn']
    """
    return [name for name in TARGETS if has(target_named(name))]


def alternatives(has: Callable[[Target], object]) -> str:
    """Those targets as a message offers them; empty where there is none.

    >>> alternatives(lambda target: target.paper_style)
    "'linear-rnn' or 'gated-linear-rnn'"
    """
    names = [repr(name) for name in targets_with(has)]
    return f"{', '.join(names[:-1])} or {names[-1]}" if names[1:] else "".join(names)
