"""What tests of sweeps compare with."""

import pytest
from sample_sweep import bits, run


@pytest.fixture(scope="session")
def expected(tmp_path_factory):
    """The results of the sample sweep, bit for bit."""
    return bits(run(tmp_path_factory.mktemp("expected")).frame)
