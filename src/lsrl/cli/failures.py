"""How the command line ends: an exit code, and for a failure one line, with --json also `{"error": …}`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import typer

from lsrl.cli.terminal import READER_GONE, prepare_streams, print_json, print_output, print_problem
from lsrl.errors import LsrlError, one_line

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
"""The exit codes of an error (or of what did not pass), of arguments that no command takes, and of Ctrl-C."""


def exit_code(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; 0 when it did what it should.

    What arguments, files, the machine or the output do not allow ends in one line on standard error, and with `--json`
    in `{"error": {"type": …, "message": …}}` on standard output. Anything else is a fault of LSRL and is raised.
    """
    as_json = "--json" in arguments
    prepare_streams()
    try:
        print_output("")
        # Without a command, say which there are.
        code = app(list(arguments) or ["--help"], prog_name="lsrl", standalone_mode=False)
        print_output("")
    except typer.Exit as end:
        code = end.exit_code
    except SystemExit:  # how typer and rich end where they find a pipe closed
        code = READER_GONE
    except KeyboardInterrupt:
        code = INTERRUPTED
    except typer.TyperException as problem:
        return _reported("UsageError", _usage_problem(problem), MISUSED, as_json)
    except MemoryError:
        message = "memory does not hold what this takes; expected a smaller file, length or network"
        return _reported("MemoryError", message, FAILED, as_json)
    except (LsrlError, OSError) as problem:
        return _reported(type(problem).__name__, str(problem), FAILED, as_json)
    except Exception as problem:
        _reported(type(problem).__name__, str(problem), FAILED, as_json)
        raise
    if code == INTERRUPTED:  # what typer makes of Ctrl-C
        return _reported("Interrupted", "stopped by Ctrl-C", INTERRUPTED, as_json)
    return code or 0


def _usage_problem(problem: typer.TyperException) -> str:
    context = getattr(problem, "ctx", None)
    command = "lsrl" if context is None else context.command_path
    message = " ".join(problem.format_message().split())
    return f"{message.rstrip('.')}; see {command} --help"


def _reported(kind: str, message: str, code: int, as_json: bool) -> int:
    print_problem(kind, message)
    if as_json:
        with suppress(LsrlError, typer.Exit):  # where the output is the problem
            print_json({"error": {"type": kind, "message": one_line(message)}})
    return code
