"""The page that runs networks in a browser: its answers are those that the page counts itself."""

import functools
import re
import runpy
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("onnx")

PAGE = Path(__file__).parents[2] / "examples" / "browser" / "make_page.py"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    if BROWSER is None or shutil.which("npm") is None:
        pytest.skip("needs npm and a Chromium")
    folder = tmp_path_factory.mktemp("page")
    try:
        runpy.run_path(str(PAGE))["make_page"](folder)
    except subprocess.CalledProcessError:
        pytest.skip("npm reaches no registry")
    server = ThreadingHTTPServer(("localhost", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/index.html"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("word", ["(())()", ")(", "(((x" * 20])
def test_three_networks_answer_in_a_browser(address, word):
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=30000", "--dump-dom"]
    shown = subprocess.run(
        [BROWSER, *options, f"{address}?word={word}"], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    rows = re.findall(r"<tr><th>(.*?)</th>(.*?)</tr>", shown)
    assert [name for name, _ in rows] == ["rnn-relu", "lstm", "gru", "counted"]
    depths = {name: [int(depth) for depth in re.findall(r">(-?\d+)</td>", cells)] for name, cells in rows}
    assert all(found == depths["counted"] and len(found) == len(word) for found in depths.values())
    assert "wrong" not in "".join(cells for _, cells in rows)
    errors = re.search(r"Largest error: rnn-relu (\S+), lstm (\S+), gru (\S+)\.<", shown)
    assert float(errors[1]) == 0
    assert max(float(errors[2]), float(errors[3])) < 1e-2  # a runtime's own tanh, at every step
