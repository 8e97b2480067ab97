"""Running the command line as its users do, in this process or in one of its own."""

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest
from typer.main import get_command

from lsrl.cli.commands import app, main

PROGRAM = """
import lsrl
x = lsrl.Input(1, range=(0, 9), integer=True, name="x")
running = lsrl.Program(lsrl.cumsum(x, name="sum"), name="running")
number = 5
"""

FILES = {
    "file.py": PROGRAM,
    "x.csv": "1\n2\n3\n",
    "pairs.csv": "AUS,VIE\nBUL,SOF\n",
    "grid.csv": "0,1\n1,2\n",
    "parity.json": '{"transitions": [[0, 1], [1, 0]], "accepting": [1]}',
}


def write_files(folder):
    for name, text in FILES.items():
        (folder / name).write_text(text)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def error(self):
        """What --json printed of the error, which must be strict JSON and nothing else."""
        found = json.loads(self.out, parse_constant=pytest.fail)
        assert list(found) == ["error"]
        assert list(found["error"]) == ["type", "message"]
        return found["error"]

    def assert_one_line(self):
        """Standard error holds one printable line of bounded length."""
        assert self.err.endswith("\n")
        assert self.err[:-1].isprintable()
        assert len(self.err) < 1100


command_of = functools.cache(get_command)


def run_here(capsys, monkeypatch, *arguments):
    """Run a command in this process; what is not an `LsrlError`, OS error or usage error is raised."""
    monkeypatch.setattr(sys, "argv", ["lsrl", *arguments])
    monkeypatch.setattr("lsrl.cli.commands.app", command_of(app))  # which typer would make anew for every call
    with pytest.raises(SystemExit) as ended:
        main()
    return Ended(ended.value.code, *capsys.readouterr())


def run_apart(command, **environment):
    """Run a line of sh, in which `lsrl` is the command, in a process of its own."""
    script = f'lsrl() {{ "{sys.executable}" -m lsrl "$@"; }}\n{command}'
    found = subprocess.run(["sh", "-c", script], capture_output=True, env={**os.environ, **environment}, check=False)
    return Ended(found.returncode, found.stdout.decode(), found.stderr.decode())
