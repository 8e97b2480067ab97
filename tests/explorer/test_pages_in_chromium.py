"""What pages show in a real browser: every value as the exact interpreter has it, before and after an edit."""

from fractions import Fraction
from pathlib import Path

import pytest
from chromium import MISSING, chromium
from explored import PROGRAMS, STEPS, exactly, model_of, page_of, sample_of, values_of

from lsrl.errors import RangeError
from lsrl.explorer.page import explorer_page
from lsrl.incontext import TokenMap

PICTURES = Path(__file__).parents[2] / "build" / "explorer"
"""Where screenshots are kept."""

SHOWN = """() => Object.fromEntries([...document.querySelectorAll(".line, .map .row")].map((row) => {
  const value = row.querySelector(".value");
  return [row.querySelector("[data-value]").dataset.value, { title: value.title, text: value.innerText,
    squares: [...value.children].map((square) => square.className) }];
}))"""
"""What the page shows of every value, in its listing and beside the variables over time."""


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        if found is None:
            pytest.skip(MISSING)
        yield found


@pytest.fixture
def opened(browser):
    """A function that opens a page from disk; at the end, nothing was written to its console."""
    said, contexts = [], []

    def opening(path, **context):
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith("file:") else said.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_function("window.explorer")
        return page

    yield opening
    for context in contexts:
        context.close()
    assert said == []


def number_of(text):
    """The number that a text stands for, and whether it is only near."""
    near = text.startswith("≈")
    return Fraction(text.removeprefix("≈").replace("−", "-")), near


def assert_shows(page, expected, t):
    """Every value has in its title all its numbers, and what is seen is the same, or near where it says so."""
    for name, shown in page.evaluate(SHOWN).items():
        if shown["title"] == "—":  # the network does without it
            continue
        exact = expected[name][t].tolist()
        assert [number_of(number) for number in shown["title"].split()] == [(number, False) for number in exact], name
        if shown["squares"]:
            assert [square == "zero" for square in shown["squares"]] == [number == 0 for number in exact], name
            continue
        seen = shown["text"].rpartition("(")[2].rstrip(")").split()  # "dog (0)" is a token and its number
        for text, number in zip(seen, exact, strict=True):
            found, near = number_of(text)
            assert found == number or (near and abs(found - number) <= abs(number) / 20), (name, text, number)


@pytest.mark.parametrize(("name", "target"), PROGRAMS.items())
def test_every_value_at_every_step_is_that_of_the_exact_interpreter(opened, tmp_path, name, target):
    rows = sample_of(name)
    page, expected = opened(page_of(name, target, tmp_path)), values_of(name, target, rows)
    page.keyboard.press("Home")
    for t in range(STEPS):
        assert_shows(page, expected, t)
        page.keyboard.press("ArrowRight")


@pytest.mark.parametrize(("name", "target"), PROGRAMS.items())
def test_an_edited_input_is_computed_anew(opened, tmp_path, name, target):
    rows, others = sample_of(name), sample_of(name, seed=1)
    changed = next(t for t in range(2, STEPS) if rows[t] != others[t])
    rows[changed] = others[changed]
    page, expected = opened(page_of(name, target, tmp_path)), values_of(name, target, rows)
    page.click(f"#step-{changed}")
    page.keyboard.press("Enter")
    page.fill("input.edit", text_of(name, target, rows[changed]))
    page.keyboard.press("Enter")
    assert page.inner_text("#problem") == ""
    for t in (changed - 1, changed, STEPS - 1):
        page.click(f"#step-{t}")
        assert_shows(page, expected, t)


def text_of(name, target, row):
    """What one types for a row."""
    vocabulary = model_of(name, target).program.vocabulary
    return ", ".join(map(str, row)) if vocabulary is None else vocabulary.text_of(int(row[0]))


def test_what_the_model_refuses_is_refused_in_one_line_and_changes_nothing(opened, tmp_path):
    page = opened(page_of("parity", "lstm", tmp_path))
    before = page.evaluate(SHOWN)
    page.click("#step-0")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    said = page.inner_text("#problem")
    assert said == "symbol[0] at step 0 is 2; expected a whole multiple of 1 in the declared range 0 … 1"
    assert page.evaluate(SHOWN) == before
    with pytest.raises(RangeError, match=r"declared range 0 … 1"):
        model_of("parity", "lstm").run([[2]])
    page.fill("#whole", "0 1 x")
    page.click("#type button")
    assert page.inner_text("#problem").startswith("symbol[0] at step 2 is x; expected")


def test_a_whole_input_is_typed_and_steps_are_added_and_removed(opened, tmp_path):
    page = opened(page_of("parity", "lstm", tmp_path))
    page.fill("#whole", "1 0 1")
    page.click("#type button")
    page.click("[data-do=add]")
    assert page.input_value("#whole") == "1 0 1 1"
    assert_shows(page, values_of("parity", "lstm", exactly([[1], [0], [1], [1]])), 3)
    page.keyboard.press("Delete")
    assert page.input_value("#whole") == "1 0 1"


def test_a_pinned_input_marks_what_differs(opened, tmp_path):
    page = opened(page_of("parity", "lstm", tmp_path))
    page.fill("#whole", "1 0 1 0")
    page.click("#type button")
    page.click("[data-do=pin]")
    assert page.locator(".differs").count() == 0
    page.fill("#whole", "1 1 1 0")
    page.click("#type button")
    page.click("#step-0")
    assert page.locator(".value.differs, .cell.differs").count() == 0
    page.click("#step-1")
    assert page.locator(".line .value.differs").all_inner_texts() == ["1 / 0", "0 / 1"]
    assert page.locator(".cell.differs").count() > 0
    assert page.locator(".step.differs").count() == 1


def test_what_is_clicked_says_where_it_lives_and_what_it_is_made_of(opened, tmp_path):
    page = opened(page_of("agreement", "mamba", tmp_path))
    page.click(".line [data-value=number].own")
    said = page.inner_text("#details")
    model = model_of("agreement", "mamba")
    assert str(model.layout["number"]) in said
    assert page.locator(".line.chosen").count() == 1
    assert page.locator(".cell.chosen").count() == len(page.evaluate("explorer.byName.get('number').given[0].cells"))
    page.click("#details .chip[data-cell]")
    assert "variables that are read from it" in page.inner_text("#details")
    page.keyboard.press("Escape")
    assert page.locator(".chosen").count() == 0


def test_a_model_of_language_answers_as_it_generates(opened, tmp_path):
    words = TokenMap(2, symbols="ABCD", max_pairs=4)
    model = words_model(words)
    prompt = words.prompt("AB", {"AB": "CD", "BA": "DD"})
    path = tmp_path / "words.html"
    explorer_page(model, prompt).save(path)
    page = opened(path)
    assert page.inner_text("#answer .next") == "C"
    assert page.locator("#answer li").first.inner_text().split() == ["C", "≈1"]
    page.click("[data-do=generate]")
    page.wait_for_function("document.querySelector('#answer .status').textContent.startsWith('ended')")
    assert "".join(page.locator(".step.generated .token").all_inner_texts()) == "CD"
    assert page.inner_text("#answer .status") == "ended with <eos>"
    page.fill("#whole", "AB?")
    page.click("#type button")
    assert page.inner_text("#problem").startswith(
        "'?' is not a token of token_map_2_to_2's input; expected one of A B C D ="
    )


def words_model(words):
    import lsrl

    return lsrl.compile(words.program, "mamba", max_length=words.max_length)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["parity", "agreement", "fast_less_slow"])
def test_a_page_fits_its_window_and_nothing_moves_from_step_to_step(opened, tmp_path, name, width, scheme):
    page = opened(
        page_of(name, PROGRAMS[name], tmp_path), viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    heights = set()
    for _ in range(STEPS):
        heights.add(page.evaluate("document.documentElement.scrollHeight"))
        page.keyboard.press("ArrowRight")
    assert len(heights) == 1


def test_names_of_everything_that_is_pressed_are_said_to_screen_readers(opened, tmp_path):
    page = opened(page_of("agreement", "mamba", tmp_path))
    unnamed = (
        "[...document.querySelectorAll('button, input, [role]')].filter((e) => !(e.textContent.trim() || e.title ||"
    )
    unnamed += " e.ariaLabel || e.labels?.length)).map((e) => e.outerHTML)"
    assert [html for html in page.evaluate(unnamed) if 'role="alert"' not in html and 'role="status"' not in html] == []
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#live").startswith(f"step {STEPS - 2}: input ")
