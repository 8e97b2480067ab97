"""Checks that take longer, each made for a part of the cases."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import lsrl

from .cases import HUB, Case
from .compare import compare, expected_of, floats
from .running import Run
from .verdicts import FoundError, guarded, warned

Check = Callable[[Case, Any, Sequence[Run]], None]


def check_files(case: Case, model: Any, _: Sequence[Run]) -> None:
    """Saved and loaded, it gives the same bits."""
    with tempfile.TemporaryDirectory() as folder:
        with guarded("saving and loading"), warned("saving and loading"):
            model.save(folder)
            loaded = lsrl.load(folder)
        for rows in case.sequences:
            with guarded("a loaded model.run"), warned("a loaded model.run"):
                before, after = model.run(floats(rows)), loaded.run(floats(rows))
            if not np.array_equal(before, after):
                raise FoundError("a loaded model gives other bits", before.tolist(), after.tolist())


def check_module(case: Case, model: Any, runs: Sequence[Run]) -> None:
    """The torch module keeps the guarantee; those of transformers read embeddings, which users do not make."""
    import torch

    for rows, run in zip(case.sequences, runs, strict=True):
        if run.decided and case.target not in HUB:
            with guarded("model.module"), warned("model.module"), torch.no_grad():
                x = torch.tensor(floats(rows), dtype=getattr(torch, case.dtype))
                given = model.module(x[None])[0].double().numpy()
            compare("model.module", expected_of(case, run), given, model.guarantee.bounds)


def check_verify(_: Case, model: Any, __: Sequence[Run]) -> None:
    """Its own verification finds nothing."""
    if model.guarantee.kind != "none":
        with guarded("model.verify"), warned("model.verify"):
            found = model.verify(3, length=min(model.max_length or 20, 20))
        if found.mismatches:
            raise FoundError("model.verify finds mismatches", "none", found)


def check_text(case: Case, _: Any, runs: Sequence[Run]) -> None:
    """The listing reads back as a program that means the same."""
    with guarded("reading a listing"), warned("reading a listing"):
        program = lsrl.Program.parse(str(case.build()))
        for rows, run in zip(case.sequences, runs, strict=True):
            if run.decided:
                given = program.run(np.array(rows, dtype=object), exact=True)
                compare("a program read from its listing", expected_of(case, run), given, [0.0] * given.shape[-1])


SLOW: dict[str, Check] = {
    "files": check_files,
    "module": check_module,
    "verify": check_verify,
    "text": check_text,
}
"""By the name in `Case.also`."""
