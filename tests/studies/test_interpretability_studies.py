"""Studies of what interpretability finds: cells that are measured, and tables that say what came out."""

import polars
import pytest

from lsrl.cli.study_commands import ALL, NAMES
from lsrl.studies import STUDIES, circuits, disguises, interchange, localization, realism


def first_row(study, **wanted):
    """The table's row of the first cell with these parameters."""
    cell = next(cell for cell in study.cells(True) if wanted.items() <= dict(cell.parameters).items())
    rows = [{**cell.parameters, **row} for row in study.measure(cell, 0)]
    (shown,) = study.table(polars.DataFrame(rows))
    return shown


def test_the_command_line_knows_every_study():
    assert set(NAMES) == {*STUDIES, ALL}


@pytest.mark.parametrize("target", ["linear-rnn", "gru"])
def test_disguises_change_no_answer_and_the_weights(target):
    study = disguises.STUDY
    cell = next(cell for cell in study.cells(False) if cell.parameters["architecture"] == target)
    (row,) = study.measure(cell, 0)
    assert row["refused"] == ""
    assert row["checked"] >= 100 * min(1000, cell.parameters["length"] or 1000)
    assert row["after"] >= row["before"]
    (shown,) = study.table(polars.DataFrame([{**cell.parameters, **row}]))
    assert (shown["target"], shown["networks"], shown["refused"]) == (target, 1, 0)


def test_circuits_are_found_by_who_looks_at_what_happens_and_not_by_gradients_of_saturated_comparisons():
    wanted = {"program": "bracket_balance", "architecture": "lstm"}
    exact = first_row(circuits.STUDY, method="exact patching", **wanted)
    assert exact["exact patching"].startswith("1.00 / ")
    attributed = first_row(circuits.STUDY, method="attribution patching", **wanted)
    assert int(attributed["no gradient"].rstrip("%")) > 50


def test_the_oracle_finds_every_variable_and_a_random_direction_no_window():
    wanted = {"program": "moving_sum", "architecture": "lstm"}
    assert first_row(localization.STUDY, method="oracle", **wanted)["lstm"] == "1.00"
    assert float(first_row(localization.STUDY, method="random direction", **wanted)["lstm"]) < 0.5


def test_exchanges_agree():
    shown = first_row(interchange.STUDY, architecture="gru")
    assert (shown["target"], shown["wrong"]) == ("gru", 0)


def test_disguises_leave_fewer_zeros_and_every_site_holds():
    wanted = {"program": "two_thirds", "architecture": "lstm"}
    plain, disguised = (first_row(realism.STUDY, form=form, **wanted) for form in ("plain", "disguised"))
    assert (plain["right"], plain["IIA"], disguised["right"], disguised["IIA"]) == ("100%", "1.00", "100%", "1.00")
    assert int(plain["weights 0"].rstrip("%")) >= int(disguised["weights 0"].rstrip("%"))
    assert plain["rank"] == "–"  # of one unit a layer


def test_fine_tuned_networks_have_few_weights_that_are_0_and_nearly_all_answers():
    tuned = first_row(realism.STUDY, program="two_thirds", architecture="lstm", form="fine-tuned")
    assert int(tuned["weights 0"].rstrip("%")) < 20
    assert int(tuned["right"].rstrip("%")) > 95
    assert float(tuned["IIA"]) > 0.9
