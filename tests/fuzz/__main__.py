"""Runs many random cases and prints those that fail, made small: `python -m tests.fuzz 1000 --seed 0 --target lstm`."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures.process import BrokenProcessPool

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from .cases import TARGETS
from .results import results

OUTCOMES = ("exact", "bounded", "none", "refused", "failed")


def main() -> int:
    """Run as many cases as the command line says; 1 if any failed."""
    options = parsed()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    console, seeds = Console(), range(options.seed, options.seed + options.cases)
    targets = tuple(options.target or TARGETS)
    counts: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    next_seed = options.seed
    try:
        with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
            task = progress.add_task("0 failed", total=len(seeds))
            for result in results(seeds, targets, options.processes):
                next_seed = result.seed + 1
                counts[result.target, result.outcome] += 1
                counts[result.target, "compared"] += result.compared
                reasons[result.reason] += bool(result.reason)
                if result.failure:
                    command = f"python -m tests.fuzz 1 --seed {result.seed} --target {result.target}"
                    console.print(f"\n# {command}\n{result.failure}\n", markup=False, highlight=False, soft_wrap=True)
                failed = sum(count for (_, outcome), count in counts.items() if outcome == "failed")
                progress.update(task, advance=1, description=f"{failed} failed")
    except KeyboardInterrupt:
        pass
    except BrokenProcessPool:
        console.print(f"a case from seed {next_seed} on ended its process", style="red")
        return 1
    console.print(summary(counts))
    if options.reasons:
        for reason, count in reasons.most_common():
            console.print(f"{count:5} {reason}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"go on with --seed {next_seed}")
    return int(any(outcome == "failed" and count for (_, outcome), count in counts.items()))


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("cases", type=int, nargs="?", default=1000, help="how many cases")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first; each has the next")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one; may be given again")
    parser.add_argument("--processes", type=int, default=1, help="how many run side by side")
    parser.add_argument("--reasons", action="store_true", help="list why cases were refused")
    return parser.parse_args()


def summary(counts: Counter[tuple[str, str]]) -> Table:
    """How many cases of each target came out how; *compared* had a decided run."""
    table = Table("target", *OUTCOMES, "compared")
    for target in TARGETS:
        found = [counts[target, outcome] for outcome in (*OUTCOMES, "compared")]
        if any(found):
            table.add_row(target, *map(str, found))
    return table


if __name__ == "__main__":
    sys.exit(main())
