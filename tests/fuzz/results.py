"""Runs cases by their seeds, in this process or in several."""

from __future__ import annotations

import concurrent.futures
import faulthandler
import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass

from .campaign import case_of
from .check import check
from .minimise import minimised, report
from .verdicts import SECONDS


@dataclass(frozen=True)
class Result:
    """What came of one seed; `failure` is the report on a failing one."""

    seed: int
    target: str
    outcome: str
    compared: bool
    reason: str
    failure: str


def result_of(seed: int, targets: tuple[str, ...]) -> Result:
    """Run the case of a seed, and make it small if it fails. What hangs in C ends the process, with its stacks."""
    faulthandler.dump_traceback_later(10 * SECONDS, exit=True)
    try:
        case = case_of(seed, targets)
        verdict = check(case)
        failure = ""
        if verdict.failure:
            small = minimised(case, verdict.failure, check)
            failure = report(small, check(small).failure or verdict.failure)
        return Result(seed, case.target, verdict.outcome, verdict.decided > 0, verdict.reason, failure)
    finally:
        faulthandler.cancel_dump_traceback_later()


def results(seeds: range, targets: tuple[str, ...], processes: int) -> Iterator[Result]:
    """The results of all seeds, in their order; a process that was killed ends it."""
    if processes == 1:
        yield from (result_of(seed, targets) for seed in seeds)
        return
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(processes, mp_context=context) as pool:
        for start in range(0, len(seeds), 16 * processes):
            part = seeds[start : start + 16 * processes]
            yield from pool.map(result_of, part, [targets] * len(part))
