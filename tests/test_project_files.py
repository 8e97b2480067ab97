"""What the project says of itself in several files is the same in all of them."""

import re
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

import lsrl

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAJOR = re.compile(r"\w+/[\w-]+@v\d+")


def loaded(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_tests_run_on_every_python_that_is_promised():
    job = loaded(".github/workflows/test.yml")["jobs"]["test"]
    promised = [name.rpartition(" ")[2] for name in PROJECT["project"]["classifiers"] if "Python ::" in name]
    assert job["strategy"]["matrix"]["python"] == promised
    assert PROJECT["project"]["requires-python"] == f">={promised[0]}"
    assert PROJECT["tool"]["mypy"]["python_version"] == promised[0]


def test_the_workflow_runs_what_readme_says_with_actions_of_a_major_version():
    steps = loaded(".github/workflows/test.yml")["jobs"]["test"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == ["make test"]
    assert all(MAJOR.fullmatch(step["uses"]) for step in steps if "uses" in step)


def test_hooks_before_a_commit_are_what_make_does_before_the_tests():
    """By make, they run in its environment, and so with the versions in constraints.txt."""
    hooks = [hook for repository in loaded(".pre-commit-config.yaml")["repos"] for hook in repository["hooks"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    before = re.search(r"^test: (.*) tests$", makefile, re.MULTILINE)[1].split()
    assert [hook["entry"] for hook in hooks] == [f"make {name}" for name in before]
    pinned = re.findall(r"^([\w-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"ruff", "mypy", "import-linter"} <= set(pinned)


@pytest.mark.parametrize("form", ["bug", "feature"])
def test_forms_of_issues_ask_for_what_they_name(form):
    asked = loaded(f".github/ISSUE_TEMPLATE/{form}.yml")
    assert {"name", "description", "body"} <= set(asked)
    names = [field["id"] for field in asked["body"]]
    assert len(set(names)) == len(names)
    assert all(field["type"] in ("input", "textarea") and field["attributes"]["label"] for field in asked["body"])


def test_the_version_is_one():
    fallback = PROJECT["tool"]["setuptools_scm"]["fallback_version"]
    assert loaded("CITATION.cff")["version"] == fallback
    assert lsrl.__version__ == version("lsrl")


def test_places_that_contributing_names_know_gates():
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("### Your first unit")[1]
    table = section.split("\n## ")[0]
    places = set(re.findall(r"\]\((\S+\.py)\)", table)) - {"src/lsrl/circuit/verify.py"}
    assert len(places) > 5
    for place in places:
        assert re.search(r"GateUnit|builder\.gate\(", (ROOT / place).read_text(encoding="utf-8")), place
