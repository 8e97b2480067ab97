"""What the demo found, as rows for a terminal and a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CELLS = 1024
"""Prompt tokens that describe the elevation map."""

LEGEND = (
    "correct: right answers; for the map, points of those checked that equal the exact interpreter's bit for bit",
    "error: largest |network − exact interpreter|; for the map, largest distance from the map at its points, in metres",
    "models of torch and transformers run in float32, the others in float64; those of transformers answer as text",
)

SUMMARY_LEGEND = (
    "capitals, airports: right answers; map: points of those checked that equal the exact interpreter's bit for bit",
    f"RMS: distance from the map with {CELLS:,} even cells, over so many points that were asked for",
    "sizes and compile time are the dictionary's, speed is the map's",
    LEGEND[-1],
)


def cells_named(uneven: bool, order: int) -> str:
    """What a prompt's cells are called; order 0 is constant, 1 linear."""
    return f"{'uneven' if uneven else 'even'} {('cells', 'planes')[order]}"


def _speed(row: Mapping[str, Any]) -> str:
    rate = row["tokens_per_second"]
    return f"{rate / 1e6:.2g} M" if rate >= 1e5 else f"{rate / 1e3:.2g} k"


@dataclass
class Asked:
    """A dictionary, and what the networks answered that were asked for all its keys."""

    name: str
    pairs: Mapping[str, str]
    answers: int = 0
    targets: int = 0
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    """Target, key and what it answered."""

    @property
    def right(self) -> int:
        """How many answers were right."""
        return self.answers - len(self.wrong)

    def count(self, target: str, answers: Sequence[str | None]) -> int:
        """Keep what a network answered to all keys; how many were right."""
        asked = zip(self.pairs.items(), answers, strict=True)
        wrong = [(target, key, answer or "not found") for (key, value), answer in asked if answer != value]
        self.targets, self.answers, self.wrong = self.targets + 1, self.answers + len(answers), self.wrong + wrong
        return len(answers) - len(wrong)


@dataclass
class Demo:
    """What the demo found: a row for each job and target, of `jobs` in all, and where the report is."""

    jobs: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    dictionaries: list[Asked] = field(default_factory=list)
    report: Path = Path()

    @property
    def table(self) -> list[dict[str, str]]:
        """The rows as text, narrow enough for a terminal."""
        return [
            {
                "target": row["target"],
                "job": row["job"],
                "points": f"{row['points']:,}",
                "layers": f"{row['layers']}",
                "width": f"{row['width']}",
                "params": f"{row['parameters']:,}",
                "correct": f"{row['correct']}/{row['asked']}",
                "error": f"{row['max_error']:.3g}{row['unit']}",
                "compile": f"{row['compile_ms']:.0f} ms",
                "tokens/s": _speed(row),
            }
            for row in self.rows
        ]

    @property
    def summary(self) -> list[dict[str, str]]:
        """One row for each target; what is not measured yet is empty."""
        found: dict[str, dict[str, str]] = {}
        for row in self.rows:
            sizes = {"layers": f"{row['layers']}", "width": f"{row['width']}", "params": f"{row['parameters']:,}"}
            later = dict.fromkeys(("capitals", "airports", "map", "points", "RMS", "tokens/s"), "")
            first = {"target": row["target"], **sizes, "compile": f"{row['compile_ms']:.0f} ms", **later}
            summary = found.setdefault(row["target"], first)
            right = f"{row['correct']}/{row['asked']}"
            if row["rms"] is None:
                summary[row["job"].split()[1]] = right
            elif not summary["map"]:
                points = f"{row['points']:,}"
                summary |= {"map": right, "points": points, "RMS": f"{row['rms']:.3g} m", "tokens/s": _speed(row)}
        return list(found.values())

    @property
    def shown(self) -> tuple[list[dict[str, str]], tuple[str, ...]]:
        """What a terminal shows, and what its columns mean: a row for each job of a target, or for each of several."""
        return (self.summary, SUMMARY_LEGEND) if len(self.summary) > 1 else (self.table, LEGEND)

    @property
    def passed(self) -> bool:
        """Whether every answer was right."""
        return all(row["correct"] == row["asked"] for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """The result as plain JSON types."""
        return {"rows": self.rows, "report": str(self.report), "passed": self.passed}
