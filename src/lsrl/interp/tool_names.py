"""Sites by the names that the field's tools have for them: TransformerLens, nnsight and pyvene.

Each tool hooks outputs of modules and has its own way to write where. A transformers model is the stock one, as a saved
folder has it; every other network is `model.hooked()`, which nnsight and pyvene take as they take any torch module.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

from lsrl.backends.sites import Site
from lsrl.backends.transformers.weights import HubWeights
from lsrl.errors import ProgramError, UnsupportedProgram, listed, shortened
from lsrl.model.compiled_network import CompiledNetwork

Tool: TypeAlias = Literal["transformer_lens", "nnsight", "pyvene"]

BRIDGED = ("MambaForCausalLM", "FalconMambaForCausalLM", "Mamba2ForCausalLM")
"""The models of which TransformerLens 4.3 hooks what is inside a layer."""


def named(site: Site, model: CompiledNetwork, tool: Tool) -> Site:
    """The same site of a model, with its modules by their names in a tool.

    A name is a hook of TransformerLens (`bridge.run_with_hooks`), what `envoy.get` of nnsight takes, or a component of
    pyvene. What is there is one tensor: (batch, 1 + T, d) in a transformers model, where step t is position t + 1, and
    (batch, n), once a step, in any other. So `read` takes a cache of TransformerLens as it is. In a transformers model
    the name is that of the last linear map of a sublayer, since some sublayers return more than one thing.
    Raises `UnsupportedProgram` where a tool has no such place, and `ProgramError` for a site that is not the model's,
    or another tool.

    >>> import lsrl
    >>> depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True), name="depth")
    >>> model = lsrl.compile(lsrl.Program(depth > 1), "lstm", max_length=9, variables=["depth"])
    >>> [place.modules for place in named(model.sites["depth"].state, model, "pyvene").coordinates]
    [('layers[0].cell.output', 'layers[0].hidden.output')]
    """
    if tool not in get_args(Tool):
        raise ProgramError(f"tool is {shortened(tool)}; expected one of {listed(get_args(Tool))}")
    sites = model.sites.get(site.variable)
    if sites is None or site not in (sites.value, sites.found_state):
        raise ProgramError(
            f"a {site.kind} site of {site.variable!r} is not one of {model.program.name} on {model.target}; "
            "expected one of model.sites"
        )
    coordinates = (replace(c, modules=tuple(_name(m, site, model, tool) for m in c.modules)) for c in site.coordinates)
    return replace(site, coordinates=tuple(coordinates))


def _name(module: str, site: Site, model: CompiledNetwork, tool: Tool) -> str:
    path = _path(module, site, model)
    if tool == "nnsight":  # which calls a module E_output that is named as what every module has there
        return re.sub(r"\boutput\b", "E_output", path) + ".output"
    if tool == "pyvene":
        return re.sub(r"\.(\d+)", r"[\1]", path) + ".output"
    if getattr(model.weights, "architecture", None) not in BRIDGED:
        raise UnsupportedProgram(
            f"TransformerLens has no hook at {module} of {model.program.name} on {model.target}; expected one of "
            f"{listed(BRIDGED)}, nnsight or pyvene, or an architecture adapter as in examples/tools"
        )
    return re.sub(r"^backbone\.layers\.", "blocks.", path) + ".hook_out"


def _path(module: str, site: Site, model: CompiledNetwork) -> str:
    """The module of the stock model, or of `model.hooked()`, whose output is one tensor, that of a hooked module."""
    weights = model.weights
    if not isinstance(weights, HubWeights):
        return module
    inside = f".{module.removeprefix('model.')}."
    for tensor in weights.tensors:
        if inside in f".{tensor}" and tensor.endswith(weights.stock.writers):
            return tensor.removesuffix(".weight")
    raise UnsupportedProgram(
        f"{site.variable!r} of {model.program.name} is kept inside a scan of {weights.architecture}, which no module "
        "puts out; expected its value site, or interp.run_with, which writes it in model.hooked()"
    )
