"""Bad input of every kind to every command: one line, the right exit code, and with --json an error in JSON."""

import pytest
import typer

from command_line import run_here, write_files
from lsrl.cli.commands import app

LONG = "a" * 5000
ODD = "a\x1b]0;title\x07\x9b31m\n\u202e\udcff→"
NUMBERS = ("", "x", "1.5", "-1", "9" * 5000)
NAMES = ("", "nosuch", ODD, LONG)
INPUTS = ("", ".", "nosuch", "nosuch/below", "x.csv/below", "a\0b", ODD, LONG)
OUTPUTS = ("", "x.csv/below", "a\0b", LONG, f"{LONG}.svg", f"{LONG}.onnx", "x.csv/below.svg", "x.csv/below.onnx")
FOLDERS = ("", "x.csv/below", "a\0b", LONG)

PROGRAM = ["file.py:running"]
COMMANDS = {
    "targets": [],
    "zoo": [],
    "show": PROGRAM,
    "draw": [*PROGRAM, "--output", "x.svg"],
    "explore": [*PROGRAM, "--output", "x.html"],
    "run": [*PROGRAM, "--input", "x.csv", "--target", "linear-rnn"],
    "compile": [*PROGRAM, "--output", "model"],
    "verify": [*PROGRAM, "--cases", "2", "--length", "3"],
    "check": ["model"],
    "explain": PROGRAM,
    "automaton": ["parity.json"],
    "bench": [],
    "demo": ["--output", "out"],
    "incontext dictionary": ["pairs.csv"],
    "incontext function": ["grid.csv"],
    "study": ["noise", "--output", "out"],
    "benchmark build": ["out", "--quick"],
    "benchmark run": ["out"],
}
"""Every command with arguments that it takes."""

SPECS = (
    "",
    ":",
    "file.py",
    "file.py:",
    "file.py:nosuch",
    "file.py:number",
    f"file.py:{ODD}",
    f"file.py:{LONG}",
    "nosuch.py:running",
    ".py:running",
    "x.csv/below.py:running",
    "folder.py:running",
    f"{ODD}.py:running",
    f"{LONG}.py:running",
    "a\0b.py:running",
    "nosuch.json",
    "folder.json",
    "x.csv/below.json",
    f"{ODD}.json",
    f"{LONG}.json",
    "a\0b.json",
    "zoo:",
    "zoo:nosuch",
    f"zoo:{ODD}",
    f"zoo:{LONG}",
    ODD,
    LONG,
)

WRONG = {
    "spec": SPECS,
    "--target": NAMES,
    "--dtype": NAMES,
    "--max-length": (*NUMBERS, "0", "9" * 30),
    "--cases": (*NUMBERS, "0", "9" * 30),
    "--length": (*NUMBERS, "0", "9" * 30),
    "--top": (*NUMBERS, "0"),
    "--cells": (*NUMBERS, "0", "9" * 30),
    "--order": (*NUMBERS, "2"),
    "--seed": NUMBERS,
    "--workers": (*NUMBERS, "0", "9" * 30),
    "--input": INPUTS,
    "--output": OUTPUTS,
    "--text": ("", "1 2", ODD, LONG),
    "--measure": ("", "x.csv", "x.csv/below", "a\0b", LONG),
    "pairs": (*INPUTS, "x.csv"),
    "samples": (*INPUTS, "x.csv", "pairs.csv"),
    "checkpoint": (*INPUTS, "x.csv", "folder.py"),
    "name": NAMES,
    "--at": ("", "here", "1", "1,2,3", "2,2", "nan,0", "1,2;3", ODD, LONG),
    "--ask": ("", "A", ODD, LONG),
    "source": (*INPUTS, "x.csv", "folder.json"),
    "--pattern": ("(01)*",),  # beside a file
    "--alphabet": ("", "01"),
    "--draw": OUTPUTS,
    "directory": FOLDERS,
    "--keys": FOLDERS,
    "--methods": NAMES,
}
"""For every parameter, values that no command takes."""

FLAGS = {"--json", "--exact", "--quick", "--uneven", "--table", "--all", "--robust", "--primitives"}
ELSEWHERE = {"--device", "--cluster"}
"""What only torch and Dask can judge: tested with checkpoints and sweeps."""


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    for name in ("folder.py", "folder.json"):
        (tmp_path / name).mkdir()
    return lambda *arguments: run_here(capsys, monkeypatch, *arguments)


def commands(group, prefix=""):
    """Every command of the app, by its whole name."""
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, f"{name} ")
        else:
            yield prefix + name, one


TAKEN = {
    name: [one.opts[0] if one.opts[0].startswith("--") else one.name for one in command.params]
    for name, command in commands(typer.main.get_command(app))
}
"""What every command takes: options by their long name, arguments by their own."""

CASES = [
    (command, parameter, value)
    for command, taken in TAKEN.items()
    for parameter in taken
    for value in WRONG.get(parameter, ())
]


def with_value(command, parameter, value):
    """The command's arguments with this value for that parameter."""
    arguments = list(COMMANDS[command])
    if not parameter.startswith("--"):
        return [*command.split(), *arguments[1:], "--", value]
    if parameter in arguments:
        place = arguments.index(parameter)
        del arguments[place : place + 2]
    return [*command.split(), *arguments, parameter, value]


def test_every_command_and_parameter_is_tried():
    assert set(TAKEN) == set(COMMANDS)
    assert {parameter for taken in TAKEN.values() for parameter in taken} == {*WRONG, *FLAGS, *ELSEWHERE}


@pytest.mark.parametrize(("name", "parameter", "value"), CASES, ids=lambda text: ascii(text)[:24])
def test_a_wrong_value_ends_in_one_line(command, name, parameter, value):
    given = with_value(name, parameter, value)
    ended = command(*given[: len(name.split())], "--json", *given[len(name.split()) :])
    assert ended.code in (1, 2)
    ended.assert_one_line()
    assert ended.err == f"{ended.error['type']}: {ended.error['message']}\n"
    assert (ended.error["type"] == "UsageError") == (ended.code == 2)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("more", [["--nosuch"], [f"--{ODD}"], [f"--{LONG}"], ["too", "many"], ["--json=maybe"]])
def test_arguments_that_no_command_takes_are_misuse(command, name, more):
    ended = command(*name.split(), *COMMANDS[name], *more)
    assert ended.code == 2
    assert ended.out == ""
    ended.assert_one_line()
    assert ended.err.startswith("UsageError: ")
    assert ended.err.endswith((f"; see lsrl {name} --help\n", "; see lsrl --help\n"))


@pytest.mark.parametrize("name", [name for name in COMMANDS if COMMANDS[name] and name not in ("demo", "automaton")])
def test_missing_arguments_are_misuse(command, name):
    ended = command(*name.split(), "--json")
    assert ended.code == 2
    assert ended.error["message"].startswith("Missing ")


@pytest.mark.parametrize("arguments", [["nosuch"], [ODD], [LONG], [""], ["incontext"], ["incontext", "nosuch"]])
def test_a_command_that_is_none_is_misuse(command, arguments):
    ended = command(*arguments)
    assert ended.code == 2
    ended.assert_one_line()
    assert command("--json", *arguments).error["type"] == "UsageError"


def test_without_a_command_the_commands_are_listed(command):
    ended = command()
    assert ended.code == 0
    assert all(name.split()[0] in ended.out for name in COMMANDS)
