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

from lsrl.backends.network import WEIGHTS
from lsrl.backends.registry import target_named
from lsrl.backends.torch_environment import torch_or_error
from lsrl.circuit.facts import Fact
from lsrl.errors import FormatError, LsrlError, shortened
from lsrl.files import read_file
from lsrl.lang.json_format import as_json_file, read_json, to_json, validated, validated_by
from lsrl.lang.numbers import text_in_file
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.model.folder import FORMAT, MANIFEST, UNFINISHED, write_folder
from lsrl.model.layout_format import layout_fields, states_fields
from lsrl.rounding.guarantee import Guarantee

VERSION = 2
MANIFEST_SCHEMA = "lsrl.model", "manifest.schema.json"

LARGEST_FILE = 2**32
"""Files of a model with more bytes than this are neither written nor read."""


def save(model: CompiledNetwork, directory: Path) -> None:
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


def _files_of(model: CompiledNetwork) -> dict[str, bytes]:
    """The content of every file, the manifest last."""
    files = {name: _as_bytes(tensors, model.dtype) for name, tensors in model.network.tensors().items()}
    if model.target.library == "transformers":
        from lsrl.model.hub.folder import further_files

        files |= further_files(model)
    for name, content in files.items():
        if len(content) > LARGEST_FILE:
            raise FormatError(
                f"{name} of {model.program.name} would have {len(content):,} bytes; expected at most {LARGEST_FILE:,}, "
                "as many as are read; use a smaller program"
            )
    manifest = _manifest(model) | {"files": {name: sha256(content).hexdigest() for name, content in files.items()}}
    # What is long in it has its checks where it is made.
    short = manifest | {"program": {}, "layout": {"absent": [], "values": {}}, "states": {}}
    validated(short, *MANIFEST_SCHEMA, what=f"the manifest of {model.program.name}")
    return files | {MANIFEST: as_json_file(manifest, MANIFEST)}


def _as_bytes(tensors: Mapping[str, np.ndarray], dtype: str) -> bytes:
    """A safetensors file, with the metadata that transformers expects of a torch model."""
    from safetensors.numpy import save as from_arrays

    metadata = {"format": "pt"}
    if dtype != "bfloat16":
        return from_arrays(dict(tensors), metadata)
    torch = torch_or_error()  # NumPy has no such format
    from safetensors.torch import save as from_torch

    return from_torch({name: torch.from_numpy(array).bfloat16() for name, array in tensors.items()}, metadata)


def as_folder(directory: object) -> Path:
    """The path of a saved model's directory. Raises `FormatError` for what is not a path."""
    if not isinstance(directory, (str, Path)):
        raise FormatError(f"{shortened(directory)} is not a path; expected the directory of a saved model")
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


def contents_of(folder: Path, digests: Mapping[str, str], wanted: Collection[str]) -> dict[str, bytes]:
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
        raise FormatError(f"{path} is not the file that was saved (its SHA-256 differs); save the model again")
    return content


def tensors_of(content: bytes, dtype: object = None) -> dict[str, np.ndarray]:
    """The tensors in the content of a safetensors file, by name; those of bfloat16 as float32. Raises `FormatError`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors: dict[str, np.ndarray] = _of_bfloat16(content) if dtype == "bfloat16" else load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RuntimeError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise FormatError(f"not a readable safetensors file ({shortened(reason, 120)}); save the model again") from None
    return tensors


def _of_bfloat16(content: bytes) -> dict[str, np.ndarray]:
    torch_or_error()
    from safetensors.torch import load

    tensors = load(content)
    if other := next((name for name, tensor in tensors.items() if str(tensor.dtype) != "torch.bfloat16"), None):
        raise ValueError(f"tensor {shortened(other)} is {tensors[other].dtype}, not bfloat16")
    return {name: tensor.float().numpy() for name, tensor in tensors.items()}


def _manifest(model: CompiledNetwork) -> dict[str, Any]:
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
        "variables": list(model.variables),
        "states": states_fields(model.states),
        "program": to_json(model.program),
    } | ({} if description is None else {"module": description})


def _number_fields(fact: Fact) -> dict[str, str | None]:
    numbers = {"low": fact.low, "high": fact.high, "grid": fact.grid}
    return {key: None if number is None else text_in_file(number) for key, number in numbers.items()}


def _guarantee_fields(guarantee: Guarantee) -> dict[str, Any]:
    bounds = [bound if math.isfinite(bound) else None for bound in guarantee.bounds]
    return {"bounds": bounds, "reason": guarantee.reason}
