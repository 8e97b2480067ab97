"""What the demo found, as rows for a terminal and a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsrl.view.report import Answered, Picture

LEGEND = (
    "correct: right answers; for the map, points of those checked that equal the exact interpreter's bit for bit",
    "error: largest |network − exact interpreter|; for the map, largest distance from the map, in metres",
    "models of torch and transformers run in float32, the others in float64; those of transformers answer as text",
)

SUMMARY_LEGEND = (
    "capitals, airports: right answers; map: points of those checked that equal the exact interpreter's bit for bit",
    "RMS: from the map, with 1,024 even cells; sizes and compile time are the dictionary's, speed is the map's",
    LEGEND[-1],
)


def _speed(row: dict[str, Any]) -> str:
    rate = row["tokens_per_second"]
    return f"{rate / 1e6:.2g} M" if rate >= 1e5 else f"{rate / 1e3:.2g} k"


@dataclass
class Demo:
    """What the demo found: a row for each job and target, and where the report is."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    dictionaries: list[Answered] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    report: Path = Path()

    @property
    def table(self) -> list[dict[str, str]]:
        """The rows as text, narrow enough for a terminal."""
        return [
            {
                "target": row["target"],
                "job": row["job"],
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
        """One row for each target."""
        found: dict[str, dict[str, str]] = {}
        for row in self.rows:
            summary = found.setdefault(
                row["target"],
                {
                    "target": row["target"],
                    "layers": f"{row['layers']}",
                    "width": f"{row['width']}",
                    "params": f"{row['parameters']:,}",
                    "compile": f"{row['compile_ms']:.0f} ms",
                },
            )
            right = f"{row['correct']}/{row['asked']}"
            if row["rms"] is None:
                summary |= {row["job"].split()[1]: right}
            elif "map" not in summary:
                summary |= {"map": right, "RMS": f"{row['rms']:.3g} m", "tokens/s": _speed(row)}
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
