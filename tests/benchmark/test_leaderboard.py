"""What `lsrl benchmark run` finds: who is right about what, in a table and on a page; and methods of one's own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import run_here
from lsrl import FormatError, ProgramError
from lsrl.benchmark import PUBLISHED, score_methods, standings

ROOT = Path(__file__).parent.parent.parent
FAST = ["oracle", "full vector", "single unit", "random direction", "circuit: oracle", "circuit: random"]

OWN = """
class Nothing:
    name = "nothing"

    def fit(self, task, module):
        return lambda base, source: base


class Alike:
    name = "all alike"

    def scores(self, task):
        return {}


class Broken:
    name = "broken"

    def fit(self, task, module):
        return None


class Unfit:
    name = "unfit"


number = 7
"""


@pytest.fixture(scope="module")
def board(benchmark_folder, tmp_path_factory):
    """The scores of some methods on a copy, with the keys: a method of one's own among them."""
    place = tmp_path_factory.mktemp("leaderboard")
    shutil.copytree(benchmark_folder, place / "small")
    (place / "own.py").write_text(OWN)
    methods = [*FAST, f"{place / 'own.py'}:Nothing", f"{place / 'own.py'}:Alike"]
    return score_methods(place / "small", methods, quick=True, keys=benchmark_folder.parent / "small-keys", workers=1)


def means(board, kind, head):
    return {(row["method"], row["form"]): row[head] for row in standings(board.frame, kind)}


def test_the_oracle_is_right_nothing_changes_nothing_and_single_units_are_lost_where_channels_are_mixed(board):
    found = means(board, "variable", "IIA")
    assert found["oracle", "plain"] == found["oracle", "disguised"] == "1.00"
    assert found["nothing", "plain"] == found["nothing", "disguised"] == "0.00"
    mixed = board.frame.filter((board.frame["name"] == "single unit") & (board.frame["target"] == "mamba"))
    by_form = dict(zip(mixed["form"], mixed["at_site"], strict=True))
    assert (by_form["plain"], by_form["disguised"] < 0.5) == (1.0, True)


def test_circuits_are_scored_beside_decoys(board):
    found = means(board, "circuit", "AUROC")
    assert {form for _, form in found} == {"decoy"}
    assert found["oracle", "decoy"] == "1.00"
    assert found["all alike", "decoy"] == "0.50"


def test_the_page_has_every_method_and_architecture(board):
    page = board.page.read_text()
    assert all(name in page for name in ("oracle", "nothing", "all alike", "lstm", "mamba", "linear-rnn", "counters"))
    about = json.loads((board.page.parent / "metadata.json").read_text())
    assert about["parameters"]["methods"][0] == "oracle"


def test_what_was_scored_is_taken_over_until_the_code_of_a_method_changes(board, benchmark_folder):
    directory, own = board.page.parent.parent, board.page.parent.parent.parent / "own.py"
    keys = benchmark_folder.parent / "small-keys"
    again = score_methods(directory, ["oracle", f"{own}:Nothing"], quick=True, keys=keys, workers=1).sweep
    assert again.taken_over == again.cells > 0
    own.write_text(OWN + "\n# another\n")
    changed = score_methods(directory, ["oracle", f"{own}:Nothing"], quick=True, keys=keys, workers=1).sweep
    assert changed.taken_over == changed.cells / 2


def test_without_keys_the_oracle_is_not_asked_about_private_cases(board):
    directory = board.page.parent.parent
    found = score_methods(directory, ["oracle", "full vector"], quick=True, workers=1).frame
    private = found.filter(found["split"] == "private")
    assert set(private["name"]) == {"full vector"}
    assert private["at_site"].null_count() == len(private)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("telepathy", "no method is named 'telepathy'; expected FILE.py:CLASS, or oracle"),
        ("own.py:Unfit", "Unfit of .*; expected a class with a name and fit"),
        ("own.py:Absent", "Absent of .* is None; expected a class with a name"),
        ("own.py:number", "number of .* is 7; expected a class with a name"),
        ("absent.py:Method", "cannot read absent.py"),
        ("fails.py:Method", "fails.py failed with .*ValueError: no"),
    ],
)
def test_what_is_no_method_is_refused_in_a_line(method, message, benchmark_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN)
    Path("fails.py").write_text("raise ValueError('no')")
    with pytest.raises((ProgramError, FormatError), match=message):
        score_methods(benchmark_folder, [method], workers=1)


def test_a_method_that_returns_no_exchange_has_no_score_and_the_page_says_why(board):
    directory, own = board.page.parent.parent, board.page.parent.parent.parent / "own.py"
    found = score_methods(directory, [f"{own}:Broken"], quick=True, workers=1)
    assert all("expected a function of the outputs" in reason for reason in found.frame["failed"])
    assert "broken fits None" in found.page.read_text()


def test_all_published_methods_have_names_by_which_they_are_asked_for():
    assert len(set(PUBLISHED)) == len(PUBLISHED) == 15


def test_the_commands_print_what_was_built_and_who_is_best(board, capsys, monkeypatch, tmp_path):
    directory = str(board.page.parent.parent)
    ended = run_here(
        capsys, monkeypatch, "benchmark", "run", directory, "--methods", "oracle", "--quick", "--workers", "1"
    )
    assert ended.code == 0
    assert "oracle" in ended.out
    assert "leaderboard.html" in ended.out
    refused = run_here(capsys, monkeypatch, "benchmark", "run", str(tmp_path), "--methods", "oracle", "--json")
    assert (refused.code, refused.error["type"]) == (1, "FormatError")
    both = run_here(capsys, monkeypatch, "benchmark", "build", str(tmp_path), "--quick", "--all")
    assert both.code == 2
    both.assert_one_line()


@pytest.mark.parametrize(
    ("example", "case"),
    [("in_an_lstm.py", "lstm.plain"), ("in_a_mamba.py", "mamba.disguised")],
)
def test_a_case_is_scored_where_there_is_no_lsrl(example, case, benchmark_folder, tmp_path):
    (tmp_path / "lsrl.py").write_text("raise ImportError('there is no lsrl here')")
    path = {"PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    tried = subprocess.run([sys.executable, "-c", "import lsrl"], env=path, capture_output=True, check=False)
    assert b"there is no lsrl here" in tried.stderr
    command = [
        sys.executable,
        ROOT / "examples" / "benchmark" / example,
        benchmark_folder / "cases" / f"bracket_balance.{case}",
    ]
    ended = subprocess.run(command, env=path, capture_output=True, text=True, check=False)
    assert ended.stdout == f"48 of 48 pairs answer as bracket_balance.{case} should with 'depth' of the source\n"
