"""Mistakes of every kind: what the line says."""

import pytest

from command_line import run_here, write_files

FILES = {
    "broken.py": "1 / 0",
    "exits.py": "import sys; sys.exit(0)",
    "ragged.csv": "1\n2,3\n",
    "text.csv": "one\n",
    "big.csv": "1\n10\n",
}

MISTAKES = [
    (["show", "nothing"], "FormatError: 'nothing' names no program; expected file.py:name, file.json or zoo:name"),
    (["show", "none.py:p"], "FormatError: cannot read none.py: No such file or directory; expected file.py:name"),
    (
        ["show", "file.py:missing"],
        "ProgramError: file.py has no Program 'missing'; expected a Program, one of: running",
    ),
    (
        ["show", "file.py:number"],
        "ProgramError: file.py has 'number' of type int; expected a Program, one of: running",
    ),
    (["show", "broken.py:p"], "ProgramError: broken.py failed with ZeroDivisionError"),
    (["show", "none.json"], "FormatError: cannot read none.json"),
    (["show", "zoo:lion"], "ProgramError: no zoo program is named 'lion'"),
    (["run", "file.py:running", "--input", "none.csv"], "FormatError: cannot read none.csv"),
    (["run", "file.py:running", "--input", "ragged.csv"], "FormatError: ragged.csv, line 2 has 2 columns; expected 1"),
    (["run", "file.py:running", "--input", "text.csv"], "FormatError: text.csv, line 1, column 1 is 'one'"),
    (["run", "file.py:running", "--input", "big.csv"], "RangeError: x[0] at batch 0, step 1 is 10"),
    (
        ["run", "file.py:running", "--input", "x.csv", "--exact", "--target", "linear-rnn"],
        "UnsupportedProgram: --exact",
    ),
    (["show", "exits.py:p"], "ProgramError: exits.py failed with SystemExit"),
    (["run", "file.py:running", "--input", "x.csv", "--max-length", "9"], "UnsupportedProgram: --max-length without"),
    (["run", "file.py:running", "--input", "."], "FormatError: cannot read .: it is not a regular file"),
    (
        ["verify", "file.py:running", "--max-length", "9", "--length", "10"],
        "RangeError: the sequence for running has 10",
    ),
    (["draw", "zoo:parity", "-o", "parity.pdf"], "FormatError: parity.pdf ends in '.pdf'; expected a file name with"),
    (["compile", "zoo:parity", "-o", "x.csv"], "FormatError: cannot write x.csv"),
    (["compile", "zoo:parity", "-o", "m", "--dtype", "float16"], "UnsupportedProgram: dtype='float16'"),
    (
        ["compile", "zoo:parity", "-o", "m", "--target", "lstm", "--dtype", "bfloat16"],
        "UnsupportedProgram: dtype='bfloat16': 'odd' decides on a multiple of 1/2 from",
    ),
    (["compile", "zoo:parity", "-o", "m", "--max-length", "0"], "ShapeError: max_length is 0"),
    (["incontext", "dictionary", "x.csv"], "FormatError: x.csv, line 1 has 1 columns; expected 2"),
    (["incontext", "dictionary", "pairs.csv", "--ask", "LONG"], "ShapeError: key 'LONG' has 4 symbols; expected 3"),
    (["incontext", "function", "x.csv"], "FormatError: x.csv is a grid of 3 × 1; expected at least 2 × 2"),
    (["incontext", "function", "grid.csv", "--at", "here"], "FormatError: --at 'here'; expected points like"),
    (["incontext", "function", "grid.csv", "--at", "2,2"], "RangeError: points reach from 2 to 2"),
    (
        ["incontext", "function", "grid.csv", "--order", "1"],
        "UnsupportedProgram: --order 1 multiplies, which linear-rnn cannot; use --target",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_mistakes_end_in_one_line_and_exit_code_1(tmp_path, arguments, message, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    ended = run_here(capsys, monkeypatch, *arguments)
    assert ended.code == 1
    assert ended.err.startswith(message)
    ended.assert_one_line()
    assert ended.out == ""
