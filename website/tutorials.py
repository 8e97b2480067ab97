"""Tutorials: notebooks, which are run, as pages that show what came out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "docs" / "tutorials"
ORDER = ("first_program", "language_model", "method_check")

_SHOWN = ("text/html", "image/svg+xml", "text/plain")
"""Of several forms of an output, the first that there is."""


def executed(path: Path) -> Any:
    """A notebook with its outputs. Raises `nbclient.exceptions.CellExecutionError`."""
    notebook = nbformat.read(path, as_version=4)
    with TemporaryDirectory() as folder:  # what it writes is nobody's
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}}).execute()
    return notebook


def tutorial_pages() -> Iterator[tuple[str, str]]:
    """The path and the text of each page."""
    for name in ORDER:
        notebook = executed(FOLDER / f"{name}.ipynb")
        head, *others = (part for cell in notebook.cells for part in _parts(cell))
        download = f"[Download it as a notebook]({name}.ipynb)"
        yield f"tutorials/{name}.md", "\n\n".join([head, download, *others, ""])


def _parts(cell: Any) -> Iterator[str]:
    if cell.cell_type == "markdown":
        yield cell.source
        return
    yield f"```python\n{cell.source}\n```"
    printed = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
    if printed:
        yield f"```text\n{printed.rstrip()}\n```"
    for output in cell.outputs:
        if output.output_type != "stream":
            kind = next(kind for kind in _SHOWN if kind in output.data)
            shown = output.data[kind]
            yield f"```text\n{shown}\n```" if kind == "text/plain" else f'<div class="output">{_one_block(shown)}</div>'


def _one_block(html: str) -> str:
    # In Markdown, an empty line would end it.
    return "\n".join(line for line in html.splitlines() if line.strip())
