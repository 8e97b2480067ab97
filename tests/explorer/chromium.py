"""A Chromium that is installed: the distribution's, or playwright's own."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

MISSING = "no Chromium is installed, and pages are tried in none; make test-browser installs what that needs"
NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium():
    """A running browser, or None where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        yield None
        return
    with sync_playwright() as playwright:
        found = (os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), playwright.chromium.executable_path)
        path = next((path for path in found if path and Path(path).exists()), None)
        if path is None:
            yield None
            return
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def node():
    """The Node that is installed, or the one that playwright brings; None where there is neither."""
    try:
        from playwright._impl._driver import compute_driver_executable
    except ImportError:
        return shutil.which("node")
    return compute_driver_executable()[0]
