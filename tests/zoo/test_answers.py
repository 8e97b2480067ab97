"""The table of what each target makes of each program: complete, in the documentation, and true where it is tried."""

from pathlib import Path

import pytest

from lsrl import zoo
from lsrl.backends.registry import TARGETS
from lsrl.zoo.answers import Answer, answer
from lsrl.zoo.table import as_markdown, bar, kept_answers, read_answers, written

PAGE = Path(__file__).parent.parent.parent / "docs" / "zoo.md"

SAMPLE = [
    (members[(i + turn) % len(members)], target)
    for i, family in enumerate(zoo.families().values())
    for turn, target in enumerate(TARGETS)
    for members in [list(family.members)]
    if (i + turn) % 5 == 0
]
"""Of every family a few, and all targets as often: other programs on each."""


def test_every_program_has_an_answer_of_every_target():
    assert list(kept_answers()) == zoo.names()
    for name, found in kept_answers().items():
        assert set(found) == set(TARGETS), name


def test_no_network_breaks_its_promise_and_none_is_refused_without_a_reason():
    for name, found in kept_answers().items():
        for target, known in found.items():
            assert known.kind != "wrong", (name, target)
            assert known.computes != bool(known.reason), (name, target)


def test_the_documentation_has_the_table():
    assert as_markdown(zoo.families(), kept_answers()) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "target"), SAMPLE)
def test_the_table_says_what_compiling_and_running_finds(name, target):
    assert answer(zoo.get(name), target) == kept_answers()[name][target]


def test_a_table_reads_back():
    answers = {"p": {"lstm": Answer("exact"), "gru": Answer("bounded", 9), "mamba": Answer("refused", reason="a, b")}}
    assert read_answers(written(answers)) == answers


def test_a_bar_has_a_sign_for_each_target():
    assert bar("majority") == "✔" * len(TARGETS)
    assert bar("no such program") == "?" * len(TARGETS)
