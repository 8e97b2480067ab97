"""What README, docs and examples show is what happens."""

import re
import runpy
from pathlib import Path

import pytest

from lsrl.expressiveness import expressiveness

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)


@pytest.mark.filterwarnings("ignore::lsrl.UndecidedComparisonWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_prints_what_the_page_says(page, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "python":
            exec(compile(text, page.name, "exec"), namespace)
        else:
            assert capsys.readouterr().out == text
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_examples_run(example, capsys):
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out


def test_examples_print_what_their_comments_say(capsys):
    path = ROOT / "examples" / "dictionary.py"
    runpy.run_path(str(path), run_name="__main__")
    promised = re.findall(r"print\(.*\)  # (.*)", path.read_text(encoding="utf-8"))
    assert capsys.readouterr().out.splitlines() == promised


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_table_of_what_each_target_expresses_is_what_compiling_finds():
    rows = expressiveness()
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines).replace("|  |", "| |")
    assert table in (ROOT / "docs" / "targets.md").read_text(encoding="utf-8")
