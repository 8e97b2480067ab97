"""The benchmark that tests of it look at, and leave as it is."""

import pytest
from small_benchmark import built


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Its folder, beside which that of the keys is."""
    directory = tmp_path_factory.mktemp("benchmark") / "small"
    with pytest.MonkeyPatch.context() as monkeypatch:
        built(directory, monkeypatch)
    return directory
