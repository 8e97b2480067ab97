"""The index of a benchmark: a row for each case, as Parquet, and what the columns are, as Croissant.

Croissant is how data sets for machine learning describe themselves, so that sites and loaders find them: Akhtar et al.,
Croissant: A Metadata Format for ML-Ready Datasets, 2024; https://docs.mlcommons.org/croissant/docs/croissant-spec.html.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsrl.benchmark.selection import Size
from lsrl.files import write_whole
from lsrl.machine import __version__
from lsrl.studies.results import polars_or_error
from lsrl.studies.sweep import Swept
from lsrl.view.pages import rendered

if TYPE_CHECKING:
    import polars

INDEX, LEFT_OUT, CROISSANT, ABOUT = "index.parquet", "left_out.csv", "croissant.json", "README.md"

COLUMNS = {
    "case": "its folder in cases/",
    "program": "the zoo program that it computes",
    "family": "what kind of program that is",
    "difficulty": "the memory that it takes, from 1 to 5",
    "target": "the architecture",
    "form": "plain, decoy, disguised or fine-tuned",
    "split": "public, or private: the truth about it is elsewhere",
    "decoy": "the program that is computed beside it",
    "guarantee": "what is promised of the answers",
    "max_length": "the longest sequence; none is any",
    "variables": "the variables to find, between blanks",
    "changes": "what a disguise changed, between blanks",
    "checked_steps": "steps on which a disguise changes no answer",
    "layers": "how many layers it has",
    "width": "how many numbers its widest layer puts out",
    "parameters": "numbers in its weights",
    "nonzeros": "those that are not 0",
    "nonzeros_before": "those that were not 0 before its disguise or training",
    "accuracy": "sequences with right answers; only what is fine-tuned has not 1",
    "interchange_accuracy": "right answers after exchanges at the sites",
    "bytes": "the size of its folder",
    "sha256": "the digest of its interp.json, which has those of all its files",
}

TYPES = {"String": "sc:Text", "Int64": "sc:Integer", "Float64": "sc:Float", "Boolean": "sc:Boolean", "Null": "sc:Text"}


def write_index(directory: Path, result: Swept, size: Size) -> tuple[polars.DataFrame, polars.DataFrame]:
    """Write the index, what was left out and why, the metadata and a page that tells what is there."""
    package = polars_or_error()
    frame = result.frame
    left = frame.filter(package.col("left_out") != "").select("case", "left_out")
    index = frame.filter(package.col("left_out") == "").select(*COLUMNS)
    table = io.BytesIO()
    index.write_parquet(table)
    write_whole(directory / INDEX, table.getvalue())
    write_whole(directory / LEFT_OUT, left.write_csv().encode())
    about = croissant_of(index, table.getvalue(), size)
    write_whole(directory / CROISSANT, (json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())
    write_whole(directory / ABOUT, _page(index, left, result).encode())
    return index, left


def croissant_of(index: polars.DataFrame, table: bytes, size: Size) -> dict[str, Any]:
    """The metadata, in JSON-LD: the index and the pairs of all cases as record sets."""
    context = json.loads((files("lsrl.benchmark") / "croissant_context.json").read_text(encoding="utf-8"))
    fields = [
        _field("cases", name, what, TYPES[str(index.schema[name])], {"fileObject": {"@id": INDEX}})
        for name, what in COLUMNS.items()
    ]
    pairs = {
        "base": ("the input of the base (steps, components)", "sc:Float"),
        "source": ("the input of the source (steps, components)", "sc:Float"),
        "step": ("when the source's value is put into the base", "sc:Integer"),
        "label": ("the answers that must follow (steps, components)", "sc:Float"),
        "variables": ("whose value it is", "sc:Text"),
        "kind": ("value, or continuing: a state goes on from it", "sc:Text"),
        "split": ("train, validation or test", "sc:Text"),
        "seed": ("what it was drawn from", "sc:Integer"),
    }
    of_pairs = [
        _field("pairs", n, what, kind, {"fileSet": {"@id": "pairs-files"}}) for n, (what, kind) in pairs.items()
    ]
    return {
        "@context": context,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"lsrl-ground-truth-{size}",
        "description": "Recurrent networks whose algorithm is known, to the last unit: RNNs, LSTMs, GRUs, Mambas and "
        "Hawks that are compiled from programs, with the variables to find in them and where these are.",
        "citeAs": "Petrov et al., Universal In-Context Approximation By Prompting Fully Recurrent Models, 2024, "
        "arXiv:2406.01424; and LSRL, which compiled these networks",
        "license": "https://www.apache.org/licenses/LICENSE-2.0",
        "url": "https://arxiv.org/abs/2406.01424",
        "version": __version__,
        "datePublished": datetime.now(timezone.utc).date().isoformat(),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": INDEX,
                "name": INDEX,
                "contentUrl": INDEX,
                "encodingFormat": "application/x-parquet",
                "sha256": sha256(table).hexdigest(),
            },
            {
                "@type": "cr:FileSet",
                "@id": "pairs-files",
                "name": "pairs-files",
                "description": "Counterfactuals: a file for each variable, split and kind of a case.",
                "encodingFormat": "application/x-parquet",
                "includes": "cases/*/pairs/*.parquet",
            },
        ],
        "recordSet": [
            {"@type": "cr:RecordSet", "@id": "cases-table", "name": "cases-table", "field": fields},
            {"@type": "cr:RecordSet", "@id": "pairs-table", "name": "pairs-table", "field": of_pairs},
        ],
    }


def _field(table: str, name: str, what: str, kind: str, source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{table}-table/{name}",
        "name": name,
        "description": what,
        "dataType": kind,
        "source": {**source, "extract": {"column": name}},
    }


def _page(index: polars.DataFrame, left_out: polars.DataFrame, result: Swept) -> str:
    """What is in the folder, in Markdown."""
    counts: dict[str, dict[str, int]] = {}
    for target, form, count in index.group_by("target", "form", maintain_order=True).len().rows():
        counts.setdefault(target, {})[form] = count
    return rendered(
        "benchmark/about.md",
        index=index,
        left_out=left_out,
        result=result,
        counts=counts,
        columns=COLUMNS,
        forms=index["form"].unique(maintain_order=True).to_list(),
        programs=index["program"].n_unique(),
        private=index.filter(index["split"] == "private").height,
    )
