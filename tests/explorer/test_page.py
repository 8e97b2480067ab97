"""Pages as files: everything is in them, and they are small."""

import re
from pathlib import Path

import pytest
from explored import model_of

import lsrl
from lsrl import Input, Program, SequenceMap, TokenMap
from lsrl.errors import FormatError
from lsrl.explorer.page import SCRIPTS, explorer_page

FOLDER = Path(lsrl.__file__).parent / "explorer" / "scripts"
MEGABYTE = 2**20


def test_a_page_needs_nothing_else(tmp_path):
    page = explorer_page(model_of("parity", "lstm"))
    assert not re.search(r"\b(src|href)=|@import|url\(|fetch\(|import ", page.html)
    assert set(re.findall(r"https?://[\w./]+", page.html)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    page.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page.html


def test_scripts_come_after_those_that_they_import():
    assert {path.stem for path in FOLDER.iterdir()} == set(SCRIPTS)
    for place, name in enumerate(SCRIPTS):
        text = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
        assert set(re.findall(r'from "\./(\w+)\.js"', text)) <= set(SCRIPTS[:place]), name


def test_scripts_share_no_names():
    """On the page they are one module."""
    texts = [(FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    names = [
        name for text in texts for name in re.findall(r"^(?:export )?(?:const|let|function|class) (\w+)", text, re.M)
    ]
    assert len(names) == len(set(names))


def test_dictionaries_with_long_keys_are_less_than_a_megabyte():
    numbers, words = SequenceMap(10, max_pairs=20), TokenMap(10, max_pairs=20)
    for map_, target in ((numbers, "linear-rnn"), (words, "mamba")):
        model = lsrl.compile(map_.program, target, max_length=map_.max_length)
        assert len(model.explore().html.encode()) < MEGABYTE / 4


def test_names_cannot_end_the_script_or_the_page():
    x = Input(1, range=(0, 1), integer=True)
    page = explorer_page(lsrl.compile(Program(x, name="<!--<script></script><b>bold")))
    data = page.html[page.html.index('id="data">') :]
    assert "<" not in data[: data.index("</script>")]
    assert "<b>" not in page.html
    assert "<h1>&lt;!--&lt;script&gt;&lt;/script&gt;&lt;b&gt;bold</h1>" in page.html


@pytest.mark.parametrize(
    ("target", "options", "said"),
    [
        (
            "lstm",
            {},
            "what the network computes; where x &gt; 1/2 is neither true nor false, that may differ from the program.",
        ),
        ("linear-rnn", {"style": "paper"}, "in floats, without a promise of how near it comes."),
    ],
)
def test_a_page_says_how_near_the_network_comes_to_its_numbers(target, options, said):
    x = Input(1, range=(-1, 1), name="x")
    assert said in lsrl.compile(Program(x > 0.5), target, max_length=9, **options).explore().html


def test_a_notebook_shows_the_page():
    page = model_of("parity", "lstm").explore([[1], [0]])
    assert page._repr_html_().startswith("<iframe srcdoc=")
    assert repr(page).startswith("<Page 'parity': ")


def test_a_loaded_model_has_the_same_page(tmp_path):
    model = model_of("parity", "lstm")
    model.save(tmp_path / "model")
    assert explorer_page(lsrl.load(tmp_path / "model")).html == explorer_page(model).html


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(FormatError, match=r"cannot write"):
        model_of("parity", "lstm").explore().save(tmp_path)
    with pytest.raises(FormatError, match="3 is not a path"):
        model_of("parity", "lstm").explore().save(3)
