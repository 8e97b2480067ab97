"""Programs in Python files: whatever the file does, the command ends in its own way."""

import json

import pytest

from command_line import PROGRAM, run_apart, run_here

FAILING = {
    "1 / 0": "failed with ZeroDivisionError: division by zero in line 1",
    "\n\nimport nosuch": "failed with ModuleNotFoundError: No module named 'nosuch' in line 3",
    "x = = 1": "failed with SyntaxError: invalid syntax (given.py, line 1)",
    "\0": "failed with ",
    "# coding: nosuch": "failed with SyntaxError",
    "def f():\n    f()\nf()": "failed with RecursionError: maximum recursion depth exceeded",
    "x = '1' * 2**60": "failed with MemoryError in line 1",
    "import sys; sys.exit(0)": "failed with SystemExit: 0 in line 1",
    "raise SystemExit": "failed with SystemExit in line 1",
    "raise GeneratorExit": "failed with GeneratorExit in line 1",
    "class Odd(BaseException): pass\nraise Odd('a\\n\\x1b[31mb')": "failed with Odd: a \\x1b[31mb in line 2",
    "raise OSError(28, 'No space left on device')": "failed with OSError: [Errno 28] No space left on device in line 1",
    "raise BrokenPipeError(32, 'Broken pipe')": "failed with BrokenPipeError: [Errno 32] Broken pipe in line 1",
    "import lsrl\nlsrl.Input(0)": "dimension of input is 0; expected a whole number from 1",
    "": "has no Program 'p'; expected a Program, one of: none there",
    "p = 5": "has 'p' of type int; expected a Program, one of: none there",
    f"{PROGRAM}\ndef p(): return running": "has 'p' of type function; expected a Program, one of: running",
    f"{PROGRAM}\ndef __getattr__(name): return running": "has no Program 'p'; expected a Program, one of: running",
    f"{PROGRAM}\nif __name__ == '__main__': p = running": "has no Program 'p'; expected a Program, one of: running",
    f"{PROGRAM}\nglobals()['a\\n\\x1b[31m'] = running": "expected a Program, one of: running, a\\n\\x1b[31m",
}


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run_here(capsys, monkeypatch, *arguments)


@pytest.mark.parametrize(("text", "message"), FAILING.items(), ids=lambda text: ascii(text)[:30])
def test_a_file_that_fails_is_one_line(command, tmp_path, text, message):
    (tmp_path / "given.py").write_text(text)
    ended = command("show", "given.py:p", "--json")
    assert ended.code == 1
    ended.assert_one_line()
    assert message in ended.error["message"]


def test_what_a_file_prints_is_no_result(command, tmp_path):
    (tmp_path / "given.py").write_text(f"{PROGRAM}\nprint('hello')")
    ended = command("show", "given.py:running", "--json")
    assert json.loads(ended.out)["name"] == "running"
    assert ended.err == "hello\n"


def test_warnings_are_lines_on_standard_error(tmp_path):
    (tmp_path / "given.py").write_text(f"import warnings\nwarnings.warn('a\\n  \\x1b[31mb')\n{PROGRAM}")
    ended = run_apart(f"lsrl show {tmp_path}/given.py:running --json")
    assert ended.err == "UserWarning: a \\x1b[31mb\n"
    assert json.loads(ended.out)["name"] == "running"


def test_control_c_ends_in_one_line(command, tmp_path):
    (tmp_path / "given.py").write_text("raise KeyboardInterrupt")
    ended = command("show", "given.py:p", "--json")
    assert ended.code == 130
    assert ended.err == "Interrupted: stopped by Ctrl-C\n"
    assert ended.error["type"] == "Interrupted"
