"""`lsrl.load`: from a folder to the model that was saved there. Nothing in it is code, and loading runs none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from lsrl.backends.network import WEIGHTS
from lsrl.backends.registry import target_named
from lsrl.circuit.facts import Fact
from lsrl.errors import FormatError, LsrlError, shortened
from lsrl.lang import Program
from lsrl.lang.json_format import from_json
from lsrl.lang.numbers import number_in_file
from lsrl.model.checkpoint import as_folder, contents_of, read_manifest, tensors_of
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.folder import MANIFEST
from lsrl.model.layout_format import check_layout, layout_in_file, states_in_file
from lsrl.model.report import report_of
from lsrl.rounding.guarantee import Guarantee


def load(directory: str | Path) -> CompiledModel:
    """The compiled model saved in `directory`; it runs as it did when it was saved.

    Raises `FormatError` for anything missing, changed, truncated, malformed or inconsistent.
    """
    folder = as_folder(directory)
    manifest, where = read_manifest(folder), str(folder / MANIFEST)
    program = from_json(manifest["program"], what=where)
    target = target_named(manifest["target"])
    try:
        inputs = _inputs(manifest["inputs"], program)
        guarantee = _guarantee(manifest["guarantee"], manifest["max_length"], program)
    except (LsrlError, ValueError, OverflowError) as problem:
        raise FormatError(f"{where}: {problem}") from None
    contents = contents_of(folder, manifest["files"], target.weight_files)
    try:
        module = manifest.get("module", {})
        tensors = {name: tensors_of(content, module.get("dtype")) for name, content in contents.items()}
        network = target.read(tensors, module)
    except LsrlError as problem:
        raise FormatError(f"{folder / WEIGHTS}: {problem}") from None
    sizes = network.dims
    if sizes != (program.input.dim, program.output.dim):
        raise FormatError(
            f"{folder / WEIGHTS} maps {sizes[0]} to {sizes[1]} numbers; "
            f"expected {program.input.dim} to {program.output.dim}, as the program does"
        )
    if manifest.get("module") != network.description:
        described = shortened(network.description, 300)
        raise FormatError(f"{where}: module is not what the weights are for; expected {described}")
    layout = layout_in_file(manifest["layout"], program, where)
    check_layout(layout, program, network.layer_sizes, where)
    return CompiledModel(
        program=program,
        target=target,
        style=manifest.get("style", "default"),
        inputs=inputs,
        max_length=manifest["max_length"],
        guarantee=guarantee,
        layout=layout,
        sizes=report_of(program, target, network, guarantee, manifest["compile_seconds"]),
        network=network,
        stack=None,
        circuit=None,
        undecidable=tuple(manifest["undecidable"]),
        variables=tuple(manifest.get("variables", [])),
        states=states_in_file(manifest, program, layout, network.state_sizes, where),
    )


def _inputs(entries: list[Any], program: Program) -> tuple[Fact, ...]:
    if len(entries) != program.input.dim:
        raise FormatError(f"it declares {len(entries)} inputs; expected {program.input.dim}, as the program does")
    facts = []
    for entry in entries:
        if not isinstance(entry, dict) or entry.keys() != {"low", "high", "grid"}:
            raise FormatError(f"an input is {shortened(entry)}; expected its low, high and grid")
        low, high, grid = (
            None if entry[key] is None else number_in_file(entry[key]) for key in ("low", "high", "grid")
        )
        if (low is not None and high is not None and low > high) or (grid is not None and grid <= 0):
            raise FormatError(
                f"an input has low {low}, high {high}, grid {grid}; expected low ≤ high and a grid above 0"
            )
        facts.append(Fact(low, high, grid))
    return tuple(facts)


def _guarantee(entry: dict[str, Any], max_length: int | None, program: Program) -> Guarantee:
    bounds = tuple(math.inf if bound is None else bound for bound in entry["bounds"])
    if len(bounds) != program.output.dim:
        raise FormatError(f"it bounds {len(bounds)} outputs; expected {program.output.dim}, as the program has")
    return Guarantee(bounds, max_length, entry["reason"])
