"""Standard streams of every kind: full, closed, without a reader, without Unicode, terminals of any width."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from io import StringIO

import pytest
from rich.console import Console

from command_line import Ended, run_apart, run_here, write_files
from lsrl import bench, zoo
from lsrl.cli.terminal import Rows
from lsrl.demo.results import Demo
from lsrl.errors import FormatError

ASCII = {"PYTHONIOENCODING": "ascii"}
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
NO_ROOM = "FormatError: cannot write to standard output: No space left on device; expected a place with room\n"
CLOSED = "FormatError: standard output is closed; expected a terminal, a pipe or a file to print to\n"

PRINTING = ["zoo", "zoo --json", "show zoo:majority", "run file.py:running -i x.csv", "--help"]
"""Commands that print in every way there is: tables, JSON, text, help."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    (tmp_path / "accents.py").write_text(
        "import lsrl\nx = lsrl.Input(1, range=(0, 1), integer=True)\n"
        "p = lsrl.Program(lsrl.delay(x, 1, name='größe'), name='größe → 😀')",
        encoding="utf-8",
    )
    return tmp_path


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("arguments", PRINTING)
def test_an_output_without_room_is_one_line(arguments):
    assert run_apart(f"lsrl {arguments} > /dev/full") == Ended(1, "", NO_ROOM)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("arguments", ["zoo", "zoo --json", "compile file.py:running -o model"])
def test_a_closed_output_is_one_line_before_anything_is_done(here, arguments):
    assert run_apart(f"lsrl {arguments} >&-") == Ended(1, "", CLOSED)
    assert not (here / "model").exists()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("arguments", PRINTING)
def test_an_output_without_a_reader_is_quiet(arguments):
    # The reader is gone before anything is written: `lsrl` waits for its end.
    ended = run_apart(
        f"mkfifo gate; {{ cat gate > /dev/null; lsrl {arguments}; echo $? > code; }} | : > gate; cat code"
    )
    assert ended == Ended(0, "141\n", "")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("place", ["2>&-", "2>/dev/full"])
def test_where_nobody_can_be_told_the_exit_code_tells(place):
    assert run_apart(f"lsrl show nothing {place}") == Ended(1, "", "")
    ended = run_apart(f"lsrl compile file.py:running -o model --json {place}")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["written"] == "model"
    assert run_apart("lsrl check model --json").error["message"].startswith("model is a model for 'linear-rnn'")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("environment", [ASCII, C_LOCALE], ids=["ascii", "C locale"])
def test_what_an_encoding_has_not_is_escaped(environment):
    arguments = "accents.py:p", "--cases", "2"
    text = run_apart(f"lsrl verify {' '.join(arguments)}", **environment)
    assert (text.code, text.err) == (0, "")
    assert "gr\\xf6\\xdfe \\u2192 \\U0001f600" in text.out
    data = run_apart(f"lsrl verify {' '.join(arguments)} --json", **environment)
    assert json.loads(data.out)["program"] == "größe → 😀"
    assert run_apart("lsrl show größe.json", **environment).err.startswith("FormatError: cannot read gr")
    assert "points of [0, 1]\\xb2" in run_apart("lsrl incontext function --help", **environment).out


PROGRESS = {
    "targets": "compiling what each may express",
    "draw file.py:running -o x.svg": "drawing",
    "run file.py:running -i x.csv": "running",
    "compile file.py:running -o model": "writing model",
    "verify file.py:running --cases 2": "verifying running on linear-rnn",
    "check model": "checking model",
    "explain file.py:running": "explaining",
    "bench": "one figure",
    "demo": "elevation",
    "incontext dictionary pairs.csv": "compiling and asking",
    "incontext function grid.csv": "compiling and asking",
    "study noise": "noise",
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("arguments", "shown"), PROGRESS.items())
def test_long_commands_show_progress_on_terminals_alone(arguments, shown, monkeypatch, capsys):
    monkeypatch.setattr("lsrl.bench.figures", lambda quick: [bench.Figure("one figure", 1.0, "s")])
    monkeypatch.setattr("lsrl.expressiveness.expressiveness", _stopped)
    monkeypatch.setattr("lsrl.demo.tasks.run_demo", lambda targets, output, note: _stopped(note(Demo(), "elevation")))
    monkeypatch.setattr("lsrl.studies.conducted", lambda *_, progress, **__: _stopped(progress(1, 2)))
    piped = run_here(capsys, monkeypatch, *arguments.split())
    assert piped.err.count("\n") == piped.code
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes the streams for terminals
    assert shown in run_here(capsys, monkeypatch, *arguments.split(), "--json").err


def _stopped(*_):
    raise FormatError("far enough for a test")


def on_terminal(columns, *arguments):
    """What a command prints on a terminal that is so wide, both streams together."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    command = [sys.executable, "-m", "lsrl", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment | {"NO_COLOR": "1"}):
        os.close(theirs)
        text = b""
        try:
            while found := os.read(ours, 2**16):
                text += found
        except OSError:  # how Linux says that the other side is closed
            pass
    os.close(ours)
    return text.decode()


@pytest.mark.usefixtures("here")
def test_a_narrow_terminal_breaks_no_word_and_no_colour_is_none():
    text = on_terminal(40, "zoo")
    assert all(f"zoo:{name} " in text for name in zoo.names())
    assert max(map(len, re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines())) == 40
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", text)


@pytest.mark.usefixtures("here")
def test_progress_leaves_a_terminal_as_it_was():
    text = on_terminal(80, "verify", "file.py:running", "--cases", "2")
    assert "verifying running on linear-rnn" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "worst error" in text


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120])
def test_tables_fit_their_width_and_keep_every_word(width):
    rows = [{"name": "alpha_beta", "what it is": "a word or two of it", "count": 12345, "none": None}] * 2
    console = Console(width=width, file=StringIO())
    console.print(Rows(rows, title="all of them"))
    text = console.file.getvalue()
    assert all(len(line) <= width for line in text.splitlines())
    assert all(text.count(word) >= 2 for word in ("alpha_beta", "word", "12,345"))
    assert text.count("all of them") == 1
