"""`lsrl.verify_checkpoint`: whether a folder is what was written, and computes what it did then."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from lsrl.errors import FormatError, shortened
from lsrl.files import check_file
from lsrl.targets.checkpoint import MANIFEST, as_folder, load, read_manifest, read_tensors
from lsrl.targets.hugging_face.cases import answers
from lsrl.targets.hugging_face.folder import CASES, CONFIG
from lsrl.targets.hugging_face.runtime import first_behind
from lsrl.targets.hugging_face.transformers_environment import loading, transformers_or_error
from lsrl.targets.hugging_face.weights import MAPS
from lsrl.targets.registry import TARGETS, WEIGHTS, target_named


@dataclass(frozen=True, slots=True)
class CheckpointVerification:
    """What `verify_checkpoint` found: a line for every problem, and how many stored cases were compared."""

    checkpoint: str
    device: str
    cases: int
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every file is as it was written, and every case came out bit for bit."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """The result as plain JSON types."""
        return {**asdict(self), "problems": list(self.problems), "passed": self.passed}


def verify_checkpoint(directory: str | Path, *, device: str = "cpu") -> CheckpointVerification:
    """Load a folder as its users do, and compare its stored cases bit for bit.

    Every file must be the one that was written; then the model that `AutoModel` or
    `AutoModelForCausalLM` makes of the folder must give the stored outputs. If it does not, the first
    layer is named whose hidden states differ, and by how much: another device or kernel rounds
    differently. Raises `FormatError` for a directory without a readable manifest of a model of
    transformers, `MissingPackage` without transformers.

    >>> import lsrl, tempfile
    >>> x = lsrl.Input(1, range=(0, 9), integer=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lsrl.compile(lsrl.Program(lsrl.cumsum(x)), target="mamba", max_length=100).save(folder)
    ...     lsrl.verify_checkpoint(folder).passed
    True
    """
    folder = as_folder(directory)
    manifest = read_manifest(folder)
    name = manifest["target"]
    if name not in TARGETS or not target_named(name).tokens or "config" not in manifest.get("module", {}):
        raise FormatError(f"{folder} is a model for {shortened(name)}; expected one for mamba, hawk or griffin")
    problems = _changed(folder, manifest.get("files", {}))
    transformers_or_error()
    compared = 0
    try:
        load(folder)
    except FormatError as problem:
        problems.append(str(problem))
    try:
        cases = read_tensors(folder / CASES)
        network = _loaded(folder, manifest["module"]["class"], device)
        problems += _differences(network, cases, device)
        compared = len(next(array for name, array in cases.items() if name.startswith("input")))
    except FormatError as problem:
        problems.append(str(problem))
    return CheckpointVerification(str(folder), device, compared, tuple(problems))


def _changed(folder: Path, digests: dict[str, str]) -> list[str]:
    """A line for every file that is not the one that was written."""
    problems = [
        f"{folder / MANIFEST} does not say what {name} was; save the model again"
        for name in (WEIGHTS, MAPS, CONFIG, CASES)
        if name not in digests
    ]
    for name, digest in digests.items():
        if Path(name).name != name:
            problems.append(f"{folder / MANIFEST} names {shortened(name)}, which is no file of the folder")
            continue
        path = folder / name
        try:
            check_file(path, "the file that was saved with the manifest")
        except FormatError as problem:
            problems.append(str(problem))
            continue
        if sha256(path.read_bytes()).hexdigest() != digest:
            problems.append(f"{path} is not the file that was saved (its SHA-256 is another); save the model again")
    return problems


def _loaded(folder: Path, name: str, device: str) -> Any:
    transformers = transformers_or_error()
    made = transformers.AutoModelForCausalLM if name.endswith("ForCausalLM") else transformers.AutoModel
    try:
        with loading():
            # No pickles, no code of the folder's, nothing from elsewhere.
            safely = {"use_safetensors": True, "trust_remote_code": False, "local_files_only": True}
            network, notes = made.from_pretrained(folder, output_loading_info=True, **safely)
    except Exception as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise FormatError(f"transformers cannot load {folder}: {shortened(reason, 200)}") from None
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if notes.get(what):
            names = shortened(sorted(map(str, notes[what])), 200)
            raise FormatError(f"{folder} has {what.replace('_', ' ')} {names}; expected none; save the model again")
    return network.to(device).eval()


def _differences(network: Any, cases: dict[str, np.ndarray], device: str) -> list[str]:
    """What does not come out as stored, by the first layer where it does not."""
    inputs = {name: array for name, array in cases.items() if name.startswith("input")}
    expected = {name: array for name, array in cases.items() if name not in inputs}
    try:
        found = answers(network, inputs, device)
    except (RuntimeError, IndexError, ValueError, TypeError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        return [f"the stored cases cannot be run on {device} ({shortened(reason, 120)}); save the model again"]
    if {name: array.shape for name, array in found.items()} != {name: array.shape for name, array in expected.items()}:
        return [f"the outputs on {device} have other shapes than the stored ones; save the model again"]
    problems = []
    first = first_behind(type(network).__name__)
    for i, (given, stored) in enumerate(zip(found["hidden_states"], expected["hidden_states"], strict=True)):
        if not np.array_equal(given, stored):
            where = f"layer {i - first + 1}" if i >= first else "the embeddings"
            problems.append(
                f"{where} on {device} differ from the stored ones by up to {_largest(given, stored):.3g} "
                f"of {np.abs(stored).max():.3g}; this device, kernel or file computes something else"
            )
            break
    return problems + [
        f"{name} on {device} differ from the stored ones by up to {_largest(found[name], expected[name]):.3g}"
        for name in expected.keys() - {"hidden_states"}
        if not np.array_equal(found[name], expected[name])
    ]


def _largest(given: np.ndarray, stored: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        return float(np.abs(given - stored).max())
