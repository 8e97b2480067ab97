"""A test that hangs is a failure with a stack, not a suite that never ends."""

import subprocess
import sys
from pathlib import Path

import pytest

SETTINGS = Path(__file__).parent.parent / "pyproject.toml"


@pytest.mark.parametrize("side_by_side", [[], ["-n", "1"]], ids=["alone", "among workers of xdist"])
def test_a_test_that_hangs_in_c_fails_and_shows_where(tmp_path, side_by_side):
    test = "import ctypes\n\n\ndef test_hangs():\n    ctypes.PyDLL(None).pause()  # no other thread runs meanwhile\n"
    (tmp_path / "test_wait.py").write_text(test)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        str(SETTINGS),
        "--rootdir",
        str(tmp_path),
        "-p",
        "no:cacheprovider",
    ]
    limit = ["-o", "faulthandler_timeout=1"]
    ended = subprocess.run(
        [*command, *limit, *side_by_side, str(tmp_path)], capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode != 0
    assert 'test_wait.py", line 5 in test_hangs' in ended.stdout + ended.stderr
