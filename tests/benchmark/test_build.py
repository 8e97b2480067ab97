"""What `lsrl benchmark build` writes: whole cases, an index that describes itself, and nothing private."""

import json
import shutil

import numpy as np
import polars
import pytest
from small_benchmark import PROGRAMS, built

import lsrl
from lsrl import zoo
from lsrl.benchmark import Benchmark
from lsrl.benchmark.case_folder import TRUTH, pairs_file
from lsrl.benchmark.selection import FORMS, chosen_programs, chosen_targets, variables_of

PUBLIC = ["bracket_balance.lstm", "bracket_balance.mamba"]


def test_every_program_has_a_folder_for_each_target_and_form(benchmark_folder):
    names = {f"{name}.{target}.{form}" for name in PROGRAMS for target in PROGRAMS[name] for form in FORMS}
    there = {path.name for path in (benchmark_folder / "cases").iterdir()}
    left_out = set(polars.read_csv(benchmark_folder / "left_out.csv")["case"])
    expected = {*names, *(f"bracket_balance.{target}.fine-tuned" for target in ("lstm", "mamba"))} - left_out
    assert there == {name for name in expected if not name.startswith("zero_crossings")}
    assert "zero_crossings" in left_out  # it has no variable to find


def test_the_index_has_what_the_folders_have(benchmark_folder):
    index = polars.read_parquet(benchmark_folder / "index.parquet")
    assert sorted(index["case"]) == sorted(path.name for path in (benchmark_folder / "cases").iterdir())
    for row in index.to_dicts():
        task = json.loads((benchmark_folder / "cases" / row["case"] / "interp.json").read_text())
        assert {task[name] == row[name] for name in ("program", "target", "form", "split", "guarantee")} == {True}


def test_the_metadata_describe_the_columns_and_are_of_this_table(benchmark_folder):
    about = json.loads((benchmark_folder / "croissant.json").read_text())
    index = polars.read_parquet(benchmark_folder / "index.parquet")
    table, pairs = about["recordSet"]
    assert [field["name"] for field in table["field"]] == index.columns
    (some,) = (benchmark_folder / "cases" / "bracket_balance.lstm.plain" / "pairs").glob("depth-test.parquet")
    assert {field["name"] for field in pairs["field"]} == set(polars.read_parquet(some).columns)
    from hashlib import sha256

    assert about["distribution"][0]["sha256"] == sha256((benchmark_folder / "index.parquet").read_bytes()).hexdigest()


def test_the_truth_about_private_cases_is_only_in_the_folder_of_keys(benchmark_folder):
    name = "two_thirds.linear-rnn.disguised"
    folder = benchmark_folder / "cases" / name
    assert not any((folder / truth).exists() for truth in TRUTH)
    assert all((benchmark_folder.parent / "small-keys" / name / truth).exists() for truth in TRUTH)
    assert not lsrl.load(folder / "checkpoint").sites
    assert "2**63" not in (folder / "interp.json").read_text()
    for form in ("plain", "decoy"):
        assert Benchmark.load(benchmark_folder)[f"two_thirds.linear-rnn.{form}"].site("lead") is not None


def test_private_disguises_are_drawn_from_a_secret(benchmark_folder, tmp_path, monkeypatch):
    built(tmp_path / "other", monkeypatch, {"bracket_balance": [], "two_thirds": ["linear-rnn"]})
    name = "two_thirds.linear-rnn"
    ours, theirs = (Benchmark.load(place) for place in (benchmark_folder, tmp_path / "other"))
    same = {}
    for form in ("plain", "disguised"):
        arrays = [found[f"{name}.{form}"].model.network.arrays for found in (ours, theirs)]
        same[form] = all(np.array_equal(arrays[0][key], arrays[1][key]) for key in arrays[0])
    assert same == {"plain": True, "disguised": False}


def test_a_second_build_writes_only_what_is_missing_or_changed(tmp_path, monkeypatch):
    programs = {"two_thirds": ["linear-rnn"], "majority": ["linear-rnn"]}
    directory = tmp_path / "benchmark"
    first = built(directory, monkeypatch, programs)
    assert first.sweep.taken_over == 0
    assert built(directory, monkeypatch, programs).sweep.taken_over == 2
    weights = directory / "cases" / "two_thirds.linear-rnn.plain" / "checkpoint" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    again = built(directory, monkeypatch, programs)
    assert again.sweep.taken_over == 1
    assert again.index.equals(first.index)
    shutil.rmtree(tmp_path / "benchmark-keys" / "majority.linear-rnn.disguised")
    assert built(directory, monkeypatch, programs).sweep.taken_over == 1


def test_a_card_says_how_to_run_each_kind_of_network(benchmark_folder):
    cards = {path.parent.name: path.read_text() for path in (benchmark_folder / "cases").glob("*/README.md")}
    assert "torch.nn.LSTM(**" in cards["bracket_balance.lstm.plain"]
    assert "checkpoint/README.md" in cards["bracket_balance.mamba.plain"]
    assert "csr_array" in cards["two_thirds.linear-rnn.plain"]
    assert "This case is private" in cards["two_thirds.linear-rnn.disguised"]
    assert all("`depth: 1 = cumsum(symbol)`" in cards[f"{name}.plain"] for name in PUBLIC)


def test_the_code_on_a_torch_card_runs(benchmark_folder, monkeypatch):
    folder = benchmark_folder / "cases" / "bracket_balance.lstm.plain"
    card = (folder / "README.md").read_text()
    code = card.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(folder)
    namespace = {}
    exec(compile(code, "card", "exec"), namespace)
    assert namespace["y"].detach().ravel().tolist() == [1.0] * 5


@pytest.mark.parametrize("size", ["quick", "default"])
def test_what_is_chosen_is_in_the_zoo_and_has_variables(size):
    programs = chosen_programs(size)
    assert len(programs) == len(set(programs)) >= {"quick": 12, "default": 60}[size]
    assert all(variables_of(zoo.get(name)) for name in programs)
    assert all(len(chosen_targets(size, name)) >= (4 if size == "quick" else 1) for name in programs)


def test_the_benchmark_of_all_has_the_whole_zoo():
    assert chosen_programs("all") == zoo.names()


def test_names_of_variables_are_names_of_files_wherever_they_lead():
    assert pairs_file("../a/b", "test", "value") == "pairs/..%2fa%2fb-test.parquet"
