"""What comes of a case: an outcome that is allowed, or a failure; and the limit on how long it may take."""

from __future__ import annotations

import contextlib
import signal
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

import lsrl

SECONDS = 60
"""What takes longer hangs: seconds of the processor, which are the same on a busy machine."""


@dataclass(frozen=True)
class Failure:
    """What is wrong: a kind, by which the minimiser knows it again, and what was expected and given."""

    kind: str
    expected: str = ""
    given: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: expected {self.expected}, given {self.given}" if self.expected else self.kind


@dataclass(frozen=True)
class Verdict:
    """An outcome: refused (why), a kind of guarantee, or a failure."""

    outcome: str
    reason: str = ""
    failure: Failure | None = None
    decided: int = 0


class FoundError(Exception):
    """A failure, raised by whoever finds it."""

    def __init__(self, kind: str, expected: object = "", given: object = "") -> None:
        super().__init__(kind)
        self.failure = Failure(kind, str(expected), str(given))


class TookTooLong(BaseException):
    """The time is up. No `except Exception` on the way may hold it."""


@contextlib.contextmanager
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """Raises `TookTooLong` when the time is up; for the main thread."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def guarded(stage: str) -> Iterator[None]:
    """What is not an error of LSRL is a failure of that stage, and so is one of its errors of more than one line."""
    try:
        with time_limit():
            yield
    except FoundError:
        raise
    except TookTooLong:
        raise FoundError(f"{stage} takes longer than {SECONDS} s") from None
    except lsrl.LsrlError as error:
        message = str(error)
        if not message.strip() or not message.isprintable():
            raise FoundError(f"{stage}: a message that is not a line", "one printable line", repr(message)) from error
        raise
    except Exception as error:
        raise FoundError(f"{stage} raises {type(error).__name__}", "an LsrlError", str(error)[:300]) from error


@contextlib.contextmanager
def warned(stage: str) -> Iterator[list[type[Warning]]]:
    """The categories of LSRL's own warnings; any other warning is a failure of that stage."""
    found: list[type[Warning]] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield found
    for warning in caught:
        if warning.category.__module__.split(".")[0] != "lsrl":
            raise FoundError(f"{stage} warns", "no warning", f"{warning.category.__name__}: {warning.message}")
        found.append(warning.category)
