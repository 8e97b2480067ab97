"""How transformers is used: quietly, and to make one model at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lsrl.backends.torch_environment import torch_defaults, torch_or_error
from lsrl.errors import MissingPackage


def transformers_or_error() -> Any:
    """The package. Raises `MissingPackage` without it."""
    torch_or_error()
    try:
        import transformers
    except ImportError:
        raise MissingPackage("transformers", "running a Hugging Face transformers model", "hf") from None
    return transformers


@contextmanager
def quiet() -> Iterator[None]:
    """No notes of transformers on kernels that it would like to have.

    Its verbosity belongs to the whole process: who comes first turns it down, and who leaves last turns it up again,
    unless somebody else has set it meanwhile.
    """
    logging = transformers_or_error().utils.logging
    _SILENCE.begin(logging)
    try:
        yield
    finally:
        _SILENCE.end(logging)


@contextmanager
def loading() -> Iterator[None]:
    """Quiet, without progress bars, with torch's defaults, and alone.

    While it makes a model, transformers replaces functions and defaults of the whole process, and puts back what
    it found there: two at a time would leave the other's.
    """
    logging = transformers_or_error().utils.logging
    # The device is given though it is the default: torch 2.8 cannot name the default once it has been reset.
    with _LOADING, torch_defaults(), torch_or_error().device("cpu"), quiet():
        bars = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        try:
            yield
        finally:
            if bars:
                logging.enable_progress_bar()


_LOADING = threading.RLock()


class _Silence:
    """How many want it, and the verbosity that was there before."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.wanted, self.before = 0, 0

    def begin(self, logging: Any) -> None:
        with self.lock:
            level = logging.get_verbosity()
            if not self.wanted or level != logging.ERROR:
                self.before = level
            self.wanted += 1
            logging.set_verbosity_error()

    def end(self, logging: Any) -> None:
        with self.lock:
            self.wanted -= 1
            if not self.wanted and logging.get_verbosity() == logging.ERROR:
                logging.set_verbosity(self.before)


_SILENCE = _Silence()
