"""The command line: every command, as a table and as JSON."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import lsrl
from command_line import write_files
from lsrl import expressiveness, zoo
from lsrl.backends.registry import RELATED, TARGETS
from lsrl.cli.commands import app
from lsrl.demo.results import Asked, Demo
from lsrl.errors import UnsupportedProgram


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def data(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


def test_targets_are_listed(monkeypatch):
    few = dict(list(expressiveness.ABILITIES.items())[:4])  # all of them are in the documentation's test
    monkeypatch.setattr(expressiveness, "ABILITIES", few)
    assert {row["target"] for row in data("targets")["targets"]} == {*TARGETS, *RELATED}
    assert "gated-linear-rnn" in run("targets").stdout


def test_the_zoo_is_listed():
    rows = data("zoo")
    assert [row["name"] for row in rows] == [f"zoo:{name}" for name in zoo.names()]
    assert rows[0]["family"] == "tomita"
    assert rows[0]["targets"]["lstm"] == "exact"
    text = run("zoo").stdout
    assert all(family.summary in text for family in zoo.families().values())


def test_the_zoo_prints_the_table_of_the_documentation():
    assert run("zoo", "--table").stdout.startswith("### tomita")


def test_what_targets_make_of_the_zoo_is_measured_into_a_file_that_is_gone_on_with(here, monkeypatch):
    entry = zoo.get("turnstile")
    monkeypatch.setattr(zoo, "names", lambda: ["turnstile"])
    run("zoo", "--measure", "answers.csv")
    written = (here / "answers.csv").read_text(encoding="utf-8")
    assert written.startswith("program,answer,targets,reason\nturnstile,exact,")
    monkeypatch.setattr(type(entry), "expected", None)  # nothing is measured again
    run("zoo", "--measure", "answers.csv")
    assert (here / "answers.csv").read_text(encoding="utf-8") == written


@pytest.mark.parametrize("spec", ["file.py:running", "program.json", "zoo:parity"])
def test_show_prints_a_listing_that_reads_back(here, spec):
    lsrl.zoo.get("majority").program.save(here / "program.json")
    text = run("show", spec).stdout
    program = lsrl.Program.parse(text)
    primitives = run("show", spec, "--primitives").stdout
    assert lsrl.Program.parse(primitives) == program
    assert len(primitives.splitlines()) == len(program.values) + 2 >= len(text.splitlines())
    assert data("show", spec)["name"] == program.name


def test_draw_writes_the_program_and_its_stack(here):
    run("draw", "zoo:parity", "-o", "parity.svg")
    assert {path.name for path in here.glob("*.svg")} == {"parity.svg", "parity-stack.svg"}
    assert data("draw", "file.py:running", "-o", "deep/r.png")["written"] == ["deep/r.png", "deep/r-stack.png"]


def test_explore_writes_a_page_that_opens_with_the_input(here):
    found = data("explore", "file.py:running", "--input", "x.csv", "-o", "deep/page.html")
    page = (here / "deep" / "page.html").read_text(encoding="utf-8")
    assert found == {"written": "deep/page.html", "bytes": len(page.encode())}
    assert '"first":[[1],[2],[3]]' in page
    assert run("explore", "zoo:parity", "-t", "lstm", "-o", "p.html").stdout == "wrote p.html\n"
    run("explore", "zoo:agreement", "-t", "lstm", "--text", "dogs near dog", "-o", "text.html")
    assert '"first":[[1],[2],[0]]' in (here / "text.html").read_text(encoding="utf-8")
    with pytest.raises(UnsupportedProgram, match=r"--input and --text together; expected one of them"):
        run("explore", "file.py:running", "--input", "x.csv", "--text", "1", "-o", "page.html")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("options", [[], ["--exact"], ["--target", "linear-rnn"]])
def test_run_reads_and_prints_csv(options):
    assert run("run", "file.py:running", "--input", "x.csv", *options).stdout.split() == ["1", "3", "6"]
    outputs = data("run", "file.py:running", "--input", "x.csv", *options)["outputs"]
    assert [[float(number) for number in row] for row in outputs] == [[1], [3], [6]]


def test_compile_writes_a_model_that_loads(here):
    report = data("compile", "file.py:running", "--target", "linear-rnn", "-o", "model", "--max-length", "9")
    assert report["layers"] == 1
    assert lsrl.load(here / "model").run([[1], [2]]).ravel().tolist() == [1, 3]
    assert (
        "exact: bit for bit, up to 9 steps" in run("compile", "file.py:running", "-o", "m", "--max-length", "9").stdout
    )


def test_explain_lists_what_limits_a_program():
    found = data("explain", "zoo:majority", "--target", "lstm", "--max-length", "16")
    assert [limit["name"] for limit in found["limits"]] == ["larger", "output[0]", "lead"]
    assert found["limits"][0]["margin"] == 0.5
    assert 0 < found["certified"] < found["limits"][0]["worst_case"] * 1.01
    text = run("explain", "zoo:majority", "--target", "lstm", "--top", "1").stdout
    assert "zoo:majority on lstm" in text
    assert "no decision flips while every weight of the circuit changes by at most" in text
    assert "output[0]" not in text
    assert "what makes" not in text


def test_explain_says_who_makes_a_bound(here):
    made = "x = lsrl.Input(1, range=(0, 9), integer=True)\nthirds = lsrl.Program(lsrl.cumsum(x / 3, name='sum'))\n"
    (here / "thirds.py").write_text(f"import lsrl\n{made}")
    found = data("explain", "thirds.py:thirds", "--max-length", "16")["rounding"]
    assert found["makers"][0]["name"] == found["values"][0]["name"] == "sum"
    text = run("explain", "thirds.py:thirds", "--max-length", "16").stdout
    assert "what makes the largest bound by rounding" in text
    assert "rounding: of the largest bound, 'sum'" in text


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_verify_reports_and_fails_by_its_exit_code(dtype):
    row = data("verify", "zoo:bracket_balance", "--cases", "5", "--length", "20", "--dtype", dtype)
    assert row["passed"]
    assert row["cases"] == 5
    assert run("verify", "zoo:bracket_balance", "--cases", "2").exit_code == 0


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("target", ["linear-rnn", "gated-linear-rnn"])
def test_dictionaries_are_answered_from_a_file(target):
    asked = data("incontext", "dictionary", "pairs.csv", "--ask", "BUL", "--ask", "ITA", "--target", target)
    assert asked == [{"key": "BUL", "answer": "SOF"}, {"key": "ITA", "answer": None}]
    assert "not in the prompt" in run("incontext", "dictionary", "pairs.csv", "--ask", "ITA").stdout
    assert [row["answer"] for row in data("incontext", "dictionary", "pairs.csv")] == ["VIE", "SOF"]


@pytest.mark.usefixtures("here")
def test_functions_are_approximated_from_a_file():
    rows = data("incontext", "function", "grid.csv", "--cells", "256", "--at", "0.5,0.5;1,1")
    assert [row["samples"] for row in rows] == [1, 2]
    assert all(row["error"] < 0.1 for row in rows)
    smooth = ["--order", "1", "--uneven", "--target", "gated-linear-rnn"]
    assert all(row["error"] < 0.01 for row in data("incontext", "function", "grid.csv", *smooth))


def test_brackets_in_names_are_only_brackets(here):
    (here / "odd.py").write_text(
        "import lsrl\np = lsrl.Program(lsrl.cumsum(lsrl.Input(1, range=(0, 1), integer=True)), name='[/b]x [red]')"
    )
    assert "[/b]x [red]" in run("verify", "odd.py:p", "--cases", "2").stdout
    assert "wrote x[/b].svg" in run("draw", "odd.py:p", "-o", "x[/b].svg").stdout.replace("[/b]/", "[/b]")


@pytest.mark.parametrize("options", [[], ["--exact"]])
def test_undecided_comparisons_are_warned_of_in_one_line(here, options):
    (here / "ramp.py").write_text("import lsrl\np = lsrl.Program(lsrl.larger(lsrl.Input(1), 0, width=1))")
    (here / "half.csv").write_text("1/2\n")
    command = [sys.executable, "-m", "lsrl", "run", "ramp.py:p", "--input", "half.csv", *options]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    said = "UndecidedComparisonWarning: undecided comparison: 'larger(input, 0, width=1)' is 0.5 at batch 0, step 0"
    assert found.stderr.startswith(said)
    assert found.stderr.count("\n") == 1
    assert found.stdout in ("0.5\n", "1/2\n")


def test_the_command_is_installed():
    found = subprocess.run([sys.executable, "-m", "lsrl", "--help"], capture_output=True, text=True, check=True)
    for command in ("demo", "targets", "show", "draw", "run", "compile", "verify", "incontext", "bench", "zoo"):
        assert command in found.stdout


def test_the_demo_does_its_main_job(here):
    result = data("demo", "--target", "lstm", "--output", "out")
    assert result["passed"]
    assert [(row["correct"], row["asked"]) for row in result["rows"][:2]] == [(25, 25), (61, 61)]
    assert all(row["max_error"] == 0 for row in result["rows"][:2])
    page = (here / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 4
    assert "src=" not in page
    assert page.count("AUS → VIE") == 1
    assert "25 of 25 answers are right" in page


def test_a_demo_of_several_targets_shows_a_row_for_each():
    sizes = {"layers": 3, "width": 2, "parameters": 1234, "compile_ms": 1.0, "tokens_per_second": 2e6}
    answered = {"correct": 25, "asked": 25, "max_error": 0.0, "unit": "", "rms": None, "points": 25, **sizes}
    drawn = {**answered, "job": "map, even cells", "correct": 16, "asked": 16, "points": 1755, "rms": 61.5}
    jobs = [{**answered, "job": "25 capitals"}, {**answered, "job": "61 airports"}, drawn, {**drawn, "rms": 45.0}]
    rows = [{"target": target, **job} for target in ("lstm", "gru") for job in jobs]
    summary, _ = Demo(rows=rows).shown
    assert [row["target"] for row in summary] == ["lstm", "gru"]
    assert (summary[0]["capitals"], summary[0]["map"], summary[0]["RMS"]) == ("25/25", "16/16", "61.5 m")
    assert len(Demo(rows=rows[:4]).shown[0]) == 4
    assert summary[0]["points"] == "1,755"
    assert Demo(rows=rows[:1]).summary[0].keys() == summary[0].keys()  # a table that fills keeps its columns


def test_what_all_networks_answered_is_told_once_and_what_one_got_wrong_by_name():
    asked = Asked("2 capitals", {"AUS": "VIE", "BUL": "SOF"})
    assert [asked.count("lstm", ["VIE", "SOF"]), asked.count("gru", ["VIE", None])] == [2, 1]
    assert (asked.targets, asked.answers, asked.right) == (2, 4, 3)
    assert asked.wrong == [("gru", "BUL", "not found")]


def test_an_onnx_file_is_not_said_to_have_torch_s_guarantee(here):
    report = data("compile", "zoo:parity", "--target", "gru", "--dtype", "float32", "-o", "parity.ONNX")
    assert (here / "parity.ONNX").is_file()
    assert report["guarantee"].startswith("of torch, not of ONNX")
    plain = data("compile", "zoo:parity", "--target", "rnn-relu", "--dtype", "float32", "-o", "parity.onnx")
    assert plain["guarantee"].startswith("exact")
