"""Compiled models on disk: `model.safetensors` (weights) and `manifest.json` (everything else).

Nothing in either file is code, and loading runs none. Sizes are checked before memory is taken.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lsrl.circuit.facts import Fact
from lsrl.errors import FormatError, LsrlError
from lsrl.lang.json_format import from_json, read_json, to_json, validated
from lsrl.lang.numbers import exact
from lsrl.targets.guarantee import Guarantee
from lsrl.targets.layout import Layout, Read, ReadOut
from lsrl.targets.model import CompiledModel, Report
from lsrl.targets.registry import target_named

WEIGHTS = "model.safetensors"
MANIFEST = "manifest.json"
FORMAT = "lsrl-model"
VERSION = 1
MANIFEST_SCHEMA = "lsrl.targets", "manifest.schema.json"


def save(model: CompiledModel, directory: Path) -> None:
    """Write the model into `directory`, which is made if it is not there.

    Raises `FormatError` when it cannot be written.
    """
    from safetensors.numpy import save_file

    tensors = target_named(model.target).as_tensors(model.weights)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        save_file(tensors, directory / WEIGHTS, metadata={"format": FORMAT})
        (directory / MANIFEST).write_text(json.dumps(_manifest(model), indent=1, ensure_ascii=False), encoding="utf-8")
    except OSError as problem:
        raise FormatError(f"cannot write {directory}: {problem.strerror}; expected a writable directory") from None


def load(directory: str | Path) -> CompiledModel:
    """The compiled model saved in `directory`; it runs as it did when it was saved.

    Raises `FormatError` for anything missing, truncated, malformed or inconsistent.
    """
    folder = Path(directory)
    if not folder.is_dir():
        raise FormatError(f"{folder} is not a directory; expected one with {MANIFEST} and {WEIGHTS}")
    manifest = validated(read_json(folder / MANIFEST), *MANIFEST_SCHEMA, what=str(folder / MANIFEST))
    program = from_json(manifest["program"])
    target = target_named(manifest["target"])
    try:
        weights = target.from_tensors(_tensors(folder / WEIGHTS))
    except LsrlError as problem:
        raise FormatError(f"{folder / WEIGHTS}: {problem}") from None
    sizes = (weights.input_dim, weights.output_dim)
    if sizes != (program.input.dim, program.output.dim):
        raise FormatError(
            f"{folder / WEIGHTS} maps {sizes[0]} to {sizes[1]} numbers; "
            f"expected {program.input.dim} to {program.output.dim}, as the program does"
        )
    return CompiledModel(
        program=program,
        target=target.name,
        dtype=str(weights.dtype),
        inputs=tuple(_fact(entry) for entry in manifest["inputs"]),
        max_length=manifest["max_length"],
        guarantee=_guarantee(manifest["guarantee"], manifest["max_length"]),
        layout=_layout(manifest["layout"]),
        sizes=Report(**manifest["report"]),
        weights=weights,
        runtime=target.runtime(weights),
        stack=None,
    )


def _tensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors: dict[str, np.ndarray] = load_file(path)
    except FileNotFoundError:
        raise FormatError("the file is missing; expected the weights that belong to the manifest") from None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise FormatError(f"not a readable safetensors file ({reason}); save the model again") from None
    return tensors


def _manifest(model: CompiledModel) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "target": model.target,
        "max_length": model.max_length,
        "inputs": [_number_fields(fact) for fact in model.inputs],
        "guarantee": _guarantee_fields(model.guarantee),
        "report": model.sizes.as_dict(),
        "layout": {
            "absent": list(model.layout.absent),
            "values": {name: asdict(read_out) for name, read_out in model.layout.reads.items()},
        },
        "program": to_json(model.program),
    }


def _number_fields(fact: Fact) -> dict[str, str | None]:
    numbers = {"low": fact.low, "high": fact.high, "grid": fact.grid}
    return {key: None if number is None else str(number) for key, number in numbers.items()}


def _fact(entry: dict[str, str | None]) -> Fact:
    low, high, grid = (None if entry[key] is None else exact(entry[key], key) for key in ("low", "high", "grid"))
    return Fact(low, high, grid)


def _guarantee_fields(guarantee: Guarantee) -> dict[str, Any]:
    bound = guarantee.bound if math.isfinite(guarantee.bound) else None
    return {"kind": guarantee.kind, "bound": bound, "reason": guarantee.reason}


def _guarantee(entry: dict[str, Any], max_length: int | None) -> Guarantee:
    bound = math.inf if entry["bound"] is None else entry["bound"]
    try:
        return Guarantee(entry["kind"], bound, max_length, entry["reason"])
    except ValueError as problem:
        raise FormatError(f"{MANIFEST}: {problem}") from None


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
