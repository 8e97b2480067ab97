"""The README's lines that load a checkpoint and generate, where LSRL cannot be imported."""

import subprocess
import sys
from pathlib import Path

import pytest

import lsrl
from stock_models import WITHOUT_LSRL

pytest.importorskip("transformers")

README = Path(__file__).parents[2] / "README.md"


def test_the_ten_lines_in_the_readme_generate_without_lsrl(tmp_path):
    words = lsrl.TokenMap(3, max_pairs=64)
    lsrl.compile(words.program, "mamba", max_length=words.max_length).save(tmp_path / "dictionary-mamba")
    behind = README.read_text(encoding="utf-8").partition("and nothing else:\n\n```python\n")[2]
    code, rest = behind.split("```\n\n```text\n", 1)
    assert len([line for line in code.splitlines() if line]) <= 10
    command = [sys.executable, "-c", WITHOUT_LSRL + code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == rest.partition("```")[0], done.stderr[-2000:]
