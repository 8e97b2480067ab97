"""Whatever a command raises: an exit code, one line, and with --json an error in JSON."""

import json

import pytest
import typer

from lsrl.cli.failures import exit_code
from lsrl.cli.options import Json
from lsrl.errors import FormatError

ENDS = [
    (None, 0, ""),
    (typer.Exit(1), 1, ""),
    (FormatError("no such\nfile"), 1, "FormatError: no such\\nfile"),
    (
        MemoryError("Unable to allocate 8 EiB"),
        1,
        "MemoryError: memory does not hold what this takes; expected a smaller",
    ),
    (OSError(28, "No space left on device", "a\nb"), 1, "OSError: [Errno 28] No space left on device: 'a\\nb'"),
    (KeyboardInterrupt(), 130, "Interrupted: stopped by Ctrl-C"),
    (typer.BadParameter("odd\n\tvalue"), 2, "UsageError: Invalid value: odd value; see lsrl --help"),
]


def code_of(problem):
    """The exit code of a command that raises this where JSON is asked for."""
    app = typer.Typer()

    @app.command()
    def command(as_json: Json = False):
        if as_json and problem is not None:
            raise problem

    return exit_code(app, ["--json"])


@pytest.mark.parametrize(("problem", "code", "line"), ENDS, ids=lambda value: type(value).__name__)
def test_what_is_raised_decides_how_a_command_ends(problem, code, line, capsys):
    assert code_of(problem) == code
    out, err = capsys.readouterr()
    assert err.startswith(line)
    assert err.count("\n") == bool(line)
    assert out == "" if not line else "{}: {}\n".format(*json.loads(out)["error"].values()) == err


def test_a_fault_of_lsrl_is_raised_and_told_in_json_too(capsys):
    with pytest.raises(KeyError):
        code_of(KeyError("a\nb"))
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": {"type": "KeyError", "message": "'a\\nb'"}}
    assert err == "KeyError: 'a\\nb'\n"
