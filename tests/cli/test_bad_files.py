"""Files with bad content, to every command that reads one: one line, exit code 1, and with --json an error in JSON."""

import json
import os

import pytest

from command_line import run_here, write_files
from lsrl import zoo
from lsrl.lang.json_format import to_json

ESCAPES = "\x1b]0;title\x07\x9b31m\u202e"
READ = json.loads(json.dumps(to_json(zoo.get("majority").program)))

CSV = {
    "empty": "",
    "blank lines": "\n\n\n",
    "only a byte order mark": "\ufeff",
    "NUL": "1\0\n",
    "a header": "value\n1\n",
    "ragged rows": "1\n2,3\n",
    "escape codes": f'"{ESCAPES}"\n',
    "a line break in a cell": '"1\n2"\n',
    "an open quote": '"1\n',
    "no number": "nan\n",
    "infinity": "inf\n",
    "a division by zero": "1/0\n",
    "a number of 5,000 digits": "9" * 5000 + "\n",
    "a fraction of 5,000 digits": "1/" + "9" * 5000 + "\n",
    "an exponent of 5 digits": "1e10000\n",
    "an exponent of 4 digits": "1e9999\n",
    "a cell that csv refuses": "a" * 200_000 + "\n",
    "Latin-1": "é\n".encode("latin-1"),
    "UTF-16": "1\n".encode("utf-16"),
    "binary": bytes(range(256)),
}

JSON = {
    "empty": "",
    "no JSON": "program",
    "another form": "[1, 2]",
    "nested deeply": "[" * 100_000,
    "numbers of 5,000 digits": "9" * 5000,
    "no number": "NaN",
    "binary": bytes(range(256)),
    "UTF-16": json.dumps(READ).encode("utf-16"),
    "a name of escape codes": json.dumps({**READ, "name": ESCAPES}),
    "a name of 5,000 characters": json.dumps({**READ, "name": "a" * 5000}),
    "a key of escape codes": json.dumps({**READ, ESCAPES: 1}),
    "a value of escape codes": json.dumps(READ).replace('"lead"', json.dumps(ESCAPES)),
    "a value that is not there": json.dumps(READ).replace('"lead"', '"dead"', 1),
}

AUTOMATA = {
    "empty": "",
    "no JSON": "transitions",
    "another form": "[[0, 1], [1, 0]]",
    "nothing": "{}",
    "something else": '{"transitions": [[0]], "final": [0]}',
    "no transitions": '{"transitions": []}',
    "no symbols": '{"transitions": [[]]}',
    "ragged rows": '{"transitions": [[0, 1], [1]]}',
    "an unknown state": '{"transitions": [[0, 2], [1, 0]]}',
    "an unknown state by name": '{"transitions": {"a": {"0": "b"}}}',
    "an unknown start": '{"transitions": [[0, 1], [1, 0]], "start": 2}',
    "an unknown accepting state": '{"transitions": [[0, 1], [1, 0]], "accepting": [7]}',
    "accepting no list": '{"transitions": [[0, 1], [1, 0]], "accepting": 1}',
    "an alphabet that is no list": '{"transitions": [[0, 1], [1, 0]], "alphabet": "01"}',
    "a state that is a list": '{"transitions": [[[0]]]}',
    "a state of escape codes": json.dumps({"transitions": {ESCAPES: {"0": "b"}}}),
    "binary": bytes(range(256)),
}

PATTERNS = ["(", "a", "*", "(01", "0{2,1}", "0" * 5000, "(0|1){4000}", ESCAPES]

READERS = {
    "run": ["file.py:running", "--input", "given.csv"],
    "incontext dictionary": ["given.csv"],
    "incontext function": ["given.csv"],
}
"""Commands that read CSV; a dictionary takes any text, so long as it has two columns."""

PROGRAM_READERS = {
    "show": [],
    "draw": ["--output", "x.svg"],
    "run": ["--input", "x.csv"],
    "compile": ["--output", "model"],
    "verify": ["--cases", "2"],
    "explain": [],
}


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    return lambda *arguments: run_here(capsys, monkeypatch, *arguments)


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def assert_refused(ended):
    assert ended.code == 1
    ended.assert_one_line()
    assert ended.err == f"{ended.error['type']}: {ended.error['message']}\n"


@pytest.mark.parametrize("content", CSV.values(), ids=CSV)
@pytest.mark.parametrize("name", READERS)
def test_a_csv_file_that_is_none_ends_in_one_line(command, tmp_path, name, content):
    write(tmp_path / "given.csv", content)
    assert_refused(command(*name.split(), *READERS[name], "--json"))


@pytest.mark.parametrize("content", JSON.values(), ids=JSON)
@pytest.mark.parametrize("name", PROGRAM_READERS)
def test_a_json_file_that_is_no_program_ends_in_one_line(command, tmp_path, name, content):
    write(tmp_path / "given.json", content)
    assert_refused(command(name, "given.json", *PROGRAM_READERS[name], "--json"))


@pytest.mark.parametrize("content", AUTOMATA.values(), ids=AUTOMATA)
def test_a_file_that_is_no_automaton_ends_in_one_line(command, tmp_path, content):
    write(tmp_path / "given.json", content)
    assert_refused(command("automaton", "given.json", "--json"))


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: ascii(pattern)[:12])
def test_a_malformed_pattern_ends_in_one_line(command, pattern):
    assert_refused(command("automaton", f"--pattern={pattern}", "--alphabet=01", "--json"))


@pytest.mark.parametrize("name", ["given.csv", "given.py:running", "given.json"])
@pytest.mark.parametrize("kind", ["huge", "pipe"])
def test_what_is_no_file_that_memory_holds_is_not_read(command, tmp_path, name, kind):
    path = tmp_path / name.partition(":")[0]
    if kind == "huge":
        with path.open("wb") as file:
            file.truncate(2**40)
    else:
        os.mkfifo(path)
    arguments = ["run", "file.py:running", "--input", name] if name == "given.csv" else ["show", name]
    assert_refused(command(*arguments, "--json"))


def test_a_csv_file_of_more_numbers_than_memory_holds_is_not_read_to_its_end(command, monkeypatch):
    monkeypatch.setattr("lsrl.csv_files.MOST", 2)
    ended = command("run", "file.py:running", "--input", "x.csv", "--json")
    assert_refused(ended)
    assert ended.error["message"].startswith("x.csv has more than 2 numbers")


def test_a_byte_order_mark_and_crlf_are_no_part_of_the_numbers(command, tmp_path):
    write(tmp_path / "given.csv", "\ufeff1\r\n2\r\n")
    assert command("run", "file.py:running", "--input", "given.csv").out == "1\n3\n"


@pytest.mark.parametrize(
    ("number", "threefold"),
    [
        ("9" * 4000, "2" + "9" * 3999 + "7"),
        ("1e9999", "3" + "0" * 9999),
        ("1e-9999", "3/1" + "0" * 9999),
        ("-1/3", "-1"),
    ],
    ids=len,
)
def test_exact_results_have_all_their_digits(command, tmp_path, number, threefold):
    write(tmp_path / "free.py", "import lsrl\np = lsrl.Program(3 * lsrl.Input(1))")
    write(tmp_path / "given.csv", number)
    arguments = ["run", "free.py:p", "--input", "given.csv", "--exact"]
    assert command(*arguments).out == f"{threefold}\n"
    assert json.loads(command(*arguments, "--json").out) == {"outputs": [[threefold]]}


def test_cells_and_titles_are_printable_in_tables(command, tmp_path):
    write(tmp_path / "given.csv", f"A,{ESCAPES}\n")
    ended = command("incontext", "dictionary", "given.csv")
    assert ended.code == 0
    assert "\\x1b]0;title\\x07\\x9b31m\\u202e" in ended.out
    assert all(line.isprintable() for line in ended.out.splitlines())
    assert command("incontext", "dictionary", "given.csv", "--json").out.isascii()


def test_paths_are_printable_where_they_were_written_to(command):
    ended = command("draw", "file.py:running", "--output", f"{ESCAPES}\n.svg")
    assert ended.code == 0
    assert all(line.isprintable() for line in ended.out.splitlines())
    assert "wrote \\x1b]0;title\\x07\\x9b31m\\u202e\\n.svg\n" in ended.out
