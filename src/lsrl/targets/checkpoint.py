"""Compiled models on disk: `model.safetensors` (weights) and `manifest.json` (everything else).

Nothing in either file is code, and loading runs none. Sizes are checked before memory is taken.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from lsrl.circuit.facts import Fact
from lsrl.errors import FormatError, LsrlError, shortened
from lsrl.files import read_file
from lsrl.lang import Program
from lsrl.lang.json_format import as_json_file, from_json, read_json, to_json, validated, validated_by
from lsrl.lang.numbers import number_in_file, text_in_file
from lsrl.rounding.guarantee import Guarantee
from lsrl.targets.layout_format import check_layout, layout_fields, layout_in_file
from lsrl.targets.model import CompiledModel
from lsrl.targets.model_folder import FORMAT, MANIFEST, UNFINISHED, write_folder
from lsrl.targets.network import WEIGHTS
from lsrl.targets.registry import target_named
from lsrl.targets.report import report_of

VERSION = 2
MANIFEST_SCHEMA = "lsrl.targets", "manifest.schema.json"

LARGEST_FILE = 2**32
"""Files of a model with more bytes than this are neither written nor read."""


def save(model: CompiledModel, directory: Path) -> None:
    """Write the model into `directory`, which is made if it is not there; what was there is replaced whole.

    Whenever this is interrupted, the directory has the old model, or the new one, or none that `load` accepts.
    Raises `FormatError` when it cannot be written, and for what could not be loaded again.
    """
    files = _files_of(model)
    try:
        write_folder(directory, files)
    except FormatError:
        raise
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "not a name of a directory"
        raise FormatError(f"cannot write {directory}: {reason}; expected a writable directory") from None


def _files_of(model: CompiledModel) -> dict[str, bytes]:
    """The content of every file, the manifest last."""
    from safetensors.numpy import save as as_bytes

    files = {
        name: as_bytes(tensors, metadata={"format": "pt"})  # what transformers expects of a model of torch
        for name, tensors in model.network.tensors().items()
    }
    if model.target.further_files is not None:
        files |= model.target.further_files(model)
    for name, content in files.items():
        if len(content) > LARGEST_FILE:
            raise FormatError(
                f"{name} of {model.program.name} would have {len(content):,} bytes; expected at most {LARGEST_FILE:,}, "
                "as many as are read; use a smaller program"
            )
    manifest = _manifest(model) | {"files": {name: sha256(content).hexdigest() for name, content in files.items()}}
    # What is long in it has its checks where it is made.
    short = manifest | {"program": {}, "layout": {"absent": [], "values": {}}}
    validated(short, *MANIFEST_SCHEMA, what=f"the manifest of {model.program.name}")
    return files | {MANIFEST: as_json_file(manifest, MANIFEST)}


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
    contents = _contents(folder, manifest["files"], target.weight_files)
    try:
        tensors = {name: tensors_of(content) for name, content in contents.items()}
        network = target.read(tensors, manifest.get("module", {}))
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
    layout = layout_in_file(manifest["layout"], where)
    check_layout(layout, program, network.layer_sizes, where)
    return CompiledModel(
        program=program,
        target=target,
        style=manifest.get("style", "default"),
        dtype=str(network.dtype),
        inputs=inputs,
        max_length=manifest["max_length"],
        guarantee=guarantee,
        layout=layout,
        sizes=report_of(program, target, network, guarantee, manifest["compile_seconds"]),
        network=network,
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
    manifest = read_json(folder / MANIFEST)
    if isinstance(manifest, dict) and manifest.get("format") == UNFINISHED:
        raise FormatError(f"{where} says that a save was interrupted; expected a whole model; save it again")
    if isinstance(manifest, dict) and "files" not in manifest:
        raise FormatError(f"{where} does not say what the files were that it was saved with; save the model again")
    checked: dict[str, Any] = validated(manifest, *MANIFEST_SCHEMA, what=where)
    try:
        target = target_named(checked["target"])
    except LsrlError as problem:
        raise FormatError(f"{where}: {problem}") from None
    if target.module_schema is not None:
        validated_by(target.module_schema, checked.get("module", {}), what=f"{where}: module for {target}")
    return checked


def changed_files(folder: Path, digests: Mapping[str, str]) -> Iterator[str]:
    """A line for every file that is not the one that was saved."""
    for name, digest in digests.items():
        try:
            _read_saved(folder / name, digest)
        except FormatError as problem:
            yield str(problem)


def _contents(folder: Path, digests: Mapping[str, str], wanted: Collection[str]) -> dict[str, bytes]:
    """The content of the wanted files. Raises `FormatError` unless each file there is the one that was saved."""
    if missing := next((name for name in wanted if name not in digests), None):
        raise FormatError(f"{folder / MANIFEST} does not say what {missing} was; save the model again")
    contents = {}
    for name, digest in digests.items():
        content = _read_saved(folder / name, digest)
        if name in wanted:
            contents[name] = content
    return contents


def _read_saved(path: Path, digest: str) -> bytes:
    content = read_file(path, "the file that was saved with the manifest", LARGEST_FILE)
    if sha256(content).hexdigest() != digest:
        raise FormatError(f"{path} is not the file that was saved (its SHA-256 is another); save the model again")
    return content


def tensors_of(content: bytes) -> dict[str, np.ndarray]:
    """The tensors in the content of a safetensors file, by name. Raises `FormatError`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors: dict[str, np.ndarray] = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise FormatError(f"not a readable safetensors file ({shortened(reason, 120)}); save the model again") from None
    return tensors


def _manifest(model: CompiledModel) -> dict[str, Any]:
    description = model.network.description
    return {
        "format": FORMAT,
        "version": VERSION,
        "target": model.target.name,
        "style": model.style,
        "max_length": model.max_length,
        "inputs": [_number_fields(fact) for fact in model.inputs],
        "guarantee": _guarantee_fields(model.guarantee),
        "undecidable": list(model.undecidable),
        "compile_seconds": model.sizes.compile_seconds,
        "layout": layout_fields(model.layout),
        "program": to_json(model.program),
    } | ({} if description is None else {"module": description})


def _number_fields(fact: Fact) -> dict[str, str | None]:
    numbers = {"low": fact.low, "high": fact.high, "grid": fact.grid}
    return {key: None if number is None else text_in_file(number) for key, number in numbers.items()}


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


def _guarantee_fields(guarantee: Guarantee) -> dict[str, Any]:
    bounds = [bound if math.isfinite(bound) else None for bound in guarantee.bounds]
    return {"bounds": bounds, "reason": guarantee.reason}


def _guarantee(entry: dict[str, Any], max_length: int | None, program: Program) -> Guarantee:
    bounds = tuple(math.inf if bound is None else bound for bound in entry["bounds"])
    if len(bounds) != program.output.dim:
        raise FormatError(f"it bounds {len(bounds)} outputs; expected {program.output.dim}, as the program has")
    return Guarantee(bounds, max_length, entry["reason"])
