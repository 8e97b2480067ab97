"""`lsrl.verify_checkpoint`: whether a folder is what was written, and computes what it did then."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from lsrl.backends.network import WEIGHTS
from lsrl.backends.registry import alternatives, is_target, target_named
from lsrl.backends.torch_environment import torch_or_error
from lsrl.backends.transformers.network import check_shapes
from lsrl.backends.transformers.transformers_environment import loading, transformers_or_error
from lsrl.backends.transformers.weights import MAPS, HubWeights
from lsrl.errors import FormatError, LsrlError, listed, shortened
from lsrl.files import read_file
from lsrl.lang.json_format import from_json, read_json
from lsrl.model.checkpoint import LARGEST_FILE, as_folder, changed_files, read_manifest, tensors_of
from lsrl.model.folder import MANIFEST
from lsrl.model.hub.folder import CASES, CONFIG, configurations_of
from lsrl.model.hub.golden_cases import answers, checked_cases
from lsrl.model.loading import load
from lsrl.notebook import Tabulated

READ_BY_TRANSFORMERS = (
    *("*.safetensors", "*.bin", "*.index.json", "*.h5", "*.msgpack", "*.gguf", "*.py", "custom_generate"),
    *("config.json", "*_config.json", "adapter_model*", "*token*.json", "*.model", "vocab.*", "merges.txt"),
    *("chat_template*", "*.jinja", "additional_chat_templates"),
)
"""Names of what transformers reads of a folder, if it is there: weights, code, settings, parts of tokenizers."""


@dataclass(frozen=True, slots=True)
class CheckpointVerification(Tabulated):
    """What `verify_checkpoint` found: a line for every problem, and how many golden cases were compared.

    `notices` has a line on what is in the folder and does no harm.
    """

    checkpoint: str
    device: str
    cases: int
    problems: tuple[str, ...]
    notices: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every file is as it was written, and every case came out bit for bit."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """The result as plain JSON types."""
        lines = {"problems": list(self.problems), "notices": list(self.notices)}
        return {**asdict(self), **lines, "passed": self.passed}


def verify_checkpoint(directory: str | Path, *, device: str = "cpu") -> CheckpointVerification:
    """Load a folder as its users do, and compare its golden cases bit for bit.

    Every file must be the one that was written, and no other be there that transformers would read; then the
    model that `AutoModel` or `AutoModelForCausalLM` makes of the folder must give the stored outputs. If it does
    not, the first layer is named whose hidden states differ, and by how much: another device or kernel rounds
    differently. Raises `FormatError` for a directory without a readable manifest of a model of
    transformers and for a device that torch does not have here, `MissingPackage` without transformers.

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
    if not is_target(name) or not target_named(name).tokens or "config" not in manifest.get("module", {}):
        others = alternatives(lambda target: target.tokens)
        raise FormatError(f"{folder} is a model for {shortened(name)}; expected one for {others}")
    transformers_or_error()
    _check_device(device)
    harmful, notices = _other_files(folder, manifest["files"])
    unnamed = [
        f"{folder / MANIFEST} does not say what {name} was; save the model again"
        for name in (WEIGHTS, MAPS, CONFIG, CASES)
        if name not in manifest["files"]
    ]
    problems = [*unnamed, *changed_files(folder, manifest["files"]), *harmful]
    compared = 0
    try:
        load(folder)
    except FormatError as problem:
        problems.append(str(problem))
    try:
        weights = _checked_before_loading(folder, manifest)
        if not harmful:
            compared, differences = _compared(folder, weights, device)
            problems += differences
    except LsrlError as problem:
        problems.append(str(problem))
    return CheckpointVerification(str(folder), device, compared, tuple(dict.fromkeys(problems)), tuple(notices))


def _check_device(device: object) -> None:
    """Raise `FormatError` for a device on which torch cannot compute here."""
    torch = torch_or_error()
    try:
        if not isinstance(device, str):
            raise TypeError("it is not text")
        torch.ones(1, device=device).cpu().item()  # the device "meta" has no numbers to give back
    except Exception as problem:
        raise FormatError(
            f"torch cannot compute on the device {shortened(device)} here ({_reason(problem)}); "
            "expected 'cpu', or another that it has, such as 'cuda'"
        ) from None


def _other_files(folder: Path, saved: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """A problem for other files that transformers would read, and a notice of the rest."""
    try:
        others = sorted(name for name in os.listdir(folder) if name not in saved and name != MANIFEST)
    except OSError as problem:
        raise FormatError(f"cannot read {folder}: {problem.strerror}; expected the directory of a model") from None
    kinds: dict[bool, list[str]] = {True: [], False: []}
    for name in others:
        kinds[any(fnmatchcase(name.lower(), form) for form in READ_BY_TRANSFORMERS)].append(shortened(name))
    harmful, harmless = (f"{listed(names)} in {folder}" if names else "" for names in kinds.values())
    problems = [f"{harmful}, which transformers would read, was not saved with the model; move it elsewhere"]
    return problems if harmful else [], [f"{harmless} was not saved with the model"] if harmless else []


def _checked_before_loading(folder: Path, manifest: Mapping[str, Any]) -> HubWeights:
    """The weights, if transformers, given the folder, will fetch and run nothing, and take no more memory.

    Raises `FormatError` if not. Its settings must be those of the manifest, which has only what LSRL writes
    (`manifest.schema.json`), and ask for the tensors that are there.
    """
    program = from_json(manifest["program"], what=str(folder / MANIFEST))
    for name, expected in configurations_of(program, manifest["module"], manifest["max_length"]).items():
        if read_json(folder / name) != expected:
            raise FormatError(f"{folder / name} is not what the manifest says; expected {shortened(expected, 300)}")
    files = {name: tensors_of(read_file(folder / name, "tensors", LARGEST_FILE)) for name in (WEIGHTS, MAPS)}
    weights: HubWeights = target_named(manifest["target"]).read(files, manifest["module"]).weights
    check_shapes(weights)
    return weights


def _compared(folder: Path, weights: HubWeights, device: str) -> tuple[int, list[str]]:
    """How many golden cases were compared, and what does not come out as stored."""
    cases = tensors_of(read_file(folder / CASES, "the cases that were saved with the manifest", LARGEST_FILE))
    inputs, expected = checked_cases(cases, weights.architecture, weights.config)
    network = _loaded(folder, weights.architecture, device)
    differences = _differences(network, weights.stock.first_hidden, inputs, expected, device)
    return len(next(iter(inputs.values()))), differences


def _loaded(folder: Path, name: str, device: str) -> Any:
    transformers = transformers_or_error()
    made = transformers.AutoModelForCausalLM if name.endswith("ForCausalLM") else transformers.AutoModel
    try:
        with loading():
            # No pickles, no code of the folder's, nothing from elsewhere.
            safely = {"use_safetensors": True, "trust_remote_code": False, "local_files_only": True}
            network, notes = made.from_pretrained(folder, output_loading_info=True, **safely)
    except Exception as problem:
        raise FormatError(f"transformers cannot load {folder}: {_reason(problem)}") from None
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if notes.get(what):
            names = shortened(sorted(map(str, notes[what])), 200)
            raise FormatError(f"{folder} has {what.replace('_', ' ')} {names}; expected none; save the model again")
    return network.to(device).eval()


def _differences(
    network: Any, first: int, inputs: dict[str, np.ndarray], expected: dict[str, np.ndarray], device: str
) -> list[str]:
    """What does not come out as stored, by the first layer where it does not.

    `first` is the hidden state after the first layer.
    """
    try:
        found = answers(network, inputs, device)
    except Exception as problem:
        return [f"the golden cases cannot be run on {device} ({_reason(problem)}); save the model again"]
    if {name: array.shape for name, array in found.items()} != {name: array.shape for name, array in expected.items()}:
        return [f"the outputs on {device} differ in shape from the stored ones; save the model again"]
    problems = []
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


def _reason(problem: Exception) -> str:
    return shortened(str(problem).partition("\n")[0] or type(problem).__name__, 160)
