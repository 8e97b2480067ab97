"""What all tests share: one thread each, since they run side by side, and checkpoints that are written once."""

import functools
import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption(
        "--integer-programs", type=int, default=15, help="random integer programs for each target and dtype"
    )
    parser.addoption("--kills", type=int, default=12, help="random moments at which a save is killed")
    parser.addoption("--steps", type=int, default=300, help="steps that each of them runs")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A function of a program, a target and a length: the folder of that checkpoint, which tests leave as it is."""
    import lsrl

    @functools.cache
    def saved(program, target, max_length=None):
        folder = tmp_path_factory.mktemp(target) / "model"
        lsrl.compile(program, target, max_length=max_length).save(folder)
        return folder

    return saved


@pytest.fixture(scope="session")
def benchmark_folder(tmp_path_factory):
    """A small benchmark, which tests leave as it is, beside which the folder of its keys is: `small-keys`."""
    from small_benchmark import built

    directory = tmp_path_factory.mktemp("benchmark") / "small"
    with pytest.MonkeyPatch.context() as monkeypatch:
        built(directory, monkeypatch)
    return directory


def pytest_terminal_summary(terminalreporter):
    """Say once why pages were tried in no browser: a skipped test is else a letter among thousands."""
    reasons = {report.longrepr[2] for report in terminalreporter.stats.get("skipped", ()) if report.longrepr}
    missing = sorted(reason.removeprefix("Skipped: ") for reason in reasons if "make test-browser" in reason)
    if missing:
        terminalreporter.write_line(f"not tested: {'; '.join(missing)}")
