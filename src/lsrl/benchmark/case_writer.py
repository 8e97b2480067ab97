"""Writing a case: everything in a folder beside, which then takes the place of an older one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lsrl.benchmark.case_folder import (
    CARD,
    CHECKPOINT,
    CIRCUIT,
    KEY,
    SITES,
    TRUTH,
    digest_of,
    move_truth,
    pairs_file,
    replace_case,
    seal_case,
    staging_folder,
)
from lsrl.benchmark.networks import MadeNetwork
from lsrl.benchmark.selection import Form, labelled
from lsrl.interp import Counterfactuals
from lsrl.studies.exact_json import to_text
from lsrl.view.pages import rendered
from lsrl.zoo import ZooProgram


def write_case(
    folder: Path,
    keys: Path,
    entry: ZooProgram,
    form: Form,
    split: str,
    made: MadeNetwork,
    pairs: Mapping[str, Sequence[Counterfactuals]],
) -> dict[str, Any]:
    """Write a case; its row of the index."""
    task = _task(folder.name, entry, form, split, made, pairs)
    staged = staging_folder(folder)
    # How long it took to compile is different every time, and the digests of a benchmark are not.
    model = replace(made.model, sizes=replace(made.model.sizes, compile_seconds=0.0))
    model.save(staged / CHECKPOINT)
    for variable, found in pairs.items():
        for each in found:
            labelled(each, model.program).save(staged / pairs_file(variable, each.split, each.kind))
    card = rendered("benchmark/card.md", task=task, library=model.target.library, module=model.network.description)
    (staged / CARD).write_text(card, encoding="utf-8")
    (staged / SITES).write_text(to_text(made.places, indent=1) + "\n", encoding="utf-8")
    made.circuit.save(staged / CIRCUIT)
    if made.key is not None:
        made.key.save(staged / KEY)
    seal_case(staged, task, TRUTH if split == "private" else ())
    if split == "private":
        move_truth(staged, keys)
    replace_case(staged, folder)
    return _row(folder, task, made)


def _task(
    name: str,
    entry: ZooProgram,
    form: Form,
    split: str,
    made: MadeNetwork,
    pairs: Mapping[str, Sequence[Counterfactuals]],
) -> dict[str, Any]:
    """What `interp.json` says, but for the files."""
    model = made.model
    listing = str(entry.program).rstrip()
    lines = [*entry.program.listing("primitives").splitlines(), *listing.splitlines()]  # a call's parts are primitives
    defined = {line.partition(":")[0].strip(): line.strip() for line in lines}
    return {
        "name": name,
        "program": entry.name,
        "family": entry.family,
        "summary": entry.summary,
        "difficulty": entry.difficulty,
        "references": list(entry.references),
        "target": str(model.target),
        "form": form,
        "split": split,
        "decoy": made.decoy,
        "changes": [] if made.key is None else list(made.key.changes),
        "checked_steps": 0 if made.key is None else made.key.checked,
        "fine_tuning": None if made.tuned is None else str(made.tuned),
        "guarantee": str(model.guarantee),
        "max_length": model.max_length,
        "input_dim": model.program.input.dim,
        "output_dim": model.program.output.dim,
        "vocabulary": None if entry.stream.vocabulary is None else dict(entry.stream.vocabulary.pairs),
        "listing": listing,
        "variables": {
            variable: {
                "dim": entry.program[variable].dim,
                "definition": defined.get(variable, ""),
                "pairs": {pairs_file(variable, each.split, each.kind): len(each) for each in found},
            }
            for variable, found in pairs.items()
        },
    }


def _row(folder: Path, task: Mapping[str, Any], made: MadeNetwork) -> dict[str, Any]:
    sizes = made.model.sizes
    told = ("family", "difficulty", "target", "form", "split", "decoy", "guarantee", "max_length")
    return {
        "case": task["name"],
        "left_out": "",
        **{name: task[name] for name in told},
        "variables": " ".join(task["variables"]),
        "changes": " ".join(task["changes"]),
        "checked_steps": task["checked_steps"],
        "layers": sizes.layers,
        "width": sizes.widest,
        "parameters": sizes.parameters,
        "nonzeros": sizes.nonzeros,
        "nonzeros_before": _nonzeros_before(made),
        "accuracy": 1.0 if made.tuned is None else made.tuned.accuracy,
        "interchange_accuracy": 1.0 if made.tuned is None else made.tuned.interchange_accuracy,
        "bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        "sha256": digest_of(folder),
    }


def _nonzeros_before(made: MadeNetwork) -> int:
    changed = made.key or made.tuned
    return made.model.sizes.nonzeros if changed is None else changed.nonzeros[0]
