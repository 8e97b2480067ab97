"""Cases: the truth in them is the truth, and what is damaged or foreign is refused in a line."""

import json
import shutil

import numpy as np
import pytest

from lsrl import FormatError, LsrlError, ProgramError, zoo
from lsrl.benchmark import Benchmark, Case
from lsrl.interp import methods, with_weights


@pytest.fixture(scope="module")
def benchmark(benchmark_folder):
    return Benchmark.load(benchmark_folder, benchmark_folder.parent / "small-keys")


def exact_cases(benchmark):
    return [case for case in benchmark if case.task["form"] != "fine-tuned"]


def test_every_site_of_every_case_holds(benchmark):
    kinds = set()
    for case in exact_cases(benchmark):
        for check in case.verify():
            assert check.holds, (case.name, str(check))
            kinds.add(check.kind)
    assert kinds == {"value", "continuing"}


def test_the_oracle_is_right_about_every_case_and_the_circuit_is_of_it(benchmark):
    for case in exact_cases(benchmark):
        (variable,) = case.variables
        found = case.score(methods.Oracle(case.site(variable), case.key), variable)
        assert (found.accuracy, found.at_site) == (1.0, 1.0), case.name
        assert found.angle == pytest.approx(0, abs=1e-6), case.name
        assert case.circuit.in_graph


def test_places_say_where_variables_are_to_code_that_knows_nothing_of_lsrl(benchmark):
    """Read by `sites.json` alone, from the activations of the hooked network, a variable is what the program says."""
    for case in exact_cases(benchmark):
        (variable,) = case.variables
        pairs = case.pairs(variable, "test")
        places = json.loads((case.truth / "sites.json").read_text())[variable]["value"]
        read = np.zeros((*pairs.base.shape[:2], 1))
        for place in places:
            (output,) = outputs_of(case.model, pairs.base, [place["modules"][-1]])
            number = output[..., place["channels"]] @ np.array(place["read"])
            read[..., place["component"]] += place["scale"] * number
        read += places[0]["offset"]
        np.testing.assert_allclose(read, case.model.program.trace(pairs.base)[variable], atol=1e-6, err_msg=case.name)


def outputs_of(model, x, modules):
    """What modules put out (batch, T, n), in a run that hooks only watch."""
    import torch

    network, found = model.hooked(), {module: [] for module in modules}
    for module in modules:
        network.get_submodule(module).register_forward_hook(
            lambda _, __, output, module=module: found[module].append(
                (output[0] if isinstance(output, tuple) else output).detach().numpy()
            )
        )
    with torch.no_grad():
        network(torch.tensor(x.astype(model.dtype)))
    stacked = [np.stack(seen, 1) if seen[0].ndim == 2 else seen[0] for seen in found.values()]
    return [output[:, network.positions_before :] for output in stacked]


def test_edited_weights_break_the_sites_that_they_are_about(benchmark):
    case = benchmark["bracket_balance.lstm.plain"]
    reading = case.model.network.arrays["recurrent.weight_ih_l2"]
    checks = case.verify(with_weights(case.model, {"recurrent.weight_ih_l2": -reading}))
    assert not any(check.holds for check in checks)
    assert "does not hold: " in str(checks[0])


def test_a_network_that_was_trained_on_says_what_is_left_of_its_sites(benchmark):
    case = benchmark["bracket_balance.lstm.fine-tuned"]
    (row,) = benchmark.index.filter(benchmark.index["case"] == case.name).to_dicts()
    value, continuing = case.verify()
    assert {value.kind, continuing.kind} == {"value", "continuing"}
    assert 0 <= value.agreeing <= value.pairs == 48
    assert 0 <= row["interchange_accuracy"] <= 1
    assert case.task["fine_tuning"] in (case.folder / "README.md").read_text()
    assert row["nonzeros"] > row["nonzeros_before"]


def test_a_private_case_is_scored_without_the_truth_and_not_verified(benchmark_folder):
    case = Benchmark.load(benchmark_folder)["two_thirds.linear-rnn.disguised"]
    assert (case.site("lead"), case.key, case.circuit) == (None, None, None)
    found = case.score(methods.FullVector(), "lead")
    assert (found.accuracy, found.at_site) == (1.0, None)
    with pytest.raises(ProgramError, match="two_thirds.linear-rnn.disguised is private; expected the folder"):
        case.verify()


def test_what_is_asked_for_has_to_be_there(benchmark):
    case = benchmark["bracket_balance.lstm.plain"]
    for asked, message in [
        (lambda: benchmark["balance"], "'balance' is no case of .*; expected one such as bracket_balance.lstm.plain"),
        (lambda: case.pairs("height"), "'height' is no variable of bracket_balance.lstm.plain; expected depth"),
        (lambda: case.pairs("depth", "all"), "has no pairs 'pairs/depth-all.parquet'; expected one of"),
    ]:
        with pytest.raises(LsrlError, match=message):
            asked()


DAMAGE = {
    "no folder": shutil.rmtree,
    "no task": lambda folder: (folder / "interp.json").unlink(),
    "no JSON": lambda folder: (folder / "interp.json").write_text("{"),
    "another format": lambda folder: edit(folder / "interp.json", format="lsrl-model"),
    "a file elsewhere": lambda folder: edit(folder / "interp.json", files={"../../index.parquet": "0" * 64}),
    "a variable of nothing": lambda folder: edit(folder / "interp.json", variables={"depth": {}}),
    "variables in a list": lambda folder: edit(folder / "interp.json", variables=["depth"]),
    "other weights": lambda folder: (folder / "checkpoint" / "model.safetensors").write_bytes(b"0"),
    "no pairs": lambda folder: (folder / "pairs" / "depth-test.parquet").unlink(),
    "other sites": lambda folder: edit(folder / "sites.json", depth={}),
}


def edit(path, **fields):
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_case_is_refused_in_a_line(damage, benchmark_folder, tmp_path):
    folder = tmp_path / "case"
    shutil.copytree(benchmark_folder / "cases" / "bracket_balance.lstm.plain", folder)
    DAMAGE[damage](folder)
    with pytest.raises(FormatError) as refused:
        Case.load(folder)
    assert "\n" not in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_damaged_keys_are_refused_in_a_line(benchmark_folder, tmp_path):
    name = "two_thirds.linear-rnn.disguised"
    keys = tmp_path / "keys"
    shutil.copytree(benchmark_folder.parent / "small-keys", keys)
    (keys / name / "sites.json").write_text("[]")
    (keys / name / "key.json").write_text("[]")
    case = Benchmark.load(benchmark_folder, keys)[name]
    for asked in (lambda: case.site("lead"), lambda: case.key):
        with pytest.raises(FormatError, match=str(keys)):
            asked()


def test_a_case_of_another_benchmark_is_refused(benchmark_folder, tmp_path):
    place, name = tmp_path / "copy", "bracket_balance.lstm.plain"
    shutil.copytree(benchmark_folder, place)
    edit(place / "cases" / name / "interp.json", summary="something else")
    Case.load(place / "cases" / name)  # alone, it is a case
    with pytest.raises(FormatError, match="is not the case that index.parquet is about"):
        Benchmark.load(place)[name]


def test_a_folder_without_an_index_is_no_benchmark(tmp_path):
    with pytest.raises(FormatError, match="the index of a benchmark"):
        Benchmark.load(tmp_path)
    (tmp_path / "index.parquet").write_bytes(b"PAR1")
    with pytest.raises(FormatError, match="is no index of a benchmark"):
        Benchmark.load(tmp_path)


def test_programs_of_the_zoo_are_those_that_the_cases_compute(benchmark):
    for case in exact_cases(benchmark):
        entry, rng = zoo.get(case.task["program"]), np.random.default_rng(0)
        x = np.stack([entry.sample(rng, 40) for _ in range(8)])
        assert (case.model.run(x) == np.stack([entry.expected(one) for one in x])).all(), case.name
