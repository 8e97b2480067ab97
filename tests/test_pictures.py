"""Pictures that are kept with the documentation say what compiling gives today; `make pictures` draws them anew."""

import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

DOCS = Path(__file__).parent.parent / "docs"
DRAWN = [path for path in sorted((DOCS / "pictures").glob("*.svg")) if not path.stem.startswith("stability")]
ANEW = runpy.run_path(str(DOCS / "draw_pictures.py"), run_name="draw_pictures")


@pytest.fixture(scope="module")
def drawings():
    return ANEW["drawings"]()


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.stem)
def test_a_drawing_says_the_sizes_and_cells_that_there_are(path, drawings):
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    said = {element.tag.rpartition("}")[2]: element.text for element in list(root)[:2]}
    assert said == {"title": drawings[path.stem].title, "desc": drawings[path.stem].description}


def test_a_figure_says_in_its_metadata_what_was_measured():
    for name, picture in ANEW["figures"]().items():
        with Image.open(DOCS / "pictures" / f"{name}.png") as image:
            assert image.info["Description"] == picture.caption


def test_every_drawing_is_kept(drawings):
    assert {path.stem for path in DRAWN} == set(drawings)
