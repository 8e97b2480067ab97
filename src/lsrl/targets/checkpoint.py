"""Compiled models on disk: `model.safetensors` (weights) and `manifest.json` (everything else).

Nothing in either file is code, and loading runs none. Sizes are checked before memory is taken.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from lsrl.circuit.facts import Fact
from lsrl.errors import FormatError, LsrlError, shortened
from lsrl.files import check_file
from lsrl.lang import Program
from lsrl.lang.json_format import from_json, read_json, to_json, validated
from lsrl.lang.numbers import exact
from lsrl.targets.guarantee import Guarantee
from lsrl.targets.layout import Layout, Read, ReadOut
from lsrl.targets.model import CompiledModel
from lsrl.targets.registry import WEIGHTS, target_named
from lsrl.targets.report import report_of

MANIFEST = "manifest.json"
FORMAT = "lsrl-model"
VERSION = 2
MANIFEST_SCHEMA = "lsrl.targets", "manifest.schema.json"


def save(model: CompiledModel, directory: Path) -> None:
    """Write the model into `directory`, which is made if it is not there.

    Raises `FormatError` when it cannot be written.
    """
    from safetensors.numpy import save as as_bytes

    target = target_named(model.target)
    # Written as bytes, so that the files get the permissions that the user's files get.
    files = {
        name: as_bytes(tensors, metadata={"format": "pt"})  # what transformers expects of a model of torch
        for name, tensors in target.as_tensors(model.weights).items()
    }
    if target.further_files is not None:
        files |= target.further_files(model)
    manifest = _manifest(model) | {"files": {name: sha256(content).hexdigest() for name, content in files.items()}}
    files[MANIFEST] = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (directory / name).write_bytes(content)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "not a name of a directory"
        raise FormatError(f"cannot write {directory}: {reason}; expected a writable directory") from None


def load(directory: str | Path) -> CompiledModel:
    """The compiled model saved in `directory`; it runs as it did when it was saved.

    Raises `FormatError` for anything missing, truncated, malformed or inconsistent.
    """
    folder = as_folder(directory)
    manifest, where = read_manifest(folder), str(folder / MANIFEST)
    program = from_json(manifest["program"], what=where)
    try:
        target = target_named(manifest["target"])
        inputs = _inputs(manifest["inputs"], program)
        guarantee = _guarantee(manifest["guarantee"], manifest["max_length"], program)
    except (LsrlError, ValueError, OverflowError) as problem:
        raise FormatError(f"{where}: {problem}") from None
    try:
        tensors = {name: read_tensors(folder / name) for name in target.weight_files}
        weights = target.from_tensors(tensors, manifest.get("module", {}))
    except LsrlError as problem:
        raise FormatError(f"{folder / WEIGHTS}: {problem}") from None
    sizes = (weights.input_dim, weights.output_dim)
    if sizes != (program.input.dim, program.output.dim):
        raise FormatError(
            f"{folder / WEIGHTS} maps {sizes[0]} to {sizes[1]} numbers; "
            f"expected {program.input.dim} to {program.output.dim}, as the program does"
        )
    expected = None if target.description is None else target.description(weights)
    if manifest.get("module") != expected:
        raise FormatError(f"{where}: module is not what the weights are for; expected {shortened(expected, 300)}")
    runtime = target.runtime(weights)
    layout = _layout(manifest["layout"])
    _check_layout(layout, program, runtime.layer_sizes, where)
    return CompiledModel(
        program=program,
        target=target.name,
        dtype=str(weights.dtype),
        inputs=inputs,
        max_length=manifest["max_length"],
        guarantee=guarantee,
        layout=layout,
        sizes=report_of(program, target, weights, guarantee, manifest["compile_seconds"]),
        weights=weights,
        runtime=runtime,
        stack=None,
        circuit=None,
        undecidable=tuple(manifest["undecidable"]),
    )


def as_folder(directory: object) -> Path:
    """The path of a saved model's directory. Raises `FormatError` for what is no path."""
    if not isinstance(directory, (str, Path)):
        raise FormatError(f"{shortened(directory)} is no path; expected the directory of a saved model")
    return Path(directory)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a saved model. Raises `FormatError` where there is none, or a malformed one."""
    try:
        found = folder.is_dir()
    except (OSError, ValueError):
        found = False
    if not found:
        raise FormatError(f"{folder} is not a directory; expected one with {MANIFEST} and {WEIGHTS}")
    where = str(folder / MANIFEST)
    manifest: dict[str, Any] = validated(read_json(folder / MANIFEST), *MANIFEST_SCHEMA, what=where)
    return manifest


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a safetensors file, by name. Raises `FormatError`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    check_file(path, "the weights that belong to the manifest")
    try:
        tensors: dict[str, np.ndarray] = load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise FormatError(f"not a readable safetensors file ({reason}); save the model again") from None
    return tensors


def _manifest(model: CompiledModel) -> dict[str, Any]:
    describe = target_named(model.target).description
    return {
        "format": FORMAT,
        "version": VERSION,
        "target": model.target,
        "max_length": model.max_length,
        "inputs": [_number_fields(fact) for fact in model.inputs],
        "guarantee": _guarantee_fields(model.guarantee),
        "undecidable": list(model.undecidable),
        "compile_seconds": model.sizes.compile_seconds,
        "layout": {
            "absent": list(model.layout.absent),
            "values": {name: asdict(read_out) for name, read_out in model.layout.reads.items()},
        },
        "program": to_json(model.program),
    } | ({} if describe is None else {"module": describe(model.weights)})


def _number_fields(fact: Fact) -> dict[str, str | None]:
    numbers = {"low": fact.low, "high": fact.high, "grid": fact.grid}
    return {key: None if number is None else str(number) for key, number in numbers.items()}


def _inputs(entries: list[dict[str, str | None]], program: Program) -> tuple[Fact, ...]:
    if len(entries) != program.input.dim:
        raise FormatError(f"it declares {len(entries)} inputs; expected {program.input.dim}, as the program does")
    facts = []
    for entry in entries:
        low, high, grid = (None if entry[key] is None else exact(entry[key], key) for key in ("low", "high", "grid"))
        if (low is not None and high is not None and low > high) or (grid is not None and grid <= 0):
            raise FormatError(
                f"an input has low {low}, high {high}, grid {grid}; expected low ≤ high and a grid above 0"
            )
        facts.append(Fact(low, high, grid))
    return tuple(facts)


def _guarantee_fields(guarantee: Guarantee) -> dict[str, Any]:
    bounds = [bound if math.isfinite(bound) else None for bound in guarantee.bounds]
    return {"bounds": bounds, "reason": guarantee.reason}


def _guarantee(entry: dict[str, Any], max_length: int | None, program: Program) -> Guarantee:
    bounds = tuple(math.inf if bound is None else bound for bound in entry["bounds"])
    if len(bounds) != program.output.dim:
        raise FormatError(f"it bounds {len(bounds)} outputs; expected {program.output.dim}, as the program has")
    return Guarantee(bounds, max_length, entry["reason"])


def _layout(entry: dict[str, Any]) -> Layout:
    reads = {
        name: ReadOut(
            tuple(
                Read(read["layer"], read["part"], tuple(tuple((i, w) for i, w in row) for row in read["rows"]))
                for read in value["reads"]
            ),
            tuple(value["constants"]),
        )
        for name, value in entry["values"].items()
    }
    return Layout(reads, tuple(entry["absent"]))


def _check_layout(layout: Layout, program: Program, sizes: Sequence[tuple[int, int]], where: str) -> None:
    """Raise `FormatError` unless every read-out is of a value that is there, from activations that are there."""
    dims = {name: value.dim for value, name in program.names.items()}
    for name, read_out in layout.reads.items():
        if name not in dims or len(read_out.constants) != dims[name]:
            raise FormatError(f"{where}: layout of {name!r}, which the program does not have in that dimension")
        for read in read_out.reads:
            if (read.part == "input") != (read.layer == -1) or read.layer >= len(sizes) or len(read.rows) != dims[name]:
                raise FormatError(
                    f"{where}: layout of {name!r} reads {read.part} of layer {read.layer}, which is not there"
                )
            size = program.input.dim if read.part == "input" else sizes[read.layer][read.part == "output"]
            beyond = [index for row in read.rows for index, _ in row if index >= size]
            if beyond:
                raise FormatError(f"{where}: layout of {name!r} reads activation {beyond[0]}; expected 0 to {size - 1}")
