"""The table of all answers: kept in a file beside this one, and as Markdown for the documentation."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import TypeAlias

from lsrl.backends.registry import TARGETS
from lsrl.zoo.answers import Answer, answer
from lsrl.zoo.entry import Family, ZooProgram

FILE = "answers.csv"
COLUMNS = ("program", "answer", "targets", "reason")

Answers: TypeAlias = Mapping[str, Mapping[str, Answer]]
"""What each target makes of each program, by their names."""

SIGNS = {"exact": "exact", "bounded": "bound", "no bound": "open", "refused": "–", "wrong": "WRONG"}


@cache
def kept_answers() -> Answers:
    """The answers in the table; a program or target that is newer than it has none."""
    return read_answers((files("lsrl.zoo") / FILE).read_text(encoding="utf-8"))


def found_answers(programs: Sequence[ZooProgram]) -> Iterator[tuple[str, dict[str, Answer]]]:
    """Each program's answers, found one after the other."""
    for entry in programs:
        yield entry.name, {target: answer(entry, target) for target in TARGETS}


def read_answers(text: str) -> Answers:
    """What `written` wrote."""
    found: dict[str, dict[str, Answer]] = {}
    for row in csv.DictReader(StringIO(text)):
        known = Answer.parse(row["answer"], row["reason"])
        found.setdefault(row["program"], {}).update(dict.fromkeys(row["targets"].split(), known))
    return found


def written(answers: Answers) -> str:
    """The table as CSV, a row for each answer of a program and the targets that give it.

    >>> print(written({"p": {"lstm": Answer("exact"), "gru": Answer("exact", 9), "mamba": Answer("exact")}}))
    program,answer,targets,reason
    p,exact,lstm mamba,
    p,exact to 9,gru,
    <BLANKLINE>
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for program, found in answers.items():
        for each in dict.fromkeys(found.values()):
            targets = " ".join(target for target, other in found.items() if other == each)
            writer.writerow([program, str(each), targets, each.reason])
    return text.getvalue()


def bar(name: str) -> str:
    """A sign for each target: ✔ where a network computes the program, – where not, ? where that was not found out."""
    known = kept_answers().get(name, {})
    return "".join("?" if target not in known else "✔" if known[target].computes else "–" for target in TARGETS)


def as_markdown(families: Mapping[str, Family], answers: Answers) -> str:
    """A table for each family, a column for each target, and what the numbers of refusals mean."""
    reasons: dict[str, int] = {}
    lines: list[str] = []
    for family in families.values():
        lines += [f"### {family.name}", "", f"{_sentence(family.summary)}", ""]
        lines += _rows(["program", *TARGETS]) + _rows(["---"] * (len(TARGETS) + 1))
        for name in family.members:
            cells = [_cell(name, answers.get(name, {}).get(target), reasons) for target in TARGETS]
            lines += _rows([f"`{name}`", *cells])
        lines.append("")
    lines += ["### Why not", ""]
    lines += [f"{number}. {_sentence(reason)}" for reason, number in reasons.items()]
    return "\n".join(lines) + "\n"


def _rows(cells: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(cells)} |"]


def _cell(program: str, known: Answer | None, reasons: dict[str, int]) -> str:
    if known is None:
        return "?"
    sign = SIGNS[known.kind]
    if known.kind in ("exact", "bounded"):
        return sign if known.steps is None else f"{sign}\\*"
    return f"{sign}{reasons.setdefault(_general(known.reason, program), len(reasons) + 1)}"


def _general(reason: str, program: str) -> str:
    """A reason without the names and numbers of its program, but with years, and without what to do."""
    said = re.split(r"; (?:use )?target=", reason)[0].replace(f"{program} has", "the program has")
    return re.sub(r"\b(?!(?:19|20)\d\d\b)\d(?:[\d,.e+-]*\d)?", "N", re.sub(r"'[^']*'", "…", said))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
